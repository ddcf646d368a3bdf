//! Which definitions should have been tried on the cluster, and were not.
//!
//! # What
//! Where the server's configuration lets definitions be tried in a dry run (`clusters[].dry_run: definitions`), names
//! those of the change that were not, and why: the cluster is away, overloaded or forbids it, a webhook of its own fails,
//! there are too many, Flux's variables stand in them, or the pull request comes from a fork. The last two are notes,
//! because there is nothing to mend: who may not push to the admin repository does not get to send something to the
//! cluster, and a merge queue tries it before it is merged.
//!
//! # Why
//! Without the cluster's word the check only knows what can be known without it. It must not look as if the cluster had
//! been asked; and a cluster that is away must not keep a change from being merged, which may be what mends it. A policy
//! that makes this rule an error wants it otherwise.
//!
//! # Bad
//! ```yaml
//! # the API server forbids Bailiwick to patch customresourcedefinitions
//! ```
//!
//! # Good
//! ```yaml
//! rules:
//!   - apiGroups: [apiextensions.k8s.io]
//!     resources: [customresourcedefinitions]
//!     verbs: [create, patch]
//! ```

use std::collections::BTreeMap;

use super::current;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Object;
use crate::rules::trials::{Answer, answer};
use crate::rules::{Meta, Review, Rule, shown, words_of_server};

/// `crd/not-tried`.
#[derive(Debug)]
pub struct NotTried;

const ID: RuleId = RuleId::new("crd/not-tried");
/// So many definitions are named.
const MOST: usize = 5;

impl Rule for NotTried {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("not_tried.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut by_reason: BTreeMap<(&str, bool), Vec<&Object>> = BTreeMap::new();
        for object in current(review).map(|definition| definition.object) {
            if let Some((_, Answer::Untried { why, expected })) = answer(review, object) {
                by_reason.entry((why, *expected)).or_default().push(object);
            }
        }
        let Some(trials) = review.trials else { return Vec::new() };
        let told = by_reason.into_iter().map(|((why, expected), objects)| {
            let object = objects[0];
            let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
            let message =
                format!("Not tried on the cluster {}: {}: {}.", trials.cluster, named(&objects), words_of_server(why));
            let finding = super::warning(ID, object, node, message).with_help(HELP);
            Finding { severity: if expected { Severity::Note } else { Severity::Warning }, ..finding }
        });
        told.collect()
    }
}

fn named(objects: &[&Object]) -> String {
    let names = objects.iter().take(MOST).map(|object| format!("`{}`", shown(&object.name)));
    let names = names.collect::<Vec<_>>().join(", ");
    if objects.len() > MOST { format!("{names} and {} more", objects.len() - MOST) } else { names }
}

const HELP: &str =
    "Comment `/check` to try again; whoever may asks the cluster with `kubectl apply --server-side --dry-run=server`.";
