//! A manifest must be listed, or it is never applied.
//!
//! # What
//! Reports new and changed manifests, and directories with a kustomization, that no kustomization
//! names although there is one above them that would have to. Files that are patches, data of a
//! generator or parts of a Helm chart are not meant, nor a directory that a Flux `Kustomization`
//! names as its path, nor what Flux takes by itself because there is no kustomization above.
//!
//! # Why
//! The pull request is merged, everything is green, and nothing happens in the cluster: with a
//! kustomization in a directory Flux applies what it lists and nothing else.
//!
//! # Bad
//! ```yaml
//! # cluster/kustomization.yaml, while cluster/team2/kustomization.yaml exists
//! resources:
//!   - common
//!   - team1
//! ```
//!
//! # Good
//! ```yaml
//! resources:
//!   - common
//!   - team1
//!   - team2
//! ```

use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule};
use crate::tenancy::RepositoryIndex;

/// `kustomization/not-listed`.
#[derive(Debug)]
pub struct NotListed;

const ID: RuleId = RuleId::new("kustomization/not-listed");

impl Rule for NotListed {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("not_listed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        review.files.iter().filter(|file| is_unlisted(file, review)).map(|file| finding(file, review.after)).collect()
    }
}

fn is_unlisted(file: &ManifestFile, review: &Review<'_>) -> bool {
    let index = review.after;
    let applicable = !file.objects.is_empty() || Kustomization::of(file).is_some();
    applicable
        && review.is_synced(&file.path)
        && !index.is_foreign_to_flux(&file.path)
        && !index.is_named(&file.path)
        && !index.is_scanned(&file.path)
}

fn finding(file: &ManifestFile, index: &RepositoryIndex) -> Finding {
    let directory = file.path.parent().filter(|_| Kustomization::of(file).is_some());
    let subject = directory.as_ref().unwrap_or(&file.path);
    let what = if directory.is_some() { "The directory" } else { "The file" };
    let message = format!("{what} `{subject}` is listed by no kustomization, so Flux never applies it.");
    let start = file.documents.first().map(|root| root.start).unwrap_or_default();
    let (line, column) = (start.line.max(1), start.column.max(1));
    let location = Location { file: file.path.clone(), line, column };
    let finding = Finding::new(ID, Severity::Warning, location, message).with_help(help(subject, index));
    match file.objects.first() {
        Some(object) => finding.with_object(object.reference()),
        None => finding,
    }
}

fn help(subject: &RepoPath, index: &RepositoryIndex) -> String {
    match index.kustomization_above(subject.directory()) {
        Some(above) => {
            let entry = subject.below(above.directory()).unwrap_or(subject.as_str());
            format!("Add `{entry}` to `resources` in {above}.")
        }
        None => "Add it to a kustomization.".to_owned(),
    }
}
