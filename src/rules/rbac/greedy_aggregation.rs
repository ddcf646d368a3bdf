//! A role must not take in roles that are not meant.
//!
//! # What
//! Reports ClusterRoles whose `aggregationRule` selects every other ClusterRole, or those that
//! Kubernetes brings along (`kubernetes.io/bootstrapping`), and those that take in a role that is no
//! part of the change and holds something dangerous.
//!
//! # Why
//! A ClusterRole that takes in all others is cluster-admin under another name, because cluster-admin is
//! among them. An empty selector takes in everything, one with `NotIn` or `DoesNotExist` nearly so, and
//! whatever is added later.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! aggregationRule:
//!   clusterRoleSelectors:
//!     - {}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! aggregationRule:
//!   clusterRoleSelectors:
//!     - matchLabels: {example.org/part-of-monitoring: "true"}
//! ```

use super::entry::{milder, one_or_many};
use super::judged::{Judged, JudgedRole};
use super::power::Power;
use super::powerful_kinds::OwnKinds;
use super::powers;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Prepared, Review, Rule, shown};
use crate::tenancy::Rights;

/// `rbac/greedy-aggregation`.
#[derive(Debug)]
pub struct GreedyAggregation;

const ID: RuleId = RuleId::new("rbac/greedy-aggregation");

impl Rule for GreedyAggregation {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("greedy_aggregation.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let own = OwnKinds::of(review);
        let own = own.powers();
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let aggregating =
                judged.roles.iter().filter(|role| role.applied.iter().any(|one| one.aggregation.is_some()));
            aggregating
                .flat_map(|role| {
                    let found = check_selectors(role);
                    if found.is_empty() {
                        taken(&own, prepared.rights(review), judged, role).into_iter().collect()
                    } else {
                        found
                    }
                })
                .collect()
        })
    }
}

/// The label of the roles that Kubernetes brings along, cluster-admin among them
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>).
const DEFAULT_ROLES: &str = "kubernetes.io/bootstrapping";

const HELP: &str = "Select by a label that only the roles carry that are meant.";

fn check_selectors(role: &JudgedRole<'_>) -> Vec<Finding> {
    let selectors = role.object.node.at(&["aggregationRule", "clusterRoleSelectors"]);
    let selectors = selectors.map(one_or_many).unwrap_or_default().into_iter().enumerate();
    selectors
        .filter(|(_, selector)| selects_everything(selector))
        .map(|(index, selector)| {
            let message = "This selector takes the rights of every ClusterRole into this one, cluster-admin included.";
            let field = format!("aggregationRule.clusterRoleSelectors[{index}]");
            role.finding(ID, Severity::Error, (&field, selector), message).with_help(HELP)
        })
        .collect()
}

/// Whether nothing in a selector keeps cluster-admin out: it is empty, says only what a role must
/// not carry, or names the label of the default roles.
fn selects_everything(selector: &Node) -> bool {
    let labels: Vec<&str> = selector.get("matchLabels").map(keys).unwrap_or_default();
    let expressions = selector.get("matchExpressions").map(one_or_many).unwrap_or_default();
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let wide = |expression: &&Node| {
        let negative =
            text(expression, "operator").is_some_and(|operator| ["NotIn", "DoesNotExist"].contains(&&*operator));
        negative || text(expression, "key").is_some_and(|key| key == DEFAULT_ROLES)
    };
    labels.iter().all(|label| *label == DEFAULT_ROLES) && expressions.iter().all(wide)
}

fn keys(node: &Node) -> Vec<&str> {
    node.entries().filter_map(|(key, _)| key.text()).collect()
}

/// The worst that the role takes from one that is not judged itself.
fn taken(powers: &[Power<'_>], rights: &Rights, judged: &Judged<'_>, role: &JudgedRole<'_>) -> Option<Finding> {
    let node = role.object.node.get("aggregationRule")?;
    let own = |key: &crate::rbac::Key| role.applied.iter().any(|applied| applied.key == *key);
    let parts = role.applied.iter().flat_map(|applied| rights.after.parts(&applied.key).roles);
    let others = parts.filter(|part| !own(&part.key) && !judged.has_role(&part.key));
    let found = others.filter_map(|part| Some((powers::worst(powers, &part.rules)?, part)));
    let (power, part) = found.max_by_key(|(power, _)| power.danger)?;
    let severity = if role.reach.is_full() { power.danger } else { milder(power.danger) };
    let message =
        format!("This takes in the ClusterRole `{}`, with which one can {}.", shown(&part.key.name), power.effect);
    Some(role.finding(ID, severity, ("aggregationRule", node), message).with_help(HELP))
}
