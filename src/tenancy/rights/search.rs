//! Which files decide what a change gives and takes.

use std::collections::{BTreeMap, BTreeSet};

use super::landing::Landing;
use super::ways::ends_of;
use super::{applied, rights_in, world};
use crate::manifest::is_kustomization;
use crate::names::RepoPath;
use crate::rbac::read::{GROUP, Says};
use crate::rbac::{Key, Object, Origin, Scope, Subject};
use crate::tenancy::facts::{RightsFact, SourceName, SyncFact};
use crate::tenancy::puts::Puts;
use crate::tenancy::stored::list;
use crate::tenancy::stored::rights::{AGGREGATION_KEY, role_key, subject_key};
use crate::tenancy::syncs::facts_in;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// The files that a change touches: those that differ, and what kustomizations and Flux's among them name, directly or
/// through others, since that may be moved, renamed and labelled. With the bindings that follow accounts of these.
pub(super) fn below(sides: [&RepositoryIndex; 2], changed: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
    let mut found = changed.clone();
    let kustomizations: Vec<RepoPath> = changed.iter().filter(|path| is_kustomization(path)).cloned().collect();
    for (index, other) in [(sides[0], sides[1]), (sides[1], sides[0])] {
        found.extend(index.files_named_by(kustomizations.clone()));
        // Where there is none, Flux takes what is there in its place.
        for path in kustomizations.iter().filter(|path| !index.contains_file(path) && other.contains_file(path)) {
            found.extend(index.files_from(path.directory()));
        }
        found.extend(changed.iter().flat_map(|path| started(index, other, path)));
    }
    let touched = found.clone();
    for index in sides {
        found.extend(touched.iter().flat_map(|path| following(index, path)));
    }
    found
}

/// What a file's Flux `Kustomization`s apply that are not the same on the other side.
fn started(index: &RepositoryIndex, other: &RepositoryIndex, path: &RepoPath) -> BTreeSet<RepoPath> {
    let syncs = |index: &RepositoryIndex| -> Vec<SyncFact> {
        index.file(path).into_iter().flat_map(facts_in).map(|(_, sync)| sync).collect()
    };
    let theirs: Vec<_> = syncs(other).iter().map(decisive).collect();
    let own = syncs(index).into_iter().filter(|sync| !theirs.contains(&decisive(sync)));
    own.flat_map(|sync| index.files_of_sync(path, &sync)).collect()
}

/// What of a Flux `Kustomization` decides what it applies, and how.
fn decisive(sync: &SyncFact) -> (Vec<String>, Puts, Option<SourceName>, bool, bool) {
    (sync.directories().collect(), Puts::of(sync), sync.source.clone(), sync.from_git, sync.path.is_some())
}

/// The bindings that may name an account of a file by what becomes of it in a build.
fn following(index: &RepositoryIndex, path: &RepoPath) -> BTreeSet<RepoPath> {
    let Some(file) = index.file(path) else { return BTreeSet::new() };
    let accounts: Vec<ObjectId> = file
        .objects()
        .map(|object| object.id)
        .filter(|id| id.kind == "ServiceAccount" && id.group.is_empty())
        .collect();
    if accounts.is_empty() {
        return BTreeSet::new();
    }
    let mut search = Search::new(index, BTreeSet::new());
    for end in ends_of(index, path) {
        for account in &accounts {
            let put = end.way.namespace.as_deref().filter(|put| account.namespace.as_deref() != Some(put));
            if !end.way.renames() && (put.is_none() || account.namespace.is_none()) {
                continue;
            }
            for namespace in [put, account.namespace.as_deref()].into_iter().flatten() {
                search.find(list::SUBJECTS, &subject_key("ServiceAccount", Some(namespace), &account.name));
                search.forced_into(namespace);
            }
            for kind in ["User", "Group"].iter().filter(|_| end.way.renames()) {
                search.find(list::SUBJECTS, &subject_key(kind, None, &account.name));
            }
        }
    }
    search.files
}

/// The files whose roles and bindings decide what a change of `changed` gives and takes, on one of its sides.
pub(super) fn matter(index: &RepositoryIndex, changed: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
    let mut search = Search::new(index, changed.clone());
    let start = world(index, changed, &mut Vec::new());
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
    let landing = Landing::new(index);
    files.iter().filter_map(|file| index.file(file)).flat_map(move |summary| {
        let facts: Vec<RightsFact> = rights_in(summary).collect();
        let ends = if facts.is_empty() { Vec::new() } else { ends_of(index, &summary.path()) };
        facts.iter().flat_map(|fact| applied(&landing, fact, &ends, Origin::Tree(0))).collect::<Vec<_>>()
    })
}

fn role_of(object: &Object) -> Option<Key> {
    match object {
        Object::Role(role) => Some(role.key.clone()),
        Object::Binding(_) => None,
    }
}

/// Files that were found to matter.
pub(super) struct Search<'i> {
    index: &'i RepositoryIndex,
    pub(super) files: BTreeSet<RepoPath>,
    /// The namespaces whose files, where kustomizations put them there, are among them, each with the accounts that
    /// are written with another namespace.
    namespaces: BTreeMap<String, Vec<(String, String)>>,
    has_aggregation: bool,
}

impl<'i> Search<'i> {
    pub(super) fn new(index: &'i RepositoryIndex, files: BTreeSet<RepoPath>) -> Self {
        Self { index, files, namespaces: BTreeMap::new(), has_aggregation: false }
    }

    fn find(&mut self, list: usize, key: &[u8]) {
        let found: Vec<RepoPath> = self.index.paths(list, key).collect();
        self.files.extend(found);
    }

    /// Those of some files that have roles or bindings of which `is_meant` says yes.
    fn take(&mut self, files: BTreeSet<RepoPath>, is_meant: impl Fn(&RightsFact) -> bool) {
        let has =
            |path: &RepoPath| self.index.file(path).is_some_and(|file| rights_in(file).any(|fact| is_meant(&fact)));
        let found: Vec<RepoPath> = files.into_iter().filter(has).collect();
        self.files.extend(found);
    }

    /// Every ClusterRole that takes rules from others, or from which they may be taken: for labels of its own, or for
    /// those that it gets on its way.
    fn aggregation(&mut self) {
        if std::mem::replace(&mut self.has_aggregation, true) {
            return;
        }
        self.find(list::AGGREGATION, AGGREGATION_KEY);
        if self.index.may_list(list::LABELLING) {
            let found = world(self.index, &self.files, &mut Vec::new());
            for key in found.selecting_labels() {
                let (list, index) = (list::LABELLING, self.index);
                let files = index.files_changed_by(list, key.as_bytes(), |sync| sync.labels.contains_key(key));
                self.take(files, |fact| fact.written.cluster && matches!(fact.written.says, Says::Role { .. }));
            }
        }
    }

    /// The bindings that give a role: a Role those in its namespace, of which many have one of the same name.
    fn given(&mut self, role: &Key) {
        let namespace = role.scope.namespace();
        for name in self.index.written_as(&role.name) {
            let files = self.index.paths(list::GIVEN, &role_key(namespace.is_none(), &name)).collect();
            self.take(files, |fact| match (namespace, &fact.written.says) {
                (Some(namespace), Says::Binding { role, .. }) => {
                    *role == name && fact.written.namespace.as_deref().unwrap_or("default") == namespace
                }
                (Some(_), Says::Role { .. }) => false,
                (None, _) => true,
            });
        }
        if let Some(namespace) = namespace {
            self.forced_into(namespace);
        }
    }

    /// What kustomizations put into a namespace: its names need not be those that are written.
    fn forced_into(&mut self, namespace: &str) {
        if self.namespaces.contains_key(namespace) {
            return;
        }
        let files = self.index.files_forced_into(namespace);
        let objects = files.iter().filter_map(|path| self.index.file(path)).flat_map(|file| file.objects());
        let accounts = objects.map(|object| object.id).filter(|id| id.kind == "ServiceAccount");
        let moved = accounts.filter_map(|id| Some((id.namespace.filter(|written| written != namespace)?, id.name)));
        self.namespaces.insert(namespace.to_owned(), moved.collect());
        self.take(files, |_| true);
    }

    /// Every binding that names a subject, by whatever becomes that name.
    pub(super) fn held(&mut self, subject: &Subject) {
        match subject {
            Subject::User(name) => self.named("User", None, name),
            Subject::Group(name) => self.named("Group", None, name),
            Subject::ServiceAccount { namespace, name } => {
                self.named("ServiceAccount", Some(namespace), name);
                let user = format!("system:serviceaccount:{namespace}:{name}");
                self.find(list::SUBJECTS, &subject_key("User", None, &user));
                self.forced_into(namespace);
                let names = self.index.written_as(name);
                let moved = self.namespaces.get(namespace).into_iter().flatten();
                let moved: Vec<_> = moved.filter(|(_, written)| names.contains(written)).cloned().collect();
                for (written, name) in moved {
                    self.find(list::SUBJECTS, &subject_key("ServiceAccount", Some(&written), &name));
                }
            }
        }
    }

    fn named(&mut self, kind: &str, namespace: Option<&str>, name: &str) {
        for name in self.index.written_as(name) {
            self.find(list::SUBJECTS, &subject_key(kind, namespace, &name));
        }
    }

    /// The Role that is written with a namespace and a name; without one it is in `default`.
    fn role_in(&mut self, namespace: &str, name: &str) {
        for written in [Some(namespace), None].into_iter().filter(|at| at.is_some() || namespace == "default") {
            let id = ObjectId {
                group: GROUP.to_owned(),
                kind: "Role".to_owned(),
                namespace: written.map(str::to_owned),
                name: name.to_owned(),
            };
            self.files.extend(self.index.objects_with_id(&id));
        }
    }

    /// The roles that the bindings found so far give, and where one takes the rules of others, those.
    pub(super) fn roles_of_bindings(&mut self) {
        let given: BTreeSet<Key> = objects(self.index, &self.files)
            .filter_map(|object| if let Object::Binding(binding) = object { Some(binding.role) } else { None })
            .collect();
        for role in &given {
            for name in self.index.written_as(&role.name) {
                match role.scope.namespace() {
                    Some(namespace) => self.role_in(namespace, &name),
                    None => self.find(list::ROLES, &role_key(true, &name)),
                }
            }
            if let Some(namespace) = role.scope.namespace() {
                self.forced_into(namespace);
            }
        }
        let found = world(self.index, &self.files, &mut Vec::new());
        let takes = |role: &Key| found.roles(role).iter().any(|role| role.aggregation.is_some());
        if given.iter().any(takes) {
            self.aggregation();
        }
    }
}
