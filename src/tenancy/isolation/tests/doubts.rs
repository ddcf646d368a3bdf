//! Where something is not followed, nobody is called isolated, and the place is told.

use super::*;

/// What is left open, in the words of places.
fn open(tree: &Tree) -> Vec<String> {
    let places = tree.isolation().assumptions.into_iter().filter_map(|one| one.place);
    places.map(|place| format!("{}:{}", place.file, place.line)).collect()
}

/// Two teams, the first with more in its kustomization.
fn listed(more: &str) -> Tree {
    let mut tree = two_teams();
    let list = format!("{LIST}resources: [rbac.yaml, sync.yaml]\n{more}");
    tree.put("cluster/team1/kustomization.yaml", &list);
    tree
}

fn patch(target: &str, text: &str) -> String {
    format!("patches:\n  - target: {{{target}}}\n    patch: |\n      {}\n", text.replace('\n', "\n      "))
}

#[test]
fn patches_of_what_decides_leave_the_answer_open() {
    let other = "- {op: replace, path: /spec/sourceRef/name, value: team2}";
    for more in [
        patch("kind: Kustomization", other),
        patch("kind: Kustomization", "- {op: replace, path: /spec, value: {}}"),
        patch("kind: Kustomization", "- {op: add, path: /spec/kubeConfig, value: {}}"),
        patch("kind: Kustomization", "- {op: add, path: /spec/patches, value: [{patch: '[{op: add, path: /spec/serviceAccountName, value: a}]'}]}"),
        patch("kind: Kustomization", "kind: Kustomization\nspec: {targetNamespace: team2}"),
        patch("kind: HelmRelease", "kind: HelmRelease\nspec: {serviceAccountName: strong}"),
        patch("kind: HelmRelease", "- {op: add, path: /spec/chart/spec/sourceRef/name, value: x}"),
        patch("kind: GitRepository", "- {op: replace, path: /spec/url, value: x}"),
        patch("labelSelector: a=b", "- {op: replace, path: /spec/url, value: x}"),
        patch("kind: '.*'", "- {op: replace, path: /subjects/0/name, value: x}"),
        patch("kind: RoleBinding", "kind: RoleBinding\nsubjects: []"),
        patch("kind: ClusterRole", "- {op: add, path: /metadata/labels/x, value: y}"),
        patch("kind: ServiceAccount", "- {op: replace, path: /metadata/name, value: strong}"),
        "patches:\n  - patch: |\n      apiVersion: rbac.authorization.k8s.io/v1\n      kind: RoleBinding\n      metadata: {name: flux, namespace: team1}\n      roleRef: {name: x}\n".to_owned(),
        "patches:\n  - path: missing.yaml\n    target: {kind: Kustomization}\n".to_owned(),
        "replacements:\n  - source: {kind: ConfigMap, name: a}\n    targets:\n      - select: {kind: Kustomization}\n        fieldPaths: [spec.serviceAccountName]\n".to_owned(),
        "replacements:\n  - path: other.yaml\n".to_owned(),
        "transformers: [x.yaml]\n".to_owned(),
        "generators: [x.yaml]\n".to_owned(),
    ] {
        let tree = listed(&more);
        assert_eq!(tree.of("team1").verdict(), Verdict::Unproven, "{more}");
        let told = open(&tree);
        assert!(told.iter().any(|place| place.starts_with("cluster/team1/kustomization.yaml:")), "{more}: {told:?}");
    }
}

#[test]
fn patches_of_what_does_not_decide_change_nothing() {
    for more in [
        patch("kind: Kustomization", "- {op: replace, path: /spec/path, value: ./prod}"),
        patch("kind: Kustomization", "kind: Kustomization\nspec: {interval: 5m, postBuild: {substitute: {a: b}}, patches: [{target: {kind: Deployment}, patch: 'spec: {replicas: 3}'}]}"),
        patch("kind: HelmRelease", "kind: HelmRelease\nspec: {chart: {spec: {version: '>=1.0'}}, values: {a: 1}}"),
        patch("kind: GitRepository", "- {op: replace, path: /spec/interval, value: 5m}"),
        patch("kind: Deployment", "- {op: replace, path: /spec/replicas, value: 3}"),
        patch("kind: ServiceAccount", "- {op: add, path: /metadata/annotations/a, value: b}"),
        "patches:\n  - patch: |\n      $patch: delete\n      apiVersion: rbac.authorization.k8s.io/v1\n      kind: RoleBinding\n      metadata: {name: x, namespace: team1}\n".to_owned(),
        "replacements:\n  - source: {kind: ConfigMap, name: a}\n    targets:\n      - select: {kind: Kustomization}\n        fieldPaths: [spec.path]\n".to_owned(),
    ] {
        let tree = listed(&more);
        assert_eq!((tree.of("team1").verdict(), open(&tree)), (Verdict::Isolated, vec![]), "{more}");
    }
}

#[test]
fn patch_files_and_patches_of_fluxs_own_objects_count() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x, namespace: team1}\nspec: {serviceAccountName: strong}\n";
    let more_rights = role("extra", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}");
    let moved = applied("team1", "team1", "serviceAccountName: flux")
        .replace("GitRepository, name: team1", "GitRepository, name: team2");
    for file in [
        release,
        more_rights.as_str(),
        moved.as_str(),
        &super::source("team1", "team1", "https://github.com/org/dev-team2"),
    ] {
        let mut tree = listed("patches: [{path: more.yaml}]\n");
        tree.put("cluster/team1/more.yaml", file);
        assert_eq!(
            (tree.of("team1").verdict(), open(&tree)),
            (Verdict::Unproven, vec!["cluster/team1/more.yaml:1".to_owned()]),
            "{file}"
        );
    }
    let mut tree = two_teams();
    let patches = "serviceAccountName: flux, patches: [{target: {kind: Kustomization}, patch: 'spec: {serviceAccountName: strong}'}]";
    tree.put("cluster/team1/sync.yaml", &sync("team1", patches));
    assert_eq!((tree.of("team1").verdict(), open(&tree).len()), (Verdict::Unproven, 1));
}

#[test]
fn a_prefix_renames_objects_and_not_what_names_them() {
    // `dev-team1` is applied as nothing takes it; `team1` is what the platform wrote.
    let mut tree = two_teams();
    tree.put(
        "cluster/team1/kustomization.yaml",
        &format!("{LIST}namePrefix: dev-\nresources: [rbac.yaml, sync.yaml]\n"),
    );
    let begins = tree.of("team1").begins;
    assert!(begins.is_empty(), "{begins:#?}");
}

#[test]
fn a_base_of_a_teams_repository_is_applied_with_others_rights() {
    let flux = super::source("flux-system", "flux-system", "ssh://git@github.com/org/admin");
    let own = applied("flux-system", "flux-system", "").replace("path: ./", "path: ./cluster");
    let base = |url: &str, controllers: &str| {
        let mut tree = listed(&format!("bases: ['{url}']\n"));
        tree.put(
            "cluster/flux-system/kustomization.yaml",
            &format!("{LIST}resources: [controllers.yaml, sync.yaml]\n"),
        );
        tree.put("cluster/flux-system/sync.yaml", &format!("{flux}---\n{own}"));
        tree.put("cluster/flux-system/controllers.yaml", controllers);
        tree
    };
    let open = locked().replace("--no-remote-bases=true, ", "");
    let url = "https://github.com/org/dev-team1//deploy?ref=main";
    let tree = base(url, &open);
    // Flux's own Kustomization names no account, and the default account has no rights.
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated, "{:#?}", tree.of("team1").paths);
    let tree = base(url, &open.replace("--default-service-account=default", ""));
    assert_eq!(tree.reached("team1"), ["cluster"]);
    let way = tree.way("team1", "cluster");
    assert!(
        way[0].starts_with("cluster/team1/kustomization.yaml takes a base from the repository of team1"),
        "{way:#?}"
    );
    for (url, controllers) in [
        (url, locked().replace("--default-service-account=default", "")),
        ("https://github.com/org/dev-team1//deploy?ref=0123456789abcdef0123456789abcdef01234567", open.clone()),
        ("https://github.com/org/other//deploy", open.clone()),
    ] {
        assert!(
            base(url, &controllers).way("team1", "cluster").first().is_none_or(|step| !step.contains("a base")),
            "{url}"
        );
    }
}

#[test]
fn whoever_says_nothing_of_himself_is_a_way_as_well() {
    let mut tree = two_teams();
    let anybody = "{kind: Group, name: 'system:unauthenticated'}";
    tree.extra("team2", &binding("open", Some("team2"), "admin", &[anybody]));
    assert_eq!(tree.reached("team1"), ["team2"]);
    assert!(tree.way("team1", "team2").iter().any(|step| step.contains("without saying who it is")));
}

#[test]
fn what_is_not_said_of_a_team_is_not_safe() {
    let mut tree = two_teams();
    tree.put("cluster/team1/sync.yaml", &sync("team1", "serviceAccountName: flux, kubeConfig: {secretRef: {name: x}}"));
    assert_eq!((tree.of("team1").verdict(), tree.of("team2").verdict()), (Verdict::Unproven, Verdict::Isolated));
    let set = "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: a, namespace: flux-system}\n";
    let mut tree = two_teams();
    tree.extra("team2", set);
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
    // Without a source nobody knows whose manifests they are.
    let mut tree = two_teams();
    tree.put(
        "cluster/team1/sync.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1b, labels: {toolkit.fluxcd.io/tenant: team1}}\n",
    );
    assert_eq!((tree.of("team1").verdict(), tree.of("team2").verdict()), (Verdict::Unproven, Verdict::Isolated));
}

#[test]
fn what_is_no_team_is_told_and_not_looked_at() {
    let mut tree = two_teams();
    let other = format!(
        "{}---\n{}",
        super::source("tool", "tools", "https://github.com/other/tool"),
        applied("tool", "tools", "")
    );
    let list = tree.0.get("cluster/kustomization.yaml").expect("a list").replace(']', ", tool.yaml]");
    tree.put("cluster/kustomization.yaml", &list).put("cluster/tool.yaml", &other);
    assert_eq!((tree.of("team1").verdict(), open(&tree)), (Verdict::Isolated, vec!["cluster/tool.yaml:1".to_owned()]));
}

#[test]
fn what_is_decided_where_it_is_applied_leaves_the_answer_open() {
    let aggregated = |key: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: extra}}\n\
             aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{{key}: infra}}}}]}}\n"
        )
    };
    let operator = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: helm-operator, namespace: flux-system}\n\
                    spec: {template: {spec: {containers: [{name: x, image: 'docker.io/fluxcd/helm-operator:1.4'}]}}}\n";
    for (extra, verdict) in [
        (role("extra", "{apiGroups: [''], resources: ['${r}'], verbs: [get]}"), Verdict::Unproven),
        (role("extra", "{apiGroups: [''], resources: [configmaps], verbs: ['${v:=get}']}"), Verdict::Unproven),
        (aggregated("kustomize.toolkit.fluxcd.io/name"), Verdict::Unproven),
        (aggregated("team"), Verdict::Isolated),
        (operator.to_owned(), Verdict::Unproven),
        (operator.replace("helm-operator", "another"), Verdict::Isolated),
    ] {
        let mut tree = two_teams();
        tree.extra("team2", &extra);
        assert_eq!(tree.of("team1").verdict(), verdict, "{extra}");
    }
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    for account in [
        "- {op: replace, path: /spec/serviceAccountName, value: strong}",
        "- {op: copy, from: /metadata/name, path: /spec/serviceAccountName}",
    ] {
        let mut tree = listed("components: [../common]\n");
        tree.put("cluster/common/kustomization.yaml", &format!("{component}{}", patch("kind: Kustomization", account)));
        assert_eq!(tree.of("team1").verdict(), Verdict::Unproven, "{account}");
    }
    for does in
        ["namespace: x", "namePrefix: x-", "labels: [{pairs: {rbac.authorization.k8s.io/aggregate-to-admin: 'true'}}]"]
    {
        let mut tree = listed("components: [../common]\n");
        tree.put("cluster/common/kustomization.yaml", &format!("{component}{does}\n"));
        assert_eq!(tree.of("team1").verdict(), Verdict::Unproven, "{does}");
    }
    let mut tree = listed("components: [../common]\n");
    tree.put("cluster/common/kustomization.yaml", &format!("{component}labels: [{{pairs: {{app: x}}}}]\n"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    for operation in ["copy", "move"] {
        let moved = format!("- {{op: {operation}, from: /metadata/annotations/a, path: /spec/serviceAccountName}}");
        assert_eq!(
            listed(&patch("kind: Kustomization", &moved)).of("team1").verdict(),
            Verdict::Unproven,
            "{operation}"
        );
    }
}

#[test]
fn a_patch_that_is_fetched_from_a_teams_repository_is_the_teams() {
    let mut tree = listed("patches: [{path: 'https://raw.githubusercontent.com/org/dev-team1/main/p.yaml'}]\n");
    let open = locked().replace("--no-remote-bases=true, ", "").replace("--default-service-account=default", "");
    tree.put("cluster/flux-system/controllers.yaml", &open);
    assert!(tree.of("team1").paths.iter().any(|path| target(&path.to) == "cluster"), "{:#?}", tree.of("team1"));
}
