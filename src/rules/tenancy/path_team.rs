//! A change must not open a path from a team's repository to another team.
//!
//! # What
//! In the admin repository, reports a change after which whoever may push to a team's repository can write, or read
//! Secrets, in the namespaces of another team or of every team, or use what Flux has for them, and could not before
//! (error). The same for a namespace that is no team's is a warning. The message has the path, each step with file and
//! line. Paths over something that the repository does not say are left to `bailiwick isolation`, and so is a review
//! without a base.
//!
//! # Why
//! Teams share a cluster because their namespaces are borders. A binding to another team's account, a source that two
//! teams have, or a controller without `--no-cross-namespace-refs` makes a gap in the border that nobody sees in one
//! of the objects alone.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: helpers, namespace: team2}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
//! subjects: [{kind: ServiceAccount, name: flux, namespace: team1}]
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: helpers, namespace: team2}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
//! subjects: [{kind: ServiceAccount, name: flux, namespace: team1}]
//! ```

use super::path_findings::findings;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::tenancy::Target;

/// `tenancy/path-team`.
#[derive(Debug)]
pub struct PathTeam;

const ID: RuleId = RuleId::new("tenancy/path-team");

impl Rule for PathTeam {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("path_team.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        findings(ID, review, |to| match to {
            Target::Cluster => None,
            Target::EveryTeam | Target::Team(_) => Some(Severity::Error),
            Target::Namespace(_) => Some(Severity::Warning),
        })
    }
}
