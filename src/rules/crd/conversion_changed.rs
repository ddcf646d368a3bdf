//! Objects are converted between versions otherwise than before.
//!
//! # What
//! Reports a definition whose `spec.conversion` is another one than before.
//!
//! # Why
//! A conversion webhook sees and rewrites every custom resource of the cluster, and where it does not
//! answer none can be read. Without one, fields that two versions do not share are dropped.
//!
//! # Bad
//! ```yaml
//! conversion: {strategy: None} # was Webhook
//! ```
//!
//! # Good
//! ```yaml
//! # the conversion that was there
//! ```

use super::replaced::{Replaced, replaced};
use super::warning;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Definition, same};

/// `crd/conversion-changed`.
#[derive(Debug)]
pub struct ConversionChanged;

const ID: RuleId = RuleId::new("crd/conversion-changed");

impl Rule for ConversionChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("conversion_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        replaced(review).filter_map(told).collect()
    }
}

fn told(pair: Replaced<'_>) -> Option<Finding> {
    let (old, new) = (conversion(pair.old), conversion(pair.new));
    let what = match (old, new) {
        (None, None) => return None,
        (Some(old), Some(new)) if same(old, new) => return None,
        (None, Some(_)) => "Objects are converted by a webhook from now on: it sees and rewrites every one of them.",
        (Some(_), None) => {
            "Objects are not converted by a webhook any more: fields that versions do not share are dropped."
        }
        (Some(_), Some(_)) => "Objects are converted by another webhook, or in another way, from now on.",
    };
    let finding = warning(ID, pair.new.object, pair.new.nearest(&["conversion"]), what);
    Some(
        finding
            .with_field("spec.conversion")
            .with_help("Make sure that the webhook runs and answers for every version before this is merged."),
    )
}

/// `spec.conversion`, where it is more than the default.
fn conversion(definition: Definition<'_>) -> Option<&Node> {
    definition.spec(&["conversion"]).filter(|node| node.get("strategy").and_then(Node::text) == Some("Webhook"))
}
