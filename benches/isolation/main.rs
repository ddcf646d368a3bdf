//! What it costs to say which of a thousand teams reach each other (6,000 roles and bindings), and what a change opens.
//!
//! `cargo bench --bench isolation` prints a line per question; nothing fails here for being slow. Reading the files and
//! putting the index together is not counted: every command does that.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use bailiwick::manifest;
use bailiwick::names::RepoPath;
use bailiwick::tenancy::{FileSummary, Isolation, NewPaths, RepositoryIndex, Rights, Verdict};

const LIST: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";

/// Flux's controllers, locked down or not.
fn controllers(locked: bool) -> String {
    let arguments = if locked { "--no-cross-namespace-refs=true, --default-service-account=default" } else { "--v=1" };
    ["kustomize-controller", "helm-controller", "notification-controller"]
        .map(|name| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: \
                 {{template: {{spec: {{containers: [{{name: manager, args: [{arguments}]}}]}}}}}}\n"
            )
        })
        .join("---\n")
}

/// A team's six roles and bindings.
fn rights(team: &str) -> String {
    let binding = |name: &str, kind: &str, role: &str, subjects: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {name}, namespace: {team}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {role}}}\nsubjects: [{subjects}]\n---\n"
        )
    };
    let account = format!("{{kind: ServiceAccount, name: flux, namespace: {team}}}");
    let group = |name: &str| format!("{{kind: Group, name: '{name}', apiGroup: rbac.authorization.k8s.io}}");
    let everyone = format!("{}, ", group("system:authenticated"));
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {team}}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: deployer, namespace: {team}}}\n\
         rules: [{{apiGroups: ['', apps], resources: [pods, deployments, secrets], verbs: ['*']}}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {team}-reader}}\n\
         rules: [{{apiGroups: [''], resources: [namespaces, nodes], verbs: [get, list, watch]}}]\n---\n\
         {}{}{}apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {team}-reader}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {team}-reader}}\nsubjects: [{account}]\n",
        binding("deployer", "Role", "deployer", &account),
        binding("people", "ClusterRole", "admin", &format!("{}, {account}", group(team))),
        binding("all", "ClusterRole", "view", &format!("{everyone}{account}")),
    )
}

fn sync(team: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {team}, namespace: {team}}}\n\
         spec: {{url: 'ssh://git@github.com/org/dev-{team}', ref: {{branch: main}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {team}, namespace: {team}}}\n\
         spec: {{serviceAccountName: flux, path: ./, prune: true, sourceRef: {{kind: GitRepository, name: {team}}}}}\n"
    )
}

fn file(path: &str, text: &str) -> (RepoPath, Arc<FileSummary>) {
    let file = manifest::read(path.parse().expect("a path"), text.as_bytes());
    (file.path.clone(), Arc::new(FileSummary::of(&file)))
}

fn repository(teams: usize, locked: bool) -> RepositoryIndex {
    let name = |number: usize| format!("team-{number:05}");
    let mut list = format!("{LIST}  - flux-system\n");
    (0..teams).for_each(|number| writeln!(list, "  - {}", name(number)).expect("a string takes every write"));
    let platform = [
        file("cluster/kustomization.yaml", &list),
        file("cluster/flux-system/kustomization.yaml", &format!("{LIST}  - controllers.yaml\n")),
        file("cluster/flux-system/controllers.yaml", &controllers(locked)),
    ];
    let of = |number: usize| {
        let team = name(number);
        [
            file(&format!("cluster/{team}/kustomization.yaml"), &format!("{LIST}  - rbac.yaml\n  - sync.yaml\n")),
            file(&format!("cluster/{team}/rbac.yaml"), &rights(&team)),
            file(&format!("cluster/{team}/sync.yaml"), &sync(&team)),
        ]
    };
    RepositoryIndex::from_files(platform.into_iter().chain((0..teams).flat_map(of)))
}

fn all_pairs(title: &str, index: &RepositoryIndex) {
    let start = Instant::now();
    let found = Isolation::of(index, None);
    let took = start.elapsed();
    let isolated = found.teams.iter().filter(|team| team.verdict() == Verdict::Isolated).count();
    println!("{title}: {isolated} of {} teams are isolated {took:?}", found.teams.len());
}

/// A change of one file.
fn change(title: &str, before: &RepositoryIndex, path: &str, text: &str) {
    let (path, summary) = file(path, text);
    let after = before.with([(path.clone(), Some(summary))]);
    let changed = BTreeSet::from([path]);
    let rights = Rights::of(before, &after, &changed);
    let start = Instant::now();
    let found = NewPaths::between(before, &after, &changed, || &rights);
    println!("{title}: {} paths {:?}", found.paths.len(), start.elapsed());
}

fn main() {
    for teams in [1_000, 10_000] {
        let (locked, open) = (repository(teams, true), repository(teams, false));
        for _ in 0..3 {
            all_pairs(&format!("{teams} teams, locked down"), &locked);
            all_pairs(&format!("{teams} teams, open"), &open);
            let wide = rights("team-00500").replace("resources: [namespaces, nodes]", "resources: ['*']");
            change("a role that gains", &locked, "cluster/team-00500/rbac.yaml", &wide);
            let plain = sync("team-00500").replace("path: ./", "path: ./deploy");
            change("a Kustomization that moves", &locked, "cluster/team-00500/sync.yaml", &plain);
            change("a lock that goes", &locked, "cluster/flux-system/controllers.yaml", &controllers(false));
        }
    }
}
