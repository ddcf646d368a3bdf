//! What a set of rules gives beyond another: the API server's own comparison of rights, without taking the
//! rules apart into every single verb on every single resource, of which a hostile rule has millions.

mod area;
mod owner;

use std::collections::{HashMap, HashSet};

use area::Area;
use owner::Owner;

use super::fuel::Fuel;
use super::{PolicyRule, Right};

/// What one comparison may cost; some tens of milliseconds.
const STEPS: u64 = 4_000_000;

/// Into how many parts one rule may fall.
const MAXIMUM_AREAS: usize = 1_000;

/// What of some rights others do not cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remainder {
    /// The rights that are left. None of them overlaps another of the same rule.
    pub rights: Vec<Right>,
    /// Whether the comparison came to its end. Where it was too large, `rights` still hold all that is not
    /// covered, but also something that is.
    pub complete: bool,
}

impl Remainder {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rights.is_empty()
    }
}

/// What of `servant` the rules of `owner` do not cover, as the API server finds it before it lets somebody grant
/// rights (kubernetes/kubernetes, staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go
/// `Covers`). A star is covered by a star only, however much is spelled out beside it; `*/scale` covers the
/// subresource of each resource; no rule with `resourceNames` covers one without.
pub fn covers(owner: &[PolicyRule], servant: &[PolicyRule]) -> Remainder {
    minus(servant, owner)
}

/// What `gained` gives that `already` did not give: [`covers`] from the other side.
pub fn minus<'a>(
    gained: impl IntoIterator<Item = &'a PolicyRule>,
    already: impl IntoIterator<Item = &'a PolicyRule>,
) -> Remainder {
    let mut shelf = Shelf::default();
    let had = shelf.had(already);
    let mut fuel = Fuel::new(STEPS);
    let rights = gained.into_iter().flat_map(|rule| shelf.leave(rule, &had, With::Urls, &mut fuel)).collect();
    Remainder { rights, complete: !fuel.is_out() }
}

/// Whether the paths of a rule count: in a namespace they give nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    Urls,
    ResourcesOnly,
}

/// Rules that are made ready for comparison once, however often they are met.
#[derive(Debug, Default)]
pub(super) struct Shelf<'a> {
    by_place: HashMap<usize, usize>,
    by_content: HashMap<&'a PolicyRule, usize>,
    owners: Vec<Owner<'a>>,
}

/// Rules that others are measured by, as they stand on the shelf.
#[derive(Debug, Default)]
pub(super) struct Had {
    order: Vec<usize>,
    all: HashSet<usize>,
}

impl<'a> Shelf<'a> {
    /// The number of a rule; two that are the same have one number.
    fn number(&mut self, rule: &'a PolicyRule) -> usize {
        let place = std::ptr::from_ref(rule).addr();
        *self.by_place.entry(place).or_insert_with(|| {
            *self.by_content.entry(rule).or_insert_with(|| {
                self.owners.push(Owner::new(rule));
                self.owners.len() - 1
            })
        })
    }

    pub(super) fn had(&mut self, rules: impl IntoIterator<Item = &'a PolicyRule>) -> Had {
        let mut had = Had::default();
        for rule in rules {
            let number = self.number(rule);
            if had.all.insert(number) {
                had.order.push(number);
            }
        }
        had
    }

    /// What of a rule is left. Where the fuel runs out that is more than there is, never less.
    pub(super) fn leave(&mut self, rule: &'a PolicyRule, had: &Had, with: With, fuel: &mut Fuel) -> Vec<Right> {
        if had.all.contains(&self.number(rule)) {
            return Vec::new();
        }
        let areas = Area::of(rule).into_iter().filter(|area| with == With::Urls || !area.is_urls());
        areas.flat_map(|area| self.cut(area, had, fuel)).map(Area::into_right).collect()
    }

    fn cut<'b>(&self, area: Area<'b>, had: &Had, fuel: &mut Fuel) -> Vec<Area<'b>> {
        let mut left = vec![area];
        for owner in had.order.iter().map(|number| &self.owners[*number]) {
            let mut next = Vec::with_capacity(left.len());
            for area in left {
                area.minus(owner, fuel, &mut next);
            }
            left = next;
            if left.is_empty() || fuel.is_out() {
                break;
            }
            if left.len() > MAXIMUM_AREAS {
                fuel.empty();
                break;
            }
        }
        left
    }
}

#[cfg(test)]
mod tests;
