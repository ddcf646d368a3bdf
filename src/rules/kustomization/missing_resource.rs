//! A kustomization must name only what exists.
//!
//! # What
//! Reports entries of a kustomization that name a file or directory which does not exist after the
//! change, a directory without a kustomization file, or a path outside the repository. Where the
//! change deletes the file and leaves the entry, the entry is reported. A file that source-controller leaves out
//! (`.sourceignore`) is none. Remote entries are not looked at.
//!
//! # Why
//! One such entry makes the whole build fail, so Flux applies nothing any more: not for this team
//! and not for any other in the same tree.
//!
//! # Bad
//! ```yaml
//! # cluster/kustomization.yaml
//! resources:
//!   - team1
//!   - team2   # there is no cluster/team2/kustomization.yaml
//! ```
//!
//! # Good
//! ```yaml
//! resources:
//!   - team1
//! ```

use std::collections::BTreeSet;

use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{EntryPlace, EntryRole, Kustomization, ManifestFile, Position, is_kustomization};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::tenancy::SummaryEntry;

/// `kustomization/missing-resource`.
#[derive(Debug)]
pub struct MissingResource;

const ID: RuleId = RuleId::new("kustomization/missing-resource");

impl Rule for MissingResource {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("missing_resource.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = review.files.iter().flat_map(|file| dangling_entries(file, review)).collect();
        findings.extend(deleted(review));
        findings
    }
}

/// The entries of a new or changed kustomization that lead nowhere.
fn dangling_entries(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let entries = Kustomization::of(file).map(|kustomization| kustomization.entries).unwrap_or_default();
    let local = entries.iter().filter(|entry| entry.place == EntryPlace::Local);
    local
        .filter_map(|entry| {
            let target = RepoPath::resolve(file.path.directory(), &entry.text);
            let wrong = wrong(review, target.as_ref(), entry.role)?;
            Some(finding(&file.path, (entry.field, &entry.text, entry.node.start), wrong))
        })
        .collect()
}

/// The entries of unchanged kustomizations whose target this change deletes.
fn deleted(review: &Review<'_>) -> Vec<Finding> {
    let changed: BTreeSet<&RepoPath> = review.files.iter().map(|file| &file.path).collect();
    let mut findings = Vec::new();
    for removed in review.after.removed_since(review.before) {
        let directory = removed.parent().filter(|_| is_kustomization(&removed));
        for target in [Some(removed), directory].into_iter().flatten() {
            let named = review.after.named_by(&target);
            let unchanged = named.filter(|(by, _)| is_kustomization(by) && !changed.contains(by));
            findings.extend(unchanged.filter_map(|(by, entry)| dangling(review, &by, &entry)));
        }
    }
    findings
}

fn dangling(review: &Review<'_>, by: &RepoPath, entry: &SummaryEntry) -> Option<Finding> {
    let wrong = wrong(review, entry.target.as_ref(), entry.role)?;
    Some(finding(by, (&entry.field, &entry.text, entry.position), wrong))
}

/// What is wrong with an entry's target, and what mends it.
fn wrong(review: &Review<'_>, target: Option<&RepoPath>, role: EntryRole) -> Option<(String, &'static str)> {
    let Some(target) = target else {
        return Some((
            "is not a path inside this repository".to_owned(),
            "Name a file or directory of this repository.",
        ));
    };
    let index = review.after;
    if review.left_out.is_some_and(|left| left.leaves_out(target)) {
        let problem = format!("is left out of what Flux packs: a `.sourceignore` or `spec.ignore` names `{target}`");
        return Some((problem, "Take the pattern out, or remove the entry."));
    }
    let may_be_directory = matches!(role, EntryRole::Resource | EntryRole::Configuration);
    if index.contains_file(target) || may_be_directory && index.kustomization_of(target.as_str()).is_some() {
        None
    } else if !index.contains_directory(target) {
        Some((format!("does not exist: there is no `{target}`"), "Add it in this pull request, or remove the entry."))
    } else if may_be_directory {
        let problem = format!("is a directory without a kustomization file: `{target}`");
        Some((problem, "Add a kustomization.yaml to the directory, or name its files."))
    } else {
        Some((format!("is a directory, and a file is needed: `{target}`"), "Name a file."))
    }
}

fn finding(file: &RepoPath, entry: (&str, &str, Position), wrong: (String, &str)) -> Finding {
    let (field, text, position) = entry;
    let location = Location { file: file.clone(), line: position.line, column: position.column };
    let message = format!("The entry `{}` {}.", shown(text), wrong.0);
    Finding::new(ID, Severity::Error, location, message).with_field(field).with_help(wrong.1)
}
