//! How findings are made of the paths that a change opens.

use std::collections::BTreeMap;

use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{ManifestFile, Object};
use crate::report::count;
use crate::rules::{Prepared, Review, Scope, shown_up_to};
use crate::tenancy::{NewPath, NewPaths, Place, Step, Target};

/// Characters of a path that are shown: a longer one is told whole by `bailiwick isolation`.
const LONGEST: usize = 2_000;

/// The findings for the paths to some targets, one for each place and kind of target. Without a base there is no
/// change, and what kustomize has built says nothing more than its files.
pub(super) fn findings(
    id: RuleId,
    review: &Review<'_>,
    severity: impl Fn(&Target) -> Option<Severity>,
) -> Vec<Finding> {
    let is_change = review.whole_before.file_count() > 0;
    if !is_change || review.is_built || !matches!(review.scope, Scope::Admin) {
        return Vec::new();
    }
    Prepared::with(review, |prepared| {
        let found: &NewPaths = prepared.paths(review);
        let mut groups: BTreeMap<(&Place, Severity, bool), Vec<&NewPath>> = BTreeMap::new();
        for new in &found.paths {
            if let Some(severity) = severity(&new.path.to) {
                let key = (&new.at, severity, new.path.to == Target::EveryTeam);
                groups.entry(key).or_default().push(new);
            }
        }
        let one =
            |((at, severity, _), paths): (_, Vec<&NewPath>)| finding(id, review, (at, severity), &paths, found.unseen);
        groups.into_iter().map(one).collect()
    })
}

fn finding(
    id: RuleId,
    review: &Review<'_>,
    (at, severity): (&Place, Severity),
    paths: &[&NewPath],
    unseen: usize,
) -> Finding {
    let first = paths[0];
    let steps: Vec<String> = first.path.steps.iter().map(told).collect();
    let more = match (paths.len() - 1, unseen) {
        (0, 0) => String::new(),
        (others, 0) => format!(" It opens {} as well.", count(others, "more path")),
        (others, unseen) => format!(
            " It opens {} as well, and {} were not looked at.",
            count(others, "more path"),
            count(unseen, "more team")
        ),
    };
    let to = match &first.path.to {
        Target::Cluster => "the whole cluster".to_owned(),
        Target::EveryTeam => "something of every team".to_owned(),
        Target::Team(name) => name.to_string(),
        Target::Namespace(name) => format!("the namespace {name}, which is no team's"),
    };
    let path = shown_up_to(LONGEST, &steps.join("; "));
    let message = format!("This opens a path from the repository of {} to {to}: {path}.{more}", first.team);
    let location = Location { file: at.file.clone(), line: at.line, column: 1 };
    let help = "Close one of the steps; `bailiwick isolation` shows every team's paths.";
    let finding = Finding::new(id, severity, location, message).with_help(help);
    match object_at(review, at) {
        Some(object) => finding.with_object(object.reference()),
        None => finding,
    }
}

/// A step with its places.
fn told(step: &Step) -> String {
    let places: Vec<String> = step.places.iter().map(|place| format!("{}:{}", place.file, place.line)).collect();
    if places.is_empty() { step.words.clone() } else { format!("{} ({})", step.words, places.join(", ")) }
}

/// The object that stands in a line.
fn object_at<'a>(review: &Review<'a>, at: &Place) -> Option<&'a Object> {
    let is_file = |file: &&ManifestFile| file.path == at.file;
    let mut objects = review.files.iter().filter(is_file).flat_map(|file| &file.objects);
    objects.find(|object| (object.node.start.line..=object.node.end.line).contains(&at.line))
}
