//! What somebody can do with two rights together, given by one role or by several, and what names with variables leave
//! open.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::address::may_be_same;
use super::graph::{Graph, Node, Step};
use super::powers::Half;
use crate::rbac::{Key, Scope, Subject};
use crate::tenancy::Place;

type Steps = Vec<(Node, Step)>;

/// By namespace, or in all of them, and where each is given.
pub(super) type Halves = BTreeMap<Option<String>, BTreeMap<Half, Option<Place>>>;

impl Graph<'_> {
    /// What a subject has together with the groups that it is in.
    pub(super) fn leave_halves(&mut self, subject: &Subject, steps: &mut Steps) {
        let all: Vec<Subject> = subject.groups().into_iter().chain([subject.clone()]).collect();
        let mut halves = Halves::new();
        for one in &all {
            for (namespace, found) in self.halves_of(one).iter() {
                let there = halves.entry(namespace.clone()).or_default();
                for (half, place) in found {
                    there.entry(*half).or_insert_with(|| place.clone());
                }
            }
        }
        let wide = halves.remove(&None).unwrap_or_default();
        if !wide.is_empty() {
            let scopes = all.iter().filter_map(|one| self.scopes.get(one)).flatten();
            for namespace in scopes.filter_map(|scope| scope.namespace()) {
                halves.entry(Some(namespace.to_owned())).or_default();
            }
        }
        for (namespace, mut local) in halves {
            let Some(namespace) = namespace else { continue };
            for (half, place) in &wide {
                local.entry(*half).or_insert_with(|| place.clone());
            }
            self.leave_secrets(subject, &namespace, &local, steps);
            self.leave_own_roles(subject, &namespace, &local, steps);
        }
    }

    /// What one subject has by its own bindings. It is asked of large groups once for each of their members.
    fn halves_of(&mut self, one: &Subject) -> Rc<Halves> {
        if let Some(known) = self.halves.get(one) {
            return known.clone();
        }
        let mut found = Halves::new();
        for scope in self.scopes.get(one).cloned().unwrap_or_default() {
            let mut seen = BTreeSet::new();
            for binding in self.who.world.held(one, scope) {
                if !seen.insert(&binding.role) {
                    continue;
                }
                let place = self.place(binding.origin);
                for half in &self.gains(&binding.role).halves {
                    let there = found.entry(scope.namespace().map(str::to_owned)).or_default();
                    there.entry(*half).or_insert_with(|| place.clone());
                }
            }
        }
        let found = Rc::new(found);
        self.halves.insert(one.clone(), found.clone());
        found
    }

    /// The control plane writes a token into a Secret of the type for it, and whoever reads it is that account
    /// (kubernetes/kubernetes, `pkg/controller/serviceaccount/tokens_controller.go`).
    fn leave_secrets(
        &self,
        subject: &Subject,
        namespace: &str,
        local: &BTreeMap<Half, Option<Place>>,
        steps: &mut Steps,
    ) {
        let Some(read) = local.get(&Half::ReadsSecrets) else { return };
        if let Some(written) = local.get(&Half::WritesSecrets) {
            let words = format!(
                "{subject} may write and read Secrets in namespace {namespace}, and so have a token written for any \
                 service account there"
            );
            let places: BTreeSet<Place> = read.iter().chain(written).cloned().collect();
            let step = Step { words, places: places.into_iter().collect(), assumed: false };
            steps.push((Node::Accounts(namespace.to_owned()), step));
        }
        for ((_, account), place) in self.model.tokens.iter().filter(|((of, _), _)| of == namespace) {
            let words =
                format!("{subject} may read Secrets in namespace {namespace}, and one holds a token of {account}");
            let places = read.iter().chain([place]).cloned().collect();
            let step = Step { words, places, assumed: false };
            steps.push((Node::Subject(Subject::account(namespace, account)), step));
        }
    }

    fn leave_own_roles(
        &self,
        subject: &Subject,
        namespace: &str,
        local: &BTreeMap<Half, Option<Place>>,
        steps: &mut Steps,
    ) {
        let (Some(bind), Some(write)) = (local.get(&Half::BindsRoles), local.get(&Half::WritesBindings)) else {
            return;
        };
        for (_, name) in self.model.roles.iter().filter(|(of, _)| of == namespace) {
            let scope = Scope::Namespace(namespace.to_owned());
            let words = format!("{subject} may give itself any Role of namespace {namespace}");
            let places: BTreeSet<Place> = bind.iter().chain(write).cloned().collect();
            let step = Step { words, places: places.into_iter().collect(), assumed: false };
            steps.push((Node::Role(Key { scope: scope.clone(), name: name.clone() }, scope), step));
        }
    }

    /// Bindings whose subject has a variable in it may be for this one.
    pub(super) fn leave_vague(&self, subject: &Subject, steps: &mut Steps) {
        let own = subject.to_string();
        for other in self.vague.iter().filter(|other| ***other != *subject && may_be_same(&other.to_string(), &own)) {
            let words = format!("nothing here says that {other} is not {subject}");
            steps.push((Node::Subject((**other).clone()), Step { words, places: Vec::new(), assumed: true }));
        }
    }
}
