//! A role must not let its holders make tokens of service accounts.
//!
//! # What
//! Reports rules that allow `create` on `serviceaccounts/token`, and rules that allow creating or
//! changing secrets.
//!
//! # Why
//! A token of a service account is all of its rights. `serviceaccounts/token` gives it at once. A
//! Secret of the type `kubernetes.io/service-account-token` is filled with a token of whatever account
//! of its namespace it names. Who can change secrets also changes the keys and certificates that others
//! trust, Flux's included.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Role
//! rules:
//!   - apiGroups: [""]
//!     resources: ["serviceaccounts/token"]
//!     resourceNames: ["backup"]
//!     verbs: ["create"]
//! ```

use super::power::{self, CORE, PUT, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/mint-tokens`.
#[derive(Debug)]
pub struct MintTokens;

const ID: RuleId = RuleId::new("rbac/mint-tokens");

impl Rule for MintTokens {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("mint_tokens.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "get a token of any service account",
        remedy: "Name the accounts that are needed in `resourceNames` of a Role in their namespace.",
        ..Power::namespaced(&["create"], CORE, &["serviceaccounts/token"])
    },
    Power {
        effect: "get tokens of any service account by a Secret, and replace the keys that others trust",
        remedy: "Keep only the namespaces that are needed: a Role there instead of a ClusterRole.",
        ..Power::namespaced(PUT, CORE, &["secrets"])
    },
];
