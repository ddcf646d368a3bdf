//! The loop from end to end, told by what people do: real server, sandbox GitHub, sandbox cluster.
//! What happens after a merge is in `tests/e2e_sync`.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod files;
mod forks;
mod given_up;
mod many;
mod misbehaving;
mod newly;
mod nothing;
mod receiver;
mod rerun;
mod restart;
mod review;
