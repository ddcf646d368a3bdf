//! A manifest must be readable, in one way only.
//!
//! # What
//! Reports files that are not YAML, or that programs read differently: hidden line breaks and other
//! control characters, keys that stand twice or are not text, anchors, aliases, merge keys, tags and
//! directives, text on a `---` line, more than 64 levels or 3 MiB, and everything that two
//! independent readers do not see alike. Nothing else is judged in such a file. A file that Flux
//! does not apply gives a warning, one in a hidden directory or a Helm chart a note. In a
//! kustomization, a field that is not spelled as kustomize's own is such a problem too. Also
//! reports a resource or patch of a kustomization that is not read because its name does not end in
//! `.yaml`, `.yml` or `.json`.
//!
//! # Why
//! What cannot be judged must not look judged. Flux, `kubectl` and reviewers' tools differ in these
//! corners of YAML, so such a file can show a harmless role to a reviewer and apply another one.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules: []
//! rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules: []
//! ```

use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{EntryPlace, EntryRole, Kustomization, ManifestFile};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule};
use crate::tenancy::RepositoryIndex;

/// `yaml/unreadable`.
#[derive(Debug)]
pub struct Unreadable;

/// Its id: what nobody has read is never fine, whatever the policy and people say.
pub const UNREADABLE: &str = "yaml/unreadable";

const ID: RuleId = RuleId::new(UNREADABLE);

/// How many problems of one file become findings of their own.
const SHOWN: usize = 10;

impl Rule for Unreadable {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unreadable.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let problems = review.files.iter().flat_map(|file| problems(file, review));
        let unread = review.files.iter().flat_map(|file| unread_entries(file, review.after));
        problems.chain(unread).collect()
    }
}

fn problems(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let severity = severity(&file.path, review);
    let finding = |position, message: String| Finding::new(ID, severity, file.location(position), message);
    let shown = file.problems.iter().take(SHOWN);
    let mut findings: Vec<Finding> = shown
        .map(|problem| {
            finding(problem.position, format!("{} The file is not judged.", problem.message)).with_help(&problem.help)
        })
        .collect();
    if let Some(next) = file.problems.get(SHOWN) {
        let more = file.problems.len() - SHOWN;
        let message = format!("This file has {more} more problems. It is not judged.");
        findings.push(finding(next.position, message).with_help("Mend the first ones, then see what is left."));
    }
    findings
}

/// What Flux applies must be judged; the rest should be, but harms nobody today.
pub(super) fn severity(path: &RepoPath, review: &Review<'_>) -> Severity {
    if review.after.is_named(path) {
        Severity::Error
    } else if review.after.is_foreign_to_flux(path) {
        Severity::Note
    } else if review.is_synced(path) {
        Severity::Error
    } else {
        Severity::Warning
    }
}

fn unread_entries(file: &ManifestFile, index: &RepositoryIndex) -> Vec<Finding> {
    let entries = Kustomization::of(file).map(|kustomization| kustomization.entries).unwrap_or_default();
    let read = |role| matches!(role, EntryRole::Resource | EntryRole::Patch);
    entries
        .iter()
        .filter(|entry| read(entry.role) && entry.place == EntryPlace::Local)
        .filter_map(|entry| {
            let target = RepoPath::resolve(file.path.directory(), &entry.text)?;
            let unread = index.file(&target).is_some_and(|summary| !summary.is_manifest());
            let location: Location = file.location(entry.node.start);
            let message = format!("`{target}` is applied, but its name is not a manifest's, so it is not judged.");
            let finding = Finding::new(ID, Severity::Error, location, message).with_field(entry.field);
            unread.then(|| finding.with_help("Give it a name that ends in `.yaml`."))
        })
        .collect()
}
