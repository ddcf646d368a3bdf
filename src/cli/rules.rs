//! `bailiwick rules`: what the judge knows.

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;

use super::FINE;
use crate::report;
use crate::rules::{Meta, RULES};

/// List the rules
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How the list is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Writes every rule with its severity and its title.
///
/// # Errors
/// Where nothing can be written.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let rules: Vec<Meta> = RULES.iter().map(|rule| rule.meta()).collect();
    match args.format {
        Format::Text => out.write_all(report::rules_text(&rules).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::rules_json(&rules))?,
    }
    Ok(FINE)
}
