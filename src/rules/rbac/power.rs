//! What a right makes possible, as rows of a table, and how findings are made of them.

use super::entry::{Entry, Word, listed, milder};
use super::judged::JudgedRole;
use super::wildcard;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rbac::{PolicyRule, covers_resource};
use crate::rules::{Prepared, Review, shown};

/// Everything that changes an object or makes one.
pub(super) const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

/// What puts something into an object.
pub(super) const PUT: &[&str] = &["create", "update", "patch"];

/// What changes an object that is there.
pub(super) const CHANGE: &[&str] = &["update", "patch"];

/// What takes objects away.
pub(super) const DELETE: &[&str] = &["delete", "deletecollection"];

/// Whatever stands there.
pub(super) const ANY: &[&str] = &["*"];

/// The core API group.
pub(super) const CORE: &[&str] = &[""];

/// Rights that make one thing possible: each of the verbs on each of the resources. A verb that ends in a colon
/// stands for all that begin with it, a resource that ends in a slash likewise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Power<'p> {
    pub(super) verbs: &'static [&'static str],
    pub(super) groups: &'p [&'p str],
    pub(super) resources: &'p [&'p str],
    /// How bad it is in the whole cluster.
    pub(super) danger: Severity,
    /// What holders can do with it: "lets the role's holders …".
    pub(super) effect: &'static str,
    /// The smallest change that takes it away.
    pub(super) remedy: &'static str,
    /// What `resourceNames` make of it.
    pub(super) names: Names,
    /// What becomes of it in the namespaces of teams.
    pub(super) local: Local,
    /// Whether the verb is what is wrong, and not the resource.
    pub(super) at_verb: bool,
}

/// What a power is where `resourceNames` limit it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    /// One level milder.
    Milder,
    /// As bad as without: one object is enough.
    Same,
    /// Milder, unless one of the names begins so.
    MilderUnless(&'static [&'static str]),
    /// Nothing, unless one of the names begins so.
    Only(&'static [&'static str]),
}

/// What a power is in the namespaces of teams only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    /// One level milder.
    Milder,
    /// As bad as everywhere.
    Same,
    /// Nothing to speak of: it is what teams need.
    Usual,
    /// Nothing at all, in no namespace: its resources are the cluster's own.
    Nothing,
    /// Nothing, unless the namespace is this one.
    Only(&'static str),
}

impl<'p> Power<'p> {
    /// A power over objects of the cluster's own, an error.
    pub(super) const fn cluster(
        verbs: &'static [&'static str],
        groups: &'p [&'p str],
        resources: &'p [&'p str],
    ) -> Self {
        Self { local: Local::Nothing, ..Self::namespaced(verbs, groups, resources) }
    }

    /// A power over objects in namespaces, an error.
    pub(super) const fn namespaced(
        verbs: &'static [&'static str],
        groups: &'p [&'p str],
        resources: &'p [&'p str],
    ) -> Self {
        Self {
            verbs,
            groups,
            resources,
            danger: Severity::Error,
            effect: "",
            remedy: "",
            names: Names::Milder,
            local: Local::Milder,
            at_verb: false,
        }
    }

    fn takes_verb(&self, word: &str) -> bool {
        // The constrained verbs are nothing but on what can be impersonated, for which `*` is told already.
        let takes = |verb: &str| verb == word || if verb.ends_with(':') { word.starts_with(verb) } else { word == "*" };
        self.verbs.iter().any(|verb| takes(verb))
    }

    fn takes_group(&self, word: &str) -> bool {
        word == "*" || self.groups == ANY || self.groups.contains(&word)
    }

    fn takes_resource(&self, word: &str, is_group_named: bool) -> bool {
        let takes =
            |resource: &&str| covers_resource(word, resource) || resource.ends_with('/') && word.starts_with(resource);
        match self.resources == ANY {
            true => word == "*" || (is_group_named || self.groups == ANY) && !word.contains('/'),
            false => self.resources.iter().any(takes),
        }
    }

    /// Whether a rule gives the power, under whatever names.
    pub(super) fn is_in(&self, rule: &PolicyRule) -> bool {
        let is_named = rule.api_groups.iter().any(|group| self.groups.contains(&group.as_str()));
        rule.verbs.iter().any(|verb| self.takes_verb(verb))
            && rule.api_groups.iter().any(|group| self.takes_group(group))
            && rule.resources.iter().any(|resource| self.takes_resource(resource, is_named))
            && self.under(self.danger, rule.resource_names.iter().map(String::as_str)).is_some_and(|s| s == self.danger)
    }

    /// How bad it is under the names of `resourceNames`.
    fn under<'n>(&self, severity: Severity, mut names: impl Iterator<Item = &'n str> + Clone) -> Option<Severity> {
        let none = names.clone().next().is_none();
        let mut begins = |with: &[&str]| names.any(|name| with.iter().any(|start| name.starts_with(start)));
        match self.names {
            _ if none => Some(severity),
            Names::Same => Some(severity),
            Names::Milder => Some(milder(severity)),
            Names::MilderUnless(great) => Some(if begins(great) { severity } else { milder(severity) }),
            Names::Only(great) => begins(great).then_some(severity),
        }
    }

    /// How bad it is in a role; `None` where it is nothing.
    fn severity(&self, role: &JudgedRole<'_>, entry: &Entry<'_>) -> Option<Severity> {
        let severity = self.under(self.danger, entry.names.0.iter().map(|(name, _)| *name))?;
        let reach = &role.reach;
        match self.local {
            Local::Usual if reach.is_for_namespaces() => None,
            _ if reach.is_wide => Some(severity),
            Local::Nothing => None,
            Local::Only(namespace) => reach.holds_in(namespace).then_some(severity),
            _ if reach.is_full() => Some(severity),
            Local::Same => Some(severity),
            Local::Milder => Some(milder(severity)),
            Local::Usual => None,
        }
    }

    /// The words of an entry through which it has the power. What it has by `*` alone is left out where
    /// `rbac/wildcard` says it all at once.
    fn reached<'a>(&self, entry: &Entry<'a>) -> Option<Reached<'a>> {
        if !entry.reaches_group(self.groups) && self.groups != ANY {
            return None;
        }
        let is_named = entry.groups.find(self.groups).is_some();
        let mut verbs: Vec<Word<'a>> =
            entry.verbs.0.iter().filter(|(word, _)| self.takes_verb(word)).copied().collect();
        let all = entry.resources.0.iter().filter(|(word, _)| self.takes_resource(word, is_named));
        let (stars, mut resources): (Vec<_>, Vec<_>) = all.copied().partition(|(word, _)| *word == "*");
        if resources.is_empty() {
            resources = stars;
            verbs.retain(|(word, _)| !wildcard::tells(entry, word, self.groups));
        }
        (!verbs.is_empty() && !resources.is_empty()).then_some(Reached { verbs, resources })
    }

    fn finding(
        &self,
        id: RuleId,
        severity: Severity,
        role: &JudgedRole<'_>,
        (entry, reached): (&Entry<'_>, &Reached<'_>),
    ) -> Finding {
        let place = match self.local {
            Local::Nothing => "",
            _ if role.is_cluster_role() && !role.reach.is_wide => " where the role is bound",
            _ if role.reach.is_wide => " in every namespace",
            _ => " in its namespace",
        };
        let on = self.shown_resources(&reached.resources);
        let message =
            format!("{} on {on}{place} lets the role's holders {}.", self.shown_verbs(&reached.verbs), self.effect);
        let place = if self.at_verb { ("verbs", &reached.verbs) } else { ("resources", &reached.resources) };
        let node = place.1.first().map_or(entry.node, |(_, node)| node);
        entry.finding(id, severity, (place.0, node), message).with_help(self.help(reached))
    }

    fn shown_verbs(&self, verbs: &[Word<'_>]) -> String {
        let words: Vec<&str> = verbs.iter().map(|(word, _)| *word).collect();
        match (words.as_slice(), self.verbs) {
            (["*"], [only]) if *only != "*" => format!("`*` (which includes `{only}`)"),
            _ => listed(&words),
        }
    }

    fn shown_resources(&self, resources: &[Word<'_>]) -> String {
        let words: Vec<&str> = resources.iter().map(|(word, _)| *word).collect();
        match (words.as_slice(), self.resources.first()) {
            ([word], Some(first)) if word.starts_with('*') && self.resources != ANY => {
                let included = self.resources.iter().find(|resource| covers_resource(word, resource)).unwrap_or(first);
                format!("`{}` (which includes `{included}`)", shown(word))
            }
            _ => listed(&words),
        }
    }

    fn help(&self, reached: &Reached<'_>) -> String {
        let is_star = |words: &[Word<'_>]| words.iter().any(|(word, _)| *word == "*");
        if is_star(&reached.resources) {
            return "Write the resources that are needed instead of `*`.".to_owned();
        }
        if is_star(&reached.verbs) {
            return "Write the verbs that are needed instead of `*`, such as get, list and watch.".to_owned();
        }
        self.remedy.to_owned()
    }

    /// What of an entry is this power, as a rule of its own.
    fn right(&self, entry: &Entry<'_>, reached: &Reached<'_>) -> PolicyRule {
        let owned = |words: &[Word<'_>]| words.iter().map(|(word, _)| (*word).to_owned()).collect();
        let groups = entry.groups.0.iter().filter(|(word, _)| self.takes_group(word)).copied().collect::<Vec<_>>();
        PolicyRule {
            verbs: owned(&reached.verbs),
            api_groups: owned(&groups),
            resources: owned(&reached.resources),
            resource_names: owned(&entry.names.0),
            non_resource_urls: Vec::new(),
        }
    }
}

/// The words through which an entry has a power.
#[derive(Debug)]
struct Reached<'a> {
    verbs: Vec<Word<'a>>,
    resources: Vec<Word<'a>>,
}

/// What a rule says of the powers in the roles that are judged: for each place the worst.
pub(super) fn check(review: &Review<'_>, id: RuleId, powers: &[Power<'_>]) -> Vec<Finding> {
    Prepared::with(review, |prepared| {
        let judged = &prepared.roles;
        let mut findings = Vec::new();
        for role in &judged.roles {
            for entry in &role.entries {
                let found = worst(powers, role, entry);
                findings.extend(found.into_iter().map(|(power, severity, reached)| {
                    let finding = power.finding(id, severity, role, (entry, &reached));
                    let right = power.right(entry, &reached);
                    let had = role.reach.had(&prepared.rights(review).before, &right, &judged.fuel);
                    if had { held_already(finding) } else { finding }
                }));
            }
        }
        findings
    })
}

/// A finding of which nothing is new.
pub(super) fn held_already(finding: Finding) -> Finding {
    let message = format!("{} Whoever gets it here could do that before.", finding.message);
    Finding { severity: Severity::Note, message, ..finding }
}

type Found<'p, 'a> = (&'p Power<'p>, Severity, Reached<'a>);

fn worst<'p, 'a>(powers: &'p [Power<'p>], role: &JudgedRole<'_>, entry: &Entry<'a>) -> Vec<Found<'p, 'a>> {
    let mut worst: Vec<(&Node, Found<'p, 'a>)> = Vec::new();
    for power in powers {
        let Some(severity) = power.severity(role, entry) else { continue };
        let Some(reached) = power.reached(entry) else { continue };
        let words = if power.at_verb { &reached.verbs } else { &reached.resources };
        let Some((_, node)) = words.first().copied() else { continue };
        match worst.iter_mut().find(|(known, _)| std::ptr::eq(*known, node)) {
            Some((_, known)) if known.1 >= severity => {}
            Some((_, known)) => *known = (power, severity, reached),
            None => worst.push((node, (power, severity, reached))),
        }
    }
    worst.into_iter().map(|(_, found)| found).collect()
}
