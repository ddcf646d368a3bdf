//! What Flux and kustomize make of roles and bindings on their way. Where a test says what kustomize does, version 5.5
//! printed it.

use super::*;

fn sync(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{path: {path}, sourceRef: {{kind: GitRepository, name: flux-system}}{more}}}\n"
    )
}

fn account(namespace: &str, name: &str) -> String {
    format!("{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}")
}

fn service_account(name: &str) -> String {
    format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}}}\n")
}

/// Every binding of the tree: its name, its role and its subjects.
fn bindings(files: &[File]) -> Vec<String> {
    let world = Rights::whole(&index(files)).after;
    let place = |key: &Key| key.scope.namespace().map_or_else(|| key.name.clone(), |at| format!("{at}/{}", key.name));
    let mut found: Vec<String> = world
        .bindings_of_tree()
        .map(|binding| {
            let subjects: Vec<String> = binding.subjects.iter().map(ToString::to_string).collect();
            format!("{} gives {} to {}", place(&binding.key), place(&binding.role), subjects.join(", "))
        })
        .collect();
    found.sort();
    found
}

/// The ClusterRoles of the tree that are added to `admin`.
fn added_to_admin(files: &[File]) -> Vec<String> {
    let world = Rights::whole(&index(files)).after;
    let parts = world.parts(&Key::cluster("admin"));
    let of_tree = parts.roles.iter().filter(|role| matches!(role.origin, Origin::Tree(_)));
    of_tree.map(|role| role.key.name.clone()).collect()
}

const TO_ADMIN: &str = "{rbac.authorization.k8s.io/aggregate-to-admin: 'true'}";
const NOT_TO_ADMIN: &str = "{rbac.authorization.k8s.io/aggregate-to-admin: 'false'}";

fn viewers(namespace: &str) -> String {
    binding("RoleBinding", &format!("b, namespace: {namespace}"), ("Role", "r"), &account("x", "flux"))
}

#[test]
fn the_target_namespace_of_flux_is_where_everything_ends() {
    let scanned = |syncs: &[String]| {
        vec![file("clusters/a/syncs.yaml", &syncs.join("---\n")), file("apps/b.yaml", &viewers("own"))]
    };
    let to = |name: &str, namespace: &str| sync(name, "./apps", &format!(", targetNamespace: {namespace}"));
    let given = |namespace: &str| format!("{namespace}/b gives {namespace}/r to ServiceAccount x/flux");
    assert_eq!(bindings(&scanned(&[sync("one", "./apps", "")])), [given("own")]);
    assert_eq!(bindings(&scanned(&[to("one", "put")])), [given("put")]);
    assert_eq!(bindings(&scanned(&[to("one", "put"), to("two", "put")])), [given("put")]);
    assert_eq!(bindings(&scanned(&[to("one", "put"), to("two", "other")])), [given("other"), given("put")]);
    assert_eq!(bindings(&scanned(&[to("one", "put"), sync("two", "apps/", "")])), [given("own"), given("put")]);
    let mut listed = scanned(&[to("one", "put")]);
    listed.push(file("apps/kustomization.yaml", &list(&["b.yaml"], "namespace: lower\n")));
    assert_eq!(bindings(&listed), [given("put")], "it stands in the place of the kustomization's own one");
    let below = scanned(&[sync("one", "./", ", targetNamespace: put")]);
    assert_eq!(bindings(&below), [given("put")], "the root of the repository that Flux starts from");
    let component = sync("one", "./other", ", targetNamespace: put, components: [../apps]");
    let mut component = scanned(&[component]);
    component.push(file("apps/kustomization.yaml", &list(&["b.yaml"], "").replace("v1beta1", "v1alpha1")));
    assert_eq!(bindings(&component), [given("put")]);
}

/// What a team's own source holds is another repository, whatever the directories are called.
#[test]
fn what_flux_takes_from_elsewhere_moves_nothing_here() {
    let own = |kind: &str, name: &str| {
        sync("team1", "./apps", ", targetNamespace: put")
            .replace("kind: GitRepository, name: flux-system", &format!("kind: {kind}, name: {name}"))
    };
    let source = "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: team1, namespace: flux-system}\n\
                  spec: {url: 'https://github.com/org/dev-team1'}\n";
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n";
    let tree = |sync: String| {
        vec![
            file("cluster/kustomization.yaml", &list(&["team1/sync.yaml", "../apps/b.yaml"], "")),
            file("cluster/team1/sync.yaml", &sync),
            file("apps/b.yaml", &viewers("own")),
        ]
    };
    let unmoved = ["own/b gives own/r to ServiceAccount x/flux"];
    assert_eq!(bindings(&tree(format!("{}{source}{namespace}", own("GitRepository", "team1")))), unmoved);
    assert_eq!(bindings(&tree(own("Bucket", "all"))), unmoved);
    let root = own("GitRepository", "team1").replace("./apps", "./");
    assert_eq!(bindings(&tree(format!("{root}{source}"))), unmoved);
}

#[test]
fn labels_from_above_are_put_over_those_that_are_written() {
    let extra = |more: &str| role("ClusterRole", "extra", more, GET_SECRETS);
    let tree = |role: String, kustomization: &str, sync_more: &str| {
        vec![
            file("clusters/a/sync.yaml", &sync("one", "./apps", sync_more)),
            file("apps/kustomization.yaml", &list(&["base"], kustomization)),
            file("apps/base/kustomization.yaml", &list(&["role.yaml"], "")),
            file("apps/base/role.yaml", &role),
        ]
    };
    let common = |labels: &str| format!(", commonMetadata: {{labels: {labels}}}");
    let labels = |pairs: &str| format!("labels: [{{pairs: {pairs}, includeSelectors: false}}]\n");
    let added = |tree: &[File]| !added_to_admin(tree).is_empty();
    assert!(!added(&tree(extra(""), "", "")));
    assert!(added(&tree(extra(""), "", &common(TO_ADMIN))));
    assert!(added(&tree(extra(""), &labels(TO_ADMIN), "")));
    assert!(added(&tree(extra(""), &format!("commonLabels: {TO_ADMIN}\n"), "")));
    assert!(!added(&tree(extra(&format!(", labels: {TO_ADMIN}")), &labels(NOT_TO_ADMIN), "")));
    assert!(!added(&tree(extra(""), &labels(TO_ADMIN), &common(NOT_TO_ADMIN))));
    assert!(added(&tree(extra(&format!(", labels: {NOT_TO_ADMIN}")), &labels(NOT_TO_ADMIN), &common(TO_ADMIN))));
    let both = format!("{}commonLabels: {NOT_TO_ADMIN}\n", labels(TO_ADMIN));
    assert!(!added(&tree(extra(""), &both, "")), "commonLabels are put on last");
    let mut inner = tree(extra(""), &labels(NOT_TO_ADMIN), "");
    inner[2] = file("apps/base/kustomization.yaml", &list(&["role.yaml"], &labels(TO_ADMIN)));
    assert!(!added(&inner), "the one above is later");
}

#[test]
fn a_label_that_comes_by_flux_or_kustomize_gives_the_role_to_all_that_have_what_takes_it() {
    let gadgets = "[{apiGroups: [x.example.org], resources: [gadgets], verbs: [create]}]";
    let before = repository(2, &[("role.yaml", role("ClusterRole", "extra", "", gadgets))]);
    let sync_at = |more: &str| sync("common", "./cluster/common", more);
    let before = with(&before, "clusters/a/sync.yaml", &sync_at(""));
    let teams = ["ServiceAccount team1/flux team1", "ServiceAccount team2/flux team2"];
    let by_flux = with(&before, "clusters/a/sync.yaml", &sync_at(&format!(", commonMetadata: {{labels: {TO_ADMIN}}}")));
    assert_eq!(gained(&before, &by_flux).0, teams);
    let by_kustomize = list(&["role.yaml"], &format!("labels: [{{pairs: {TO_ADMIN}}}]\n"));
    let by_kustomize = with(&before, "cluster/common/kustomization.yaml", &by_kustomize);
    assert_eq!(gained(&before, &by_kustomize).0, teams);
    // What gets its label on its way is found where the role grows, and where somebody gets what takes it.
    let larger = role("ClusterRole", "extra", "", "[{apiGroups: [x.example.org], resources: ['*'], verbs: [create]}]");
    assert_eq!(gained(&by_kustomize, &with(&by_kustomize, "cluster/common/role.yaml", &larger)).0, teams);
    let jane = binding("ClusterRoleBinding", "jane", ("ClusterRole", "admin"), "{kind: User, name: jane}");
    let listed = "cluster/common/role.yaml";
    let text = format!("{}---\n{jane}", by_flux.iter().find(|(path, _)| path == listed).expect("a role").1);
    assert_eq!(gained(&by_flux, &with(&by_flux, listed, &text)).0, ["User jane *"]);
}

#[test]
fn a_target_namespace_that_changes_moves_what_is_applied() {
    let before = repository(1, &[]);
    let to = |namespace: &str| sync("team1", "./cluster/team1", &format!(", targetNamespace: {namespace}"));
    let (before, after) = (
        with(&before, "clusters/a/sync.yaml", &to("team1")),
        with(&before, "clusters/a/sync.yaml", &to("kube-system")),
    );
    assert_eq!(gained(&before, &after).0, ["ServiceAccount team1/flux kube-system"]);
}

/// A repository of which Flux applies each team's directory by itself: a change of one looks at no other.
#[test]
fn what_others_have_is_not_looked_at() {
    let mut files = repository(300, &[("role.yaml", role("ClusterRole", "extra", "", GET_SECRETS))]);
    for number in 1..=300 {
        let name = format!("team{number}");
        let more = format!(", targetNamespace: {name}, commonMetadata: {{labels: {{team: {name}}}}}");
        files.push(file(&format!("clusters/a/{name}.yaml"), &sync(&name, &format!("./cluster/{name}"), &more)));
    }
    let kube = sync("team7", "./cluster/team7", ", targetNamespace: kube-system");
    let (gained, looked_at) = gained(&files, &with(&files, "clusters/a/team7.yaml", &kube));
    assert_eq!(gained, ["ServiceAccount team7/flux kube-system"]);
    assert!(looked_at < 20, "{looked_at} roles and bindings");
}

/// Many have a Role of the same name, each in its namespace.
#[test]
fn roles_of_the_same_name_elsewhere_are_not_looked_at() {
    let own = |name: &str, rules: &str| {
        let bound = binding("RoleBinding", "deployer", ("Role", "deployer"), &account(name, "deployer"));
        format!("{}---\n{bound}", role("Role", "deployer", "", rules))
    };
    let mut files = repository(100, &[]);
    for number in 1..=100 {
        let (name, path) = (format!("team{number}"), format!("cluster/team{number}/kustomization.yaml"));
        files = with(&files, &path, &list(&["rbac.yaml", "own.yaml"], &format!("namespace: {name}\n")));
        files.push(file(&format!("cluster/{name}/own.yaml"), &own(&name, GET_PODS)));
    }
    let (gained, looked_at) = gained(&files, &with(&files, "cluster/team7/own.yaml", &own("team7", GET_SECRETS)));
    assert_eq!(gained, ["ServiceAccount team7/deployer team7"]);
    assert!(looked_at < 20, "{looked_at} roles and bindings");
}

/// Of a binding and what it names in one build the names go together, whichever kustomization changes them.
#[test]
fn accounts_and_roles_are_named_in_bindings_as_they_are_called_in_the_build() {
    let bound = |name: &str, role: &str| {
        let both = format!("{}, {}", account("z", "flux"), account("z", "two"));
        binding("ClusterRoleBinding", name, ("ClusterRole", role), &both)
    };
    let moved = |name: &str| service_account(&format!("{name}, namespace: z"));
    let tree = |top: &str| {
        vec![
            file("cluster/kustomization.yaml", &list(&["base", "b.yaml", "two.yaml"], top)),
            file("cluster/base/kustomization.yaml", &list(&["flux.yaml"], "namePrefix: i-\n")),
            file(
                "cluster/base/flux.yaml",
                &[moved("flux"), role("ClusterRole", "cr", "", GET_PODS), bound("inner", "cr2")].join("---\n"),
            ),
            file("cluster/two.yaml", &[moved("two"), role("ClusterRole", "cr2", "", GET_PODS)].join("---\n")),
            file("cluster/b.yaml", &bound("outer", "cr")),
        ]
    };
    let (flux, two) = ("ServiceAccount team1/o-i-flux", "ServiceAccount team1/o-two");
    assert_eq!(
        bindings(&tree("namespace: team1\nnamePrefix: o-\n")),
        [format!("o-i-inner gives o-cr2 to {flux}, {two}"), format!("o-outer gives o-i-cr to {flux}, {two}")]
    );
    let (flux, two) = ("ServiceAccount z/i-flux", "ServiceAccount z/two");
    assert_eq!(
        bindings(&tree("")),
        [format!("i-inner gives cr2 to {flux}, {two}"), format!("outer gives i-cr to {flux}, {two}")]
    );
}

#[test]
fn accounts_of_another_build_or_namespace_keep_their_names() {
    let named =
        [account("team1", "flux"), account("y", "flux"), account("y", "absent"), "{kind: User, name: flux}".to_owned()];
    let text = binding("RoleBinding", "b", ("ClusterRole", "view"), &named.join(", "));
    let tree = |resources: &[&str]| {
        vec![
            file("cluster/kustomization.yaml", &list(&["team1"], "")),
            file("cluster/team1/kustomization.yaml", &list(resources, "namespace: team1\nnamePrefix: p-\n")),
            file("cluster/team1/b.yaml", &text),
            file("cluster/team1/flux.yaml", &service_account("flux")),
        ]
    };
    let (mine, others) = ("ServiceAccount team1", "ServiceAccount y/absent, ServiceAccount y/flux");
    let with_account = bindings(&tree(&["b.yaml", "flux.yaml"]));
    assert_eq!(with_account, [format!("team1/p-b gives view to User p-flux, {mine}/p-flux, {others}")]);
    let without = bindings(&tree(&["b.yaml"]));
    assert_eq!(without, [format!("team1/p-b gives view to User flux, {mine}/flux, {others}")]);
}

#[test]
fn an_account_that_comes_renames_who_is_bound() {
    let text = binding("RoleBinding", "b", ("ClusterRole", "view"), &account("team1", "flux"));
    let tree = |resources: &[&str]| {
        vec![
            file("cluster/kustomization.yaml", &list(resources, "namespace: team1\nnamePrefix: p-\n")),
            file("cluster/b.yaml", &text),
            file("cluster/flux.yaml", &service_account("flux")),
        ]
    };
    let (before, after) = (tree(&["b.yaml"]), tree(&["b.yaml", "flux.yaml"]));
    assert_eq!(gained(&before, &after).0, ["ServiceAccount team1/p-flux team1"]);
}

/// Flux writes its prefix into the kustomization at the top, in the place of that one's own.
#[test]
fn flux_puts_its_prefix_in_the_place_of_the_one_at_the_top() {
    let text =
        [service_account("flux"), binding("ClusterRoleBinding", "b", ("ClusterRole", "view"), &account("n", "flux"))];
    let tree = |sync: String| {
        vec![
            file("clusters/a/sync.yaml", &sync),
            file("apps/kustomization.yaml", &list(&["base"], "namePrefix: o-\nnamespace: n\n")),
            file("apps/base/kustomization.yaml", &list(&["b.yaml"], "namePrefix: i-\nnameSuffix: -s\n")),
            file("apps/base/b.yaml", &text.join("---\n")),
        ]
    };
    assert_eq!(bindings(&tree(sync("one", "./apps", ""))), ["o-i-b-s gives view to ServiceAccount n/o-i-flux-s"]);
    assert_eq!(
        bindings(&tree(sync("one", "./apps", ", namePrefix: f-, nameSuffix: -t"))),
        ["f-i-b-s-t gives view to ServiceAccount n/f-i-flux-s-t"]
    );
}
