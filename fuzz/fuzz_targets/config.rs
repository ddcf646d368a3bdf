//! Configurations: whatever the file holds is a configuration or errors that show none of its secrets.
#![no_main]

use bailiwick::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::config(input));
