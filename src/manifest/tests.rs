//! Tests of the reader as a whole.

mod differences;
mod properties;
