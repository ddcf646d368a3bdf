//! A role must not change what Gatekeeper enforces.
//!
//! # What
//! Reports rules that allow writing Gatekeeper's constraint templates, constraints, mutations,
//! providers of external data and configuration.
//!
//! # Why
//! Gatekeeper refuses what its constraints say. Who deletes one, or exempts a namespace in its
//! configuration, has switched it off; a mutation changes what others apply; an external provider is
//! sent what they apply.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["constraints.gatekeeper.sh"], resources: ["*"], verbs: ["delete"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["constraints.gatekeeper.sh"], resources: ["*"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, ANY, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/gatekeeper-objects`.
#[derive(Debug)]
pub struct GatekeeperObjects;

const ID: RuleId = RuleId::new("rbac/gatekeeper-objects");

impl Rule for GatekeeperObjects {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("gatekeeper_objects.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "switch off what Gatekeeper refuses, or change what others apply",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::cluster(
            WRITE,
            &[
                "templates.gatekeeper.sh",
                "constraints.gatekeeper.sh",
                "mutations.gatekeeper.sh",
                "externaldata.gatekeeper.sh",
                "expansion.gatekeeper.sh",
            ],
            ANY,
        )
    },
    Power {
        effect: "exempt namespaces from Gatekeeper",
        remedy: "Keep get, list and watch, and put the object into this repository.",
        ..Power::namespaced(WRITE, &["config.gatekeeper.sh"], &["configs"])
    },
];
