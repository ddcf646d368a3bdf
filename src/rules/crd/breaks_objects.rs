//! What exists must fit the changed definition.
//!
//! # What
//! Holds the objects that the repository has of a kind against its definition as it was and as it will be, and
//! names those that fit the old one and not the new one: values that are refused, fields that are required, fields
//! that nobody knows any more, versions that are not served. Objects in other repositories, such as the teams', are
//! not looked at.
//!
//! # Why
//! The API server takes the definition. But the next time that Flux applies such an object it is refused, and
//! with it the sync of everything that stands beside it: often another team's.
//!
//! # Bad
//! ```yaml
//! # before: {type: integer}, and an object in cluster/team1 with `weight: 200`
//! weight: {type: integer, maximum: 100}
//! ```
//!
//! # Good
//! ```yaml
//! # first the object is changed, or:
//! weight: {type: integer, maximum: 1000}
//! ```

use super::replaced::{Replaced, replaced};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Object;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Definition;
use crate::schema::value::{self, Purpose};

/// `crd/breaks-objects`.
#[derive(Debug)]
pub struct BreaksObjects;

const ID: RuleId = RuleId::new("crd/breaks-objects");
/// So many objects of one definition are named.
const MOST: usize = 20;

impl Rule for BreaksObjects {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("breaks_objects.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        replaced(review).flat_map(|pair| of_definition(review, pair)).collect()
    }
}

fn of_definition(review: &Review<'_>, pair: Replaced<'_>) -> Vec<Finding> {
    let (group, kind) = (pair.new.group(), pair.new.kind());
    let is_one = |object: &&Object| Some(object.group()) == group && Some(object.kind.as_str()) == kind;
    let whole = review.users.files.iter().filter(|file| review.holds_whole_objects(&file.path));
    let objects = whole.flat_map(|file| &file.objects).filter(is_one).filter(|object| !object.encrypted);
    let broken: Vec<(&Object, Broken)> = objects.filter_map(|it| Some((it, becomes_invalid(pair, it)?))).collect();
    let mut found: Vec<Finding> =
        broken.iter().take(MOST).map(|(object, broken)| finding(pair.new, broken.words(object))).collect();
    if broken.len() > MOST {
        let words = format!("{} more objects do not fit this definition any more.", broken.len() - MOST);
        found.push(finding(pair.new, words));
    }
    if review.users.left > 0 {
        let words = format!(
            "{} more files hold objects of kinds that this change defines anew: they were not looked at.",
            review.users.left
        );
        found.push(Finding { severity: Severity::Warning, ..finding(pair.new, words) });
    }
    found
}

fn finding(definition: Definition<'_>, words: String) -> Finding {
    let object = definition.object;
    let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
    Finding::new(ID, Severity::Error, object.location(node), words).with_object(object.reference()).with_help(
        "Change the objects first, in a pull request of their own, or let the definition take what they hold.",
    )
}

/// Why an object fits no more.
struct Broken {
    line: u32,
    why: String,
}

impl Broken {
    fn words(&self, object: &Object) -> String {
        let name = shown(&object.name);
        format!(
            "{} `{name}` in {}:{} does not fit any more: {}.",
            shown(&object.kind),
            object.file,
            self.line,
            self.why
        )
    }
}

fn becomes_invalid(pair: Replaced<'_>, object: &Object) -> Option<Broken> {
    let before = problems(pair.old, object)?;
    let now = problems(pair.new, object);
    let version = shown(&object.api_version);
    let not_served = || (object.node.start.line, format!("{version} is not served"));
    let now = now.unwrap_or_else(|| vec![not_served()]);
    let mut new = now.into_iter().filter(|problem| !before.contains(problem));
    let (line, first) = new.next()?;
    let others = new.count();
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    Some(Broken { line, why: format!("{first}{others}") })
}

/// What a definition has against an object: lines and words; `None` where it does not serve the object's version.
fn problems(definition: Definition<'_>, object: &Object) -> Option<Vec<(u32, String)>> {
    let Some(schema) = definition.serving(object)?.schema() else { return Some(Vec::new()) };
    let verdict = value::validate(&object.node, schema, Purpose { default: false, resource: true }, "");
    let problems = verdict.invalid.into_iter().chain(verdict.unknown);
    let words = problems.map(|problem| {
        let field = if problem.field.is_empty() { "it".to_owned() } else { format!("`{}`", shown(&problem.field)) };
        (problem.node.start.line, format!("{field} {}", problem.words))
    });
    Some(words.collect())
}
