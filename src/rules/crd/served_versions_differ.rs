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

use std::collections::BTreeSet;

use super::error;
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

impl Rule for ServedVersionsDiffer {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("served_versions_differ.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let definitions = review.objects().filter_map(Definition::of).filter(|definition| !has_webhook(*definition));
        definitions.flat_map(|definition| check_definition(review, definition)).collect()
    }
}

fn has_webhook(definition: Definition<'_>) -> bool {
    definition.spec(&["conversion", "strategy"]).and_then(Node::text) == Some("Webhook")
}

fn check_definition(review: &Review<'_>, definition: Definition<'_>) -> Vec<Finding> {
    let mut old = review.old_objects().filter_map(Definition::of);
    let old = old.find(|old| old.object.name == definition.object.name && !has_webhook(*old));
    // What comes new from its makers differs as they meant it to: good to know, and nothing to stop for.
    let is_new = !review.old_objects().any(|old| old.name == definition.object.name);
    let severity = if is_new { Severity::Note } else { Severity::Warning };
    let known: BTreeSet<Sameness> = old.into_iter().flat_map(pairs).map(|pair| pair.sameness()).collect();
    let new: Vec<Pair<'_>> = pairs(definition).into_iter().filter(|pair| !known.contains(&pair.sameness())).collect();
    let mut told = Vec::new();
    let mut rest = new.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|pair| pair.is_of(first)).count();
        let (these, others) = rest.split_at(same);
        told.extend(told_of(definition, these).map(|finding| Finding { severity, ..finding }));
        rest = others;
    }
    told
}

/// One difference between two served versions.
struct Pair<'a> {
    one: Version<'a>,
    other: Version<'a>,
    difference: Difference<'a>,
}

/// What makes a difference the same one as before: the versions' names, and what differs where.
type Sameness = (String, String, Aspect, String);

impl Pair<'_> {
    fn sameness(&self) -> Sameness {
        let name = |version: Version<'_>| version.name().unwrap_or_default().to_owned();
        let place = format!("{} {}", self.difference.keyword, self.difference.field);
        (name(self.one), name(self.other), self.difference.aspect, place)
    }

    fn is_of(&self, other: &Self) -> bool {
        (self.one.index, self.other.index) == (other.one.index, other.other.index)
    }
}

fn pairs(definition: Definition<'_>) -> Vec<Pair<'_>> {
    let served: Vec<Version<'_>> = definition.versions().filter(|version| version.is_served()).collect();
    let mut found = Vec::new();
    for (at, one) in served.iter().copied().enumerate() {
        for other in served.iter().copied().skip(at + 1) {
            let Some((before, after)) = one.schema().zip(other.schema()) else { continue };
            let differences = compare(before, after, &other.field("schema.openAPIV3Schema"));
            let matter = differences.into_iter().filter(|it| it.aspect != Aspect::Documentation);
            found.extend(matter.map(|difference| Pair { one, other, difference }));
        }
    }
    found
}

fn told_of(definition: Definition<'_>, these: &[Pair<'_>]) -> Option<Finding> {
    let first = these.first()?;
    let places: Vec<String> = these.iter().take(NAMED).map(place).collect();
    let more = these.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let message = format!(
        "The served {} and {} differ in {}{more}, and nothing converts between them: what only one of them has is lost in the other.",
        first.one.called(),
        first.other.called(),
        places.join(", "),
    );
    Some(
        error(ID, definition.object, first.difference.node(), message)
            .with_field(first.difference.place())
            .with_help("Give both the same fields and values, or convert with a webhook, or serve one of them only."),
    )
}

fn place(pair: &Pair<'_>) -> String {
    let named = pair.difference.named().map_or_else(|| "the object".to_owned(), |name| format!("`{}`", shown(&name)));
    match pair.difference.aspect {
        Aspect::FieldAdded | Aspect::FieldRemoved => named,
        _ => format!("`{}` of {named}", shown(pair.difference.keyword)),
    }
}
