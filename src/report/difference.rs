//! What a merge would change: objects and rights, for a terminal, for a comment and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::markdown::{code, cut, escape};
use super::{count, visible};
use crate::finding::{Finding, Location};
use crate::rbac::{self, PolicyRule, Subject};
use crate::redact::redact_value;
use crate::rules::{Fate, Holder, ObjectChange, Right, RightMoved, RightsChange, RightsDifference, Way};

/// So many holders of one change are named; the others are counted.
const HOLDERS: usize = 5;
/// So many ways to one right are named.
const WAYS: usize = 2;
/// Bytes of a right or a way that are shown in Markdown.
const LONGEST: usize = 400;

/// For a terminal.
pub fn difference_text(objects: &[ObjectChange], rights: &RightsDifference) -> String {
    let mut text = String::new();
    for change in objects {
        let sign = match change.fate {
            Fate::Added => '+',
            Fate::Altered => '~',
            Fate::Removed => '-',
        };
        let object = change.object.to_string();
        writeln!(text, "{sign} {} ({}:{})", visible(&object), visible(change.at.file.as_str()), change.at.line)
            .expect("a string takes every write");
    }
    if objects.is_empty() {
        text.push_str("No object changes.\n");
    }
    text.push('\n');
    for change in &rights.changes {
        text.push_str(&one(change));
    }
    if rights.changes.is_empty() && !rights.more {
        text.push_str("Nobody's rights change.\n");
    }
    if rights.more {
        text.push_str("There may be more: the change is too large to follow every right.\n");
    }
    text
}

fn one(change: &RightsChange) -> String {
    let mut text = format!("{}\n", visible(&who(&change.who)));
    for (word, rights) in [("gains", &change.gained), ("loses", &change.lost)] {
        for right in rights {
            writeln!(text, "  {word} {}", visible(&right.what)).expect("a string takes every write");
            for way in right.through.iter().take(WAYS) {
                writeln!(text, "    {}", visible(&place(way))).expect("a string takes every write");
            }
        }
    }
    text
}

/// "ServiceAccount team1/flux in namespace team1, Group x in the whole cluster and 3 others".
fn who(holders: &[Holder]) -> String {
    let shown: Vec<String> = holders.iter().take(HOLDERS).map(holder).collect();
    let others = match holders.len().saturating_sub(HOLDERS) {
        0 => String::new(),
        others => format!(" and {}", count(others, "other")),
    };
    format!("{}{others}", shown.join(", "))
}

fn holder(holder: &Holder) -> String {
    match &holder.namespace {
        Some(namespace) => format!("{} in namespace {namespace}", holder.subject),
        None => format!("{} in the whole cluster", holder.subject),
    }
}

fn place(way: &Way) -> String {
    match places(way) {
        Some(places) => format!("by {} ({places})", way.words),
        None => format!("by {}", way.words),
    }
}

/// Where a way is written, as far as it is in the repository.
pub(super) fn places(way: &Way) -> Option<String> {
    let at = |place: &Location| format!("{}:{}", place.file, place.line);
    let places: Vec<String> = [&way.binding, &way.role].into_iter().flatten().map(at).collect();
    (!places.is_empty()).then(|| places.join(", "))
}

const fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Added => "added",
        Fate::Altered => "altered",
        Fate::Removed => "removed",
    }
}

/// A section for a check run or a comment, of at most `limit` bytes; empty where nobody's rights change.
pub fn rights_markdown(rights: &RightsDifference, limit: usize) -> String {
    if rights.changes.is_empty() && !rights.more {
        return String::new();
    }
    let mut text = "\n### Rights\n\n| Who | Gains | Loses | Through |\n|---|---|---|---|\n".to_owned();
    let mut shown = 0;
    for change in &rights.changes {
        let row = row(change);
        if text.len() + row.len() > limit {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    if shown < rights.changes.len() {
        let rest = count(rights.changes.len() - shown, "more row");
        write!(text, "\n… and {rest} for which there is no room here; `bailiwick diff` shows them all.\n")
            .expect("a string takes every write");
    }
    if rights.more {
        text.push_str("\nThere may be more: the change is too large to follow every right.\n");
    }
    text
}

fn row(change: &RightsChange) -> String {
    let rights =
        |rights: &[Right]| rights.iter().map(|right| code(&cut(&right.what, LONGEST))).collect::<Vec<_>>().join("<br>");
    let way = change.gained.iter().chain(&change.lost).find_map(|right| right.through.first());
    let way = way.map(|way| escape(&cut(&place(way), LONGEST))).unwrap_or_default();
    format!(
        "| {} | {} | {} | {way} |\n",
        escape(&cut(&who(&change.who), 2 * LONGEST)),
        cut(&rights(&change.gained), 4 * LONGEST),
        cut(&rights(&change.lost), 4 * LONGEST)
    )
}

/// Everything in Markdown, as `bailiwick diff --format markdown` prints it.
pub fn difference_markdown(objects: &[ObjectChange], rights: &RightsDifference) -> String {
    let mut text = format!("### Objects\n\nDifferent: {}.\n\n", count(objects.len(), "object"));
    for change in objects {
        let at = format!("{}:{}", change.at.file, change.at.line);
        writeln!(text, "- {}: {} in {}", word(change.fate), code(&change.object.to_string()), code(&at))
            .expect("a string takes every write");
    }
    text.push_str(&rights_markdown(rights, usize::MAX));
    if rights.changes.is_empty() && !rights.more {
        text.push_str("\nNobody's rights change.\n");
    }
    text
}

/// What nobody could follow, for a terminal; empty where there is nothing.
pub fn not_followed_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Location { file, line, .. } = &finding.location;
        let place = format!("{file}:{line}");
        writeln!(text, "  {}: {}", visible(&place), visible(&finding.message)).expect("a string takes every write");
    }
    if text.is_empty() { text } else { format!("\n{NOT_FOLLOWED}:\n{text}") }
}

/// The same as Markdown.
pub fn not_followed_markdown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = format!("{}:{}", finding.location.file, finding.location.line);
        writeln!(text, "- {}: {}", code(&place), escape(&cut(&finding.message, LONGEST)))
            .expect("a string takes every write");
    }
    if text.is_empty() { text } else { format!("\n### Not followed\n\n{NOT_FOLLOWED}.\n\n{text}") }
}

const NOT_FOLLOWED: &str = "These parts of the change could not be followed, so more may change than is told";

/// Everything for scripts: nothing is left out or put together. `complete` says whether the rights are all of what could
/// be followed.
pub fn difference_json(
    objects: &[ObjectChange],
    (rights, complete): (&[RightMoved], bool),
    not_followed: &[Finding],
) -> Value {
    let complete = complete && not_followed.is_empty();
    let left_out = |finding: &Finding| json!({"file": finding.location.file.as_str(), "line": finding.location.line, "why": finding.message});
    let object = |change: &ObjectChange| json!({"change": word(change.fate), "object": change.object, "file": change.at.file.as_str(), "line": change.at.line});
    redact_value(json!({
        "objects": objects.iter().map(object).collect::<Vec<_>>(),
        "rights": rights.iter().map(right_json).collect::<Vec<_>>(),
        "complete": complete,
        "not_followed": not_followed.iter().map(left_out).collect::<Vec<_>>(),
    }))
}

/// Of a right that nobody knows, the parts are null.
fn right_json(moved: &RightMoved) -> Value {
    let RightMoved { gained, subject, namespace, parts, right } = moved;
    let mut value = json!({
        "change": if *gained { "gained" } else { "lost" },
        "subject": subject_json(subject),
        "namespace": namespace,
        "right": right.what,
        "through": right.through.iter().map(way_json).collect::<Vec<_>>(),
    });
    with_rule(&mut value, parts.as_ref().map(rbac::Right::rule).as_ref());
    value
}

/// A subject by its parts; only a service account has a namespace.
pub(super) fn subject_json(subject: &Subject) -> Value {
    match subject {
        Subject::User(name) => json!({"kind": "User", "namespace": null, "name": name}),
        Subject::Group(name) => json!({"kind": "Group", "namespace": null, "name": name}),
        Subject::ServiceAccount { namespace, name } => {
            json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
        }
    }
}

/// Adds the parts of a rule, by the names that they have in a role.
pub(super) fn with_rule(value: &mut Value, rule: Option<&PolicyRule>) {
    value["verbs"] = json!(rule.map(|rule| &rule.verbs));
    value["apiGroups"] = json!(rule.map(|rule| &rule.api_groups));
    value["resources"] = json!(rule.map(|rule| &rule.resources));
    value["resourceNames"] = json!(rule.map(|rule| &rule.resource_names));
    value["nonResourceURLs"] = json!(rule.map(|rule| &rule.non_resource_urls));
}

/// A way with its places.
pub(super) fn way_json(way: &Way) -> Value {
    let at = |place: &Location| json!({"file": place.file.as_str(), "line": place.line});
    json!({"way": way.words, "binding": way.binding.as_ref().map(at), "role": way.role.as_ref().map(at)})
}
