//! A role must not read secrets that are not its own.
//!
//! # What
//! Reports rules of Roles and ClusterRoles that allow `get`, `list` or `watch` on secrets, by name or
//! through `*`. In a ClusterRole this is an error, in a Role, or where it is only bound in namespaces
//! of teams, a warning; where `resourceNames` limits it, one level milder.
//!
//! # Why
//! Secrets hold the tokens of service accounts, deploy keys and certificates: who reads them all can
//! act as everybody. `list` and `watch` show the content just as `get` does.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["get", "list", "watch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, CORE, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/read-secrets`.
#[derive(Debug)]
pub struct ReadSecrets;

const ID: RuleId = RuleId::new("rbac/read-secrets");

impl Rule for ReadSecrets {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("read_secrets.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "read the tokens, keys and passwords in secrets",
    remedy: "Remove `secrets`; where one is needed, name it in `resourceNames` of a Role in its namespace, with the verb `get` only.",
    ..Power::namespaced(&["get", "list", "watch"], CORE, &["secrets"])
}];
