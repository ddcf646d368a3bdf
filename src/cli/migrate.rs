//! `bailiwick migrate`: move a living installation to another database.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use secrecy::SecretString;

use super::FINE;
use super::database::url_of;
use crate::clock::{OsEntropy, SystemClock};
use crate::store::{Store, transfer};

/// Move an installation to another database, such as from SQLite to PostgreSQL
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where it is: sqlite://FILE or postgres://…
    #[arg(long, env = "BAILIWICK_MIGRATE_FROM", hide_env_values = true)]
    from: SecretString,
    /// Where it goes, an empty database: postgres://… or sqlite://FILE
    #[arg(long, env = "BAILIWICK_MIGRATE_TO", hide_env_values = true)]
    to: SecretString,
}

/// # Errors
/// Where one of the databases cannot be used; then neither has changed.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let (from, to) = (url_of("--from", &args.from)?, url_of("--to", &args.to)?);
    let from = super::database::open(&from).await.context("--from")?;
    let to = Store::open(to.expose(), Arc::new(SystemClock), Arc::new(OsEntropy)).await.context("--to")?;
    let transferred = transfer(&from, &to, &super::operator::operator()).await;
    from.close().await;
    to.close().await;
    for (table, rows) in &transferred?.0 {
        writeln!(out, "{rows:>8} rows of {table}")?;
    }
    writeln!(
        out,
        "Moved. The old database takes nothing in any more: name the new one as `database` in the configuration and \
         restart the server. What GitHub could not deliver meanwhile is fetched then."
    )?;
    Ok(FINE)
}
