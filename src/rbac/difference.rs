//! What a change gives and takes, and from whom.

mod affected;

use std::collections::{BTreeMap, HashSet};

use super::covers::{Shelf, With};
use super::effective::{MAXIMUM_WAYS, own};
use super::fuel::Fuel;
use super::{Grant, Key, Right, Scope, Subject, What, World, effective};

/// What one difference may cost; some tenths of a second.
const STEPS: u64 = 20_000_000;

/// How many rights are told before the rest is left out.
const MAXIMUM_MOVEMENTS: usize = 20_000;

/// What a change makes of everybody's rights.
#[derive(Debug, Clone, Default)]
pub struct Difference<'a> {
    /// The subjects that gain or lose something, in order, each once for every scope.
    pub changes: Vec<Change<'a>>,
    /// Whether this is all and just it. If not, the change was too large: some subjects may be left out, and some
    /// of what is told as gained may have been there before.
    pub complete: bool,
}

/// What becomes of the rights of one subject, in one scope.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Whose. A group stands for its members: what they have through it is not told again for each.
    pub subject: &'a Subject,
    /// Where the binding holds. What a subject gets in the whole cluster is not told again for each namespace.
    pub scope: &'a Scope,
    /// What it may do now and could not do before, by any binding and as member of any group.
    pub gained: Vec<Movement<'a>>,
    /// What it could do before and may not any more.
    pub lost: Vec<Movement<'a>>,
}

/// Something that is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement<'a> {
    /// What.
    pub what: Moved,
    /// Through what: for a gain as it is after the change, for a loss as it was before. At most eight ways.
    pub ways: Vec<Grant<'a>>,
}

/// What is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moved {
    /// A right.
    Right(Right),
    /// Whatever a role will give that does not exist.
    MissingRole(Key),
    /// More than is followed, by a role that aggregates too much.
    TooLarge(Key),
}

/// What a change from one world to another gives and takes. Where `after` is made of `before`, or both of one world, by
/// [`World::changed`], the time depends on what changed; otherwise both are walked through. Names of bindings, the
/// order of rules and how they are spread over roles make no difference.
pub fn difference<'a>(before: &'a World, after: &'a World) -> Difference<'a> {
    let mut compared = Compared { shelf: Shelf::default(), fuel: Fuel::new(STEPS) };
    let (mut changes, mut told) = (Vec::new(), 0);
    for (subject, scope) in affected::affected(before, after) {
        let gained = compared.moved((before, after), subject, scope);
        let lost = compared.moved((after, before), subject, scope);
        told += gained.len() + lost.len();
        if !gained.is_empty() || !lost.is_empty() {
            changes.push(Change { subject, scope, gained, lost });
        }
        if compared.fuel.is_out() || told > MAXIMUM_MOVEMENTS {
            return Difference { changes, complete: false };
        }
    }
    Difference { changes, complete: true }
}

/// What stays from one subject to the next.
struct Compared<'a> {
    shelf: Shelf<'a>,
    fuel: Fuel,
}

impl<'a> Compared<'a> {
    /// What bindings of a subject in a scope give in the second world that it has not in the first.
    fn moved(&mut self, (was, is): (&'a World, &'a World), subject: &Subject, scope: &Scope) -> Vec<Movement<'a>> {
        let (mut now, mut had) = (Vec::new(), Vec::new());
        own(is, subject, scope, &mut now);
        own(was, subject, scope, &mut had);
        self.fuel.spend(now.len() + had.len());
        let known: HashSet<_> = had.iter().filter_map(place).collect();
        now.retain(|grant| place(grant).is_none_or(|place| !known.contains(&place)));
        if now.is_empty() {
            return Vec::new();
        }
        let had = effective(was, subject, scope);
        self.fuel.spend(had.len());
        self.beyond(now, &had)
    }

    /// What of some grants others do not cover, each once with the ways to it.
    fn beyond(&mut self, now: Vec<Grant<'a>>, had: &[Grant<'a>]) -> Vec<Movement<'a>> {
        let rules = self.shelf.had(had.iter().filter_map(Grant::rule));
        let missing: HashSet<_> = had.iter().filter_map(unknown).collect();
        let mut found: BTreeMap<Moved, Vec<Grant<'a>>> = BTreeMap::new();
        for grant in now {
            let rights = grant.rule().map(|rule| self.shelf.leave(rule, &rules, with(&grant), &mut self.fuel));
            let rights = rights.into_iter().flatten().map(Moved::Right);
            for what in rights.chain(unknown(&grant).filter(|what| !missing.contains(what))) {
                let ways = found.entry(what).or_default();
                if ways.len() < MAXIMUM_WAYS {
                    ways.push(grant);
                }
            }
            if found.len() > MAXIMUM_MOVEMENTS {
                break;
            }
        }
        found.into_iter().map(|(what, ways)| Movement { what, ways }).collect()
    }
}

/// Where a rule is: the same objects stand in both worlds where nothing has changed.
fn place(grant: &Grant<'_>) -> Option<usize> {
    grant.rule().map(|rule| std::ptr::from_ref(rule).addr())
}

/// What a grant gives that nobody knows.
fn unknown(grant: &Grant<'_>) -> Option<Moved> {
    match grant.what {
        What::Rule { .. } => None,
        What::MissingRole => Some(Moved::MissingRole(grant.binding.role.clone())),
        What::TooLarge => Some(Moved::TooLarge(grant.binding.role.clone())),
    }
}

/// Whether the paths in a grant's rule count.
fn with(grant: &Grant<'_>) -> With {
    if grant.binding.key.scope == Scope::Cluster { With::Urls } else { With::ResourcesOnly }
}

#[cfg(test)]
mod tests;
