mod changes;
mod closed;
mod doubts;
mod flux_v1;
mod properties;
mod settings;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Isolation, IsolationPath, Target, TeamIsolation, Verdict};
use crate::manifest::{is_manifest, read};
use crate::names::RepoPath;
use crate::tenancy::{FileSummary, RepositoryIndex};

/// A small repository.
#[derive(Clone, Default)]
struct Tree(BTreeMap<String, String>);

const LIST: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// The controllers, each with its arguments.
fn controllers(arguments: &[(&str, &str)]) -> String {
    let one = |(name, arguments): &(&str, &str)| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: flux-system}}\n\
             spec:\n  template:\n    spec:\n      containers:\n        - name: manager\n          args: [{arguments}]\n"
        )
    };
    arguments.iter().map(one).collect::<Vec<_>>().join("---\n")
}

const LOCKED: &str = "--no-cross-namespace-refs=true, --no-remote-bases=true, --default-service-account=default";

fn locked() -> String {
    controllers(&[
        ("kustomize-controller", LOCKED),
        ("helm-controller", LOCKED),
        ("notification-controller", LOCKED),
        ("image-automation-controller", LOCKED),
        ("image-reflector-controller", LOCKED),
    ])
}

impl Tree {
    /// With Flux as it is in `controllers`, and no team.
    fn with_flux(controllers: &str) -> Self {
        let mut tree = Self::default();
        tree.put("cluster/kustomization.yaml", &format!("{LIST}resources: [flux-system]\n"));
        tree.put("cluster/flux-system/kustomization.yaml", &format!("{LIST}resources: [controllers.yaml]\n"));
        tree.put("cluster/flux-system/controllers.yaml", controllers);
        tree
    }

    fn put(&mut self, path: &str, text: &str) -> &mut Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    /// A team whose account has a role in the team's namespace.
    fn team(&mut self, team: &str, role: &str) -> &mut Self {
        let list = self.0.get_mut("cluster/kustomization.yaml").expect("a list");
        *list = list.replace(']', &format!(", {team}]"));
        self.put(&format!("cluster/{team}/kustomization.yaml"), &format!("{LIST}resources: [rbac.yaml, sync.yaml]\n"));
        let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {team}}}\n");
        self.put(
            &format!("cluster/{team}/rbac.yaml"),
            &format!("{namespace}---\n{}", binding("flux", Some(team), role, &[&account(team, "flux")])),
        );
        self.put(&format!("cluster/{team}/sync.yaml"), &sync(team, "serviceAccountName: flux"))
    }

    /// More for a team.
    fn extra(&mut self, team: &str, text: &str) -> &mut Self {
        let path = format!("cluster/{team}/rbac.yaml");
        let before = self.0.get(&path).cloned().unwrap_or_default();
        self.put(&path, &format!("{before}---\n{text}"))
    }

    fn index(&self) -> RepositoryIndex {
        RepositoryIndex::from_files(self.0.iter().map(|(name, text)| {
            let file = read(name.parse::<RepoPath>().expect("a path"), text.as_bytes());
            let summary = if is_manifest(&file.path) { FileSummary::of(&file) } else { FileSummary::other() };
            (file.path.clone(), Arc::new(summary))
        }))
    }

    fn isolation(&self) -> Isolation {
        Isolation::of(&self.index(), None)
    }

    fn of(&self, team: &str) -> TeamIsolation {
        let all = self.isolation().teams;
        all.into_iter().find(|one| one.team.as_str() == team).expect("a team")
    }

    /// Where a team's proven paths lead.
    fn reached(&self, team: &str) -> Vec<String> {
        let paths = self.of(team).paths.into_iter().filter(|path| !path.assumed);
        paths.map(|path| target(&path.to)).collect()
    }

    /// The words of the path to a target.
    fn way(&self, team: &str, to: &str) -> Vec<String> {
        let found = self.of(team).paths.into_iter().find(|path| target(&path.to) == to);
        found.map(|path| words(&path)).unwrap_or_default()
    }
}

fn words(path: &IsolationPath) -> Vec<String> {
    path.steps
        .iter()
        .map(|step| {
            let places = step.places.iter().map(|place| format!(" @{}:{}", place.file, place.line));
            format!("{}{}", step.words, places.collect::<String>())
        })
        .collect()
}

fn target(target: &Target) -> String {
    match target {
        Target::Cluster => "cluster".to_owned(),
        Target::EveryTeam => "every team".to_owned(),
        Target::Team(team) => team.to_string(),
        Target::Namespace(namespace) => format!("[{namespace}]"),
    }
}

fn sync(team: &str, spec: &str) -> String {
    format!("{}---\n{}", source(team, team, &format!("ssh://git@github.com/org/dev-{team}")), applied(team, team, spec))
}

fn source(name: &str, namespace: &str, url: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{url: '{url}', ref: {{branch: main}}}}\n"
    )
}

fn applied(name: &str, namespace: &str, spec: &str) -> String {
    let spec = if spec.is_empty() { String::new() } else { format!(", {spec}") };
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{path: ./, prune: true, sourceRef: {{kind: GitRepository, name: {name}}}{spec}}}\n"
    )
}

fn account(namespace: &str, name: &str) -> String {
    format!("{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}")
}

fn binding(name: &str, namespace: Option<&str>, role: &str, subjects: &[&str]) -> String {
    let (kind, namespace) = match namespace {
        Some(namespace) => ("RoleBinding", format!(", namespace: {namespace}")),
        None => ("ClusterRoleBinding", String::new()),
    };
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}\nsubjects: [{}]\n",
        subjects.join(", ")
    )
}

fn role(name: &str, rules: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: [{rules}]\n"
    )
}

/// Two teams with `admin` under a Flux that is locked down.
fn two_teams() -> Tree {
    let mut tree = Tree::with_flux(&locked());
    tree.team("team1", "admin").team("team2", "admin");
    tree
}

#[test]
fn teams_that_are_locked_down_are_isolated() {
    for role in ["admin", "cluster-admin", "edit", "view"] {
        let mut tree = Tree::with_flux(&locked());
        tree.team("team1", role).team("team2", role);
        let found = tree.isolation();
        assert_eq!(found.teams.len(), 2);
        assert!(found.teams.iter().all(|team| team.verdict() == Verdict::Isolated), "{role}: {:#?}", found.teams);
        assert_eq!(found.assumptions, []);
    }
}

#[test]
fn no_team_is_no_answer() {
    assert_eq!(Tree::with_flux(&locked()).isolation(), Isolation::default());
}
