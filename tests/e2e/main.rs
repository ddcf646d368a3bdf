//! The loop from end to end, told by what people do: real server, sandbox GitHub, sandbox cluster.
//! What happens after a merge is in `tests/e2e_sync`.

#[path = "../support/mod.rs"]
mod support;

mod approve;
mod audit;
mod commands;
mod definitions;
mod dry_run;
mod files;
mod forks;
mod given_up;
mod hours;
mod later;
mod many;
mod mirrors;
mod misbehaving;
mod newly;
mod nothing;
mod once;
mod outage;
mod promote;
mod queue;
mod receiver;
mod recover;
mod remove_team;
mod rerun;
mod restart;
mod review;
mod templates;
mod waive;
