//! Two served versions do not hold the same, and nothing converts between them.
//!
//! # What
//! Reports two served versions of a definition without a conversion webhook whose schemas differ in more
//! than words, where they did not before: a warning where the definition is changed, a note where it is new.
//!
//! # Why
//! The API server changes nothing but `apiVersion` between them: a field that only one of them has is
//! dropped when an object is written in the other, and a value that only one of them allows makes the
//! object unreadable for those who write the other.
//!
//! # Bad
//! ```yaml
//! conversion: {strategy: None}
//! versions:
//!   - {name: v1beta1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, properties: {size: {type: integer}}}}}
//!   - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {replicas: {type: integer}}}}}
//! ```
//!
//! # Good
//! ```yaml
//! conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {namespace: x, name: y}}}}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Aspect, Definition, Difference, Version, compare};

/// `crd/served-versions-differ`.
#[derive(Debug)]
pub struct ServedVersionsDiffer;

const ID: RuleId = RuleId::new("crd/served-versions-differ");
/// So many differences are named.
const NAMED: usize = 3;
/// Of more served versions than this not every pair is compared.
const MOST: usize = 10;

impl Rule for ServedVersionsDiffer {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("served_versions_differ.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let definitions = current(review).filter(|definition| !has_webhook(*definition));
        definitions.flat_map(|definition| check_definition(review, definition)).collect()
    }
}

fn has_webhook(definition: Definition<'_>) -> bool {
    definition.spec(&["conversion", "strategy"]).and_then(Node::text) == Some("Webhook")
}

fn check_definition(review: &Review<'_>, definition: Definition<'_>) -> Vec<Finding> {
    let old = old_definition(review, definition.object).filter(|old| !has_webhook(*old));
    // What comes new from its makers differs as they meant it to: good to know, and nothing to stop for.
    let is_new = !review.old_objects().any(|old| old.name == definition.object.name);
    let severity = if is_new { Severity::Note } else { Severity::Warning };
    let mut before: BTreeMap<_, Vec<Pair<'_>>> = BTreeMap::new();
    for pair in old.into_iter().flat_map(pairs) {
        before.entry(pair.names()).or_default().push(pair);
    }
    // One pair after the other: a definition of many versions has a great many of them.
    let told = pairs(definition).into_iter().filter_map(|pair| {
        let differences = pair.differences();
        let same = before.get(&pair.names()).into_iter().flatten().flat_map(|pair| pair.differences());
        let known: BTreeSet<_> = same.map(|difference| what(&difference)).collect();
        let new: Vec<_> = differences.into_iter().filter(|difference| !known.contains(&what(difference))).collect();
        pair.told(definition, &new).map(|finding| Finding { severity, ..finding })
    });
    told.collect()
}

/// Two served versions.
#[derive(Clone, Copy)]
struct Pair<'a> {
    one: Version<'a>,
    other: Version<'a>,
}

/// Each served version with each other one. Of very many only the first is compared with all others: where
/// each is like it, they are all alike.
fn pairs(definition: Definition<'_>) -> Vec<Pair<'_>> {
    let served: Vec<Version<'_>> = definition.versions().filter(|version| version.is_served()).collect();
    let firsts = if served.len() > MOST { 1 } else { served.len() };
    let all = served.iter().enumerate().take(firsts);
    all.flat_map(|(at, one)| served.iter().skip(at + 1).map(|other| Pair { one: *one, other: *other })).collect()
}

/// What makes a difference the same one as before.
fn what<'a>(difference: &Difference<'a>) -> (Aspect, &'a str, String) {
    (difference.aspect, difference.keyword, difference.field.clone())
}

impl<'a> Pair<'a> {
    fn names(self) -> (&'a str, &'a str) {
        let name = |version: Version<'a>| version.name().unwrap_or_default();
        (name(self.one), name(self.other))
    }

    /// What differs in more than words.
    fn differences(self) -> Vec<Difference<'a>> {
        let Some((before, after)) = self.one.schema().zip(self.other.schema()) else { return Vec::new() };
        let mut differences = compare(before, after, &self.other.field("schema.openAPIV3Schema"));
        differences.retain(|difference| difference.aspect != Aspect::Documentation);
        differences
    }

    fn told(self, definition: Definition<'_>, new: &[Difference<'_>]) -> Option<Finding> {
        let first = new.first()?;
        let places: Vec<String> = new.iter().take(NAMED).map(place).collect();
        let more = new.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let message = format!(
            "The served {} and {} differ in {}{more}, and nothing converts between them: what only one of them has is lost in the other.",
            self.one.called(),
            self.other.called(),
            places.join(", "),
        );
        Some(
            error(ID, definition.object, first.node(), message).with_field(first.place()).with_help(
                "Give both the same fields and values, or convert with a webhook, or serve one of them only.",
            ),
        )
    }
}

fn place(difference: &Difference<'_>) -> String {
    let named = difference.named().map_or_else(|| "the object".to_owned(), |name| format!("`{}`", shown(&name)));
    match difference.aspect {
        Aspect::FieldAdded | Aspect::FieldRemoved => named,
        _ => format!("`{}` of {named}", shown(difference.keyword)),
    }
}
