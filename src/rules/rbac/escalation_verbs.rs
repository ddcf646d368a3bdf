//! A role must not let its holders give themselves more rights.
//!
//! # What
//! Reports rules of Roles and ClusterRoles that allow `escalate` or `bind` on roles, `impersonate` on
//! users, groups or service accounts, with the constrained verbs that begin with `impersonate:` or
//! `impersonate-on:`, or writing roles and role bindings; also where the right comes from a `*` in
//! verbs, resources or API groups. In a ClusterRole this is an error, also if nobody is bound to it
//! yet. In a Role, and in a ClusterRole that is only bound in namespaces of teams, it is a warning; in
//! a namespace of the cluster itself an error again. `bind`, `impersonate` and writing that
//! `resourceNames` limits to harmless names are one level milder.
//!
//! # Why
//! `escalate` writes rights into a role that its holder does not have, `bind` hands out any role,
//! `impersonate` acts as somebody else, the group `system:masters` included. Whoever has one of them
//! has the whole cluster. Writing roles and bindings decides who may do what, which is the admins'
//! part.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], verbs: ["bind"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], verbs: ["get", "list"]}
//! ```

use super::power::{self, ANY, Names, PUT, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/escalation-verbs`.
#[derive(Debug)]
pub struct EscalationVerbs;

const ID: RuleId = RuleId::new("rbac/escalation-verbs");

impl Rule for EscalationVerbs {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("escalation_verbs.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// Names that are not harmless.
const GREAT: Names = Names::MilderUnless(&["cluster-admin", "system:"]);

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "write any right into a role, also rights that they do not have",
        remedy: "Remove `escalate`.",
        names: Names::Same,
        at_verb: true,
        ..Power::namespaced(&["escalate"], &["rbac.authorization.k8s.io"], &["roles", "clusterroles"])
    },
    Power {
        effect: "bind themselves to roles that they do not have, cluster-admin included",
        remedy: "Remove `bind`, or name the few harmless roles that are needed in `resourceNames`.",
        names: GREAT,
        at_verb: true,
        ..Power::namespaced(&["bind"], &["rbac.authorization.k8s.io"], &["roles", "clusterroles"])
    },
    Power {
        effect: "act as somebody else, with all of their rights",
        remedy: "Remove `impersonate`, or name the few harmless objects that are needed in `resourceNames`.",
        names: GREAT,
        at_verb: true,
        ..Power::namespaced(
            &["impersonate"],
            &["", "authentication.k8s.io"],
            &["users", "groups", "serviceaccounts", "uids", "userextras", "userextras/"],
        )
    },
    Power {
        effect: "act as somebody else",
        remedy: "Remove the verb, or name in `resourceNames` whom they may act as.",
        names: GREAT,
        at_verb: true,
        ..Power::namespaced(&["impersonate:"], ANY, ANY)
    },
    Power {
        danger: Severity::Warning,
        effect: "do this as somebody else, once they may act as one",
        remedy: "Remove the verb.",
        at_verb: true,
        ..Power::namespaced(&["impersonate-on:"], ANY, ANY)
    },
    Power {
        effect: "change who may do what",
        remedy: "Leave roles and bindings to the admin repository: keep only get, list and watch here.",
        names: GREAT,
        at_verb: true,
        ..Power::namespaced(
            PUT,
            &["rbac.authorization.k8s.io"],
            &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        )
    },
];
