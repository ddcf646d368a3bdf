//! Bailiwick: a GitHub App for Kubernetes clusters that several teams share and that are run from
//! Git with Flux. ARCHITECTURE.md has the map; the modules below stand in the order of the floors.

pub mod clock;
pub mod names;
pub mod redact;

pub mod command;
pub mod config;
pub mod finding;
pub mod manifest;
pub mod rbac;
pub mod report;
pub mod rules;
pub mod scaffold;
pub mod schema;
pub mod sops;
pub mod tenancy;

pub mod cluster;
pub mod files;
pub mod forge;
pub mod git;
pub mod queue;
pub mod render;
pub mod store;

pub mod jobs;

pub mod cli;
pub mod fuzzing;
pub mod sandbox;
pub mod telemetry;
pub mod web;
