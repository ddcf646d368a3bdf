//! Who may do something.

use std::collections::HashMap;

use super::effective::whats;
use super::{Binding, Grant, Key, Request, Scope, What, World};

/// Who may do something.
#[derive(Debug, Clone, Default)]
pub struct WhoCan<'a> {
    /// Each subject that a binding names with the first rule through which that binding allows it; by the
    /// bindings' names. Members of a group are not listed.
    pub holders: Vec<Grant<'a>>,
    /// Bindings of which nobody can say it: their role is missing, or aggregates too much.
    pub unknown: Vec<&'a Binding>,
}

/// Who may do what a request says, in a namespace, or without one in the whole cluster. A path that is no resource is
/// in no namespace.
pub fn who_can<'a>(world: &'a World, request: &Request<'_>, namespace: Option<&str>) -> WhoCan<'a> {
    let mut found = WhoCan::default();
    let mut answers = HashMap::new();
    let local = namespace.map(|namespace| Scope::of(Some(namespace)));
    for scope in std::iter::once(Scope::Cluster).chain(local) {
        for binding in world.layers.in_scope(&scope) {
            match answers.entry(&binding.role).or_insert_with(|| answer(world, &binding.role, request)) {
                Answer::No => {}
                Answer::Unknown => found.unknown.push(binding),
                Answer::Rule(what) => found.add(*what, binding, request),
            }
        }
    }
    found
}

impl<'a> WhoCan<'a> {
    fn add(&mut self, what: What<'a>, binding: &'a Binding, request: &Request<'_>) {
        let grants = binding.subjects.iter().map(|through| Grant { what, binding, through });
        self.holders.extend(grants.filter(|grant| grant.allows(request)));
    }
}

/// What a role says to a request.
#[derive(Debug, Clone, Copy)]
enum Answer<'a> {
    No,
    Unknown,
    Rule(What<'a>),
}

fn answer<'a>(world: &'a World, role: &Key, request: &Request<'_>) -> Answer<'a> {
    let (mut unknown, mut rules) = (false, None);
    for what in whats(world, role) {
        match what {
            What::Rule { rule, .. } if rule.allows(request) => rules = rules.or(Some(what)),
            What::Rule { .. } => {}
            What::MissingRole | What::TooLarge => unknown = true,
        }
    }
    match rules {
        Some(what) => Answer::Rule(what),
        None if unknown => Answer::Unknown,
        None => Answer::No,
    }
}

#[cfg(test)]
mod tests;
