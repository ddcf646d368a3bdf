//! Webhook bodies: whatever arrives under whatever event name is an event or an error.
#![no_main]

use bailiwick::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::webhook(input));
