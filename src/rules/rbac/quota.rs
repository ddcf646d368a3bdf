//! A role must not change quotas and limits.
//!
//! # What
//! Reports rules that allow writing ResourceQuotas and LimitRanges, also in a team's own namespace.
//!
//! # Why
//! Quotas keep one team from using up what belongs to all. A team that can change its own has none.
//!
//! # Bad
//! ```yaml
//! kind: Role
//! rules:
//!   - {apiGroups: [""], resources: ["resourcequotas"], verbs: ["patch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Role
//! rules:
//!   - {apiGroups: [""], resources: ["resourcequotas"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, CORE, Local, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/quota`.
#[derive(Debug)]
pub struct Quota;

const ID: RuleId = RuleId::new("rbac/quota");

impl Rule for Quota {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("quota.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    danger: Severity::Warning,
    effect: "use up what belongs to all teams",
    remedy: "Keep get, list and watch, and put quotas into this repository.",
    local: Local::Same,
    ..Power::namespaced(WRITE, CORE, &["resourcequotas", "limitranges"])
}];
