//! The cluster must take the definition.
//!
//! # What
//! Where the server's configuration lets definitions be tried (`clusters[].dry_run: definitions`), each one that is new
//! or changed and that Flux applies is sent to the cluster as Flux would send it, as a dry run, and what the cluster has
//! against it is reported at the field that it names. What was not tried is told by `crd/not-tried`. `bailiwick check`
//! asks no cluster.
//!
//! # Why
//! Some things only the cluster can say: what a rule in CEL costs, what its version of Kubernetes does not know yet,
//! what its own admission webhooks and policies deny. A definition that is refused stops the sync of everything that
//! stands beside it.
//!
//! # Bad
//! ```yaml
//! # spec.versions[0]….x-kubernetes-validations[0].rule: estimated rule cost exceeds budget by factor of more than 100x
//! names:
//!   type: array
//!   items: {type: string}
//!   x-kubernetes-validations: [{rule: "self.all(one, self.exists_one(other, one == other))"}]
//! ```
//!
//! # Good
//! ```yaml
//! names: {type: array, maxItems: 20, x-kubernetes-list-type: set, items: {type: string, maxLength: 63}}
//! ```

use super::current;
use super::server_path::{find, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Object;
use crate::names::ClusterName;
use crate::rules::trials::{Answer, answer};
use crate::rules::{Meta, Review, Rule, words_of_server};

/// `crd/refused-by-cluster`.
#[derive(Debug)]
pub struct RefusedByCluster;

const ID: RuleId = RuleId::new("crd/refused-by-cluster");

impl Rule for RefusedByCluster {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("refused_by_cluster.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let objects = current(review).map(|definition| definition.object);
        let refused = objects.filter_map(|object| match answer(review, object)? {
            (cluster, Answer::Refused { message, causes }) => Some(told(cluster, object, (message, causes))),
            _ => None,
        });
        refused.flatten().collect()
    }
}

fn told(cluster: &ClusterName, object: &Object, (message, causes): (&str, &[(String, String)])) -> Vec<Finding> {
    let finding = |field: &str, words: &str| {
        let field = written(field, &object.node);
        let node = find(&field, &object.node).unwrap_or(&object.node);
        let place = if field.is_empty() { String::new() } else { format!("`{}`: ", words_of_server(&field)) };
        let message = format!("The cluster {cluster} refuses the definition: {place}{}", words_of_server(words));
        super::error(ID, object, node, message).with_field(words_of_server(&field)).with_help(HELP)
    };
    if causes.is_empty() {
        return vec![finding("", message)];
    }
    causes.iter().map(|(field, fault)| finding(field, fault)).collect()
}

const HELP: &str = "Mend what the cluster names; `kubectl apply --server-side --dry-run=server` asks it again.";
