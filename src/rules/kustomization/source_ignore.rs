//! What Flux leaves out changes.
//!
//! # What
//! Reports every change of a `.sourceignore` and of `spec.ignore` of a Flux `GitRepository`, with the files of this
//! repository that Flux applies only since, and those that it applies no more. The former are judged as if they were
//! new, of the latter it is told what is taken away. An error where it cannot be said which files these are.
//!
//! # Why
//! source-controller packs only what these patterns leave, so one line can put a role into the cluster that nobody has
//! looked at for years, or take every definition out of it: Flux prunes what is not packed any more.
//!
//! # Bad
//! ```yaml
//! # .sourceignore: a line is gone, and cluster/common/old-admins.yaml is applied again
//! cluster/common/old-admins.yaml
//! ```
//!
//! # Good
//! ```yaml
//! # cluster/common/kustomization.yaml says what is applied
//! resources: [roles.yaml]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{ManifestFile, Node, Object, is_source_ignore};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::tenancy::{LeftOut, ObjectId};

/// `kustomization/source-ignore`.
#[derive(Debug)]
pub struct SourceIgnore;

const ID: RuleId = RuleId::new("kustomization/source-ignore");
/// So many files are named.
const NAMED: usize = 5;

impl Rule for SourceIgnore {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("source_ignore.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let Some(left) = review.left_out else { return Vec::new() };
        let files = review.files.iter().filter(|file| is_source_ignore(&file.path));
        let is_new = review.whole_before.file_count() == 0;
        let mut found: Vec<Finding> =
            files.clone().filter(|file| !is_new || is_unread(file)).map(|file| of_file(file, left)).collect();
        let there: BTreeSet<&RepoPath> = files.map(|file| &file.path).collect();
        let gone = review.old.iter().filter(|file| is_source_ignore(&file.path) && !there.contains(&file.path));
        found.extend(gone.map(|file| of_file(file, left)));
        if !is_new {
            found.extend(of_sources(review, left));
        }
        found
    }
}

fn is_unread(file: &ManifestFile) -> bool {
    !file.problems.is_empty()
}

fn of_file(file: &ManifestFile, left: &LeftOut) -> Finding {
    let location = Location { file: file.path.clone(), line: 1, column: 1 };
    match file.problems.first() {
        Some(problem) => {
            let message = format!("{} Nobody can say here which files Flux leaves out.", problem.message);
            Finding::new(ID, Severity::Error, location, message).with_help(&problem.help)
        }
        None => told(left, location, "This file"),
    }
}

/// `spec.ignore` of the sources that have another one than before.
fn of_sources(review: &Review<'_>, left: &LeftOut) -> Vec<Finding> {
    let is_source = |object: &&Object| object.group() == "source.toolkit.fluxcd.io" && object.kind == "GitRepository";
    let old: BTreeMap<ObjectId, &Object> =
        review.old_objects().filter(is_source).map(|object| (ObjectId::of(object), object)).collect();
    let changed = review.objects().filter(is_source).filter_map(|object| {
        let node = object.node.nearest(&["spec", "ignore"]);
        match old.get(&ObjectId::of(object)) {
            Some(old) if ignored(old) == ignored(object) => return None,
            None if ignored(object).is_none() || is_nothing(left) => return None,
            _ => {}
        }
        let finding = told(left, object.location(node), "`spec.ignore`");
        let finding = finding.with_object(object.reference()).with_field("spec.ignore");
        Some(if is_nothing(left) { of_another(finding) } else { finding })
    });
    changed.collect()
}

/// The source may be a team's, whose files stand elsewhere.
fn of_another(finding: Finding) -> Finding {
    let message =
        "`spec.ignore` changes which files Flux takes from the source; those that it newly takes were not judged.";
    Finding { severity: Severity::Warning, message: message.to_owned(), ..finding }
        .with_help("Look at the files of the source that it names.")
}

fn ignored(object: &Object) -> Option<&str> {
    object.node.at(&["spec", "ignore"]).and_then(Node::text).filter(|text| !text.trim().is_empty())
}

fn is_nothing(left: &LeftOut) -> bool {
    left.appear.is_empty() && left.vanish.is_empty() && !left.unknown
}

fn told(left: &LeftOut, location: Location, what: &str) -> Finding {
    let finding = |severity, message: String| Finding::new(ID, severity, location, message);
    if left.unknown {
        let message =
            format!("{what} changes what Flux leaves out; there are too many patterns and files to say what.");
        return finding(Severity::Error, message).with_help("Write fewer patterns.");
    }
    if is_nothing(left) {
        return finding(
            Severity::Note,
            format!("{what} says what Flux leaves out; today nothing comes or goes by it."),
        );
    }
    let appear = list(&left.appear).map(|files| format!("Flux newly takes {files}"));
    let vanish = list(&left.vanish).map(|files| format!("Flux takes no more, and prunes what it applied of, {files}"));
    let parts: Vec<String> = [appear, vanish].into_iter().flatten().collect();
    finding(Severity::Warning, format!("{what} changes what Flux leaves out. {}.", parts.join("; ")))
        .with_help("Look at these files as if they were added and removed; say what is applied in kustomizations.")
}

fn list(files: &BTreeSet<RepoPath>) -> Option<String> {
    let named: Vec<String> = files.iter().take(NAMED).map(|path| format!("`{}`", shown(path.as_str()))).collect();
    let more = files.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}
