//! Findings as workflow commands of GitHub Actions.

use std::fmt::Write as _;

use super::{findings_in_words, judged_in_words, placed, visible};
use crate::finding::{Finding, Severity};
use crate::rules::Judgement;

/// One `::error file=…,line=…` (or warning, notice) per finding, and a last line with the counts.
/// Source of the syntax: GitHub's "Workflow commands for GitHub Actions" and `@actions/core`.
pub fn github(judgement: &Judgement) -> String {
    let mut lines = String::new();
    for finding in &judgement.findings {
        lines.push_str(&command(finding));
        lines.push('\n');
    }
    let found = findings_in_words(&judgement.summary).unwrap_or_else(|| "No findings".to_owned());
    writeln!(lines, "{found} in {}.", judged_in_words(&judgement.summary)).expect("a string takes every write");
    lines
}

fn command(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    // GitHub shows what stands on a changed line.
    let location = finding.reached.as_ref().unwrap_or(&finding.location);
    let (file, title) = (property(location.file.as_str()), property(finding.rule.as_str()));
    let mut message = data(&placed(finding));
    if !finding.help.is_empty() {
        write!(message, "%0AHelp: {}", data(&finding.help)).expect("a string takes every write");
    }
    format!("::{level} file={file},line={},col={},title={title}::{message}", location.line, location.column)
}

/// The value of a command, in which `%`, CR and LF would end it (the latter are made visible).
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// The value of a command's property, in which `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
