//! An admin repository of any size, as a `git fast-import` stream or as a folder. It is written
//! file by file and never held, so that it does not count as the measured program's memory.

use std::fmt::Write as _;
use std::io::{self, Write};

/// The files of one team, in the layout that the scaffold writes.
pub(crate) fn team_files(team: &str) -> Vec<(String, String)> {
    let at = |name: &str| format!("cluster/{team}/{name}");
    vec![
        (
            at("kustomization.yaml"),
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - namespace.yaml\n  \
             - rbac.yaml\n  - sync.yaml\n  - quota.yaml\n  - network-policy.yaml\n"
                .to_owned(),
        ),
        (
            at("namespace.yaml"),
            format!(
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {team}\n  labels:\n    toolkit.fluxcd.io/tenant: \
                 {team}\n    pod-security.kubernetes.io/enforce: baseline\n"
            ),
        ),
        (
            at("rbac.yaml"),
            format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: flux\n  namespace: {team}\n---\napiVersion: \
                 rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: {team}-reconciler\n  namespace: \
                 {team}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: \
                 admin\nsubjects:\n  - kind: ServiceAccount\n    name: flux\n    namespace: {team}\n"
            ),
        ),
        (
            at("sync.yaml"),
            format!(
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: {team}\n  namespace: \
                 {team}\nspec:\n  interval: 1m\n  url: ssh://git@github.com/org/dev-{team}\n  ref:\n    branch: main\n  \
                 secretRef:\n    name: flux-git-auth\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: \
                 Kustomization\nmetadata:\n  name: {team}\n  namespace: {team}\nspec:\n  interval: 10m\n  path: \
                 ./\n  prune: true\n  serviceAccountName: flux\n  targetNamespace: {team}\n  sourceRef:\n    kind: \
                 GitRepository\n    name: {team}\n"
            ),
        ),
        (
            at("quota.yaml"),
            format!(
                "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: default\n  namespace: {team}\nspec:\n  hard:\n    \
                 requests.cpu: \"4\"\n    requests.memory: 8Gi\n    pods: \"50\"\n"
            ),
        ),
        (
            at("network-policy.yaml"),
            format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: default-deny\n  namespace: \
                 {team}\nspec:\n  podSelector: {{}}\n  policyTypes: [Ingress, Egress]\n"
            ),
        ),
    ]
}

/// The name of a team by its number.
pub(crate) fn team(number: usize) -> String {
    format!("team{number:05}")
}

/// Every file of an admin repository with `teams` teams, `team00000` and so on.
pub(crate) fn repository(teams: usize) -> impl Iterator<Item = (String, String)> {
    let mut list =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - common\n".to_owned();
    for number in 0..teams {
        writeln!(list, "  - {}", team(number)).expect("a String takes everything");
    }
    let common = [
        ("cluster/kustomization.yaml".to_owned(), list),
        (
            "cluster/common/kustomization.yaml".to_owned(),
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - roles.yaml\n".to_owned(),
        ),
        (
            "cluster/common/roles.yaml".to_owned(),
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: namespace-reader\nrules:\n  \
             - apiGroups: [\"\"]\n    resources: [namespaces]\n    verbs: [get, list, watch]\n"
                .to_owned(),
        ),
    ];
    common.into_iter().chain((0..teams).flat_map(|number| team_files(&team(number))))
}

/// Writes the files as one commit on `refs/heads/main`, for `git fast-import`.
pub(crate) fn fast_import(files: impl Iterator<Item = (String, String)>, to: &mut dyn Write) -> io::Result<()> {
    let message = "A generated repository\n";
    let who = "Bench <bench@example.org> 1700000000 +0000";
    write!(to, "commit refs/heads/main\ncommitter {who}\ndata {}\n{message}", message.len())?;
    for (path, text) in files {
        write!(to, "M 100644 inline {path}\ndata {}\n{text}\n", text.len())?;
    }
    writeln!(to, "done")
}
