//! `bailiwick diff`: what a merge would change.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use super::check;
use super::{FINDINGS, FINE};
use crate::names::RepoPath;
use crate::report;

/// Show what a merge would change: which objects, and who would gain and lose which rights
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The repository's root folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// What differs from this folder
    #[arg(long, value_name = "DIR", conflicts_with = "base_rev", required_unless_present = "base_rev")]
    base: Option<PathBuf>,
    /// What differs from this Git revision
    #[arg(long, value_name = "REV")]
    base_rev: Option<String>,
    /// The folder in PATH that Flux applies [default: found]
    #[arg(long, value_name = "DIR")]
    cluster_path: Option<RepoPath>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 where something changes
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

/// Writes the changes.
///
/// # Errors
/// Wrong usage, or input that cannot be read.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let change = check::change_between(
        &args.path,
        (args.base.as_deref(), args.base_rev.as_deref()),
        args.cluster_path.as_ref(),
    )?;
    let (objects, not_followed) = (change.objects(), change.not_followed(0));
    let differs = match args.format {
        Format::Json => {
            let (rights, complete) = change.each_right(0);
            writeln!(out, "{:#}", report::difference_json(&objects, (&rights, complete), &not_followed))?;
            !rights.is_empty() || !complete
        }
        Format::Text | Format::Markdown => {
            let rights = change.rights(0);
            let text = match args.format {
                Format::Markdown => {
                    report::difference_markdown(&objects, &rights) + &report::not_followed_markdown(&not_followed)
                }
                _ => report::difference_text(&objects, &rights) + &report::not_followed_text(&not_followed),
            };
            out.write_all(text.as_bytes())?;
            !rights.changes.is_empty() || rights.more
        }
    };
    Ok(if args.exit_code && (differs || !objects.is_empty() || !not_followed.is_empty()) { FINDINGS } else { FINE })
}
