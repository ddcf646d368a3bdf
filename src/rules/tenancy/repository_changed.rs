//! A team's manifests come from another repository than before.
//!
//! # What
//! In the admin repository, reports a team whose Git source names another repository after the change.
//!
//! # Why
//! Whoever may push there decides from now on what runs in the team's namespaces, and the team's deploy key is
//! registered there: somebody has to know that the new repository is the team's too.
//!
//! # Bad
//! ```yaml
//! spec: {url: ssh://git@github.com/org/payments} # was ssh://git@github.com/org/dev-team1
//! ```
//!
//! # Good
//! ```yaml
//! spec: {url: ssh://git@github.com/org/dev-team1}
//! ```

use super::flux_objects::{place_of_source, same_repository, same_team};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::ManifestFile;
use crate::rules::{Meta, Review, Rule, Scope, shown};

/// `tenancy/repository-changed`.
#[derive(Debug)]
pub struct RepositoryChanged;

const ID: RuleId = RuleId::new("tenancy/repository-changed");

impl Rule for RepositoryChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("repository_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let admin = matches!(review.scope, Scope::Admin);
        review.files.iter().filter(|_| admin).filter_map(|file| changed(review, file)).collect()
    }
}

fn changed(review: &Review<'_>, file: &ManifestFile) -> Option<Finding> {
    let team = review.after.team_of_path(&file.path)?;
    let source = team.source.as_ref().filter(|source| source.file == file.path)?;
    let before = same_team(review.before, &team)?;
    let was = before.source.as_ref().filter(|was| was.url != source.url && !same_repository(&before, &team))?;
    let message = format!(
        "The manifests of {} come from {} now, and no more from {}: whoever may push there decides what runs in the team's namespaces.",
        team.name,
        shown(&source.url),
        shown(&was.url)
    );
    let finding = Finding::new(ID, Severity::Warning, place_of_source(file, source)?, message).with_field("spec.url");
    Some(finding.with_help("Ask the team whether that repository is theirs; where it is, nothing is to be done."))
}
