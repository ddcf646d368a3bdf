//! What becomes of a merge: the sync and its report, deploy keys, team repositories, and what is
//! repaired when webhooks are missed. Real server, sandbox GitHub, sandbox cluster.

#[path = "../support/mod.rs"]
mod support;
mod words;

mod failures;
mod keys;
mod merges;
mod obstacles;
mod once;
mod recovery;
mod refresh;
mod rights;
mod rotate;
mod saga;
mod sources;
mod sweep;
mod teams;
