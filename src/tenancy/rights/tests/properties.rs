//! What is found of a change by what it touches says the same as all that there is.

use proptest::prelude::*;

use super::*;

const NAMESPACES: [&str; 3] = ["", "n1", "n2"];
const LABELS: [&str; 4] = [
    "",
    "rbac.authorization.k8s.io/aggregate-to-view: 'true'",
    "rbac.authorization.k8s.io/aggregate-to-admin: 'true', team: x",
    "rbac.authorization.k8s.io/aggregate-to-view: 'false'",
];
const PREFIXES: [&str; 3] = ["", "p-", "q-"];
const PATHS: [&str; 4] = ["./", "./apps", "./apps/x", "./other"];
const RESOURCES: [&str; 4] =
    ["rbac.yaml", "rbac.yaml, accounts.yaml", "accounts.yaml", "rbac.yaml, accounts.yaml, ../y"];

/// What decides over a kustomization, or one of Flux's: by numbers.
type Put = (usize, usize, usize, usize);

fn some_put() -> impl Strategy<Value = Option<Put>> {
    prop::option::weighted(0.7, (0..4_usize, 0..NAMESPACES.len(), 0..LABELS.len(), 0..PREFIXES.len()))
}

fn sync(name: &str, (path, namespace, labels, prefix): Put) -> String {
    let set = |key: &str, value: &str| if value.is_empty() { String::new() } else { format!(", {key}: {value}") };
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{path: {}, sourceRef: {{kind: GitRepository, name: flux-system}}{}{}, commonMetadata: {{labels: {{{}}}}}}}\n",
        PATHS[path],
        set("targetNamespace", NAMESPACES[namespace]),
        set("namePrefix", PREFIXES[prefix]),
        LABELS[labels],
    )
}

fn kustomization((resources, namespace, labels, prefix): Put) -> String {
    let set = |key: &str, value: &str| if value.is_empty() { String::new() } else { format!("{key}: {value}\n") };
    format!(
        "{}{}labels: [{{pairs: {{{}}}}}]\nresources: [{}]\n",
        set("namespace", NAMESPACES[namespace]),
        set("namePrefix", PREFIXES[prefix]),
        LABELS[labels],
        RESOURCES[resources],
    )
}

fn objects() -> Vec<String> {
    let account = |namespace: &str| format!("{{kind: ServiceAccount, name: flux, namespace: {namespace}}}");
    let n1 = ", namespace: n1";
    vec![
        role("ClusterRole", "extra", "", GET_SECRETS),
        role("ClusterRole", "extra", ", labels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}", GET_PODS),
        role("Role", "own", n1, GET_PODS),
        role("Role", "own", ", namespace: n2", GET_SECRETS),
        role("ClusterRole", "gathers", "", "[]")
            .replace("rules: []", "aggregationRule: {clusterRoleSelectors: [{matchLabels: {team: x}}]}\nrules: []"),
        binding("RoleBinding", &format!("viewers{n1}"), ("ClusterRole", "view"), &account("n1")),
        binding("RoleBinding", &format!("owners{n1}"), ("Role", "own"), &account("n2")),
        binding("ClusterRoleBinding", "all", ("ClusterRole", "extra"), &account("n1")),
        binding("ClusterRoleBinding", "renamed", ("ClusterRole", "p-extra"), &account("n2")),
        binding("ClusterRoleBinding", "gathered", ("ClusterRole", "gathers"), "{kind: User, name: flux}"),
        binding("ClusterRoleBinding", "admins", ("ClusterRole", "admin"), "{kind: Group, name: admins}"),
    ]
}

fn accounts() -> Vec<String> {
    let account = |more: &str| format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: flux{more}}}\n");
    vec![account(""), account(", namespace: n1"), account(", namespace: n2")]
}

fn some_of(all: Vec<String>) -> impl Strategy<Value = String> {
    let most = all.len().min(5);
    prop::sample::subsequence(all, 0..=most).prop_map(|chosen| chosen.join("---\n"))
}

/// A small repository: who applies what, and what is there.
fn some_tree() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let syncs = (some_put(), some_put());
    let kustomizations = (some_put(), some_put());
    let texts = (some_of(objects()), some_of(objects()), some_of(accounts()), some_of(objects()));
    (syncs, kustomizations, texts).prop_map(|((one, other), (x, y), (rbac, more, accounts, apart))| {
        let all = [
            ("clusters/a/one.yaml", one.map(|put| sync("one", put))),
            ("clusters/a/other.yaml", other.map(|put| sync("other", put))),
            ("apps/x/kustomization.yaml", x.map(kustomization)),
            (
                "apps/y/kustomization.yaml",
                y.map(|(_, namespace, labels, prefix)| kustomization((0, namespace, labels, prefix))),
            ),
            ("apps/x/rbac.yaml", Some(rbac)),
            ("apps/y/rbac.yaml", Some(more)),
            ("apps/x/accounts.yaml", Some(accounts)),
            ("other/rbac.yaml", Some(apart)),
        ];
        all.into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
    })
}

/// Its files, and one that says that there is Flux v2.
fn files(tree: &[(&'static str, String)]) -> Vec<File> {
    let flux = sync("flux", (3, 0, 0, 0)).replace(PATHS[3], "./nothing");
    tree.iter().map(|(path, text)| file(path, text)).chain([file("clusters/b/flux.yaml", &flux)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_part_says_what_the_whole_says(
        before in some_tree(),
        other in some_tree(),
        taken in prop::collection::btree_set(0..8_usize, 1..3),
    ) {
        // Some files become those of the other tree.
        let mut paths: Vec<&str> = before.iter().chain(&other).map(|(path, _)| *path).collect();
        paths.sort_unstable();
        paths.dedup();
        let changed: Vec<&str> = taken.iter().filter_map(|number| paths.get(*number).copied()).collect();
        let kept = before.iter().filter(|(path, _)| !changed.contains(path));
        let after: Vec<_> = kept.chain(other.iter().filter(|(path, _)| changed.contains(path))).cloned().collect();
        gained(&files(&before), &files(&after));
        gained(&files(&after), &files(&before));
    }
}
