//! `bailiwick keys list`: which deploy keys of ours are registered, and who uses them.

use std::io::Write;

use anyhow::Result;

use super::{Server, found};
use crate::cli::desk::Desk;
use crate::cli::{FINDINGS, FINE, database};
use crate::jobs::{KnownKey, Standing};
use crate::report::visible;

/// List the deploy keys that Bailiwick has registered, and whether somebody uses them
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    server: Server,
}

/// Status 1 where something could not be looked at.
///
/// # Errors
/// The configuration or the database cannot be read.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &List, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    let config = args.server.load()?;
    let store = database::open_to_read(&config.database).await?;
    let mut desk = Desk::open(&config).await?;
    let looked = found(&args.server, (&config, &mut desk), &store).await;
    store.close().await;
    let (keys, problems) = looked?;
    if keys.is_empty() {
        writeln!(out, "No deploy key of mine was found.")?;
    }
    for key in &keys {
        writeln!(out, "{}", line(key))?;
    }
    problems.iter().try_for_each(|problem| writeln!(err, "{}", visible(problem)))?;
    Ok(if problems.is_empty() { FINE } else { FINDINGS })
}

/// Cluster, team, repository, title, fingerprint, rights and standing.
fn line(key: &KnownKey) -> String {
    let rights = if key.read_only { "read-only" } else { "read-write" };
    let fingerprint = key.key.as_ref().map_or_else(|| "unreadable".to_owned(), crate::names::PublicKey::fingerprint);
    let standing = match &key.standing {
        Standing::InUse => "in use".to_owned(),
        Standing::Orphan(reason) => format!("ORPHAN: {reason}"),
        Standing::Unknown(reason) => format!("unknown: {reason}"),
    };
    visible(&format!(
        "{}  {}  {}  {:?}  {fingerprint}  {rights}  {standing}",
        key.cluster, key.team, key.repository, key.title
    ))
    .into_owned()
}
