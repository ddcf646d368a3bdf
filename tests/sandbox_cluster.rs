//! The sandbox cluster through Bailiwick's own client, through raw HTTP, and its Flux over real
//! Git repositories.

#[path = "sandbox_cluster/api.rs"]
mod api;
#[path = "sandbox_cluster/client.rs"]
mod client;
#[path = "sandbox_cluster/dry_run.rs"]
mod dry_run;
#[path = "sandbox_cluster/flux.rs"]
mod flux;
#[path = "sandbox_cluster/rights.rs"]
mod rights;
#[path = "sandbox_cluster/world.rs"]
mod world;
