//! Whose rights a change may touch.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::rbac::layers::Touched;
use crate::rbac::{Binding, Key, Role, Scope, Subject, World};

type Pairs<'a> = BTreeSet<(&'a Subject, &'a Scope)>;

/// Each subject and scope of a binding that changes, or whose role changes or takes from one that does.
pub(super) fn affected<'a>(before: &'a World, after: &'a World) -> Pairs<'a> {
    let names = names(before, after);
    let mut pairs = Pairs::new();
    for key in &names.bindings {
        let (were, are) = (before.layers.bindings_at(key), after.layers.bindings_at(key));
        if !same(&were, &are, |a, b| a.says_as(b)) {
            were.into_iter().chain(are).for_each(|binding| note(binding, &mut pairs));
        }
    }
    for key in &roles(before, after, &names) {
        let bindings = before.layers.giving(key).into_iter().chain(after.layers.giving(key));
        bindings.for_each(|binding| note(binding, &mut pairs));
    }
    pairs
}

fn note<'a>(binding: &'a Arc<Binding>, pairs: &mut Pairs<'a>) {
    pairs.extend(binding.subjects.iter().map(|subject| (subject, &binding.key.scope)));
}

/// The names of what may differ.
fn names(before: &World, after: &World) -> Touched {
    let (was, is) = (&before.layers, &after.layers);
    let share = Arc::ptr_eq(&was.base, &is.base) && Arc::ptr_eq(&was.known, &is.known);
    let mut names = if share { Touched::clone(&was.touched) } else { was.all_names() };
    names.extend(&if share { Touched::clone(&is.touched) } else { is.all_names() });
    names
}

/// The roles that give something else than before.
fn roles(before: &World, after: &World, names: &Touched) -> BTreeSet<Key> {
    let differs = |key: &&Key| {
        let (were, are) = (before.layers.roles_at(key), after.layers.roles_at(key));
        !same(&were, &are, |a: &Role, b: &Role| a.says_as(b))
    };
    let mut found: BTreeSet<Key> = names.roles.iter().filter(differs).cloned().collect();
    if !Arc::ptr_eq(&before.aggregated, &after.aggregated) {
        let keys = before.aggregated.keys().chain(after.aggregated.keys());
        let takers: BTreeSet<Key> =
            keys.filter(|name| takes_otherwise(before, after, name, &found)).map(|name| Key::cluster(name)).collect();
        found.extend(takers);
    }
    found
}

/// Whether an aggregating role is made of others than before, or of one that has changed.
fn takes_otherwise(before: &World, after: &World, name: &str, changed: &BTreeSet<Key>) -> bool {
    let (Some(was), Some(is)) = (before.aggregated.get(name), after.aggregated.get(name)) else { return true };
    let alike = |(a, b): (&Arc<Role>, &Arc<Role>)| Arc::ptr_eq(a, b) || a.key == b.key && !changed.contains(&a.key);
    was.complete != is.complete || was.roles.len() != is.roles.len() || !was.roles.iter().zip(&is.roles).all(alike)
}

/// Whether two lists say the same one by one.
fn same<T>(were: &[&Arc<T>], are: &[&Arc<T>], alike: impl Fn(&T, &T) -> bool) -> bool {
    were.len() == are.len() && were.iter().zip(are).all(|(a, b)| Arc::ptr_eq(a, b) || alike(a, b))
}
