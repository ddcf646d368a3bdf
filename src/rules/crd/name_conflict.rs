//! Two kinds of a group cannot share a name.
//!
//! # What
//! Reports two CustomResourceDefinitions of one group in the repository that share a plural, singular or short name, a
//! kind or a listKind: once for each two, at the one that is new. Names of different groups do not matter, nor a
//! conflict that was there before the change.
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

use std::collections::{BTreeMap, BTreeSet};

use super::{current, error};
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
        Meta { id: ID, severity: Severity::Error, source: include_str!("name_conflict.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut groups = BTreeMap::new();
        let mut clashes: Vec<Clash<'_>> = Vec::new();
        for definition in current(review) {
            let Some(group) = definition.group() else { continue };
            let path = &definition.object.file;
            if review.after.is_only_patch_or_data(path) || !review.is_synced(path) {
                continue;
            }
            let claims = || (claims(review, review.before, group), claims(review, review.after, group));
            let (before, after) = groups.entry(group).or_insert_with(claims);
            let is_new = !before.values().flatten().any(|(name, _)| *name == definition.object.name);
            let start = clashes.len();
            for wanted in names(definition) {
                let Some((other, path)) = conflict(definition, &wanted, before, after) else { continue };
                match clashes[start..].iter_mut().find(|clash| clash.other == other) {
                    Some(clash) => clash.names.push(wanted),
                    None => clashes.push(Clash { definition, is_new, other, path, names: vec![wanted] }),
                }
            }
        }
        let pairs = clashes.iter().map(Clash::pair).zip(clashes.iter().map(|clash| clash.is_new).enumerate()).collect();
        let told = clashes.iter().enumerate().filter(|(index, clash)| clash.is_told(*index, &pairs));
        told.filter_map(|(_, clash)| clash.finding()).collect()
    }
}

/// Two definitions that want the same names, seen from one of them.
struct Clash<'a> {
    definition: Definition<'a>,
    is_new: bool,
    /// The name of the other definition, and its file.
    other: String,
    path: RepoPath,
    names: Vec<Wanted<'a>>,
}

impl Clash<'_> {
    /// The names of the two definitions, this one first.
    fn pair(&self) -> (&str, &str) {
        (&self.definition.object.name, &self.other)
    }

    /// Of two that see each other, the one speaks that is new, else the later one.
    fn is_told(&self, index: usize, pairs: &BTreeMap<(&str, &str), (usize, bool)>) -> bool {
        let (this, other) = self.pair();
        let back = pairs.get(&(other, this));
        back.is_none_or(|(back, is_new)| if *is_new == self.is_new { index > *back } else { self.is_new })
    }

    fn finding(&self) -> Option<Finding> {
        let (first, object) = (self.names.first()?, self.definition.object);
        let names: BTreeSet<String> = self.names.iter().map(|wanted| format!("`{}`", shown(&wanted.name))).collect();
        let (is, it) = if names.len() == 1 { ("is a name", "it") } else { ("are names", "them") };
        let names: Vec<String> = names.into_iter().collect();
        let message = format!(
            "{} {is} of `{}` (`{}`) too; within a group the API server gives a name only once, and does not serve a new \
             kind of which a name is taken, nor an old one by {it}.",
            names.join(", "),
            shown(&self.other),
            shown(self.path.as_str())
        );
        let help = "Choose another name here or there; short names can be left out.";
        Some(error(ID, object, first.node, message).with_field(first.field.clone()).with_help(help))
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

/// The other definition that has a name too, and its file.
fn conflict(
    definition: Definition<'_>,
    wanted: &Wanted<'_>,
    before: &Claims,
    after: &Claims,
) -> Option<(String, RepoPath)> {
    let object = definition.object;
    let claim = (wanted.sort, wanted.name.clone());
    let had = |name: &str| before.get(&claim).is_some_and(|claims| claims.iter().any(|(found, _)| found == name));
    let is_new = |other: &str| !(had(&object.name) && had(other));
    let mut others = after.get(&claim)?.iter().filter(|(other, _)| *other != object.name);
    others.find(|(other, _)| is_new(other)).cloned()
}
