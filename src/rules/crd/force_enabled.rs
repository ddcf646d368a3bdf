//! Flux may delete CustomResourceDefinitions that it cannot change.
//!
//! # What
//! Warns where force comes over definitions: the annotation or label `kustomize.toolkit.fluxcd.io/force: enabled` on
//! a definition, in the `commonAnnotations` or `commonLabels` of a kustomization or the `commonMetadata` of a Flux
//! `Kustomization` that has definitions below it, or `spec.force: true` of such a `Kustomization`. What was forced
//! before the change is not told again, and so nothing is told of a definition that comes under a `Kustomization`
//! which forced before: when a change of it would be refused, `crd/recreated-by-force` says so.
//!
//! # Why
//! From then on, whenever the API server refuses a change of one of these definitions, Flux deletes the definition
//! and makes it anew. Every object of its kind is deleted with it. Without force the change only fails, and nothing
//! is lost.
//!
//! # Bad
//! ```yaml
//! kind: Kustomization
//! spec: {path: ./crds, force: true}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Kustomization
//! spec: {path: ./crds, force: false}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::applied::{ALIKE, Applied, named};
use super::forced::{FORCE, of_sync};
use super::{definitions, warning};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{ManifestFile, Node, Object, is_kustomization};
use crate::rules::kustomization::is_sync;
use crate::rules::{Meta, Review, Rule};
use crate::schema::is_definition;
use crate::tenancy::{Marks, Sync};

/// `crd/force-enabled`.
#[derive(Debug)]
pub struct ForceEnabled;

const ID: RuleId = RuleId::new("crd/force-enabled");
const HELP: &str = "Leave it out where definitions are; what needs it for other objects can be annotated there, or be applied by a Kustomization without definitions.";

impl Rule for ForceEnabled {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("force_enabled.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let forced = review.old_objects().filter(|old| is_definition(old.group(), &old.kind) && is_forced(old));
        let forced: BTreeSet<&str> = forced.map(|old| old.name.as_str()).collect();
        let new = definitions(review).filter(|object| is_forced(object) && !forced.contains(object.name.as_str()));
        let mut found: Vec<Finding> = new.filter_map(of_definition).collect();
        found.extend(review.files.iter().filter_map(|file| kustomization(review, file)));
        found.extend(Applied::with(review, |applied| syncs(review, applied)));
        found
    }
}

fn is_forced(object: &Object) -> bool {
    Marks::of_object(&object.node).force
}

fn of_definition(object: &Object) -> Option<Finding> {
    let place = |key| Some((object.node.at(&["metadata", key, FORCE])?, format!("metadata.{key}.{FORCE}")));
    let (node, field) = place("annotations").or_else(|| place("labels"))?;
    let message = format!(
        "`{FORCE}` on a definition: where the API server refuses a change of it, Flux deletes it, and with it every object of its kind."
    );
    Some(warning(ID, object, node, message).with_field(field).with_help(HELP))
}

/// The `Kustomization`s that newly force definitions.
fn syncs(review: &Review<'_>, applied: &Applied<'_>) -> Vec<Finding> {
    let forcing = |object: &&Object| is_sync(object) && of_sync(object).is_some();
    let place = |object: &Object| (object.name.clone(), object.file.clone());
    let old: BTreeSet<_> = review.old_objects().filter(forcing).map(place).collect();
    // One that has moved to another file is none that comes.
    let moved = old.iter().filter(|(_, file)| !review.after.contains_file(file)).map(|(name, _)| name.as_str());
    let moved: BTreeSet<&str> = moved.collect();
    let new = review.objects().filter(forcing);
    let new = new.filter(|object| !old.contains(&place(object)) && !moved.contains(object.name.as_str()));
    let mut new: Vec<(&Object, Vec<&str>)> = new.map(|object| (object, Vec::new())).collect();
    if new.is_empty() {
        return Vec::new();
    }
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, (object, _)) in new.iter().enumerate() {
        by_name.entry(&object.name).or_default().push(number);
    }
    for (name, appliers) in applied.after.each() {
        for sync in appliers.syncs.iter().map(|applying| &applying.sync) {
            for number in by_name.get(sync.name.as_str()).into_iter().flatten().take(ALIKE) {
                let (object, below) = &mut new[*number];
                if is_it(sync, object) && below.last() != Some(&name) {
                    below.push(name);
                }
            }
        }
    }
    let told = new.into_iter().filter_map(|(object, below)| {
        let (node, field) = of_sync(object)?;
        Some(warning(ID, object, node, message(&below)?).with_field(field).with_help(HELP))
    });
    told.chain(applied.left_out(review, ID)).collect()
}

fn is_it(sync: &Sync, object: &Object) -> bool {
    sync.file == object.file || object.namespace.is_none() || sync.namespace == object.namespace
}

fn message(below: &[&str]) -> Option<String> {
    let what = match below.len() {
        0 => return None,
        1 => "a definition".to_owned(),
        many => format!("{many} definitions"),
    };
    Some(format!(
        "Force holds for {what} ({}): where the API server refuses a change of one, Flux deletes it, and with it every object of its kind.",
        named(below)
    ))
}

/// A kustomization that newly puts force on everything.
fn kustomization(review: &Review<'_>, file: &ManifestFile) -> Option<Finding> {
    if !is_kustomization(&file.path) {
        return None;
    }
    let is_forcing =
        |file: &ManifestFile| file.documents.first().is_some_and(|root| Marks::of_kustomization(root).force);
    let mut old = review.old.iter().filter(|old| old.path == file.path);
    if !is_forcing(file) || old.any(is_forcing) {
        return None;
    }
    let below = review.after.files_named_by(vec![file.path.clone()]);
    let objects = below.iter().filter_map(|path| review.after.file(path)).flat_map(|file| file.objects());
    let mut names: Vec<String> = objects
        .filter(|object| is_definition(&object.id.group, &object.id.kind))
        .map(|object| object.id.name)
        .collect();
    names.sort();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let root = file.documents.first()?;
    let (field, node) = ["commonAnnotations", "commonLabels", "labels"]
        .into_iter()
        .filter_map(|key| Some((key, root.get(key)?)))
        .find(|(_, node)| holds_force(node) || node.items().filter_map(|item| item.get("pairs")).any(holds_force))?;
    let finding = Finding::new(ID, Severity::Warning, file.location(node.start), message(&names)?);
    Some(finding.with_field(field).with_help(HELP))
}

fn holds_force(pairs: &Node) -> bool {
    pairs.get(FORCE).is_some()
}
