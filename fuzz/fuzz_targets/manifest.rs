//! Manifests: whatever a file holds is read in one way only, or is a problem with a place.
#![no_main]

use bailiwick::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::manifest(input));
