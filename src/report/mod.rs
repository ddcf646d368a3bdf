//! Every word that the bot says: check runs, comments, terminal, JSON, SARIF.
//!
//! Functions from values to text, nothing else. Whatever comes from a repository is hostile: it
//! passes [`visible()`] before it reaches a terminal, and [`markdown`] before it reaches GitHub.

mod check_run;
pub mod comment;
mod difference;
mod github;
mod grants;
mod isolation;
mod json;
pub mod markdown;
mod rules;
mod sarif;
mod text;
mod visible;
mod who_can;

pub use check_run::{ANNOTATIONS, Annotation, CheckRunReport, Conclusion, NotJudged, SUMMARY_BYTES, check_run};
pub use difference::{
    difference_json, difference_markdown, difference_text, not_followed_markdown, not_followed_text, rights_markdown,
};
pub use github::github;
pub use grants::{Approvals, Asked, grants_check, grants_unknown};
pub use isolation::{isolation_json, isolation_markdown, isolation_text};
pub use json::json;
pub use rules::{explain, rules_json, rules_text};
pub use sarif::sarif;
pub use text::{Style, text};
pub use visible::visible;
pub use who_can::{CanDo, Question, who_can_json, who_can_text};

use crate::finding::Finding;
use crate::rules::Summary;

/// "1 error", "2 errors".
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// "2 errors, 1 warning", or nothing where nothing was found.
fn findings_in_words(summary: &Summary) -> Option<String> {
    let counts = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.notes, "note")];
    let words: Vec<String> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(n, word)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// "12 files, 37 objects", and how many of the files the change only makes Flux apply.
fn judged_in_words(summary: &Summary) -> String {
    let reached = match summary.reached {
        0 => String::new(),
        reached => format!(" ({reached} of them unchanged, but applied only since this change)"),
    };
    format!("{}{reached}, {}", count(summary.files, "file"), count(summary.objects, "object"))
}

/// Where the change makes Flux apply the file of a finding, where that is no part of the change.
fn reached_in_words(finding: &Finding) -> Option<String> {
    let by = finding.reached.as_ref()?;
    Some(format!("{}:{} makes Flux apply this file, which it did not before.", by.file, by.line))
}

/// A finding's message, with its place where it is shown at the line that reaches its file.
fn placed(finding: &Finding) -> String {
    let Finding { message, location, reached, .. } = finding;
    match reached {
        Some(_) => format!(
            "This line makes Flux apply {}, which it did not before. There, in line {}: {message}",
            location.file, location.line
        ),
        None => message.clone(),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
