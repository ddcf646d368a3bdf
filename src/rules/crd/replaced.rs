//! A definition beside the one that it replaces.

use super::{current, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Prepared, Review, shown};
use crate::schema::{Aspect, Definition, Difference, Version, compare};

/// A definition of the change, and the one of the same name before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replaced<'a> {
    pub(super) old: Definition<'a>,
    pub(super) new: Definition<'a>,
}

/// Every definition that replaces one.
pub(super) fn replaced<'a>(review: &Review<'a>) -> impl Iterator<Item = Replaced<'a>> + use<'a> {
    let review = *review;
    current(&review).filter_map(move |new| Some(Replaced { old: old_definition(&review, new.object)?, new }))
}

/// So many differences of one definition are looked at; nobody reads more.
const MOST: usize = 2_000;

/// What differs in the definitions of a review.
#[derive(Debug)]
pub struct Differences<'a> {
    all: Vec<Differing<'a>>,
    /// The definitions of which not all is compared.
    pub(super) cut: Vec<Definition<'a>>,
}

impl<'a> Differences<'a> {
    /// Compares every definition with the one that it replaces.
    pub fn of(review: &Review<'a>) -> Self {
        let (mut all, mut cut) = (Vec::new(), Vec::new());
        for pair in replaced(review) {
            let mut found = pair.differences();
            if found.len() > MOST {
                found.truncate(MOST);
                cut.push(pair.new);
            }
            all.append(&mut found);
        }
        Self { all, cut }
    }
}

impl<'a> Replaced<'a> {
    /// The versions that both have, by their names.
    pub(super) fn versions(self) -> impl Iterator<Item = (Version<'a>, Version<'a>)> {
        self.new.versions().filter_map(move |new| Some((self.old.version(new.name()?)?, new)))
    }

    /// What differs in the schemas of the versions that both have.
    fn differences(self) -> Vec<Differing<'a>> {
        let found = self.versions().flat_map(move |(old, new)| {
            let schemas = old.schema().zip(new.schema());
            let path = new.field("schema.openAPIV3Schema");
            let found = schemas.map(|(before, after)| compare(before, after, &path)).unwrap_or_default();
            found.into_iter().map(move |difference| Differing { definition: self.new, version: new, difference })
        });
        found.take(MOST + 1).collect()
    }
}

/// One difference in the schema of a version.
#[derive(Debug, Clone)]
pub(super) struct Differing<'a> {
    pub(super) definition: Definition<'a>,
    pub(super) version: Version<'a>,
    pub(super) difference: Difference<'a>,
}

impl<'a> Differing<'a> {
    /// All differences of an aspect in a review.
    pub(super) fn of(review: &Review<'a>, aspect: Aspect) -> impl Iterator<Item = Self> + use<'a> {
        let found: Vec<Self> = Prepared::with(review, |prepared| {
            prepared.differences.all.iter().filter(|it| it.difference.aspect == aspect).cloned().collect()
        });
        found.into_iter()
    }

    /// A finding at the difference: `what` happened to the field, in the version, and what follows.
    pub(super) fn finding(
        &self,
        (rule, severity): (RuleId, Severity),
        message: impl FnOnce(&str, &str) -> String,
    ) -> Finding {
        self.finding_at((rule, severity), self.difference.node(), message)
    }

    pub(super) fn finding_at(
        &self,
        (rule, severity): (RuleId, Severity),
        node: &Node,
        message: impl FnOnce(&str, &str) -> String,
    ) -> Finding {
        let field =
            self.difference.named().map_or_else(|| "the object".to_owned(), |name| format!("`{}`", shown(&name)));
        let text = message(&field, &self.version.called());
        Finding::new(rule, severity, self.definition.object.location(node), text)
            .with_object(self.definition.object.reference())
            .with_field(self.difference.place())
    }
}

/// A scalar as it is written, for a message; a few words for anything else.
pub(super) fn written(node: &Node) -> String {
    node.text().map_or_else(|| "another value".to_owned(), |text| format!("`{}`", shown(text)))
}
