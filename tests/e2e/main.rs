//! The loop from end to end, told by what people do: real server, sandbox GitHub, sandbox cluster.

#[path = "../support/mod.rs"]
mod support;

mod review;
