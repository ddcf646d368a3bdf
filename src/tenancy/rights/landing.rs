//! Where that ends up which a binding names. Kustomize changes the name of a role and namespace and name of an account
//! in a binding to what becomes of them in the same build, whatever becomes of the binding
//! (kustomize, `api/internal/accumulator/namereferencetransformer.go`); what is not in the build stays as it is written.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ways::End;
use crate::names::RepoPath;
use crate::rbac::read::{GROUP, Says, Written};
use crate::tenancy::{ObjectId, Reach, RepositoryIndex};

/// How many files that may have what is named are looked at.
const MOST_FILES: usize = 100;

/// What becomes of the accounts and the roles that bindings name.
pub(super) struct Landing<'i> {
    index: &'i RepositoryIndex,
    /// What is called by a kind, a namespace and a name.
    called: RefCell<Known<(&'static str, String, String), Landed>>,
    /// What stands in the files that are put into a namespace: accounts and Roles.
    forced: RefCell<Known<String, (RepoPath, ObjectId)>>,
}

/// What was found out already.
type Known<K, V> = BTreeMap<K, Rc<[V]>>;

/// An object and one way on which it is applied.
struct Landed {
    written: Option<String>,
    way: Reach,
}

/// What a binding names, where it differs from what is written.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The name of its role.
    pub(super) role: Option<String>,
    /// Namespace and name of each of its subjects.
    pub(super) subjects: Vec<Option<(String, String)>>,
}

impl<'i> Landing<'i> {
    pub(super) fn new(index: &'i RepositoryIndex) -> Self {
        Self { index, called: RefCell::default(), forced: RefCell::default() }
    }

    /// What a binding names that is applied at an end.
    pub(super) fn of(&self, end: &End, written: &Written) -> Named {
        let Says::Binding { of_cluster_role, role, subjects } = &written.says else { return Named::default() };
        let own = end.way.namespace.as_deref().or(written.namespace.as_deref()).unwrap_or("default");
        let own = Some(own).filter(|_| !written.cluster);
        let subject = |(kind, namespace, name): &(String, Option<String>, String)| {
            let is_account = kind == "ServiceAccount";
            // Of users and groups it only looks at the names.
            if name == "default" || !(is_account || self.index.may_rename()) {
                return None;
            }
            let namespace = namespace.as_deref().filter(|_| is_account).or(own)?;
            self.place(end, ("ServiceAccount", namespace), name)
        };
        let renamed = self.index.may_rename();
        let role = match (renamed, *of_cluster_role, own) {
            (true, true, _) => self.place(end, ("ClusterRole", ""), role).map(|(_, name)| name),
            (true, false, Some(own)) => self.place(end, ("Role", own), role).map(|(_, name)| name),
            _ => None,
        };
        Named { role, subjects: subjects.iter().map(subject).collect() }
    }

    /// Namespace and name of what a binding names, where one thing is called so in the same build.
    fn place(&self, end: &End, (kind, namespace): (&'static str, &str), name: &str) -> Option<(String, String)> {
        let landed = self.called(kind, namespace, name);
        if landed.is_empty() {
            return None;
        }
        let build = end.build(self.index);
        let mut places = BTreeSet::new();
        for Landed { written, way } in landed.iter().filter(|landed| landed.way.root == build) {
            let way = end.over(way);
            let at = way.namespace.as_deref().or(written.as_deref()).unwrap_or("default");
            let is_it = match kind {
                "Role" => at == namespace,
                "ServiceAccount" => at == namespace || written.as_deref() == Some(namespace),
                _ => true,
            };
            if is_it {
                places.insert((at.to_owned(), format!("{}{name}{}", way.prefix, way.suffix)));
            }
        }
        let beside = format!("{}{name}{}", end.way.prefix, end.way.suffix);
        let is_one = places.len() == 1;
        places.into_iter().find(|(_, name)| is_one || *name == beside)
    }

    fn called(&self, kind: &'static str, namespace: &str, name: &str) -> Rc<[Landed]> {
        let key = (kind, namespace.to_owned(), name.to_owned());
        if let Some(known) = self.called.borrow().get(&key) {
            return Rc::clone(known);
        }
        let id = ObjectId {
            group: if kind == "ServiceAccount" { String::new() } else { GROUP.to_owned() },
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            name: name.to_owned(),
        };
        let mut found: BTreeSet<(RepoPath, Option<String>)> =
            self.index.objects_with_id(&id).take(MOST_FILES).map(|file| (file, id.namespace.clone())).collect();
        if self.index.may_rename() && id.namespace.is_some() {
            let same = |other: &ObjectId| other.kind == kind && other.name == name;
            let forced = self.forced_into(namespace);
            let forced = forced.iter().filter(|(_, other)| same(other)).take(MOST_FILES);
            found.extend(forced.map(|(file, other)| (file.clone(), other.namespace.clone())));
        }
        let ways = |(file, written): (RepoPath, Option<String>)| {
            self.index.reaches(&file).into_iter().map(move |way| Landed { written: written.clone(), way })
        };
        let landed: Rc<[Landed]> = found.into_iter().flat_map(ways).collect();
        self.called.borrow_mut().insert(key, Rc::clone(&landed));
        landed
    }

    fn forced_into(&self, namespace: &str) -> Rc<[(RepoPath, ObjectId)]> {
        if let Some(known) = self.forced.borrow().get(namespace) {
            return Rc::clone(known);
        }
        let files = self.index.files_forced_into(namespace);
        let objects = files.iter().filter_map(|path| self.index.file(path)).flat_map(|file| {
            let named = file.objects().filter(|object| matches!(object.id.kind.as_str(), "ServiceAccount" | "Role"));
            named.map(move |object| (file.path(), object.id))
        });
        let objects: Rc<[(RepoPath, ObjectId)]> = objects.collect();
        self.forced.borrow_mut().insert(namespace.to_owned(), Rc::clone(&objects));
        objects
    }
}
