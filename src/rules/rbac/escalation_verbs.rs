//! A role must not let its holders give themselves more rights.
//!
//! # What
//! Reports rules of Roles and ClusterRoles that allow `escalate` or `bind` on roles, `impersonate`
//! on users, groups or service accounts, or writing roles and role bindings; also where the right
//! comes from a `*` in verbs, resources or API groups. In a ClusterRole this is an error, in a Role
//! (which holds in one namespace) a warning. `bind`, `impersonate` and writing that `resourceNames`
//! limits to harmless names are one level milder.
//!
//! # Why
//! `escalate` writes rights into a role that its holder does not have, `bind` hands out any role,
//! `impersonate` acts as somebody else, the group `system:masters` included. Whoever has one of
//! them has the whole cluster. Writing roles and bindings decides who may do what, which is the
//! admins' part.
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

use super::{Entry, GROUP, entries, listed, milder};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
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
        entries(review).flat_map(|entry| check_entry(&entry)).collect()
    }
}

/// One way to more rights. Source: Kubernetes' "RBAC good practices" and the authorizers it names.
struct Power {
    verbs: &'static [&'static str],
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    effect: &'static str,
    /// Whether naming the objects in `resourceNames` makes it milder. Not so for `escalate`: one
    /// role that may hold any right is enough.
    limited_by_names: bool,
}

const POWERS: &[Power] = &[
    Power {
        verbs: &["escalate"],
        groups: &[GROUP],
        resources: &["roles", "clusterroles"],
        effect: "write any right into a role, also rights that they do not have",
        limited_by_names: false,
    },
    Power {
        verbs: &["bind"],
        groups: &[GROUP],
        resources: &["roles", "clusterroles"],
        effect: "bind themselves to roles that they do not have, cluster-admin included",
        limited_by_names: true,
    },
    Power {
        verbs: &["impersonate"],
        groups: &["", "authentication.k8s.io"],
        resources: &["users", "groups", "serviceaccounts", "uids", "userextras"],
        effect: "act as somebody else, with all of their rights",
        limited_by_names: true,
    },
    Power {
        verbs: &["create", "update", "patch"],
        groups: &[GROUP],
        resources: &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        effect: "change who may do what",
        limited_by_names: true,
    },
];

fn check_entry(entry: &Entry<'_>) -> Vec<Finding> {
    let reached: Vec<(&Power, Vec<&str>)> =
        POWERS.iter().filter_map(|power| Some((power, power.reached(entry)?))).collect();
    if let Some(star) = entry.verbs.star() {
        return every_verb(entry, star, &reached).into_iter().collect();
    }
    let mut findings: Vec<Finding> = reached
        .iter()
        .filter_map(|(power, resources)| Some(power.finding(entry, entry.verbs.find(power.verbs)?, resources)))
        .collect();
    findings.extend(constrained_impersonation(entry));
    findings
}

impl Power {
    /// The resources through which the entry reaches this power, as written.
    fn reached<'a>(&self, entry: &Entry<'a>) -> Option<Vec<&'a str>> {
        if !entry.reaches_group(self.groups) {
            return None;
        }
        let mut reached = entry.reached(self.resources);
        if self.resources.contains(&"userextras") {
            let extras = entry.resources.0.iter().map(|(word, _)| *word).filter(|word| word.starts_with("userextras/"));
            reached.extend(extras);
        }
        (!reached.is_empty()).then_some(reached)
    }

    fn severity(&self, entry: &Entry<'_>) -> Severity {
        let great = |name: &str| name == "cluster-admin" || name.starts_with("system:");
        let harmless = !entry.names.is_empty() && !entry.names.0.iter().any(|(name, _)| great(name));
        if self.limited_by_names && harmless { milder(entry.severity()) } else { entry.severity() }
    }

    fn finding(&self, entry: &Entry<'_>, (verb, node): (&str, &Node), resources: &[&str]) -> Finding {
        let message = format!("`{verb}` on {} lets the role's holders {}.", listed(resources), self.effect);
        let help = match (verb, self.limited_by_names) {
            ("create" | "update" | "patch", _) => {
                "Leave roles and bindings to the admin repository: keep only get, list and watch here.".to_owned()
            }
            (_, true) => {
                format!("Remove `{verb}`, or name the few harmless objects that are needed in `resourceNames`.")
            }
            (_, false) => format!("Remove `{verb}`."),
        };
        entry.finding(ID, self.severity(entry), ("verbs", node), message).with_help(help)
    }
}

/// `*` includes every power at once: one finding, as severe as the worst of them.
fn every_verb(entry: &Entry<'_>, star: &Node, reached: &[(&Power, Vec<&str>)]) -> Option<Finding> {
    let severity = reached.iter().map(|(power, _)| power.severity(entry)).max()?;
    let mut resources: Vec<&str> = Vec::new();
    for word in reached.iter().flat_map(|(_, resources)| resources) {
        if !resources.contains(word) {
            resources.push(word);
        }
    }
    let named: Vec<&str> = reached
        .iter()
        .filter(|(power, _)| power.verbs.len() == 1)
        .flat_map(|(power, _)| power.verbs)
        .copied()
        .collect();
    let (_, effect) = reached.first().map(|(power, _)| (power.verbs, power.effect))?;
    let included = if named.is_empty() { String::new() } else { format!(" includes {} and", listed(&named)) };
    let message = format!("`*` on {}{included} lets the role's holders {effect}.", listed(&resources));
    let help = "Write the verbs that are needed instead of `*`, without escalate, bind and impersonate.";
    Some(entry.finding(ID, severity, ("verbs", star), message).with_help(help))
}

/// The verbs of constrained impersonation (KEP-5284), such as `impersonate:user-info`.
fn constrained_impersonation(entry: &Entry<'_>) -> Option<Finding> {
    let (verb, node) = entry.verbs.0.iter().find(|(verb, _)| verb.starts_with("impersonate:"))?;
    let message = format!("`{verb}` lets the role's holders act as somebody else.");
    Some(entry.finding(ID, entry.severity(), ("verbs", node), message).with_help(format!("Remove `{verb}`.")))
}
