//! A binding must give a role that is there.
//!
//! # What
//! Reports bindings to a role that is neither in the repository nor one that Kubernetes or Flux has by
//! itself, and those that are left where a change takes their role away. Where a Helm release or something that
//! kustomize fetches may make the role, a new binding is a note that names it. In a team's repository only Roles
//! are looked for, because ClusterRoles are the admins'.
//!
//! # Why
//! Such a binding gives nothing today. It gives whatever somebody will write into a role of that name,
//! and nobody looks at the binding then. A role that an operator makes is not known here: an exception
//! in the policy says so.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: comes-later}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
//! ```

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::judged::{Judged, JudgedBinding};
use super::makers::Makers;
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::rbac::read::GROUP;
use crate::rbac::{Binding, Key, Scope as Where};
use crate::rules::rights::may_move_rights;
use crate::rules::{Meta, Prepared, Review, Rule, Scope, shown};
use crate::tenancy::{Place, Rights};

/// `rbac/missing-role`.
#[derive(Debug)]
pub struct MissingRole;

const ID: RuleId = RuleId::new("rbac/missing-role");

/// So many bindings of one role that goes are told of.
const LEFT: usize = 10;

impl Rule for MissingRole {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("missing_role.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let bindings = &prepared.roles.bindings;
            let makers = OnceCell::new();
            let makers = || makers.get_or_init(|| Makers::of(review));
            let mut findings: Vec<Finding> =
                bindings.iter().filter_map(|binding| check(review, prepared.rights(review), binding, makers)).collect();
            if review.whole_before.file_count() > 0 && !review.is_built && may_move_rights(review) {
                findings.extend(left(review, prepared.rights(review), &prepared.roles));
            }
            findings
        })
    }
}

fn check<'m>(
    review: &Review<'_>,
    rights: &Rights,
    binding: &JudgedBinding<'_>,
    makers: impl FnOnce() -> &'m Makers,
) -> Option<Finding> {
    let node = binding.role_name().filter(|_| binding.is_whole)?;
    let missing = binding.applied.iter().find(|applied| is_missing(review, rights, applied)).map(|one| &one.role)?;
    let role = named(missing);
    let finding = |severity, message| binding.finding(ID, severity, ("roleRef.name", node), message);
    if !rights.before.roles(missing).is_empty() {
        let message = format!("This change takes away the {role}: {LATER}.");
        return Some(finding(Severity::Warning, message).with_help(HELP_LEFT));
    }
    Some(match makers().of_role(missing) {
        Some(maker) => {
            let message =
                format!("The {role} is in no file of this repository. It may be made by {maker}; else {LATER}.");
            finding(Severity::Note, message)
                .with_help("Look whether that makes a role of this name, or correct the name.")
        }
        None => {
            let message = format!("There is no {role} in this repository: {LATER}.");
            finding(Severity::Warning, message).with_help("Add the role in the same change, or correct the name.")
        }
    })
}

const LATER: &str = "whoever makes it later decides what this binding gives";
const HELP_LEFT: &str = "Take the binding away too, or keep the role.";

/// `ClusterRole `view``.
fn named(role: &Key) -> String {
    let kind = if role.scope == Where::Cluster { "ClusterRole" } else { "Role" };
    format!("{kind} `{}`", shown(&role.name))
}

/// Whether the role of a binding should be there and is not. What `rbac/invalid` reports is nothing to look for.
fn is_missing(review: &Review<'_>, rights: &Rights, binding: &Binding) -> bool {
    let is_cluster_role = binding.role.scope == Where::Cluster;
    let is_elsewhere = is_cluster_role && matches!(review.scope, Scope::Team(_));
    let is_invalid = binding.role.name.is_empty() || binding.key.scope == Where::Cluster && !is_cluster_role;
    !is_elsewhere && !is_invalid && rights.after.roles(&binding.role).is_empty()
}

/// The bindings of a role that goes, by file and line.
type Left<'r> = BTreeMap<(&'r str, u32), (&'r Binding, &'r Place)>;

/// Bindings that are not judged themselves, and whose role goes.
fn left(review: &Review<'_>, rights: &Rights, judged: &Judged<'_>) -> Vec<Finding> {
    let is_judged = |binding: &Binding| {
        judged.bindings.iter().any(|one| one.applied.iter().any(|applied| applied.key == binding.key))
    };
    let mut of_roles: BTreeMap<&Key, Left<'_>> = BTreeMap::new();
    for binding in rights.after.bindings_of_tree().filter(|binding| !binding.subjects.is_empty()) {
        let goes = is_missing(review, rights, binding) && !rights.before.roles(&binding.role).is_empty();
        if let Some(place) = rights.place(binding.origin).filter(|_| goes && !is_judged(binding)) {
            of_roles.entry(&binding.role).or_default().insert((place.file.as_str(), place.line), (binding, place));
        }
    }
    let told = |(role, bindings): (&Key, Left<'_>)| {
        let role = named(role);
        let others = match bindings.len() {
            count if count > LEFT => format!(" ({LEFT} of its {count} bindings are told of)"),
            _ => String::new(),
        };
        let message = format!("This change takes away the {role}, and this binding stays: {LATER}{others}.");
        let all = bindings.into_values().take(LEFT);
        all.map(|(binding, place)| {
            let at = Location { file: place.file.clone(), line: place.line, column: 1 };
            let finding = Finding::new(ID, Severity::Warning, at, message.clone()).with_object(object(&binding.key));
            finding.with_field("roleRef.name").with_help(HELP_LEFT)
        })
        .collect::<Vec<_>>()
    };
    of_roles.into_iter().flat_map(told).collect()
}

fn object(Key { scope, name }: &Key) -> ObjectRef {
    let kind = if *scope == Where::Cluster { "ClusterRoleBinding" } else { "RoleBinding" };
    let namespace = scope.namespace().map(str::to_owned);
    ObjectRef { api_version: format!("{GROUP}/v1"), kind: kind.to_owned(), namespace, name: name.clone() }
}
