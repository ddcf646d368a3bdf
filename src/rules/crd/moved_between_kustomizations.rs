//! Another Flux Kustomization applies a CustomResourceDefinition than before.
//!
//! # What
//! Reports a definition that a Flux `Kustomization` applied and that another one applies after the change: its
//! file or a list has moved, a path has changed, or the `Kustomization` has another name. Not where the old one
//! leaves what it does not find any more (`prune: false`; for one that goes itself, what `deletionPolicy` says), and
//! not where the definition, as it *was*, carries `kustomize.toolkit.fluxcd.io/prune: disabled`: Flux asks the object
//! in the cluster, so an annotation that comes with the move is too late. A warning where the old one does not stand
//! in this repository. What patches make of the annotation is not seen, nor a `Kustomization` that another
//! repository or the cluster holds.
//!
//! # Why
//! The old one prunes the definition unless the new one was first to put its own labels on it: the two run by
//! themselves, and nobody knows which one is first. With the definition the API server deletes every object of its
//! kind, in all namespaces, and the definition that comes back is empty.
//!
//! # Bad
//! ```yaml
//! # infra/kustomization.yaml, applied by the Kustomization infra; now listed in platform/kustomization.yaml
//! resources: []
//! ```
//!
//! # Good
//! ```yaml
//! metadata:
//!   name: widgets.example.org
//!   annotations: {kustomize.toolkit.fluxcd.io/prune: disabled} # merged and applied first; then it may move
//! ```

use super::applied::{Applied, Standing};
use super::used::used;
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{GROUP, KIND, is_definition};
use crate::tenancy::{Appliers, Applying};

/// `crd/moved-between-kustomizations`.
#[derive(Debug)]
pub struct MovedBetweenKustomizations;

const ID: RuleId = RuleId::new("crd/moved-between-kustomizations");

impl Rule for MovedBetweenKustomizations {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("moved_between_kustomizations.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Applied::with(review, |applied| {
            let mut found: Vec<Finding> =
                applied.before.each().flat_map(|(name, was)| Move { review, applied, name }.told(&was)).collect();
            found.extend(applied.left_out(review, ID));
            found
        })
    }
}

/// A definition that may have moved.
struct Move<'m> {
    review: &'m Review<'m>,
    applied: &'m Applied<'m>,
    name: &'m str,
}

impl Move<'_> {
    fn told(&self, was: &Appliers) -> Vec<Finding> {
        let now = self.applied.after.applying(self.name);
        let mut told = Vec::new();
        for old in &was.syncs {
            let stays = now.syncs.iter().any(|new| new.sync.is_same(&old.sync));
            if !stays && old.marks.kept != Some(true) && self.is_pruned_by(old) {
                let old = format!("the Kustomization {}", shown(&old.sync.called()));
                told.extend(self.finding(Severity::Error, (&old, "prunes it"), &now));
            }
        }
        let kept = self.applied.before.standing(self.name).iter().all(|it| it.definition.marks.kept == Some(true));
        for start in was.starts.iter().filter(|start| !kept && !now.starts.contains(*start)) {
            let old = format!("what Flux starts from in `{}`", if start.is_empty() { "." } else { start });
            told.extend(self.finding(Severity::Warning, (&old, "is not seen here and may prune it"), &now));
        }
        told
    }

    /// Whether a Kustomization deletes what it applied and does not apply any more.
    fn is_pruned_by(&self, old: &Applying) -> bool {
        let (before, after) = (&self.applied.before.syncs, &self.applied.after.syncs);
        // It may see the new files before its own new fields, and so by either.
        let prunes = || before.prunes(&old.sync) || after.prunes(&old.sync);
        let stays = after.contains(&old.sync) && self.review.after.is_applied(&old.sync.file, None);
        after.contains(&old.sync) && prunes() || !stays && before.takes_along(&old.sync)
    }

    /// `None` where nothing applies it any more: of that `crd/deleted` speaks.
    fn finding(&self, severity: Severity, (old, prunes): (&str, &str), now: &Appliers) -> Option<Finding> {
        let name = self.name;
        let new = match now.syncs.first() {
            Some(new) => format!("the Kustomization {}", shown(&new.sync.called())),
            None => format!("what Flux starts from in `{}`", now.starts.first()?),
        };
        let standing = self.applied.after.standing(name);
        let kind = standing.first().map(|it| (it.definition.group.as_str(), it.definition.kind.as_str()));
        let used = kind.map(|kind| used(self.review, kind)).unwrap_or_default();
        let is_late = |it: &Standing| it.definition.marks.kept == Some(true);
        let late = if standing.iter().any(is_late) {
            " The annotation that keeps it comes too late: the object in the cluster does not have it yet."
        } else {
            ""
        };
        let message = format!(
            "{} was applied by {old} and is now by {new}. The first {prunes}; where that comes before the second has applied it, every object of its kind is deleted.{late}{used}",
            shown(name)
        );
        let help = format!(
            "In a change of its own, annotate the definition with `kustomize.toolkit.fluxcd.io/prune: disabled` and let {old} apply that. Then move it, and take the annotation away once {new} has applied it."
        );
        let (api_version, kind) = (format!("{GROUP}/v1"), KIND.to_owned());
        let object = ObjectRef { api_version, kind, namespace: None, name: name.to_owned() };
        Some(Finding::new(ID, severity, self.place(now)?, message).with_object(object).with_help(help))
    }

    /// Where the change shows it: the definition, else the Kustomization that applies it now, else where it stands.
    fn place(&self, now: &Appliers) -> Option<Location> {
        let standing = || self.applied.after.standing(self.name).iter().map(|it| &it.file);
        let changed = standing().find(|file| self.review.has(file)).map(|file| self.line_in(file));
        let by = || {
            let sync = now.syncs.iter().map(|new| &new.sync).find(|sync| self.review.has(&sync.file))?;
            Some(Location { file: sync.file.clone(), line: sync.path_at.line, column: sync.path_at.column })
        };
        changed.or_else(by).or_else(|| standing().next().map(|file| self.line_in(file)))
    }

    fn line_in(&self, file: &RepoPath) -> Location {
        let objects = self.review.after.file(file).into_iter().flat_map(|file| file.objects());
        let mut named = objects.filter(|object| is_definition(&object.id.group, &object.id.kind));
        let line = named.find(|object| object.id.name == self.name).map_or(1, |object| object.line);
        Location { file: file.clone(), line, column: 1 }
    }
}
