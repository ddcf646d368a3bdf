//! A stateful GitHub and a stateful cluster that speak HTTP: the demo, and the ground under every end-to-end test.

pub mod cluster;
pub mod github;
