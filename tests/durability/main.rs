//! Nothing is lost and nothing acts twice: real server processes are killed, stopped and restarted while
//! people work, on both databases.
//!
//! Every test prints its seed; `BAILIWICK_SEED=<number>` plays it again.

mod crash;
mod household;
#[path = "../support/postgres.rs"]
mod postgres;
mod replicas;
