//! Comments: whatever people write is a list of commands and errors, and quoting it is none.
#![no_main]

use bailiwick::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::command(input));
