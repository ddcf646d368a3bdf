//! `bailiwick explain`: one rule's documentation.

use std::io::Write;

use anyhow::{Result, bail};

use super::FINE;
use crate::report;
use crate::rules::{self, RULES};

/// Explain a rule
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rule's id, such as crd/name
    #[arg(value_name = "RULE-ID")]
    rule: String,
}

/// Writes what the rule reports, why, and an example of bad and good.
///
/// # Errors
/// Where there is no such rule, with the nearest one.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    if let Some(rule) = rules::rule(&args.rule) {
        out.write_all(report::explain(&rule.meta()).as_bytes())?;
        return Ok(FINE);
    }
    let distance = |id: &str| {
        let name = id.split_once('/').map_or(id, |(_, name)| name);
        strsim::damerau_levenshtein(id, &args.rule).min(strsim::damerau_levenshtein(name, &args.rule))
    };
    // A long argument is far from everything, and comparing it would take for ever.
    let nearest = RULES
        .iter()
        .map(|rule| rule.meta().id.as_str())
        .min_by_key(|id| distance(id))
        .filter(|_| args.rule.len() <= 100);
    match nearest.filter(|id| distance(id) <= id.len() / 3) {
        Some(id) => bail!("there is no rule {:?}: did you mean {id}?", args.rule),
        None => bail!("there is no rule {:?}: `bailiwick rules` lists them", args.rule),
    }
}
