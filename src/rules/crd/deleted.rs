//! A CustomResourceDefinition is not applied any more.
//!
//! # What
//! Reports a definition that Flux applied and that is gone after the change: its file or document is
//! deleted, or no kustomization lists it any more.
//!
//! # Why
//! Flux prunes what it does not find any more. With the definition the API server deletes every object of
//! its kind, in all namespaces and those of all teams, at once.
//!
//! # Bad
//! ```yaml
//! resources: # crds.yaml is gone from the list
//!   - roles.yaml
//! ```
//!
//! # Good
//! ```yaml
//! metadata:
//!   name: widgets.example.org
//!   annotations: {kustomize.toolkit.fluxcd.io/prune: disabled} # merged first, then the file may go
//! ```

use std::collections::BTreeMap;

use super::used::used;
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::manifest::Object;
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, GROUP, KIND, is_definition};
use crate::tenancy::{Marks, ObjectId};

/// `crd/deleted`.
#[derive(Debug)]
pub struct Deleted;

const ID: RuleId = RuleId::new(super::DELETED);

impl Rule for Deleted {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("deleted.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut gone: BTreeMap<String, Gone<'_>> = BTreeMap::new();
        for object in review.old_objects().filter(|object| is_definition(object.group(), &object.kind)) {
            if review.before.is_applied(&object.file, None) {
                let at = object.location(&object.node);
                gone.entry(object.name.clone()).or_insert(Gone { at, object: Some(object) });
            }
        }
        for (path, by) in review.dropped {
            let named = by.as_ref().map(|by| where_named(review, by));
            for (name, line) in definitions_in(review, path) {
                let at = named.clone().unwrap_or_else(|| Location { file: path.clone(), line, column: 1 });
                gone.entry(name).or_insert(Gone { at, object: None });
            }
        }
        gone.into_iter()
            .filter(|(name, _)| !is_still_applied(review, name))
            .filter_map(|(name, gone)| gone.told(review, &name))
            .collect()
    }
}

/// A definition that was applied.
struct Gone<'a> {
    at: Location,
    /// As it was; `None` where its file is no part of the change.
    object: Option<&'a Object>,
}

impl Gone<'_> {
    fn told(self, review: &Review<'_>, name: &str) -> Option<Finding> {
        if self.object.is_some_and(|object| Marks::of_object(&object.node).kept == Some(true)) {
            return None;
        }
        let kind = self.object.and_then(Definition::of).and_then(|it| Some((it.group()?, it.kind()?)));
        let used = kind.map(|kind| used(review, kind)).unwrap_or_default();
        let message = format!(
            "{} is not applied any more: Flux prunes it, and with it every object of its kind is deleted.{used}",
            shown(name)
        );
        let reference = ObjectRef {
            api_version: format!("{GROUP}/v1"),
            kind: KIND.to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        let reference = self.object.map_or(reference, Object::reference);
        Some(Finding::new(ID, Severity::Error, self.at, message).with_object(reference).with_help(
            "Keep it; or, where all objects of the kind shall go, say so with an exception in the policy; or first merge the annotation `kustomize.toolkit.fluxcd.io/prune: disabled`.",
        ))
    }
}

/// The place in a changed file at which a definition was named that it does not reach any more: the list that is shorter
/// now, else what stands in the old line. Where the file is gone, the old line itself.
fn where_named(review: &Review<'_>, by: &Location) -> Location {
    let Some(file) = review.files.iter().find(|file| file.path == by.file) else { return by.clone() };
    let lists = ["resources", "components", "bases"];
    let mut keys = file.documents.iter().flat_map(|root| lists.iter().filter_map(|list| Some(root.entry(list)?.0)));
    match keys.next() {
        Some(key) => Location { file: file.path.clone(), line: key.start.line, column: key.start.column },
        None => {
            let lines = u32::try_from(file.source.lines().count()).unwrap_or(u32::MAX).max(1);
            Location { file: file.path.clone(), line: by.line.min(lines), column: 1 }
        }
    }
}

/// The definitions that an unchanged file holds: names and lines.
fn definitions_in(review: &Review<'_>, path: &RepoPath) -> Vec<(String, u32)> {
    let objects = review.before.file(path).into_iter().flat_map(|file| file.objects());
    let definitions = objects.filter(|object| is_definition(&object.id.group, &object.id.kind));
    definitions.map(|object| (object.id.name, object.line)).collect()
}

fn is_still_applied(review: &Review<'_>, name: &str) -> bool {
    let id = ObjectId { group: GROUP.to_owned(), kind: KIND.to_owned(), namespace: None, name: name.to_owned() };
    let mut files = review.after.objects_with_id(&id);
    files.any(|path| review.after.is_applied(&path, None))
}
