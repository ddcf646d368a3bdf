//! The steps that rights and Flux's controllers make possible.

use std::collections::BTreeSet;

use super::graph::{FLUX_NAMESPACE, Graph, Node, Step};
use super::powers::{Gain, Leads, Use};
use super::settings::Known;
use crate::rbac::{Binding, Key, Origin, Scope, Subject, UNAUTHENTICATED};
use crate::tenancy::facts::flux::Flag;

type Steps = Vec<(Node, Step)>;

impl Graph<'_> {
    /// What somebody has by bindings, and the groups that somebody is in.
    pub(super) fn leave_subject(&mut self, subject: &Subject, steps: &mut Steps) {
        for scope in self.scopes.get(subject).cloned().unwrap_or_default() {
            let mut roles = BTreeSet::new();
            for binding in self.who.world.held(subject, scope) {
                // Another binding of the same role in the same scope gives no more.
                if roles.insert(&binding.role) {
                    self.leave_binding(subject, binding, steps);
                }
            }
        }
        self.leave_halves(subject, steps);
        self.leave_vague(subject, steps);
        for group in subject.groups() {
            if self.scopes.contains_key(&group) {
                let words = format!("{subject} is in {group}, as every cluster has it");
                steps.push((Node::Subject(group), Step { words, places: Vec::new(), assumed: false }));
            }
        }
        let nobody = Subject::group(UNAUTHENTICATED);
        if matches!(subject, Subject::ServiceAccount { .. }) && self.scopes.contains_key(&nobody) {
            let words = format!("{subject} may ask without saying who it is, as {nobody}");
            steps.push((Node::Subject(nobody), Step { words, places: Vec::new(), assumed: false }));
        }
    }

    fn leave_binding(&mut self, subject: &Subject, binding: &Binding, steps: &mut Steps) {
        let gains = self.gains(&binding.role);
        if gains.unknown {
            let (given, role) = (named("Binding", &binding.key), named("Role", &binding.role));
            let words = format!("{given} gives {subject} {role}, and nothing here says what that is");
            let node = match binding.key.scope.namespace() {
                Some(namespace) => Node::Accounts(namespace.to_owned()),
                None => Node::Cluster,
            };
            let step = Step { words, places: self.place(binding.origin).into_iter().collect(), assumed: true };
            let there = binding.key.scope.namespace().map(|namespace| Node::Namespace(namespace.to_owned()));
            steps.extend(there.into_iter().chain([node]).map(|node| (node, step.clone())));
        }
        for gain in &gains.all {
            let given = format!("{} gives {subject} {}", named("Binding", &binding.key), role(binding, gain));
            let own = match binding.origin {
                Origin::Tree(_) => "",
                Origin::ApiServer => ", as every cluster has it",
                Origin::Flux => ", as Flux's installation has it",
            };
            let origins = [binding.origin, gain.origin];
            let mut places: Vec<_> = origins.into_iter().filter_map(|origin| self.place(origin)).collect();
            places.dedup();
            let step = Step { words: format!("{given}{own}"), places, assumed: false };
            self.leave_gain(gain, &binding.key.scope, &step, steps);
        }
    }

    /// A role that somebody may give to himself.
    pub(super) fn leave_role(&mut self, role: &Key, scope: &Scope, steps: &mut Steps) {
        for gain in &self.gains(role).all {
            let words = named("Role", role);
            let places = self.place(gain.origin).into_iter().collect();
            self.leave_gain(gain, scope, &Step { words, places, assumed: false }, steps);
        }
    }

    fn leave_gain(&mut self, gain: &Gain, scope: &Scope, step: &Step, steps: &mut Steps) {
        let (leads, place) = match scope {
            Scope::Cluster => (gain.wide, "in every namespace".to_owned()),
            Scope::Namespace(namespace) => (gain.local, format!("in namespace {namespace}")),
        };
        let place = if leads == Leads::Cluster { String::new() } else { format!(" {place}") };
        let names = match gain.names.as_slice() {
            [] => String::new(),
            [name] => format!(" named {name}"),
            [name, ..] => format!(" named {name} or others"),
        };
        let step = Step { words: format!("{}: it may {}{names}{place}", step.words, gain.effect), ..step.clone() };
        let namespace = scope.namespace().unwrap_or(FLUX_NAMESPACE).to_owned();
        let nodes: Vec<Node> = match leads {
            Leads::Nowhere => Vec::new(),
            Leads::Cluster => vec![Node::Cluster],
            Leads::Everywhere => vec![Node::Everywhere],
            Leads::Namespace => vec![Node::Namespace(namespace)],
            Leads::Accounts => vec![Node::Namespace(namespace.clone()), Node::Accounts(namespace)],
            Leads::Uses(what) => vec![Node::Namespace(namespace.clone()), Node::Uses(what, namespace)],
            Leads::NamedAccounts => {
                let accounts = gain.names.iter().map(|name| Node::Subject(Subject::account(&namespace, name)));
                accounts.chain([Node::Namespace(namespace.clone())]).collect()
            }
            Leads::NamedPeople => {
                let people = gain.names.iter().flat_map(|name| [Subject::user(name), Subject::group(name)]);
                people.map(Node::Subject).collect()
            }
            Leads::NamedNamespaces => gain.names.iter().map(|name| Node::Namespace(name.clone())).collect(),
            Leads::NamedRoles => gain.names.iter().map(|name| Node::Role(Key::cluster(name), scope.clone())).collect(),
        };
        steps.extend(nodes.into_iter().map(|node| (node, step.clone())));
    }

    /// A namespace's service accounts, those that anything is bound to.
    pub(super) fn leave_accounts(&mut self, namespace: &str, steps: &mut Steps) {
        for account in self.accounts.get(namespace).into_iter().flatten() {
            let words = format!("{account} is one of the namespace's service accounts");
            steps.push((Node::Subject((*account).clone()), Step { words, places: Vec::new(), assumed: false }));
        }
    }

    /// What Flux does with an object that somebody has written.
    pub(super) fn leave_uses(&mut self, what: Use, namespace: &str, steps: &mut Steps) {
        match what {
            Use::ResourceSet | Use::AnyResourceSet => return self.leave_resource_sets(what, steps),
            _ if !self.model.has_flux_v2 => return,
            Use::Source => return self.leave_sources(namespace, steps),
            Use::ImageUpdateAutomation => self.leave_pushes(namespace, steps),
            _ => {}
        }
        let (controller, across) = of_use(what);
        let plain = |words: String| Step { words, places: Vec::new(), assumed: false };
        if matches!(what, Use::Kustomization | Use::HelmRelease) {
            let words = format!("a {what:?} there may name no service account");
            steps.push((Node::Unnamed(what, namespace.to_owned()), plain(words)));
            let words = format!("a {what:?} there may name any service account of namespace {namespace}");
            steps.push((Node::Accounts(namespace.to_owned()), plain(words)));
            for (_, known) in self.model.settings.ask(controller, Flag::KubeconfigExec) {
                if let Known::Set(_, place) = known {
                    let words = format!("{controller} runs what a kubeconfig says, by --insecure-kubeconfig-exec");
                    let step = Step { words, places: vec![place], assumed: false };
                    steps.push((Node::Subject(Subject::account(FLUX_NAMESPACE, controller)), step));
                }
            }
        }
        if let Some(open) = self.cross(controller) {
            steps.push((
                Node::Everywhere,
                Step { words: format!("{}, so a {what:?} there may {across}", open.words), ..open },
            ));
        }
    }

    /// The Flux operator applies what a ResourceSet makes with its own rights where that names no account and the
    /// operator has no `--default-service-account` (controlplaneio-fluxcd/flux-operator, `cmd/operator/main.go`).
    fn leave_resource_sets(&self, what: Use, steps: &mut Steps) {
        let assumed = !self.model.has_operator;
        let is_unknown = || self.model.settings.unknown().len();
        if assumed && what == Use::AnyResourceSet && (!self.model.has_flux_v2 || is_unknown() == 0) {
            return;
        }
        let words = if assumed {
            "nothing here says that no Flux operator is in the cluster, which would apply this with its own rights"
        } else {
            "the Flux operator applies what a ResourceSet makes with its own rights where that names no account"
        };
        steps.push((Node::Cluster, Step { words: words.to_owned(), places: Vec::new(), assumed }));
    }

    /// To what an ImageUpdateAutomation in a namespace may push, with the keys of its sources.
    fn leave_pushes(&self, namespace: &str, steps: &mut Steps) {
        for source in self.model.sources.iter().filter(|source| source.secret && source.name.0 == namespace) {
            let Some(url) = source.url.as_deref().filter(|_| source.kind == "GitRepository") else { continue };
            let teams = self.model.by_repository.get(&super::address::address(url));
            let nodes: Vec<Node> = match (teams, &source.team) {
                (Some(teams), _) => teams.iter().map(|team| Node::Repository(*team)).collect(),
                (None, Some(_)) => continue,
                (None, None) => vec![Node::Cluster],
            };
            let words = format!(
                "an ImageUpdateAutomation there may push to {url}, if the key of GitRepository {namespace}/{} lets it",
                source.name.1
            );
            let step = Step { words, places: vec![source.place.clone()], assumed: true };
            steps.extend(nodes.into_iter().map(|node| (node, step.clone())));
        }
    }

    /// With whose rights Flux applies what names no account.
    pub(super) fn leave_unnamed(&mut self, what: Use, namespace: &str, steps: &mut Steps) {
        let (controller, _) = of_use(what);
        let flag = Flag::DefaultServiceAccount;
        let own = || Node::Subject(Subject::account(FLUX_NAMESPACE, controller));
        for (cluster, known) in self.model.settings.ask(controller, flag) {
            let place = match known {
                Known::Absent => continue,
                Known::Set(account, place) => {
                    let subject = Subject::account(namespace, &account);
                    let words = format!("{controller} runs with --{}={account}, so it acts as {subject}", flag.word());
                    steps.push((Node::Subject(subject), Step { words, places: vec![place], assumed: false }));
                    continue;
                }
                Known::Unset(place) => Some(place),
                Known::Unknown => None,
            };
            let step = self.unset(controller, flag, cluster, place);
            let words = format!("{}, so it applies this with its own rights", step.words);
            steps.push((own(), Step { words, ..step }));
        }
    }

    /// A daemon of Flux v1 looks at no object outside its namespaces, but at what stands in none (fluxcd/flux,
    /// `pkg/cluster/kubernetes/sync.go`).
    pub(super) fn leave_daemon(&mut self, number: usize, steps: &mut Steps) {
        let applier = &self.model.appliers[number];
        let account = applier.account.as_deref().unwrap_or("default");
        let subject = Subject::account(&applier.namespace, account);
        let mut all = Vec::new();
        self.leave_subject(&subject, &mut all);
        for group in subject.groups() {
            self.leave_subject(&group, &mut all);
        }
        let mut allowed = Vec::new();
        for (node, step) in all {
            match &node {
                Node::Namespace(name) | Node::Accounts(name) | Node::Uses(_, name)
                    if !applier.allowed.contains(name) => {}
                // What it may do in every namespace it does in its own only; what that is, the account's own rights say.
                Node::Everywhere => {
                    let local = applier.allowed.iter().map(|name| Node::Namespace(name.clone()));
                    allowed.extend(local.map(|node| (node, step.clone())));
                }
                Node::Subject(Subject::Group(_)) => {}
                _ => allowed.push((node, step)),
            }
        }
        steps.extend(allowed);
    }
}

/// Which controller looks after a kind, and what an object of it may do where that follows names into other namespaces.
fn of_use(what: Use) -> (&'static str, &'static str) {
    match what {
        Use::Kustomization => ("kustomize-controller", "take the sources of every namespace, and read what they hold"),
        Use::HelmRelease => ("helm-controller", "take the sources of every namespace, and read what they hold"),
        Use::Receiver => ("notification-controller", "trigger what is Flux's in every namespace"),
        Use::Alert => ("notification-controller", "hear what Flux does in every namespace"),
        Use::ImageUpdateAutomation => {
            ("image-automation-controller", "push to the Git repository of every namespace, with the key there")
        }
        Use::Source | Use::ResourceSet | Use::AnyResourceSet => {
            ("source-controller", "take what every namespace holds")
        }
        Use::ImagePolicy => ("image-reflector-controller", "read the image tags of every namespace"),
    }
}

/// `RoleBinding team1/flux`, `ClusterRole admin`.
fn named(kind: &str, key: &Key) -> String {
    match (kind, key.scope.namespace()) {
        ("Binding", Some(namespace)) => format!("RoleBinding {namespace}/{}", key.name),
        ("Binding", None) => format!("ClusterRoleBinding {}", key.name),
        (_, Some(namespace)) => format!("Role {namespace}/{}", key.name),
        (_, None) => format!("ClusterRole {}", key.name),
    }
}

fn role(binding: &Binding, gain: &Gain) -> String {
    let role = named("Role", &binding.role);
    match &gain.taken_from {
        Some(other) => format!("{role}, which takes the rules of ClusterRole {other}"),
        None => role,
    }
}
