//! A change must not open a path from a team's repository to the whole cluster.
//!
//! # What
//! In the admin repository, reports a change after which whoever may push to a team's repository can do what they like
//! in the whole cluster, and could not before. The message has the path: what applies the repository, as whom, what
//! that account may do, and what Flux's controllers let through, each with file and line. Paths over something that
//! the repository does not say, such as how Flux is started, are left to `bailiwick isolation`, and so is a review
//! without a base.
//!
//! # Why
//! Each object of a path is harmless by itself: a role that may write Flux Kustomizations is what teams need, and a
//! controller without `--default-service-account` is Flux as it is installed. Together they make every developer of a
//! team an administrator.
//!
//! # Bad
//! ```yaml
//! # Flux's controllers run without --default-service-account, and this lets a team write Kustomizations
//! kind: RoleBinding
//! metadata: {name: team1-reconciler, namespace: team1}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
//! ```
//!
//! # Good
//! ```yaml
//! # clusters/dev/flux-system/kustomization.yaml
//! patches:
//!   - target: {kind: Deployment, name: "(kustomize-controller|helm-controller)"}
//!     patch: |
//!       - op: add
//!         path: /spec/template/spec/containers/0/args/-
//!         value: --default-service-account=default
//! ```

use super::path_findings::findings;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::tenancy::Target;

/// `tenancy/path-cluster`.
#[derive(Debug)]
pub struct PathCluster;

const ID: RuleId = RuleId::new("tenancy/path-cluster");

impl Rule for PathCluster {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("path_cluster.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        findings(ID, review, |to| (*to == Target::Cluster).then_some(Severity::Error))
    }
}
