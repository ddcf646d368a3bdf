//! The roles and bindings of a repository: all of them, or those that decide what a change gives and takes.
//!
//! Who may do what depends on objects anywhere in the tree. To find what a change gives, only those are read that can
//! matter: what is bound to the roles that change, whatever else those subjects have, and the roles of all that. So it
//! costs what the change touches, and not what the repository holds.

use std::collections::BTreeSet;

use super::facts::{Fact, RightsFact};
use super::reach::{Reach, Root};
use super::stored::list;
use super::stored::rights::{AGGREGATION_KEY, role_key, subject_key};
use super::{ObjectId, RepositoryIndex, StoredSummary};
use crate::manifest::{self, is_kustomization};
use crate::names::RepoPath;
use crate::rbac::read::{Changed, Says, read};
use crate::rbac::{Key, Known, Object, Origin, Scope, Subject, World};

/// Where a role or a binding is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: RepoPath,
    /// The line of the object, from 1.
    pub line: u32,
}

/// The roles and bindings before and after a change, as far as they matter for it.
#[derive(Debug)]
pub struct Rights {
    /// Before.
    pub before: World,
    /// After.
    pub after: World,
    /// Where they are written, by the numbers of their [`Origin::Tree`].
    pub places: Vec<Place>,
}

impl Rights {
    /// All that there is, as what a repository is now: nothing was there before.
    pub fn whole(index: &RepositoryIndex) -> Self {
        let mut places = Vec::new();
        let files: BTreeSet<RepoPath> = [list::ROLES, list::GIVEN]
            .into_iter()
            .flat_map(|list| index.listed(list))
            .map(|file| file.path())
            .collect();
        let after = world(index, &files, &mut places);
        Self { before: World::new(known(index), []), after, places }
    }

    /// What matters for a change of some files.
    pub fn of(before: &RepositoryIndex, after: &RepositoryIndex, changed: &BTreeSet<RepoPath>) -> Self {
        // What does not change is found on either side, and what changes is looked at on both.
        let mut places = Vec::new();
        let below: BTreeSet<RepoPath> = [before, after]
            .into_iter()
            .flat_map(|index| below(index, changed))
            .chain(changed.iter().cloned())
            .collect();
        let files: BTreeSet<RepoPath> =
            [before, after].into_iter().flat_map(|index| matter(index, &below)).chain(below.iter().cloned()).collect();
        let (before, after) = (world(before, &files, &mut places), world(after, &files, &mut places));
        Self { before, after, places }
    }

    /// Where a role or binding is written; `None` for one that is not in the tree.
    pub fn place(&self, origin: Origin) -> Option<&Place> {
        match origin {
            Origin::Tree(number) => self.places.get(number as usize),
            Origin::ApiServer | Origin::Flux => None,
        }
    }
}

/// What the cluster has besides: Flux v1 has other accounts than Flux v2.
fn known(index: &RepositoryIndex) -> Known {
    if index.may_list(list::SYNCS) { Known::ApiServerAndFlux } else { Known::ApiServer }
}

/// The world of the roles and bindings in some files.
fn world(index: &RepositoryIndex, files: &BTreeSet<RepoPath>, places: &mut Vec<Place>) -> World {
    let mut objects = Vec::new();
    for file in files {
        let Some(summary) = index.file(file) else { continue };
        let facts = rights_in(summary);
        let mut ways = None;
        for fact in facts {
            let origin = Origin::Tree(u32::try_from(places.len()).unwrap_or(u32::MAX));
            places.push(Place { file: file.clone(), line: fact.line });
            let ways = ways.get_or_insert_with(|| ways_of(index, file));
            objects.extend(ways.iter().map(|way| applied(index, &fact, way, origin)));
        }
    }
    World::new(known(index), objects)
}

/// A role or a binding as it is applied: once for each way on which its file is. As it is written where no way is
/// known, and without an index, which is for what kustomize has built. Nothing for an object of another kind.
pub fn as_applied(index: Option<&RepositoryIndex>, object: &manifest::Object) -> Vec<Object> {
    let Some(written) = read(object) else { return Vec::new() };
    let fact = RightsFact { written, line: object.node.start.line };
    let Some(index) = index else { return vec![fact.written.applied(Changed::default(), Origin::Tree(0))] };
    let ways = ways_of(index, &object.file);
    if ways.is_empty() {
        return vec![fact.written.applied(Changed::default(), Origin::Tree(0))];
    }
    ways.iter().map(|way| applied(index, &fact, way, Origin::Tree(0))).collect()
}

/// What is bound in some files or to some subjects themselves, and the roles of that. What the groups have that
/// everybody is in is left out, and whatever else is bound to those that the files name.
pub(super) fn about(
    index: &RepositoryIndex,
    files: &BTreeSet<RepoPath>,
    subjects: &BTreeSet<Subject>,
    places: &mut Vec<Place>,
) -> World {
    let mut search =
        Search { index, files: files.clone(), namespaces: BTreeSet::new(), has_aggregation: false, is_narrow: true };
    subjects.iter().for_each(|subject| search.held(subject));
    search.roles_of_bindings();
    world(index, &search.files, places)
}

/// The roles and bindings that are written in a file.
fn rights_in(file: StoredSummary<'_>) -> impl Iterator<Item = RightsFact> {
    file.facts().filter_map(|fact| if let Fact::Rights(fact) = fact { Some(fact) } else { None })
}

fn applied(index: &RepositoryIndex, fact: &RightsFact, way: &Reach, origin: Origin) -> Object {
    let renames_role = way.renames()
        && matches!(&fact.written.says, Says::Binding { of_cluster_role, role, .. }
            if index.find(list::ROLES, &role_key(*of_cluster_role, role)).next().is_some());
    let changed =
        Changed { namespace: way.namespace.as_deref(), prefix: &way.prefix, suffix: &way.suffix, renames_role };
    fact.written.applied(changed, origin)
}

/// The ways on which a file is applied that end where Flux begins: each namespace and each name once.
pub(super) fn ways_of(index: &RepositoryIndex, file: &RepoPath) -> Vec<Reach> {
    let mut ways: Vec<Reach> = Vec::new();
    for way in index.reaches(file) {
        let ends = match &way.root {
            Root::Scan(_) => true,
            Root::Kustomization(path) => {
                index.appliers_of(path).next().is_none() || index.is_flux_path(path.directory())
            }
        };
        let same = |known: &Reach| {
            (&known.namespace, &known.prefix, &known.suffix) == (&way.namespace, &way.prefix, &way.suffix)
        };
        if ends && !ways.iter().any(same) {
            ways.push(way);
        }
    }
    ways
}

/// What the kustomizations among some files name, directly or through others: they may move and rename it.
fn below(index: &RepositoryIndex, changed: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
    let kustomizations = changed.iter().filter(|path| is_kustomization(path)).cloned().collect();
    index.files_named_by(kustomizations)
}

/// The files whose roles and bindings decide what a change of `changed` gives and takes, on one of its sides.
fn matter(index: &RepositoryIndex, changed: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
    let mut search =
        Search { index, files: BTreeSet::new(), namespaces: BTreeSet::new(), has_aggregation: false, is_narrow: false };
    let start = world(index, changed, &mut Vec::new());
    search.files.extend(changed.iter().cloned());
    let mut roles: BTreeSet<Key> = objects(index, changed).filter_map(|object| role_of(&object)).collect();
    if roles.iter().any(|role| role.scope == Scope::Cluster) {
        search.aggregation();
        let all = world(index, &search.files, &mut Vec::new());
        let into: Vec<Key> =
            roles.iter().flat_map(|role| all.aggregated_into(role).map(Key::cluster).collect::<Vec<_>>()).collect();
        roles.extend(into);
    }
    roles.iter().for_each(|role| search.given(role));
    let bound = world(index, &search.files, &mut Vec::new());
    let held: BTreeSet<Subject> =
        start.subjects().chain(bound.subjects()).map(|(subject, _)| subject.clone()).collect();
    let groups: BTreeSet<Subject> = held.iter().flat_map(Subject::groups).collect();
    held.union(&groups).for_each(|subject| search.held(subject));
    search.roles_of_bindings();
    search.files
}

/// The roles and bindings of some files as they are applied.
fn objects<'a>(index: &'a RepositoryIndex, files: &'a BTreeSet<RepoPath>) -> impl Iterator<Item = Object> + use<'a> {
    files.iter().filter_map(|file| index.file(file)).flat_map(move |summary| {
        let ways = ways_of(index, &summary.path());
        let facts = rights_in(summary);
        let all = facts.flat_map(move |fact| {
            ways.iter().map(|way| applied(index, &fact, way, Origin::Tree(0))).collect::<Vec<_>>()
        });
        all.collect::<Vec<_>>()
    })
}

fn role_of(object: &Object) -> Option<Key> {
    match object {
        Object::Role(role) => Some(role.key.clone()),
        Object::Binding(_) => None,
    }
}

/// Files that were found to matter.
struct Search<'i> {
    index: &'i RepositoryIndex,
    files: BTreeSet<RepoPath>,
    /// Whose files, where kustomizations put them there, are among them.
    namespaces: BTreeSet<String>,
    has_aggregation: bool,
    /// Whether Roles are looked up by the namespaces that are written, not by their names in all of them.
    is_narrow: bool,
}

impl Search<'_> {
    fn find(&mut self, list: usize, key: &[u8]) {
        let found: Vec<RepoPath> = self.index.paths(list, key).collect();
        self.files.extend(found);
    }

    /// Every ClusterRole that takes rules from others, or from which they may be taken.
    fn aggregation(&mut self) {
        if !std::mem::replace(&mut self.has_aggregation, true) {
            self.find(list::AGGREGATION, AGGREGATION_KEY);
        }
    }

    /// The bindings that give a role.
    fn given(&mut self, role: &Key) {
        self.find(list::GIVEN, &role_key(role.scope == Scope::Cluster, &role.name));
    }

    /// What kustomizations put into a namespace: its names need not be those that are written.
    fn forced_into(&mut self, namespace: &str) {
        if self.namespaces.insert(namespace.to_owned()) {
            let forced = self.index.files_forced_into(namespace);
            let rights = forced
                .into_iter()
                .filter(|path| self.index.file(path).is_some_and(|file| rights_in(file).next().is_some()));
            self.files.extend(rights);
        }
    }

    /// Every binding that names a subject.
    fn held(&mut self, subject: &Subject) {
        match subject {
            Subject::User(name) => self.find(list::SUBJECTS, &subject_key("User", None, name)),
            Subject::Group(name) => self.find(list::SUBJECTS, &subject_key("Group", None, name)),
            Subject::ServiceAccount { namespace, name } => {
                self.find(list::SUBJECTS, &subject_key("ServiceAccount", Some(namespace), name));
                let user = format!("system:serviceaccount:{namespace}:{name}");
                self.find(list::SUBJECTS, &subject_key("User", None, &user));
                self.forced_into(namespace);
            }
        }
    }

    /// The Role that is written with a namespace and a name.
    fn role_in(&mut self, namespace: &str, name: &str) {
        let id = ObjectId {
            group: crate::rbac::read::GROUP.to_owned(),
            kind: "Role".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        };
        self.files.extend(self.index.objects_with_id(&id));
    }

    /// The roles that the bindings found so far give, and where one takes the rules of others, those.
    fn roles_of_bindings(&mut self) {
        let found = world(self.index, &self.files, &mut Vec::new());
        let given: BTreeSet<Key> = objects(self.index, &self.files)
            .filter_map(|object| if let Object::Binding(binding) = object { Some(binding.role) } else { None })
            .collect();
        let takes = |role: &Key| found.roles(role).iter().any(|role| role.aggregation.is_some());
        for role in &given {
            match role.scope.namespace().filter(|_| self.is_narrow) {
                Some(namespace) => self.role_in(namespace, &role.name),
                None => self.find(list::ROLES, &role_key(role.scope == Scope::Cluster, &role.name)),
            }
            if let Some(namespace) = role.scope.namespace() {
                self.forced_into(namespace);
            }
        }
        if given.iter().any(takes) {
            self.aggregation();
        }
    }
}

#[cfg(test)]
mod tests;
