//! What a check run says to the admins.

mod requests;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::markdown::{code, cut, escape};
use super::rights_markdown;
use super::sarif::uri;
use super::{count, findings_in_words, judged_in_words, placed, reached_in_words, visible};
use crate::finding::{Afar, Finding, Severity};
use crate::names::RepoPath;
use crate::rules::yaml::UNREADABLE;
use crate::rules::{Judgement, Waived};

/// How a check run ends, as GitHub names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// The pull request may be merged.
    Success,
    /// It must not.
    Failure,
    /// There was nothing to judge. It counts as passing.
    Neutral,
    /// Somebody must do something before it can be judged. It does not count as passing.
    ActionRequired,
}

impl Conclusion {
    /// The word in GitHub's API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
            Self::ActionRequired => "action_required",
        }
    }
}

/// A mark on a line of the pull request's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The file.
    pub path: RepoPath,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line, the same as the first.
    pub end_line: u32,
    /// The column, from 1.
    pub start_column: Option<u32>,
    /// How bad.
    pub level: Severity,
    /// A line of at most 255 characters.
    pub title: String,
    /// At most 64 KB of plain text.
    pub message: String,
}

impl Annotation {
    /// The level's word in GitHub's API.
    pub const fn level_word(&self) -> &'static str {
        match self.level {
            Severity::Error => "failure",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        }
    }
}

/// A check run's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunReport {
    /// How it ends.
    pub conclusion: Conclusion,
    /// One line.
    pub title: String,
    /// Markdown, at most [`SUMMARY_BYTES`].
    pub summary: String,
    /// The findings on their lines, most severe first, at most [`ANNOTATIONS`].
    pub annotations: Vec<Annotation>,
}

/// A file, or whatever else, that was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// What: a file's path, or a few words.
    pub what: String,
    /// Why, one plain sentence.
    pub why: String,
}

impl NotJudged {
    fn of(finding: &Finding) -> Self {
        let place = format!("{}:{}", finding.location.file, finding.location.line);
        Self { what: cut(&place, 300), why: cut(&finding.message, 300) }
    }
}

/// GitHub refuses a longer summary.
pub const SUMMARY_BYTES: usize = 65_535;

/// GitHub takes 50 annotations in one request; ten requests are enough for one pull request.
pub const ANNOTATIONS: usize = 500;

/// GitHub's limit for an annotation's message is 64 KB.
const MESSAGE_BYTES: usize = 64_000;

/// Bytes kept free in the summary for what follows the table.
const RESERVE: usize = 1_000;

/// The check run for a judgement. `not_judged` names what was left out besides the files that
/// `yaml/unreadable` names: where there is either, the check fails whatever the policy says of
/// their severity, because what nobody has seen must never look fine.
///
/// Warnings alone are a success and not neutral: GitHub treats both the same for branch
/// protection, but shows neutral like a check that did not run. The title says how many there are.
pub fn check_run(judgement: &Judgement, not_judged: &[NotJudged]) -> CheckRunReport {
    let mut findings: Vec<&Finding> = judgement.findings.iter().collect();
    findings.sort_by_key(|finding| (Reverse(finding.severity), family(finding), &finding.location));
    let unreadable = findings.iter().filter(|finding| finding.rule.as_str() == UNREADABLE);
    let not_judged: Vec<NotJudged> =
        unreadable.map(|finding| NotJudged::of(finding)).chain(not_judged.iter().cloned()).collect();
    let failed = judgement.summary.errors > 0 || !not_judged.is_empty();
    CheckRunReport {
        conclusion: if failed { Conclusion::Failure } else { Conclusion::Success },
        title: title(judgement, &not_judged),
        summary: summary(judgement, &findings, &not_judged),
        annotations: findings.iter().take(ANNOTATIONS).map(|finding| annotation(finding)).collect(),
    }
}

/// What gives power over others comes before what breaks something, and that before what is only wrong.
fn family(finding: &Finding) -> u8 {
    match finding.rule.as_str().split('/').next() {
        Some("rbac" | "tenancy") => 0,
        Some("crd") => 1,
        _ => 2,
    }
}

fn title(judgement: &Judgement, not_judged: &[NotJudged]) -> String {
    let found = findings_in_words(&judgement.summary);
    let left_out = (!not_judged.is_empty()).then(|| format!("{} not judged", not_judged.len()));
    let parts: Vec<String> = [found, left_out].into_iter().flatten().collect();
    if parts.is_empty() { "No findings".to_owned() } else { parts.join(", ") }
}

fn summary(judgement: &Judgement, findings: &[&Finding], not_judged: &[NotJudged]) -> String {
    let mut text = format!("Judged: {}.", judged_in_words(&judgement.summary));
    match findings_in_words(&judgement.summary) {
        None => text.push_str(" Nothing to complain about."),
        Some(found) => write!(text, " Found: {found}.").expect("a string takes every write"),
    }
    if judgement.summary.waived > 0 {
        write!(text, " Accepted: {}.", count(judgement.summary.waived, "finding")).expect("a string takes every write");
    }
    text.push('\n');
    append_not_judged(&mut text, not_judged);
    requests::append(&mut text, &judgement.requests, SUMMARY_BYTES / 2);
    text.push_str(&rights_markdown(&judgement.rights, SUMMARY_BYTES / 4));
    append_findings(&mut text, findings);
    append_waived(&mut text, &judgement.waived);
    cut(&text, SUMMARY_BYTES)
}

fn append_not_judged(text: &mut String, not_judged: &[NotJudged]) {
    if not_judged.is_empty() {
        return;
    }
    text.push_str("\n### Not judged\n\nNobody has looked at these, so the check fails.\n\n");
    let lines = not_judged.iter().map(|left_out| format!("- {}: {}\n", code(&left_out.what), escape(&left_out.why)));
    append_within(text, lines, SUMMARY_BYTES / 4, not_judged.len());
}

fn append_findings(text: &mut String, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    text.push_str("\n### Findings\n\n| Severity | Finding | Object | Place |\n|---|---|---|---|\n");
    let alike = alike(findings);
    append_within(text, alike.iter().map(|same| row(same)), SUMMARY_BYTES - RESERVE, alike.len());
}

fn append_waived(text: &mut String, waived: &[Waived]) {
    if waived.is_empty() || text.len() + RESERVE > SUMMARY_BYTES {
        return;
    }
    text.push_str("\n### Accepted\n\n");
    let line = |waived: &Waived| {
        let Waived { finding, reason, person } = waived;
        let place = format!("{}:{}", short(finding.location.file.as_str()), finding.location.line);
        let by = match person {
            Some(login) => format!("waived by {} because", code(login.as_str())),
            None => "accepted by the policy:".to_owned(),
        };
        format!("- {} in {}: {by} {}\n", code(finding.rule.as_str()), code(&place), escape(&cut(reason, 300)))
    };
    append_within(text, waived.iter().map(line), SUMMARY_BYTES - RESERVE / 4, waived.len());
}

/// Appends the lines that fit in `limit`, and says how many did not.
fn append_within(text: &mut String, lines: impl Iterator<Item = String>, limit: usize, all: usize) {
    let mut shown = 0;
    for line in lines {
        if text.len() + line.len() > limit {
            break;
        }
        text.push_str(&line);
        shown += 1;
    }
    if shown < all {
        let rest = count(all - shown, "more line");
        write!(text, "\n… and {rest} for which there is no room here; `bailiwick check` shows them all.\n")
            .expect("a string takes every write");
    }
}

/// Findings that say the same of the same object stand together, in the order of the first: a role with six entries
/// that are alike is one thing to look at.
fn alike<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let Finding { rule, severity, object, message, help, location, afar, reached, .. } = finding;
        let group =
            *known.entry((rule, severity, object, message, help, &location.file, afar, reached)).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
        groups[group].push(finding);
    }
    groups
}

/// Places that are named of findings that stand together.
const PLACES: usize = 10;

fn row(same: &[&Finding]) -> String {
    let Some(finding) = same.first() else { return String::new() };
    let object = finding.object.as_ref().map(|object| {
        let name = object
            .namespace
            .as_ref()
            .map_or_else(|| object.name.clone(), |namespace| format!("{namespace}/{}", object.name));
        format!("{} {}", escape(&short(&object.kind)), code(&short(&name)))
    });
    let place = format!("{}:{}", short(finding.location.file.as_str()), finding.location.line);
    let reached = reached_in_words(finding).map(|words| format!(" {words}")).unwrap_or_default();
    let message = escape(&format!("{}{reached}", cut(&finding.message, 1_000)));
    let message = match &finding.afar {
        Some(afar) => format!("{message} [Look there]({})", address(afar)),
        None => message,
    };
    let rule = code(finding.rule.as_str());
    let mut places = code(&place);
    for other in same.iter().take(PLACES).skip(1) {
        places.push_str(&format!(", {}", code(&format!(":{}", other.location.line))));
    }
    if same.len() > PLACES {
        places.push_str(&format!(" and {}", count(same.len() - PLACES, "other")));
    }
    format!("| {} | {rule} {message} | {} | {places} |\n", finding.severity, object.unwrap_or_default())
}

/// Where a place in another repository is to be seen, as GitHub's pages have it.
fn address(Afar { web, commit, file, line, .. }: &Afar) -> String {
    format!("{web}/blob/{commit}/{}?plain=1#L{line}", uri(file.as_str()))
}

/// A name as long as names may be.
fn short(name: &str) -> String {
    cut(name, 300)
}

fn annotation(finding: &Finding) -> Annotation {
    let mut message = visible(&placed(finding)).into_owned();
    // GitHub shows what stands on a changed line.
    let location = finding.reached.as_ref().unwrap_or(&finding.location);
    if let Some(object) = &finding.object {
        let field = if finding.field.is_empty() { String::new() } else { format!(", {}", finding.field) };
        write!(message, "\n\nAbout: {}", visible(&format!("{object}{field}"))).expect("a string takes every write");
    }
    if let Some(afar) = &finding.afar {
        write!(message, "\nThere: {}", address(afar)).expect("a string takes every write");
    }
    if !finding.help.is_empty() {
        write!(message, "\nHelp: {}", visible(&finding.help)).expect("a string takes every write");
    }
    Annotation {
        path: location.file.clone(),
        start_line: location.line,
        end_line: location.line,
        start_column: Some(location.column),
        level: finding.severity,
        title: cut(finding.rule.as_str(), 255),
        message: cut(&message, MESSAGE_BYTES),
    }
}

#[cfg(test)]
mod tests;
