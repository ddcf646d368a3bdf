//! A kind in a group of the Kubernetes project must say who approved it.
//!
//! # What
//! Reports a CustomResourceDefinition whose group is `k8s.io`, `kubernetes.io` or ends with one of them after
//! a dot, and whose annotation `api-approved.kubernetes.io` is missing, or is neither an absolute URL nor
//! begins with `unapproved`. Where the definition was there before and its approval has not changed, nothing
//! is said.
//!
//! # Why
//! These groups belong to the Kubernetes project; the API server refuses a new kind in them that does not
//! name the review that approved it. Nearly always the group was copied from an example.
//!
//! # Bad
//! ```yaml
//! metadata:
//!   name: widgets.example.k8s.io
//! spec:
//!   group: example.k8s.io
//! ```
//!
//! # Good
//! ```yaml
//! metadata:
//!   name: widgets.example.org
//! spec:
//!   group: example.org
//! ```

use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, url};

/// `crd/group-approval`.
#[derive(Debug)]
pub struct GroupApproval;

const ID: RuleId = RuleId::new("crd/group-approval");
const ANNOTATION: &str = "api-approved.kubernetes.io";

impl Rule for GroupApproval {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("group_approval.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).filter_map(|definition| check_definition(review, definition)).collect()
    }
}

fn check_definition(review: &Review<'_>, definition: Definition<'_>) -> Option<Finding> {
    let group = definition.group().filter(|group| is_protected(group))?;
    let object = definition.object;
    let state = Approval::of(object);
    if old_definition(review, object).is_some_and(|old| Approval::of(old.object) == state) {
        return None;
    }
    let what = match state {
        Approval::Given | Approval::Bypassed => return None,
        Approval::Missing => format!("has no annotation `{ANNOTATION}`"),
        Approval::Invalid => format!("has an annotation `{ANNOTATION}` that is neither a URL nor `unapproved…`"),
    };
    let message = format!(
        "The group `{}` belongs to the Kubernetes project, and the definition {what}, so the API server refuses it.",
        shown(group)
    );
    let help = format!(
        "Use a group of your own domain; where the kind is Kubernetes' own, set `{ANNOTATION}` to the URL of the pull \
         request that approved it, or to `unapproved, ` and the reason."
    );
    let node = match state {
        Approval::Missing => definition.nearest(&["group"]),
        _ => object.node.nearest(&["metadata", "annotations", ANNOTATION]),
    };
    Some(error(ID, object, node, message).with_field(format!("metadata.annotations[{ANNOTATION}]")).with_help(help))
}

fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"].iter().any(|own| match group.strip_suffix(own) {
        Some(before) => before.is_empty() || before.ends_with('.'),
        None => false,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Approval {
    Missing,
    Invalid,
    Bypassed,
    Given,
}

impl Approval {
    fn of(object: &Object) -> Self {
        let annotation = object.node.at(&["metadata", "annotations", ANNOTATION]).and_then(Node::as_str);
        match annotation.unwrap_or_default() {
            "" => Self::Missing,
            text if text.starts_with("unapproved") => Self::Bypassed,
            text if url::is_absolute(text) => Self::Given,
            _ => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_protected;

    #[test]
    fn only_the_groups_of_kubernetes_are_protected() {
        for group in ["k8s.io", "kubernetes.io", "a.k8s.io", "a.b.kubernetes.io"] {
            assert!(is_protected(group), "{group}");
        }
        for group in ["x-k8s.io", "gateway.networking.x-k8s.io", "k8s.io.example.org", "notkubernetes.io", "io"] {
            assert!(!is_protected(group), "{group}");
        }
    }
}
