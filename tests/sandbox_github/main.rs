//! The sandbox's GitHub must not be more lenient than the real one: what GitHub refuses, it
//! refuses, with GitHub's status and words. Everything here goes over HTTP, as the App does.

#![expect(clippy::unwrap_used, reason = "a test may stop where the world is not as it was built")]

mod world;

mod apps;
mod checks;
mod comments;
mod deliveries;
mod deployments;
mod faults;
mod files;
mod git;
mod keys;
mod limits;
mod pages;
mod pulls;
mod queue;
mod reading;
mod webhooks;
mod writing;
