//! What a change gives and takes: who may do what afterwards that they could not do before, put together for people.

use std::collections::BTreeMap;

use super::{Review, Scope};
use crate::finding::Location;
use crate::manifest::{self, ManifestFile, Object};
use crate::rbac::{self, Binding, Change, Grant, Key, Moved, Movement, Origin, Subject, What, difference};
use crate::tenancy::Rights;

/// Who gains or loses the same, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsChange {
    /// Each with where the right holds; never empty.
    pub who: Vec<Holder>,
    /// What they may do that they could not do before.
    pub gained: Vec<Right>,
    /// What they may not do any more.
    pub lost: Vec<Right>,
}

/// A subject, and where it has a right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// `ServiceAccount team1/flux`, as the repository spells it.
    pub subject: String,
    /// The namespace; `None` for the whole cluster.
    pub namespace: Option<String>,
}

/// A right, and the way to it of one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// `get, list on secrets`.
    pub what: String,
    /// The ways: binding, role, and the role in which the rule is written.
    pub through: Vec<Way>,
}

/// A way from a subject to a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// `RoleBinding team1/flux gives ClusterRole admin`.
    pub words: String,
    /// Where the binding is written, where it is in the repository.
    pub binding: Option<Location>,
    /// Where the role with the rule is written, where it is in the repository.
    pub role: Option<Location>,
}

/// All that a change gives and takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsDifference {
    /// Those who gain or lose most widely first.
    pub changes: Vec<RightsChange>,
    /// Whether it is too large to be told whole: there may be more.
    pub more: bool,
}

/// One right that one subject gains or loses in one place, with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightMoved {
    /// Whether it is gained; else it is lost.
    pub gained: bool,
    /// Whose.
    pub subject: Subject,
    /// Where; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// Its parts; `None` where nobody knows what it is, because a role is missing or cannot be followed.
    pub parts: Option<rbac::Right>,
    /// In words and with the ways to it, at most eight.
    pub right: Right,
}

/// The difference of two worlds, for scripts: nothing is put together. The second is whether this is all.
pub fn each(rights: &Rights) -> (Vec<RightMoved>, bool) {
    let difference = difference(&rights.before, &rights.after);
    let mut all = Vec::new();
    for change in &difference.changes {
        let of = |gained, movement: &Movement<'_>| RightMoved {
            gained,
            subject: change.subject.clone(),
            namespace: change.scope.namespace().map(str::to_owned),
            parts: match &movement.what {
                Moved::Right(right) => Some(right.clone()),
                Moved::MissingRole(_) | Moved::TooLarge(_) => None,
            },
            right: right(movement, rights),
        };
        all.extend(change.gained.iter().map(|one| of(true, one)));
        all.extend(change.lost.iter().map(|one| of(false, one)));
    }
    (all, difference.complete)
}

/// What a review gives and takes.
pub(super) fn of(review: &Review<'_>) -> RightsDifference {
    super::Prepared::with(review, |prepared| told(prepared.rights(review)))
}

/// What a change of an admin repository gives and takes. A team's repository is applied with the team's own rights, and
/// what it could give beyond them the API server refuses. A built copy says nothing that its files do not.
pub(super) fn of_change(review: &Review<'_>) -> RightsDifference {
    let is_change = review.whole_before.file_count() > 0;
    match review.scope {
        Scope::Admin if is_change && !review.is_built && may_move_rights(review) => of(review),
        _ => RightsDifference::default(),
    }
}

/// Whether any role or binding, or what could move or drop one, is among the files. Most changes have none, and then
/// nothing need be read.
pub(super) fn may_move_rights(review: &Review<'_>) -> bool {
    let files = || review.files.iter().chain(review.old);
    let is_kustomization = |file: &ManifestFile| manifest::is_kustomization(&file.path);
    let has_rights = |object: &Object| object.group() == rbac::read::GROUP;
    !review.dropped.is_empty() || files().any(|file| is_kustomization(file) || file.objects.iter().any(has_rights))
}

impl RightsDifference {
    /// Takes in what another cluster sees, without saying anything twice.
    pub(super) fn absorb(&mut self, other: Self) {
        for change in other.changes {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
        self.more |= other.more;
    }
}

/// The difference of two worlds, for people.
pub fn told(rights: &Rights) -> RightsDifference {
    let difference = difference(&rights.before, &rights.after);
    let mut groups: BTreeMap<(Vec<String>, Vec<String>), RightsChange> = BTreeMap::new();
    for change in &difference.changes {
        let words = |movements: &[Movement<'_>]| movements.iter().map(|one| moved(&one.what)).collect::<Vec<_>>();
        let group = groups.entry((words(&change.gained), words(&change.lost))).or_insert_with(|| RightsChange {
            who: Vec::new(),
            gained: change.gained.iter().map(|one| right(one, rights)).collect(),
            lost: change.lost.iter().map(|one| right(one, rights)).collect(),
        });
        group.who.push(holder(change));
    }
    let mut changes: Vec<RightsChange> = groups.into_values().collect();
    let cluster_wide = |change: &RightsChange| change.who.iter().any(|holder| holder.namespace.is_none());
    changes.sort_by_key(|change| (change.gained.is_empty(), !cluster_wide(change)));
    RightsDifference { changes, more: !difference.complete }
}

fn holder(change: &Change<'_>) -> Holder {
    Holder { subject: change.subject.to_string(), namespace: change.scope.namespace().map(str::to_owned) }
}

fn right(movement: &Movement<'_>, rights: &Rights) -> Right {
    Right { what: moved(&movement.what), through: movement.ways.iter().map(|grant| way(grant, rights)).collect() }
}

fn moved(what: &Moved) -> String {
    match what {
        Moved::Right(right) => right.to_string(),
        Moved::MissingRole(role) => format!("whatever the missing role {} will have", role.name),
        Moved::TooLarge(role) => format!("more than can be followed, by the role {}", role.name),
    }
}

/// The way of a grant, with its places in the repository.
pub fn way(grant: &Grant<'_>, rights: &Rights) -> Way {
    let (binding, role) = (grant.binding, &grant.binding.role);
    let mut words = gives(binding);
    if binding.subjects.len() > 1 {
        words.push_str(&format!(" to {}", grant.through));
    }
    let written = match grant.what {
        What::Rule { role: written, index, .. } => {
            if written.key != *role {
                words.push_str(&format!(", which takes rules[{index}] of ClusterRole {}", written.key.name));
            }
            Some(written.origin)
        }
        What::MissingRole => {
            words.push_str(", which does not exist");
            None
        }
        What::TooLarge => None,
    };
    Way { words, binding: place(binding.origin, rights), role: written.and_then(|origin| place(origin, rights)) }
}

/// A binding of which nobody can say what it gives.
pub fn unknown_way(binding: &Binding, rights: &Rights) -> Way {
    Way { words: gives(binding), binding: place(binding.origin, rights), role: None }
}

/// `RoleBinding team1/flux gives ClusterRole admin`.
fn gives(binding: &Binding) -> String {
    let named = |kind: &str, key: &Key| match key.scope.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{}", key.name),
        None => format!("Cluster{kind} {}", key.name),
    };
    format!("{} gives {}", named("RoleBinding", &binding.key), named("Role", &binding.role))
}

fn place(origin: Origin, rights: &Rights) -> Option<Location> {
    rights.place(origin).map(|place| Location { file: place.file.clone(), line: place.line, column: 1 })
}
