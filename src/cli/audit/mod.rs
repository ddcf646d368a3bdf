//! `bailiwick audit`: check that nobody has changed the audit log, and hand it out.

mod show;

use std::io::Write;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use super::database::Database;
use super::{FINDINGS, FINE};
use crate::store::{AuditRecord, Store};

/// Check the audit log for changes, or write it out
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: AuditCommand,
    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Walk the chain of hashes: exit status 1 where it is broken
    Verify {
        /// A hash that was noted before: an entry must have it, or the log's end was cut off
        #[arg(long, value_name = "HASH")]
        expect_last: Option<String>,
    },
    /// Write the entries out, oldest first
    Export {
        /// How: a line of text, or of JSON, for each
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Only those written then or later, such as 2026-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Jsonl,
}

/// # Errors
/// Where the database cannot be read.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let store = args.database.open_to_read().await?;
    let done = match &args.command {
        AuditCommand::Verify { expect_last } => verify(&store, expect_last.as_deref(), out).await,
        AuditCommand::Export { format, since } => export(&store, *format, *since, out).await,
    };
    store.close().await;
    done
}

#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
async fn verify(store: &Store, expect: Option<&str>, out: &mut dyn Write) -> Result<u8> {
    let expect = expect.map(|hash| hash.trim().to_ascii_lowercase());
    let intact = match store.verify_audit(expect.as_deref()).await? {
        Ok(intact) => intact,
        Err(broken) => {
            writeln!(out, "Broken at entry {}: {}.", broken.seq, broken.problem)?;
            return Ok(FINDINGS);
        }
    };
    let noun = if intact.entries == 1 { "entry" } else { "entries" };
    writeln!(out, "{} {noun}, intact, last hash {}", intact.entries, intact.last_hash)?;
    Ok(match (expect, intact.expected) {
        (None, _) => FINE,
        (Some(_), Some(seq)) => {
            writeln!(out, "The expected hash is that of entry {seq}; {} came after it.", intact.entries - seq)?;
            FINE
        }
        (Some(_), None) => {
            writeln!(out, "No entry has the expected hash: the end of the log was cut off, or it is another log.")?;
            FINDINGS
        }
    })
}

#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
async fn export(store: &Store, format: Format, since: Option<Timestamp>, out: &mut dyn Write) -> Result<u8> {
    let mut after = 0;
    loop {
        let entries = store.audit(after, since).await?;
        let Some(last) = entries.last() else { return Ok(FINE) };
        after = last.seq;
        for entry in &entries {
            write_entry(entry, format, out)?;
        }
    }
}

fn write_entry(entry: &AuditRecord, format: Format, out: &mut dyn Write) -> Result<()> {
    match format {
        Format::Text => writeln!(out, "{}", show::line(entry))?,
        Format::Jsonl => {
            let json = entry.json();
            let json =
                json.ok_or_else(|| anyhow::anyhow!("entry {}: it was changed; see `audit verify`", entry.seq))?;
            writeln!(out, "{json}")?;
        }
    }
    Ok(())
}
