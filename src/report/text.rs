//! Findings for people at a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{count, findings_in_words, judged_in_words, reached_in_words, visible};
use crate::finding::{Finding, Severity};
use crate::manifest::ManifestFile;
use crate::names::RepoPath;
use crate::redact::redact;
use crate::rules::{Judgement, Summary};

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// How much of a source line is shown, in characters.
const WIDTH: usize = 120;

/// Every finding with its source line, and a last line with the counts. `files` are the files that
/// were judged, and those that a finding may lead to: the source lines come from them.
pub fn text<'a>(judgement: &Judgement, files: impl IntoIterator<Item = &'a ManifestFile>, style: Style) -> String {
    let files = files.into_iter().map(|file| (&file.path, file)).collect();
    let mut sources = Sources { files, lines: BTreeMap::new() };
    let mut out = String::new();
    for finding in &judgement.findings {
        out.push_str(&one(finding, sources.line(finding), style));
    }
    out.push_str(&last_line(&judgement.summary, style));
    out
}

/// The files' lines, split once per file.
struct Sources<'a> {
    files: BTreeMap<&'a RepoPath, &'a ManifestFile>,
    lines: BTreeMap<&'a RepoPath, Vec<&'a str>>,
}

impl<'a> Sources<'a> {
    fn line(&mut self, finding: &Finding) -> Option<&'a str> {
        let (path, file) = self.files.get_key_value(&finding.location.file)?;
        // Of what was not opened there is no line.
        if file.source.is_empty() {
            return None;
        }
        let lines = self.lines.entry(path).or_insert_with(|| file.source.split('\n').collect());
        let line = lines.get((finding.location.line as usize).checked_sub(1)?)?;
        // Thousands of findings on one endless line would take for ever.
        (line.len() <= 10_000).then_some(*line)
    }
}

fn one(finding: &Finding, source: Option<&str>, style: Style) -> String {
    let location = &finding.location;
    let place = format!("{}:{}:{}", visible(location.file.as_str()), location.line, location.column);
    let severity = coloured(finding.severity.as_str(), colour(finding.severity), style);
    let message = visible(&finding.message);
    let mut lines = format!("{}: {severity} {}: {message}\n", coloured(&place, BOLD, style), finding.rule);
    if let Some(source) = source {
        lines.push_str(&excerpt(source, location.line, location.column, style));
    }
    if let Some(object) = &finding.object {
        let field = if finding.field.is_empty() { String::new() } else { format!(", {}", finding.field) };
        let about = format!("{object}{field}");
        writeln!(lines, "  about: {}", visible(&about)).expect("a string takes every write");
    }
    if let Some(reached) = reached_in_words(finding) {
        writeln!(lines, "  reached: {}", visible(&reached)).expect("a string takes every write");
    }
    if !finding.help.is_empty() {
        writeln!(lines, "  help: {}", visible(&finding.help)).expect("a string takes every write");
    }
    lines.push('\n');
    lines
}

/// A tab must not look like the space that somebody meant.
const TAB: &str = "→";

/// The source line with a caret under the column; a long line is cut around it. Secrets are taken out before
/// that: the caret may stand in one, and then it points a little beside its place.
fn excerpt(source: &str, line: u32, column: u32, style: Style) -> String {
    let source = redact(source);
    let characters: Vec<char> = source.trim_end_matches('\r').chars().collect();
    let at = (column as usize).saturating_sub(1).min(characters.len());
    let first = if characters.len() > WIDTH { at.saturating_sub(WIDTH / 2) } else { 0 };
    let shown = |range: &[char]| visible(&range.iter().collect::<String>().replace('\t', TAB)).into_owned();
    let before = format!("{}{}", if first > 0 { "…" } else { "" }, shown(&characters[first..at]));
    let end = characters.len().min(first + WIDTH);
    let after = format!("{}{}", shown(&characters[at..end]), if end < characters.len() { "…" } else { "" });
    let number = line.to_string();
    let (gutter, indent) = (" ".repeat(number.len()), " ".repeat(before.chars().count()));
    format!("  {number} | {before}{after}\n  {gutter} | {indent}{}\n", coloured("^", BOLD, style))
}

fn last_line(summary: &Summary, style: Style) -> String {
    let waived = match summary.waived {
        0 => String::new(),
        waived => format!(" {} accepted by the policy.", count(waived, "finding")),
    };
    let judged = judged_in_words(summary);
    match findings_in_words(summary) {
        None => format!("{}, {judged} judged.{waived}\n", coloured("No findings", GREEN, style)),
        Some(found) => format!("{} in {judged}.{waived}\n", coloured(&found, BOLD, style)),
    }
}

const BOLD: &str = "1";
const GREEN: &str = "32";

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;34",
    }
}

fn coloured(text: &str, code: &str, style: Style) -> String {
    match style {
        Style::Plain => text.to_owned(),
        Style::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
    }
}
