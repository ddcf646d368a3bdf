//! Rules of the family `object/`: objects must be what their kinds ask for.

mod invalid;
mod judged;
mod undecided;
mod unknown_field;
mod unknown_kind;
mod version_not_served;

pub use invalid::Invalid;
pub use judged::Judged;
use judged::{Answer, One};
pub use undecided::Undecided;
pub use unknown_field::UnknownField;
pub(super) use unknown_field::unknown_fields;
pub use unknown_kind::UnknownKind;
pub use version_not_served::VersionNotServed;

use super::{Prepared, Review};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Object;
use crate::schema::value::Problem;

/// What a look at every object of which there is something to say finds.
fn each(review: &Review<'_>, look: impl Fn(&One<'_>, &mut Vec<Finding>)) -> Vec<Finding> {
    Prepared::with(review, |prepared| {
        let mut found = Vec::new();
        prepared.objects.objects.iter().for_each(|one| look(one, &mut found));
        found
    })
}

/// A finding of `rule` at a problem of an object: its field, and the words that stand behind that.
fn at_problem(
    (rule, severity): (RuleId, Severity),
    object: &Object,
    problem: &Problem<'_>,
    message: String,
) -> Finding {
    let finding = Finding::new(rule, severity, object.location(problem.node), message);
    finding.with_object(object.reference()).with_field(problem.field.clone())
}

/// What people call a field.
fn called(problem: &Problem<'_>) -> String {
    if problem.field.is_empty() { "The object".to_owned() } else { format!("`{}`", problem.field) }
}
