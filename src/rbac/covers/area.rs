//! A rule as a product of sets, from which parts are cut.

use super::owner::Owner;
use crate::rbac::fuel::Fuel;
use crate::rbac::{On, PolicyRule, Right};

/// One of the lists of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Verbs,
    Groups,
    Resources,
    Names,
    Urls,
}

/// The dimensions of rules for resources by name, for all of a resource, and for URLs. Those in which rules differ
/// most come first, because most rules have nothing in common.
const NAMED: &[Dimension] = &[Dimension::Groups, Dimension::Resources, Dimension::Verbs, Dimension::Names];
const UNNAMED: &[Dimension] = &[Dimension::Groups, Dimension::Resources, Dimension::Verbs];
const URLS: &[Dimension] = &[Dimension::Urls, Dimension::Verbs];

/// Every combination of one word of each list.
#[derive(Debug, Clone)]
pub(super) struct Area<'a> {
    dimensions: &'static [Dimension],
    words: Vec<Vec<&'a str>>,
}

impl<'a> Area<'a> {
    /// The areas of a rule that are not empty: of its resources, and of its URLs.
    pub(super) fn of(rule: &'a PolicyRule) -> Vec<Self> {
        let resources = if rule.resource_names.is_empty() { UNNAMED } else { NAMED };
        let areas = [resources, URLS].map(|dimensions| {
            let words = dimensions.iter().map(|dimension| words(rule, *dimension)).collect();
            Self { dimensions, words }
        });
        areas.into_iter().filter(|area| area.words.iter().all(|words| !words.is_empty())).collect()
    }

    pub(super) fn is_urls(&self) -> bool {
        self.dimensions == URLS
    }

    /// Puts what is left without that which a rule covers into `left`.
    pub(super) fn minus(mut self, owner: &Owner<'_>, fuel: &mut Fuel, left: &mut Vec<Self>) {
        if !self.meets(owner, fuel) {
            left.push(self);
            return;
        }
        for at in 0..self.dimensions.len() {
            let dimension = self.dimensions[at];
            let words = std::mem::take(&mut self.words[at]);
            let (inside, outside): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| owner.has(dimension, word));
            if !outside.is_empty() {
                let mut part = self.clone();
                part.words[at] = outside;
                left.push(part);
            }
            self.words[at] = inside;
        }
    }

    /// Whether a rule covers any of it. The fuel pays for the cutting as well.
    fn meets(&self, owner: &Owner<'_>, fuel: &mut Fuel) -> bool {
        let is_open = owner.every_name || self.dimensions == NAMED;
        fuel.spend(1)
            && is_open
            && self.dimensions.iter().zip(&self.words).all(|(dimension, words)| {
                fuel.spend(words.len() * owner.cost(*dimension)) && words.iter().any(|word| owner.has(*dimension, word))
            })
    }

    pub(super) fn into_right(self) -> Right {
        let urls = self.is_urls();
        let mut lists = self.words.into_iter().map(|words| words.into_iter().map(str::to_owned).collect());
        let mut next = || lists.next().unwrap_or_default();
        if urls {
            let on = On::Urls(next());
            return Right { verbs: next(), on };
        }
        let (groups, resources, verbs, names) = (next(), next(), next(), next());
        Right { verbs, on: On::Resources { groups, resources, names } }
    }
}

/// A list's words, each once and in order.
fn words(rule: &PolicyRule, dimension: Dimension) -> Vec<&str> {
    let list = match dimension {
        Dimension::Verbs => &rule.verbs,
        Dimension::Groups => &rule.api_groups,
        Dimension::Resources => &rule.resources,
        Dimension::Names => &rule.resource_names,
        Dimension::Urls => &rule.non_resource_urls,
    };
    let mut words: Vec<_> = list.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.dedup();
    words
}
