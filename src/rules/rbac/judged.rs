//! The roles and bindings that a change makes or alters, with what is known of them.

use std::collections::BTreeMap;

use super::entry::{Entry, one_or_many};
use super::reach::{Fuel, Reach};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rbac::bootstrap::{is_bootstrap, is_bootstrap_binding};
use crate::rbac::read::{GROUP, Written, read};
use crate::rbac::{self, Binding, Key, PolicyRule, Role, Subject, World};
use crate::rules::Review;
use crate::tenancy::{Rights, as_applied, is_system_namespace};

/// What the rules of this family judge. Left out is what says the same as before in the same file, and what is in
/// its content an object that every API server or Flux's own installation has: its name alone excuses nothing.
#[derive(Debug, Default)]
pub struct Judged<'a> {
    pub(super) roles: Vec<JudgedRole<'a>>,
    pub(super) bindings: Vec<JudgedBinding<'a>>,
    /// For [`Reach::had`].
    pub(super) fuel: Fuel,
}

/// A Role or a ClusterRole.
#[derive(Debug)]
pub(super) struct JudgedRole<'a> {
    pub(super) object: &'a Object,
    pub(super) entries: Vec<Entry<'a>>,
    /// As it is applied, once for each way.
    pub(super) applied: Vec<Role>,
    pub(super) reach: Reach,
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Debug)]
pub(super) struct JudgedBinding<'a> {
    pub(super) object: &'a Object,
    /// Whether it is more than a patch, of which nobody can say where it holds.
    pub(super) is_whole: bool,
    /// As it is applied, once for each way.
    pub(super) applied: Vec<Binding>,
}

impl<'a> Judged<'a> {
    /// Finds them in a review. `rights` is only asked where there are any.
    pub(in crate::rules) fn of<'r>(review: &Review<'a>, rights: impl FnOnce() -> &'r Rights) -> Self {
        let objects = || review.objects().filter(|object| object.group() == GROUP);
        if objects().next().is_none() {
            return Self::default();
        }
        let world = &rights().after;
        let old = Old::of(review);
        let mut judged = Self::default();
        for object in objects().filter(|object| !old.says_as(object)) {
            judged.add(review, world, object);
        }
        judged
    }

    fn add(&mut self, review: &Review<'a>, world: &World, object: &'a Object) {
        let (mut roles, mut bindings) = (Vec::new(), Vec::new());
        for applied in as_applied((!review.is_built).then_some(review.after), object) {
            match applied {
                rbac::Object::Role(role) if !is_bootstrap(&role) => roles.push(role),
                rbac::Object::Binding(binding) if !is_bootstrap_binding(&binding) => bindings.push(binding),
                _ => {}
            }
        }
        if !roles.is_empty() {
            let reach = Reach::of(world, roles.iter().map(|role| &role.key));
            self.roles.push(JudgedRole { object, entries: Entry::all(object), applied: roles, reach });
        }
        if !bindings.is_empty() {
            let is_whole = review.holds_whole_objects(&object.file);
            self.bindings.push(JudgedBinding { object, applied: bindings, is_whole });
        }
    }

    /// Whether a role is among what is judged.
    pub(super) fn has_role(&self, key: &Key) -> bool {
        self.roles.iter().any(|role| role.applied.iter().any(|applied| applied.key == *key))
    }
}

impl JudgedRole<'_> {
    pub(super) fn finding(
        &self,
        id: RuleId,
        severity: Severity,
        (field, node): (&str, &Node),
        message: impl Into<String>,
    ) -> Finding {
        finding(self.object, (id, severity), (field, node), message)
    }

    /// Whether it is a ClusterRole.
    pub(super) fn is_cluster_role(&self) -> bool {
        self.object.kind == "ClusterRole"
    }
}

impl<'a> JudgedBinding<'a> {
    pub(super) fn finding(
        &self,
        id: RuleId,
        severity: Severity,
        (field, node): (&str, &Node),
        message: impl Into<String>,
    ) -> Finding {
        finding(self.object, (id, severity), (field, node), message)
    }

    /// Whether it is a ClusterRoleBinding.
    pub(super) fn is_cluster_wide(&self) -> bool {
        self.object.kind == "ClusterRoleBinding"
    }

    /// The namespaces that it holds in; none for a ClusterRoleBinding.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.applied.iter().filter_map(|binding| binding.key.scope.namespace())
    }

    /// Where the name of the role is written.
    pub(super) fn role_name(&self) -> Option<&'a Node> {
        self.object.node.at(&["roleRef", "name"])
    }

    /// Whom it names, with the field and the place of the name: as they are called on the first way on which it is
    /// applied, where all of them are somebody.
    pub(super) fn subjects(&self) -> Vec<(String, &'a Node, Subject)> {
        let list = self.object.node.get("subjects").map(one_or_many).unwrap_or_default();
        let first = self.applied.first();
        let applied = first.map(|binding| &binding.subjects).filter(|applied| applied.len() == list.len());
        let subject = |(index, node): (usize, &'a Node)| {
            let text = |field: &str| node.get(field).and_then(Node::text);
            let name = node.get("name")?;
            let subject = match applied.and_then(|applied| applied.get(index)) {
                Some(subject) => subject.clone(),
                None => Subject::written(text("kind")?, text("namespace"), name.text()?, &first?.key.scope)?,
            };
            Some((format!("subjects[{index}].name"), name, subject))
        };
        list.into_iter().enumerate().filter_map(subject).collect()
    }

    /// Whether everybody whom it names had a right before the change.
    pub(super) fn had(&self, before: &World, right: &PolicyRule, fuel: &Fuel) -> bool {
        self.applied.iter().all(|binding| Reach::of_binding(binding).had(before, right, fuel))
    }

    /// Whether it holds in the whole cluster, or in a namespace that decides over it.
    pub(super) fn is_full(&self) -> bool {
        self.is_cluster_wide() || self.namespaces().any(is_of_cluster)
    }
}

/// Whether who has a namespace has the cluster: the controllers of Kubernetes or Flux run there. In `default` nothing
/// does.
pub(super) fn is_of_cluster(namespace: &str) -> bool {
    is_system_namespace(namespace) && namespace != "default"
}

/// A finding about a field of a role or a binding.
pub(super) fn finding(
    object: &Object,
    (id, severity): (RuleId, Severity),
    (field, node): (&str, &Node),
    message: impl Into<String>,
) -> Finding {
    Finding::new(id, severity, object.location(node), message).with_object(object.reference()).with_field(field)
}

/// What stood in the changed files, by file, kind, namespace and name.
struct Old<'a>(BTreeMap<Id<'a>, Written>);

type Id<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

impl<'a> Old<'a> {
    /// What Flux applied of it: what is applied only since the change is new, also where it stood there before.
    fn of(review: &Review<'a>) -> Self {
        let files = review.old.iter().filter(|file| review.before.contains_file(&file.path));
        let objects = files.flat_map(|file| &file.objects);
        Self(objects.filter_map(|object| Some((id(object), read(object)?))).collect())
    }

    fn says_as(&self, object: &Object) -> bool {
        self.0.get(&id(object)).is_some_and(|old| read(object).as_ref() == Some(old))
    }
}

fn id(object: &Object) -> Id<'_> {
    (object.file.as_str(), &object.kind, object.namespace.as_deref(), &object.name)
}
