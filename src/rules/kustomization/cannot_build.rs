//! kustomize must not refuse a kustomization.
//!
//! # What
//! Reports what kustomize refuses in a new or changed kustomization, although every file that it
//! names is there: the same object through two entries, directories that lead back to themselves,
//! two kustomization files in one directory, a kustomization that is empty, has another kind or
//! lists something else than text, a component among `resources` and the reverse, a patch without a
//! target that fits no object, a JSON patch without a target, and ConfigMaps and Secrets that are
//! generated twice, or merged into nothing. Doubles that were there before the change are not meant.
//!
//! # Why
//! One such line makes the whole build fail, so Flux applies nothing any more: not for this team
//! and not for any other in the same tree.
//!
//! # Bad
//! ```yaml
//! resources:
//!   - team1
//!   - ./team1   # the same directory once more
//!   - ..        # leads back here
//! ```
//!
//! # Good
//! ```yaml
//! resources:
//!   - team1
//! ```

use super::{circles, generated, repeats, roots, unmatched};
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile, Position};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule};

/// `kustomization/cannot-build`.
#[derive(Debug)]
pub struct CannotBuild;

const ID: RuleId = RuleId::new("kustomization/cannot-build");

impl Rule for CannotBuild {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("cannot_build.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = review.files.iter().flat_map(|file| in_file(file, review)).collect();
        findings.extend(repeats::of_review(review));
        findings.extend(unmatched::of_review(review));
        findings
    }
}

fn in_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let mut findings = roots::of_file(file, review);
    let Some(kustomization) = Kustomization::of(file) else { return findings };
    findings.extend(repeats::fetched_twice(file, &kustomization));
    findings.extend(circles::of_file(file, &kustomization, review.after));
    findings.extend(generated::of_file(file, review.after));
    findings.extend(unmatched::of_file(file, &kustomization, review));
    findings
}

/// A finding of this rule: where, in which field, what kustomize refuses, and what mends it.
pub(super) fn finding(file: &RepoPath, at: Position, field: &str, message: String, help: &str) -> Finding {
    let location = Location { file: file.clone(), line: at.line.max(1), column: at.column.max(1) };
    Finding::new(ID, Severity::Error, location, message).with_field(field).with_help(help)
}
