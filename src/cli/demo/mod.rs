//! `bailiwick demo`: the whole system on this machine, no accounts.

mod seed;
pub mod tour;
pub mod world;

use std::io::Write;
use std::net::SocketAddr;

use clap::Parser;

use self::tour::Tour;
use self::world::{ADMIN, Addresses, TEAM1, World};

/// Show the whole system on this machine: no accounts, nothing leaves it
#[derive(Debug, Parser)]
pub struct Args {
    /// Where Bailiwick listens; the sandbox's GitHub and cluster take the two next ports
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Play the tour, verify every step and exit
    #[arg(long)]
    script: bool,
}

/// Starts it; returns the exit status.
///
/// # Errors
/// Where an address is taken, or git or kustomize is missing.
#[expect(clippy::future_not_send, reason = "it writes to this thread's standard output")]
pub async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<u8> {
    crate::telemetry::start(if args.script { "off" } else { "bailiwick=warn" });
    if args.script {
        let addresses = args.listen.map_or_else(Addresses::free, addresses);
        return Tour::new(World::start(addresses).await?).play(out).await;
    }
    let world = World::start(args.listen.map_or_else(Addresses::free, addresses)).await?;
    welcome(&world, out)?;
    tokio::signal::ctrl_c().await?;
    writeln!(out, "\nGood bye. Nothing was kept.")?;
    Ok(0)
}

/// Bailiwick's address and the two next ports; port 0 stands for any.
fn addresses(server: SocketAddr) -> Addresses {
    let next = |step: u16| {
        let port = if server.port() == 0 { 0 } else { server.port().saturating_add(step) };
        SocketAddr::new(server.ip(), port)
    };
    Addresses { server, github: next(1), cluster: next(2) }
}

fn welcome(world: &World, out: &mut dyn Write) -> anyhow::Result<()> {
    let github = world.github.base_url();
    writeln!(
        out,
        "Bailiwick is running on this machine, with a GitHub and a cluster of its own.\n\n  \
         GitHub     {github}\n  Bailiwick  http://{}\n  \
         cluster    {}  (kubectl --kubeconfig {} get kustomizations -A)\n\nTry this:\n\n  \
         1. Open {github}/{ADMIN}/issues/1 and comment, as alice:  /create-team team2\n  \
         2. Open the pull request that appears, look at its check, and merge it.\n  \
         3. Reload it: the sync is reported there, and org/dev-team2 has its deploy key.\n  \
         4. Edit a file in {github}/{TEAM1} so that an object stands in the namespace team2,\n     \
         open the pull request, and see it refused on the exact line.\n\n\
         `bailiwick demo --script` plays all this and verifies it. Stop with Ctrl-C.",
        world.address,
        world.cluster.url(),
        world.directory().join("kubeconfig").display(),
    )?;
    Ok(out.flush()?)
}
