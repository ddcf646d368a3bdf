//! A role must not be added to everybody's roles unnoticed.
//!
//! # What
//! Reports ClusterRoles whose labels add them to another one, such as `admin`, `edit` or `view` by
//! `rbac.authorization.k8s.io/aggregate-to-…`, where that gives its holders something dangerous that
//! they did not have: what the rules about single rights report. For `view` every right to write is
//! reported as well.
//!
//! # Why
//! Who is bound to `view` was to read, and no secrets. With such a label all of them may do what this
//! role says, in this and every other namespace where they are bound, and no binding shows it.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! metadata:
//!   labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}
//! rules:
//!   - {apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! metadata:
//!   labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}
//! rules:
//!   - {apiGroups: ["example.org"], resources: ["widgets"], verbs: ["get", "list", "watch"]}
//! ```

use super::entry::{listed, milder};
use super::judged::JudgedRole;
use super::power::{Local, Power, WRITE};
use super::powerful_kinds::OwnKinds;
use super::{powers, reach::Reach};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rbac::{Key, PolicyRule, Right, Scope, minus};
use crate::rules::{Meta, Prepared, Review, Rule};
use crate::tenancy::Rights;

/// `rbac/aggregated-grant`.
#[derive(Debug)]
pub struct AggregatedGrant;

const ID: RuleId = RuleId::new("rbac/aggregated-grant");

impl Rule for AggregatedGrant {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("aggregated_grant.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let own = OwnKinds::of(review);
        let own = own.powers();
        Prepared::with(review, |prepared| {
            let roles = prepared.roles.roles.iter().filter(|role| role.is_cluster_role());
            roles.filter_map(|role| check(&own, prepared.rights(review), role)).collect()
        })
    }
}

/// How many roles that take the rules are looked at.
const MAXIMUM_TAKERS: usize = 16;

fn check(own: &[Power<'_>], rights: &Rights, role: &JudgedRole<'_>) -> Option<Finding> {
    let keys = role.applied.iter().map(|applied| &applied.key).filter(|key| key.scope == Scope::Cluster);
    let takers = keys.flat_map(|key| rights.after.aggregated_into(key)).take(MAXIMUM_TAKERS);
    let mut worst: Option<(Severity, String, Vec<&str>)> = None;
    for taker in takers {
        let Some((severity, effect)) = gives(own, rights, role, taker) else { continue };
        match &mut worst {
            Some((known, _, names)) if *known == severity => names.push(taker),
            Some((known, _, _)) if *known > severity => {}
            _ => worst = Some((severity, effect, vec![taker])),
        }
    }
    let (severity, effect, names) = worst?;
    let node = label(role.object.node.at(&["metadata", "labels"])).or_else(|| role.object.node.at(&["metadata"]))?;
    let message = format!("This role is added to {}: whoever has that can {effect}.", listed(&names));
    let help = "Remove the label, or the dangerous rules from this role.";
    Some(role.finding(ID, severity, ("metadata.labels", node), message).with_help(help))
}

/// The label that adds a role to those of Kubernetes.
fn label(labels: Option<&Node>) -> Option<&Node> {
    let mut entries = labels?.entries();
    let is_one = |key: &Node| key.text().is_some_and(|key| key.starts_with("rbac.authorization.k8s.io/aggregate-to-"));
    entries.find(|(key, _)| is_one(key)).map(|(key, _)| key)
}

/// What the taker's holders get that they did not have.
fn gives(own: &[Power<'_>], rights: &Rights, role: &JudgedRole<'_>, taker: &str) -> Option<(Severity, String)> {
    let key = Key::cluster(taker);
    let had = rights.before.parts(&key);
    let gained = role.applied.iter().flat_map(|applied| &applied.rules);
    let more: Vec<PolicyRule> =
        minus(gained, had.roles.iter().flat_map(|role| &role.rules)).rights.iter().map(Right::rule).collect();
    let reach = Reach::of(&rights.after, std::iter::once(&key));
    let is_full = reach.is_full();
    let local = |severity| if is_full { severity } else { milder(severity) };
    if let Some(power) = powers::worst(own, &more).filter(|power| power.local != Local::Usual || reach.is_bound_wide())
    {
        return Some((local(power.danger), power.effect.to_owned()));
    }
    let writes = |rule: &PolicyRule| rule.verbs.iter().any(|verb| verb == "*" || WRITE.contains(&verb.as_str()));
    let resources: Vec<&str> =
        more.iter().filter(|rule| writes(rule)).flat_map(|rule| &rule.resources).map(String::as_str).collect();
    (taker == "view" && !resources.is_empty())
        .then(|| (local(Severity::Warning), format!("change {}, though `view` is for reading", listed(&resources))))
}
