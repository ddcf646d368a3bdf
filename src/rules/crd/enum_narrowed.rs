//! Fewer values are allowed than before.
//!
//! # What
//! Reports a field whose list of allowed values is new, or has lost a value. Values that are added are
//! no finding.
//!
//! # Why
//! Existing objects that hold another value are invalid from then on: they cannot be changed any
//! more without changing this field too, and manifests that set it are refused.
//!
//! # Bad
//! ```yaml
//! mode: {type: string, enum: [Managed]} # was [Managed, Unmanaged]
//! ```
//!
//! # Good
//! ```yaml
//! mode: {type: string, enum: [Managed, Unmanaged, Paused]}
//! ```

use std::collections::BTreeSet;

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Aspect, Canonical};

/// `crd/enum-narrowed`.
#[derive(Debug)]
pub struct EnumNarrowed;

const ID: RuleId = RuleId::new("crd/enum-narrowed");

impl Rule for EnumNarrowed {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("enum_narrowed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Enum).filter_map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Option<Finding> {
    let new = differing.difference.new?;
    let what = match differing.difference.old {
        None => "may hold only some values from now on".to_owned(),
        Some(old) => {
            let allowed: BTreeSet<Canonical<'_>> = new.items().map(Canonical::of).collect();
            let gone: Vec<&Node> = old.items().filter(|value| !allowed.contains(&Canonical::of(value))).collect();
            format!("may not be {} any more", values(&gone)?)
        }
    };
    let finding = differing.finding((ID, Severity::Error), |field, version| {
        format!("In {version}, {field} {what}: existing objects with another value become invalid.")
    });
    Some(finding.with_help("Keep the values that were allowed, or allow fewer in a new version of the API."))
}

/// At most five of them in words; `None` where there is none.
fn values(nodes: &[&Node]) -> Option<String> {
    let shown: Vec<String> = nodes.iter().take(5).map(|node| written(node)).collect();
    let more = nodes.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}
