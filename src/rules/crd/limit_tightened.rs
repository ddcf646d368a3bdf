//! A limit is new or narrower than before.
//!
//! # What
//! Reports a smallest or largest value, length or number of an existing field that is new or
//! tighter, also `multipleOf` (where it is not greater than zero, nothing is valid), `uniqueItems` and the exclusive limits.
//!
//! # Why
//! Existing objects beyond the new limit are invalid from then on: they cannot be changed any more
//! without changing this field too.
//!
//! # Bad
//! ```yaml
//! size: {type: integer, maximum: 5} # was 10
//! ```
//!
//! # Good
//! ```yaml
//! size: {type: integer, maximum: 20}
//! ```

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Scalar, Value};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/limit-tightened`.
#[derive(Debug)]
pub struct LimitTightened;

const ID: RuleId = RuleId::new("crd/limit-tightened");

impl Rule for LimitTightened {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("limit_tightened.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Limit).filter_map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Option<Finding> {
    let difference = &differing.difference;
    let (keyword, new) = (difference.keyword, difference.new?);
    let what = match difference.old {
        None => format!("`{keyword}` is now {}, where there was no such limit", written(new)),
        Some(old) if is_wider(keyword, (old, new)) => return None,
        Some(old) => format!("`{keyword}` is now {} and was {}", written(new), written(old)),
    };
    let finding = differing.finding((ID, Severity::Error), |field, version| {
        format!("In {version}, of {field} {what}: existing objects beyond it become invalid.")
    });
    Some(finding.with_help("Keep the limit as it was, or narrow it in a new version of the API."))
}

/// Whether everything that was inside the old limit is inside the new one.
fn is_wider(keyword: &str, (old, new): (&Node, &Node)) -> bool {
    let (Some(before), Some(now)) = (number(old), number(new)) else { return false };
    if keyword.starts_with("max") {
        now >= before
    } else if keyword.starts_with("min") {
        now <= before
    } else {
        keyword == "multipleOf" && is_multiple(before, now)
    }
}

/// What is a multiple of six is one of three. Nothing is one of what is not greater than zero; of whole numbers the server
/// looks at the whole part of the limit only (`MultipleOfNativeType` of kube-openapi).
fn is_multiple(before: f64, now: f64) -> bool {
    let whole = before.fract() == 0.0 && now.fract() == 0.0;
    let small = before > 0.0 && before < 1.0 && now < 1.0;
    let unsatisfiable = before <= 0.0;
    now > 0.0 && (unsatisfiable || ((whole || small) && (before / now).fract() == 0.0))
}

#[expect(clippy::cast_precision_loss, reason = "limits beyond 2^53 are compared as JSON numbers are")]
fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Scalar { value: Scalar::Int(value), .. } => Some(value as f64),
        Value::Scalar { value: Scalar::Float(value), .. } => Some(value),
        _ => None,
    }
}
