//! `bailiwick doctor`, the real binary in the sandbox: a healthy world, and every kind of trouble.

#[path = "../support/postgres.rs"]
mod postgres;
mod world;

mod cluster;
mod database;
mod forge;
mod healthy;
mod here;
