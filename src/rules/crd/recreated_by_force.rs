//! Flux deletes a CustomResourceDefinition and makes it anew where the API server refuses a change of it.
//!
//! # What
//! Reports a definition that replaces one, that the API server refuses for whatever reason another rule of this
//! family tells, and that Flux applies by force: the `Kustomization` that applies it, before or after the change,
//! has `spec.force: true`, or the definition carries `kustomize.toolkit.fluxcd.io/force: enabled`, be it written in
//! it, in the old one, or put on it by a kustomization's `commonAnnotations` or a `Kustomization`'s
//! `commonMetadata`. What patches make of the annotation is not seen (`kustomization/not-evaluated`), nor a
//! `Kustomization` that does not stand in this repository.
//!
//! # Why
//! To Flux every object that the API server calls invalid has a field that must not change: by force it deletes the
//! object and applies the new one (fluxcd/pkg, `ssa/errors/immutable.go`, `IsImmutableError`, and
//! `ssa/manager_apply.go`, `shouldForceApply`). With the definition every object of its kind is deleted, in all
//! namespaces; and where the new one is wrong in itself, the API server does not take it afterwards either.
//! Without force the change only fails.
//!
//! # Bad
//! ```yaml
//! metadata:
//!   name: widgets.example.org
//!   annotations: {kustomize.toolkit.fluxcd.io/force: enabled}
//! spec:
//!   scope: Cluster # was Namespaced
//! ```
//!
//! # Good
//! ```yaml
//! # a definition with another name, beside the old one, and no force
//! metadata: {name: clusterwidgets.example.org}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::applied::Applied;
use super::forced::forced;
use super::used::used;
use super::{COMPARING, current, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, RULES, Review, Rule};
use crate::schema::Definition;

/// `crd/recreated-by-force`.
#[derive(Debug)]
pub struct RecreatedByForce;

const ID: RuleId = RuleId::new("crd/recreated-by-force");
/// Errors that the API server does not answer with `Invalid`: there Flux only fails. An unknown field fails in the
/// server-side apply itself, and of v1beta1 no server knows anything.
const NOT_INVALID: [&str; 2] = ["crd/unknown-field", "crd/api-version-removed"];
/// What is refused only because of the definition that is there.
const OF_CHANGES: [&str; 2] = ["crd/identity-changed", "crd/stored-version-removed"];

impl Rule for RecreatedByForce {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("recreated_by_force.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Applied::with(review, |applied| {
            let by = |definition: &Definition<'_>| {
                old_definition(review, definition.object)?;
                let name = definition.object.name.as_str();
                // Flux may see the new definition before it knows that force is gone.
                let before = || Some(format!("{} as it was before the change,", forced(&applied.before, name)?));
                forced(&applied.after, name).or_else(before)
            };
            let forced: Vec<_> = current(review).filter_map(|it| Some((it, by(&it)?))).collect();
            // Nothing is forced in most reviews, and to ask all rules costs as much as the review itself.
            let refused = if forced.is_empty() { BTreeMap::new() } else { refused(review) };
            let told = forced.into_iter().filter_map(|(definition, by)| {
                let object = definition.object;
                told(review, definition, &by, refused.get(&(object.file.as_str().to_owned(), object.name.clone()))?)
            });
            told.chain(applied.left_out(review, ID)).collect()
        })
    }
}

/// What the API server refuses, by file and name of the definition.
fn refused(review: &Review<'_>) -> BTreeMap<(String, String), Vec<Finding>> {
    let is_refusal = |id: &str| id.starts_with("crd/") && !COMPARING.contains(&id) && !NOT_INVALID.contains(&id);
    let rules = RULES.iter().filter(|rule| is_refusal(rule.meta().id.as_str()));
    let mut refused: BTreeMap<(String, String), Vec<Finding>> = BTreeMap::new();
    for finding in rules.flat_map(|rule| rule.check(review)).filter(|finding| finding.severity == Severity::Error) {
        let Some(object) = &finding.object else { continue };
        let key = (finding.location.file.as_str().to_owned(), object.name.clone());
        refused.entry(key).or_default().push(finding);
    }
    refused
}

fn told(review: &Review<'_>, definition: Definition<'_>, by: &str, refused: &[Finding]) -> Option<Finding> {
    let first = refused.first()?;
    let rules: BTreeSet<&str> = refused.iter().map(|finding| finding.rule.as_str()).collect();
    let wrong = rules.iter().any(|rule| !OF_CHANGES.contains(rule));
    let again =
        if wrong { " and then fails to make it again, because it is wrong in itself" } else { " and makes it anew" };
    let kind = definition.group().zip(definition.kind());
    let old = old_definition(review, definition.object).and_then(|old| old.group().zip(old.kind()));
    let used = old.or(kind).map(|kind| used(review, kind)).unwrap_or_default();
    let rules: Vec<&str> = rules.into_iter().collect();
    let message = format!(
        "The API server refuses this change ({}), and by {by} Flux deletes the definition{again}: every object of its kind is deleted.{used}",
        rules.join(", ")
    );
    let finding = Finding::new(ID, Severity::Error, first.location.clone(), message);
    let finding = finding.with_object(definition.object.reference()).with_field(first.field.clone());
    Some(finding.with_help(
        "Take the force away, and let Flux apply that, before anything else; then mend what the API server refuses.",
    ))
}
