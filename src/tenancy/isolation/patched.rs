//! Bindings whose subjects a patch file replaces, as the layout of Flux v1 has it: the list of subjects is no map, so a
//! patch puts its own in the place of the other (kubernetes/api, rbac/v1 `RoleBinding`). What stood there before is
//! kept as well: nobody has fewer rights here than there.

use std::collections::BTreeSet;

use super::graph::Who;
use crate::manifest::EntryRole;
use crate::names::RepoPath;
use crate::rbac::read::{Changed, Says};
use crate::rbac::{Binding, Key, Object, Origin};
use crate::tenancy::facts::{Fact, RightsFact};
use crate::tenancy::rights::ways_of;
use crate::tenancy::stored::list;
use crate::tenancy::{Place, RepositoryIndex};

/// The same with what patches give; those in some files, or all.
pub(super) fn with_patches(index: &RepositoryIndex, mut who: Who, files: Option<&BTreeSet<RepoPath>>) -> Who {
    let paths: Vec<RepoPath> = match files {
        Some(files) => files.iter().cloned().collect(),
        None => index.listed(list::GIVEN).map(|file| file.path()).collect(),
    };
    let mut added = Vec::new();
    for path in paths.iter().filter(|path| index.is_only_patch(path)) {
        let bindings: Vec<RightsFact> =
            index.file(path).into_iter().flat_map(|file| file.facts()).filter_map(rights).collect();
        for by in index.referrers(path, EntryRole::Patch).collect::<BTreeSet<_>>() {
            for fact in &bindings {
                added.extend(patched(index, &mut who, fact, (path, &by)));
            }
        }
    }
    if !added.is_empty() {
        who.world = who.world.changed(&[], added);
    }
    who
}

fn rights(fact: Fact) -> Option<RightsFact> {
    match fact {
        Fact::Rights(fact) if matches!(fact.written.says, Says::Binding { .. }) => Some(fact),
        _ => None,
    }
}

/// What a patch makes of the bindings that it is for.
fn patched(
    index: &RepositoryIndex,
    who: &mut Who,
    fact: &RightsFact,
    (path, by): (&RepoPath, &RepoPath),
) -> Vec<Object> {
    let own = index.file(by).and_then(|file| file.kustomization()).and_then(|it| it.namespace);
    let above: BTreeSet<Option<String>> = ways_of(index, by).into_iter().map(|way| way.namespace).collect();
    let above = if above.is_empty() { BTreeSet::from([None]) } else { above };
    let mut made = Vec::new();
    for namespace in above.into_iter().map(|above| above.or_else(|| own.clone())) {
        let number = u32::try_from(who.places.len()).unwrap_or(u32::MAX);
        let changed = Changed { namespace: namespace.as_deref(), ..Changed::default() };
        let Object::Binding(binding) = fact.written.applied(changed, Origin::Tree(number)) else { continue };
        let Key { scope, name } = &binding.key;
        let own_role = Some(&binding.role).filter(|role| !role.name.is_empty());
        let known: BTreeSet<Key> = who
            .world
            .bindings(&Key { scope: scope.clone(), name: name.clone() })
            .iter()
            .map(|known| known.role.clone())
            .collect();
        // A patch of nothing gives nothing.
        let roles: BTreeSet<Key> =
            if known.is_empty() { known } else { known.into_iter().chain(own_role.cloned()).collect() };
        who.places.push(Place { file: path.clone(), line: fact.line });
        made.extend(roles.into_iter().map(|role| Object::Binding(Binding { role, ..binding.clone() })));
    }
    made
}
