//! Two kinds of a group cannot share a name.
//!
//! # What
//! Reports a plural, singular or short name, a kind or a listKind of a CustomResourceDefinition that another
//! one of the same group in the repository has too. Names of different groups do not matter, nor a conflict
//! that was there before the change.
//!
//! # Why
//! The API server takes the definition and then refuses its names (`NamesAccepted` is false). A new kind is
//! not served at all, and a new name of an old kind is not.
//!
//! # Bad
//! ```yaml
//! metadata: {name: widgets.example.org}
//! spec: {group: example.org, names: {kind: Widget, plural: widgets, shortNames: [wd]}}
//! ---
//! metadata: {name: wands.example.org}
//! spec: {group: example.org, names: {kind: Wand, plural: wands, shortNames: [wd]}}
//! ```
//!
//! # Good
//! ```yaml
//! metadata: {name: wands.example.org}
//! spec: {group: example.org, names: {kind: Wand, plural: wands, shortNames: [wand]}}
//! ```

use std::collections::BTreeMap;

use super::{current, warning};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Definition;
use crate::tenancy::RepositoryIndex;

/// `crd/name-conflict`.
#[derive(Debug)]
pub struct NameConflict;

const ID: RuleId = RuleId::new("crd/name-conflict");

impl Rule for NameConflict {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("name_conflict.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut groups = BTreeMap::new();
        let mut findings = Vec::new();
        for definition in current(review) {
            let Some(group) = definition.group() else { continue };
            let path = &definition.object.file;
            if review.after.is_only_patch_or_data(path) || !review.is_synced(path) {
                continue;
            }
            let claims = || (claims(review, review.before, group), claims(review, review.after, group));
            let (before, after) = groups.entry(group).or_insert_with(claims);
            let conflicts = names(definition).into_iter().filter_map(|name| conflict(definition, &name, before, after));
            findings.extend(conflicts);
        }
        findings
    }
}

/// Words and kinds are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Word,
    Kind,
}

/// Who has a name: the definitions, each with its file.
type Claims = BTreeMap<(Sort, String), Vec<(String, RepoPath)>>;

fn claims(review: &Review<'_>, index: &RepositoryIndex, group: &str) -> Claims {
    let mut claims = Claims::new();
    for (path, definition) in index.definitions_in(group) {
        if index.is_only_patch_or_data(&path) || !review.is_synced(&path) {
            continue;
        }
        let words = definition.words.into_iter().map(|word| (Sort::Word, word));
        let kinds = [definition.kind, definition.list_kind].map(|kind| (Sort::Kind, kind));
        for claim in words.chain(kinds) {
            claims.entry(claim).or_default().push((definition.name.clone(), path.clone()));
        }
    }
    claims
}

/// A name that a definition wants.
struct Wanted<'a> {
    sort: Sort,
    name: String,
    field: String,
    node: &'a Node,
}

fn names(definition: Definition<'_>) -> Vec<Wanted<'_>> {
    let single = [
        (Sort::Word, "plural", definition.plural().map(str::to_owned)),
        (Sort::Word, "singular", definition.singular()),
        (Sort::Kind, "kind", definition.kind().map(str::to_owned)),
        (Sort::Kind, "listKind", definition.list_kind()),
    ];
    let single = single.into_iter().filter_map(|(sort, key, name)| {
        let node = definition.nearest(&["names", key]);
        Some(Wanted { sort, name: name?, field: format!("spec.names.{key}"), node })
    });
    let short = definition.short_names().enumerate().map(|(index, (name, node))| Wanted {
        sort: Sort::Word,
        name: name.to_owned(),
        field: format!("spec.names.shortNames[{index}]"),
        node,
    });
    single.chain(short).collect()
}

fn conflict(definition: Definition<'_>, wanted: &Wanted<'_>, before: &Claims, after: &Claims) -> Option<Finding> {
    let object = definition.object;
    let claim = (wanted.sort, wanted.name.clone());
    let had = |name: &str| before.get(&claim).is_some_and(|claims| claims.iter().any(|(found, _)| found == name));
    let is_new = |other: &str| !(had(&object.name) && had(other));
    let mut others = after.get(&claim)?.iter().filter(|(other, _)| *other != object.name);
    let (other, path) = others.find(|(other, _)| is_new(other))?;
    let message = format!(
        "`{}` is a name of `{}` (`{}`) too; within a group the API server gives a name only once, and does not serve a \
         new kind of which a name is taken.",
        shown(&wanted.name),
        shown(other),
        shown(path.as_str())
    );
    let help = "Choose another name here or there; short names can be left out.";
    Some(warning(ID, object, wanted.node, message).with_field(wanted.field.clone()).with_help(help))
}
