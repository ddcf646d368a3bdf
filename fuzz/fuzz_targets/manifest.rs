//! Manifests: whatever a file holds is read in one way only, or is a problem with a place.
#![no_main]

use bailiwick::fuzzing;
use libfuzzer_sys::fuzz_target;

// The YAML parser panics on some input, which the reader catches; libFuzzer's own hook would end the process before
// that. Panics that nobody catches still end it.
fuzz_target!(init: drop(std::panic::take_hook()), |input: &[u8]| fuzzing::manifest(input));
