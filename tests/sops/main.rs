//! What is encrypted here is read by the real sops and age, and what they write is read here.
//!
//! The programs are looked for on the `PATH` (`make setup` installs them); without them these tests fail and say so.

mod agree;
mod rules;
mod tamper;
mod tools;
