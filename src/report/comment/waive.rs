//! The words about `/waive`. What others have written is code everywhere, and short.

use crate::finding::ObjectRef;
use crate::names::CommitId;
use crate::report::count;
use crate::report::markdown::{code, cut};

/// Objects that are named.
const MOST: usize = 10;
/// Bytes of a name that are shown.
const LONGEST: usize = 200;

/// The head may not be what whoever decides has seen.
pub fn head_not_seen(command: &str, head: &CommitId) -> String {
    format!(
        "I did not run `/{command}`: the head is `{}` now, and I had not judged it when the comment was written. Look at the \
         check of this head, then write the command in a new comment.\n\nNothing was done.",
        head.short()
    )
}

/// Findings of this rule stand whatever anybody says.
pub fn never_waived(rule: &str) -> String {
    format!("Findings of {} cannot be waived: nobody has seen what is in the file. Nothing was done.", code(rule))
}

/// There is no judgement, so there are no findings.
pub fn nothing_judged(command: &str, title: &str) -> String {
    format!("`/{command}` does nothing here: the pull request cannot be judged ({}).", code(&cut(title, LONGEST)))
}

/// The head has no such finding; `others` are the objects of the rule's findings.
pub fn nothing_to_waive(rule: &str, object: &str, others: &[&ObjectRef]) -> String {
    let mut text =
        format!("There is no finding of {} on {} to waive. Nothing was done.", code(rule), code(&cut(object, LONGEST)));
    let mut names: Vec<String> = others.iter().map(|object| written(object)).collect();
    names.dedup();
    if !names.is_empty() {
        let shown: Vec<String> = names.iter().take(MOST).map(|name| code(&cut(name, LONGEST))).collect();
        let rest = match names.len().saturating_sub(MOST) {
            0 => String::new(),
            rest => format!(" and {}", count(rest, "other")),
        };
        text.push_str(&format!("\n\nIt has findings on {}{rest}.", shown.join(", ")));
    }
    text
}

/// An object as `/waive` takes it.
fn written(object: &ObjectRef) -> String {
    let namespace = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{}/{namespace}{}", object.kind, object.name)
}

/// The object is not among what is judged.
pub fn cannot_be_bound(object: &str) -> String {
    format!(
        "I cannot bind a waiver to {}: it is not in a file of this pull request. An exception in the policy can name it. \
         Nothing was done.",
        code(&cut(object, LONGEST))
    )
}

/// The pull request has too many of them.
pub fn too_many_waivers(most: usize) -> String {
    format!("A pull request may have {most} waivers. What is more belongs into the policy. Nothing was done.")
}

/// The findings may pass.
pub fn waived(rule: &str, object: &str, number: usize) -> String {
    format!(
        "{} of {} on {} may pass on this pull request, as long as the object and the finding stay as they are. I am judging \
         it again.",
        count(number, "finding"),
        code(rule),
        code(&cut(object, LONGEST))
    )
}
