//! What exists must fit the changed definition.
//!
//! # What
//! Holds the objects that the repository has of a kind, and those in the teams' repositories, against its
//! definition as it was and as it will be, and names those that fit the old one and not the new one: values that
//! are refused, fields that are required, fields that nobody knows any more, versions that are not served. The
//! teams' repositories are looked at where the bot can read them, at the tip of the branch that Flux applies;
//! which were not is said. What is missing in a file and may come from a patch of a kustomization is a warning. `bailiwick check` sees only the repository itself.
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
use crate::rules::{Meta, Review, Rule, TeamUsers, Users, shown};
use crate::schema::value::MISSING;
use crate::schema::{Definition, judge_resource};

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
    let Some((group, kind)) = pair.new.group().zip(pair.new.kind()) else { return Vec::new() };
    let is_one = |object: &&Object| object.group() == group && object.kind == kind;
    let whole = review.users.files.iter().filter(|file| review.holds_whole_objects(&file.path));
    let here = whole.flat_map(|file| &file.objects).filter(is_one).map(|object| (object, None));
    let teams = review.users.teams.iter();
    let there = teams.flat_map(|team| team.objects(group, kind).map(move |object| (object, Some(team))));
    let broken = here.chain(there).filter_map(|(object, team)| {
        let patched = match team {
            Some(team) => team.patched.contains(&object.file),
            None => review.may_be_patched(&object.file),
        };
        becomes_invalid(pair, (object, team), patched)
    });
    let broken: Vec<Broken<'_>> = broken.collect();
    let mut found: Vec<Finding> = broken.iter().take(MOST).map(|broken| broken.finding(pair.new)).collect();
    if broken.len() > MOST {
        let words = format!("{} more objects do not fit this definition any more.", broken.len() - MOST);
        found.push(finding(pair.new, words));
    }
    found.extend(left_out(review.users).map(|words| warning(pair.new, words)));
    found
}

/// What was not looked at.
fn left_out(users: &Users) -> Option<String> {
    let left = users.left + users.teams.iter().map(|team| team.left).sum::<usize>();
    let files = (left > 0).then(|| format!("{left} more files hold objects of kinds that this change defines anew"));
    let mut unseen: Vec<String> =
        users.unseen.iter().take(MOST).map(|(repository, why)| format!("{repository} ({why})")).collect();
    if users.unseen.len() > MOST {
        unseen.push(format!("{} more", users.unseen.len() - MOST));
    }
    let teams = (!unseen.is_empty()).then(|| format!("the repositories of teams: {}", unseen.join(", ")));
    let parts: Vec<String> = [files, teams].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Not looked at for objects that do not fit any more: {}.", parts.join("; ")))
}

fn warning(definition: Definition<'_>, words: String) -> Finding {
    Finding { severity: Severity::Warning, ..finding(definition, words) }
}

fn finding(definition: Definition<'_>, words: String) -> Finding {
    let object = definition.object;
    let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
    Finding::new(ID, Severity::Error, object.location(node), words).with_object(object.reference()).with_help(
        "Change the objects first, in a pull request of their own, or let the definition take what they hold.",
    )
}

/// An object that fits no more.
struct Broken<'a> {
    object: &'a Object,
    team: Option<&'a TeamUsers>,
    line: u32,
    why: String,
    /// Whether a patch may mend it.
    open: bool,
}

impl Broken<'_> {
    fn finding(&self, definition: Definition<'_>) -> Finding {
        let Self { object, team, line, why, open } = self;
        let place = match team {
            Some(team) => format!("{} {}:{line}", team.repository, object.file),
            None => format!("{}:{line}", object.file),
        };
        let what = format!("{} `{}` in {place}", shown(&object.kind), shown(&object.name));
        let found = if *open {
            warning(definition, format!("{what} may not fit any more: {why}, unless a patch there adds it."))
        } else {
            finding(definition, format!("{what} does not fit any more: {why}."))
        };
        found.with_afar(team.map(|team| team.place(&object.file, *line)))
    }
}

fn becomes_invalid<'a>(
    pair: Replaced<'_>,
    (object, team): (&'a Object, Option<&'a TeamUsers>),
    patched: bool,
) -> Option<Broken<'a>> {
    let before = problems(pair.old, object)?;
    let now = problems(pair.new, object);
    let version = shown(&object.api_version);
    let not_served =
        || Fault { line: object.node.start.line, words: format!("{version} is not served"), missing: false };
    let now = now.unwrap_or_else(|| vec![not_served()]);
    let mut new: Vec<Fault> = now.into_iter().filter(|fault| !before.contains(fault)).collect();
    // What a patch cannot mend comes first.
    new.sort_by_key(|fault| patched && fault.missing);
    let first = new.first()?;
    let others = if new.len() > 1 { format!(", and {} more", new.len() - 1) } else { String::new() };
    let why = format!("{}{others}", first.words);
    Some(Broken { object, team, line: first.line, why, open: patched && first.missing })
}

/// What a definition has against an object.
#[derive(PartialEq)]
struct Fault {
    line: u32,
    words: String,
    /// Whether something is not there.
    missing: bool,
}

/// What a definition has against an object; `None` where it does not serve the object's version.
fn problems(definition: Definition<'_>, object: &Object) -> Option<Vec<Fault>> {
    let version = definition.serving(object)?;
    let Some(verdict) = judge_resource(&object.node, version) else { return Some(Vec::new()) };
    let problems = verdict.invalid.into_iter().chain(verdict.unknown);
    let words = problems.map(|problem| {
        let field = if problem.field.is_empty() { "it".to_owned() } else { format!("`{}`", shown(&problem.field)) };
        let words = format!("{field} {}", problem.words);
        Fault { line: problem.node.start.line, words, missing: problem.words == MISSING }
    });
    Some(words.collect())
}
