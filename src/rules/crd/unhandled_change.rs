//! Something in a CustomResourceDefinition has changed that no other rule judges.
//!
//! # What
//! Reports every difference between a definition and the one that it replaces which no other rule looks
//! at: an unknown keyword of a schema, a list's items that are described otherwise, a schema that
//! appears where there was none, or an old definition that cannot be compared.
//!
//! # Why
//! A change that nobody has judged must not look fine.
//!
//! # Bad
//! ```yaml
//! tags: {type: array, items: {type: string}} # had no items before
//! ```
//!
//! # Good
//! ```yaml
//! # unchanged, or changed in a way that a rule knows
//! ```

use super::replaced::{Differing, Replaced, replaced};
use super::{definitions, error};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, is_ciphertext};
use crate::rules::{Meta, Prepared, Review, Rule};
use crate::schema::{Aspect, Definition, GROUP, same};

/// `crd/unhandled-change`.
#[derive(Debug)]
pub struct UnhandledChange;

const ID: RuleId = RuleId::new("crd/unhandled-change");
const HELP: &str = "Compare the two yourself; where it is right, accept this finding with an exception in the policy.";

impl Rule for UnhandledChange {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unhandled_change.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let keywords = Differing::of(review, Aspect::Other).map(|differing| keyword(&differing));
        let appeared = replaced(review).flat_map(schemas_that_appear);
        let around = replaced(review).flat_map(|pair| around_the_schemas(pair).into_iter().chain(names(pair)));
        keywords.chain(appeared).chain(around).chain(not_comparable(review)).chain(too_many(review)).collect()
    }
}

fn too_many(review: &Review<'_>) -> Vec<Finding> {
    let told = |new: &Definition<'_>| {
        let message = "It differs from the definition that it replaces in so much that not all of it was compared.";
        error(ID, new.object, &new.object.node, message).with_help(HELP)
    };
    Prepared::with(review, |prepared| prepared.differences.cut.iter().map(told).collect())
}

fn keyword(differing: &Differing<'_>) -> Finding {
    let keyword = crate::rules::shown(differing.difference.keyword);
    differing
        .finding((ID, Severity::Error), |field, version| {
            format!("In {version}, `{keyword}` of {field} has changed, and no rule knows what that means.")
        })
        .with_help(HELP)
}

fn schemas_that_appear(pair: Replaced<'_>) -> Vec<Finding> {
    let appear = pair.versions().filter_map(|(old, new)| Some((new, new.schema().filter(|_| old.schema().is_none())?)));
    let told = appear.map(|(version, schema)| {
        let message =
            format!("In {}, there was no schema: nothing says which existing objects fit this one.", version.called());
        error(ID, pair.new.object, schema.node(), message)
            .with_field(version.field("schema.openAPIV3Schema"))
            .with_help(HELP)
    });
    told.collect()
}

/// What rules judge, or what changes nothing for objects and those who use them: names that only shorten
/// commands, columns that only people read, and warnings.
const JUDGED: [&str; 5] = ["group", "names", "scope", "versions", "conversion"];
const JUDGED_IN_A_VERSION: [&str; 8] = [
    "name",
    "served",
    "storage",
    "schema",
    "subresources",
    "deprecated",
    "deprecationWarning",
    "additionalPrinterColumns",
];

/// What differs around the schemas, and no rule looks at.
fn around_the_schemas(pair: Replaced<'_>) -> Vec<Finding> {
    let mut told = Vec::new();
    if let (Some(old), Some(new)) = (pair.old.object.node.get("spec"), pair.new.object.node.get("spec")) {
        told.extend(
            differing_keys((old, new), &JUDGED).map(|(key, node)| around(pair, key, (node, format!("spec.{key}")))),
        );
    }
    for (old, new) in pair.versions() {
        let keys = differing_keys((old.node, new.node), &JUDGED_IN_A_VERSION);
        told.extend(keys.map(|(key, node)| around(pair, key, (node, new.field(key)))));
    }
    told
}

/// The names that are no identity and more than a short form: clients know them. What is not written is made of the kind.
fn names(pair: Replaced<'_>) -> Vec<Finding> {
    let names = [
        ("singular", pair.old.singular(), pair.new.singular(), "whoever asks for the old one finds nothing"),
        ("listKind", pair.old.list_kind(), pair.new.list_kind(), "clients that know the old one cannot read lists"),
    ];
    let same_kind = pair.old.kind() == pair.new.kind();
    let told = names.into_iter().filter(|(_, old, new, _)| same_kind && old != new);
    let told = told.map(|(key, old, new, follows)| {
        let shown = |name: Option<String>| crate::rules::shown(&name.unwrap_or_default());
        let message = format!("`spec.names.{key}` is now `{}` and was `{}`: {follows}.", shown(new), shown(old));
        error(ID, pair.new.object, pair.new.nearest(&["names", key]), message)
            .with_field(format!("spec.names.{key}"))
            .with_help(HELP)
    });
    told.collect()
}

/// The keys that two mappings do not have alike, each with the node to point at.
fn differing_keys<'a>(
    (old, new): (&'a Node, &'a Node),
    judged: &'static [&'static str],
) -> impl Iterator<Item = (&'a str, &'a Node)> {
    let said =
        |node: &'a Node, key: &str| node.get(key).filter(|value| !value.is_null() && value.as_bool() != Some(false));
    let keys =
        old.entries().chain(new.entries().filter(|(key, _)| key.text().is_some_and(|key| old.get(key).is_none())));
    keys.filter_map(|(key, _)| key.text()).filter(|key| !judged.contains(key)).filter_map(move |key| {
        let (before, now) = (said(old, key), said(new, key));
        let alike = before.zip(now).map_or(before.is_none() && now.is_none(), |(before, now)| same(before, now));
        (!alike).then(|| (key, now.unwrap_or(new)))
    })
}

fn around(pair: Replaced<'_>, key: &str, (node, field): (&Node, String)) -> Finding {
    let message = format!("`{}` has changed, and no rule knows what that means.", crate::rules::shown(key));
    error(ID, pair.new.object, node, message).with_field(field).with_help(HELP)
}

/// Definitions that replace one of the removed version v1beta1, or an encrypted one.
fn not_comparable(review: &Review<'_>) -> Vec<Finding> {
    let old = |name: &str| review.old_objects().find(|old| old.group() == GROUP && old.name == name);
    let told = definitions(review).filter(|new| Definition::of(new).is_some()).filter_map(|new| {
        let old = old(&new.name).filter(|old| old.kind == new.kind)?;
        let is_hidden = holds_ciphertext(&old.node) && !same(&old.node, &new.node);
        let why = match Definition::of(old) {
            None => "was written for v1beta1",
            Some(_) if is_hidden => "was encrypted",
            Some(_) => return None,
        };
        let message = format!("The definition that this one replaces {why}: the two were not compared.");
        Some(error(ID, new, &new.node, message).with_help(HELP))
    });
    told.collect()
}

/// Whether SOPS has encrypted anything in it. The depth is that of the tree, which the reader bounds.
fn holds_ciphertext(node: &Node) -> bool {
    let fields = node.entries().filter(|(key, _)| key.text() != Some("sops"));
    node.as_str().is_some_and(is_ciphertext) || node.items().chain(fields.map(|(_, value)| value)).any(holds_ciphertext)
}
