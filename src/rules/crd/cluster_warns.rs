//! What the cluster takes and warns of.
//!
//! # What
//! Reports the API server's warnings about a definition that was tried on the cluster in a dry run
//! (`clusters[].dry_run: definitions`) and that it takes.
//!
//! # Why
//! The API server warns of what it takes and does not do as it is written, or not for much longer: formats that it does
//! not know, fields that go, what an admission policy only warns of.
//!
//! # Bad
//! ```yaml
//! # unrecognized format "e-mail"
//! contact: {type: string, format: e-mail}
//! ```
//!
//! # Good
//! ```yaml
//! contact: {type: string, format: email}
//! ```

use super::current;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::trials::{Answer, answer};
use crate::rules::{Meta, Review, Rule, words_of_server};

/// `crd/cluster-warns`.
#[derive(Debug)]
pub struct ClusterWarns;

const ID: RuleId = RuleId::new("crd/cluster-warns");

impl Rule for ClusterWarns {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("cluster_warns.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        for object in current(review).map(|definition| definition.object) {
            let Some((cluster, Answer::Accepted { warnings })) = answer(review, object) else { continue };
            let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
            found.extend(warnings.iter().map(|words| {
                let message =
                    format!("The cluster {cluster} takes the definition and warns: {}", words_of_server(words));
                super::warning(ID, object, node, message).with_help("Mend what it warns of before it counts.")
            }));
        }
        found
    }
}
