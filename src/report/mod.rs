//! Every word that the bot says: check runs, comments, terminal, JSON, SARIF.
//!
//! Functions from values to text, nothing else. Whatever comes from a repository is hostile: it
//! passes [`visible()`] before it reaches a terminal, and [`markdown`] before it reaches GitHub.

mod check_run;
pub mod comment;
mod github;
mod json;
pub mod markdown;
mod rules;
mod sarif;
mod text;
mod visible;

pub use check_run::{ANNOTATIONS, Annotation, CheckRunReport, Conclusion, NotJudged, SUMMARY_BYTES, check_run};
pub use github::github;
pub use json::json;
pub use rules::{explain, rules_json, rules_text};
pub use sarif::sarif;
pub use text::{Style, text};
pub use visible::visible;

use crate::rules::Summary;

/// "1 error", "2 errors".
fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// "2 errors, 1 warning", or nothing where nothing was found.
fn findings_in_words(summary: &Summary) -> Option<String> {
    let counts = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.notes, "note")];
    let words: Vec<String> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(n, word)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// "12 files, 37 objects".
fn judged_in_words(summary: &Summary) -> String {
    format!("{}, {}", count(summary.files, "file"), count(summary.objects, "object"))
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
