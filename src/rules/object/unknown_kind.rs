//! Nobody knows what objects of this kind must be.
//!
//! # What
//! Names the kinds that are neither Kubernetes' own nor defined in the repository, each once, at its first object.
//!
//! # Why
//! Whether such an object is valid, and whether the cluster has the kind at all, was not judged: that is no
//! fault, and not the same as fine.
//!
//! # Bad
//! ```yaml
//! apiVersion: example.org/v1
//! kind: Widget # and no CustomResourceDefinition of it anywhere in the repository
//! ```
//!
//! # Good
//! ```yaml
//! resources:
//!   - widgets.example.org.yaml # the CustomResourceDefinition
//!   - widget.yaml
//! ```

use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `object/unknown-kind`.
#[derive(Debug)]
pub struct UnknownKind;

const ID: RuleId = RuleId::new("object/unknown-kind");

impl Rule for UnknownKind {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("unknown_kind.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let where_ = if review.elsewhere.is_some() { "this or the admin repository" } else { "the repository" };
        Prepared::with(review, |prepared| {
            let kinds = prepared.objects.unknown_kinds.iter();
            kinds
                .map(|((group, kind), (object, count))| {
                    let others =
                        if *count > 1 { format!(", nor those of {} more objects", count - 1) } else { String::new() };
                    let message = format!(
                        "Nothing in {where_} defines {} of {}: its fields were not judged{others}.",
                        shown(kind),
                        shown(group)
                    );
                    let node = object.node.get("kind").unwrap_or(&object.node);
                    Finding::new(ID, Severity::Note, object.location(node), message)
                        .with_object(object.reference())
                        .with_field("kind")
                        .with_help("Put its CustomResourceDefinition into the repository, and it is judged.")
                })
                .collect()
        })
    }
}
