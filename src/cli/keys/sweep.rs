//! `bailiwick keys sweep`: removes the deploy keys of ours that nobody uses any more.

use std::io::Write;

use anyhow::Result;

use super::{Server, found};
use crate::cli::desk::Desk;
use crate::cli::{FINDINGS, FINE, database, operator};
use crate::jobs::{KnownKey, Standing, remove_key};
use crate::report::visible;

/// Remove the deploy keys of Bailiwick's that nobody uses any more
#[derive(Debug, clap::Args)]
pub(super) struct Sweep {
    #[command(flatten)]
    server: Server,
    /// Show which keys would be removed, and remove none
    #[arg(long)]
    plan: bool,
}

/// Status 1 where something could not be looked at or removed.
///
/// # Errors
/// The configuration or the database cannot be read.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Sweep, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    let config = args.server.load()?;
    let store = match args.plan {
        true => database::open_to_read(&config.database).await?,
        false => database::open(&config.database).await?,
    };
    let mut desk = Desk::open(&config).await?;
    let (keys, mut problems) = found(&args.server, (&config, &mut desk), &store).await?;
    let mut removed = 0;
    for key in keys {
        match &key.standing {
            Standing::InUse => {}
            Standing::Unknown(reason) => writeln!(out, "left alone: {}: {}", named(&key), visible(reason))?,
            Standing::Orphan(reason) if args.plan => {
                writeln!(out, "would remove {}: {}", named(&key), visible(reason))?
            }
            Standing::Orphan(reason) => match remove_key(&desk.context, &store, &key, operator::operator()).await {
                Ok(()) => {
                    removed += 1;
                    writeln!(out, "removed {}: {}", named(&key), visible(reason))?;
                }
                Err(error) => problems.push(format!("{}: {error}", named(&key))),
            },
        }
    }
    store.close().await;
    match (args.plan, removed) {
        (true, _) => writeln!(out, "Nothing was removed.")?,
        (false, 0) => writeln!(out, "There was nothing to remove.")?,
        (false, count) => writeln!(out, "Removed: {count}.")?,
    }
    problems.iter().try_for_each(|problem| writeln!(err, "{}", visible(problem)))?;
    Ok(if problems.is_empty() { FINE } else { FINDINGS })
}

fn named(key: &KnownKey) -> String {
    visible(&format!("{:?} ({}) from {}", key.title, key.id, key.repository)).into_owned()
}
