//! What a subject may do, and through what.

use std::collections::HashMap;

use super::rule::Target;
use super::world::State;
use super::{Binding, Key, PolicyRule, Request, Role, Scope, Subject, World};

/// Something that a subject has, and through what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'a> {
    /// What it is.
    pub what: What<'a>,
    /// The binding; its role is where the way goes on.
    pub binding: &'a Binding,
    /// The subject that the binding names: the one that was asked for, or a group that it is in.
    pub through: &'a Subject,
}

/// What a binding gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// A rule.
    Rule {
        /// The rule.
        rule: &'a PolicyRule,
        /// The role that it is written in. It is not the binding's where that takes the rules of others.
        role: &'a Role,
        /// Which of the role's rules it is, from zero.
        index: usize,
    },
    /// Whatever somebody will write into the role, which nobody knows.
    MissingRole,
    /// More than is followed: the role aggregates too much.
    TooLarge,
}

impl<'a> Grant<'a> {
    /// The rule, if it is known.
    pub fn rule(&self) -> Option<&'a PolicyRule> {
        match self.what {
            What::Rule { rule, .. } => Some(rule),
            What::MissingRole | What::TooLarge => None,
        }
    }

    /// Whether it allows a request. Paths that are no resources are in no namespace; so only a ClusterRoleBinding
    /// gives them.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        let holds = matches!(request.target, Target::Resource { .. }) || self.binding.key.scope == Scope::Cluster;
        holds && self.rule().is_some_and(|rule| rule.allows(request))
    }

    /// Whether the rule is one that the binding's role takes from another.
    pub fn is_aggregated(&self) -> bool {
        matches!(self.what, What::Rule { role, .. } if role.key != self.binding.role)
    }
}

/// Through how many bindings of one subject in one scope the same role is told.
pub(super) const MAXIMUM_WAYS: usize = 8;

/// All that a subject may do in a scope, by itself and through its [`Subject::groups`], by the bindings' names. In a
/// namespace that is also what it may do in the whole cluster (kubernetes/kubernetes,
/// pkg/registry/rbac/validation/rule.go `VisitRulesFor`). Where more than eight bindings give the same role to the
/// same subject in the same scope, only the first eight are told.
pub fn effective<'a>(world: &'a World, subject: &Subject, scope: &Scope) -> Vec<Grant<'a>> {
    let subject = subject.clone().canonical();
    let groups = subject.groups();
    let mut found = Vec::new();
    for who in std::iter::once(&subject).chain(&groups) {
        own(world, who, &Scope::Cluster, &mut found);
        if *scope != Scope::Cluster {
            own(world, who, scope, &mut found);
        }
    }
    found
}

/// What bindings of just a scope give to a subject that they name.
pub(super) fn own<'a>(world: &'a World, subject: &Subject, scope: &Scope, found: &mut Vec<Grant<'a>>) {
    let mut told: HashMap<&Key, usize> = HashMap::new();
    for binding in world.layers.held(subject, scope) {
        let times = told.entry(&binding.role).or_default();
        *times += 1;
        if *times > MAXIMUM_WAYS {
            continue;
        }
        let Ok(at) = binding.subjects.binary_search(subject) else { continue };
        found.extend(given(world, binding, &binding.subjects[at]));
    }
}

/// What a binding gives to one of its subjects.
pub(super) fn given<'a>(
    world: &'a World,
    binding: &'a Binding,
    through: &'a Subject,
) -> impl Iterator<Item = Grant<'a>> {
    whats(world, &binding.role).map(move |what| Grant { what, binding, through })
}

/// What a role has.
pub(super) fn whats<'a>(world: &'a World, role: &Key) -> impl Iterator<Item = What<'a>> + use<'a> {
    let parts = world.parts(role);
    let unknown = match parts.state {
        State::Whole => None,
        State::Missing => Some(What::MissingRole),
        State::TooLarge => Some(What::TooLarge),
    };
    let rules = parts
        .roles
        .into_iter()
        .flat_map(|role| role.rules.iter().enumerate().map(move |(index, rule)| What::Rule { rule, role, index }));
    unknown.into_iter().chain(rules)
}

#[cfg(test)]
mod tests;
