use super::*;

const UNNAMED: &str = "Kustomization team1/team1 applies GitRepository team1/team1 and names no service account \
                       @cluster/team1/sync.yaml:6 @cluster/team1/sync.yaml:1";
const ADMIN: &str = "ClusterRoleBinding cluster-reconciler-flux-system gives ServiceAccount \
                     flux-system/kustomize-controller ClusterRole cluster-admin, as Flux's installation has it: it may \
                     do everything";

/// A team whose Kustomization names no account.
fn unnamed(controllers: &str) -> Tree {
    let mut tree = Tree::with_flux(controllers);
    tree.team("team1", "view").put("cluster/team1/sync.yaml", &sync("team1", ""));
    tree
}

#[test]
fn without_a_default_account_what_names_none_is_applied_by_cluster_admin() {
    let tree = unnamed(&controllers(&[("kustomize-controller", "--no-cross-namespace-refs")]));
    let step = "kustomize-controller runs without --default-service-account, so it applies this with its own rights \
                @cluster/flux-system/controllers.yaml:1";
    assert_eq!(tree.way("team1", "cluster"), [UNNAMED, step, ADMIN]);
    assert_eq!(tree.of("team1").verdict(), Verdict::Reaches);
    assert_eq!(unnamed(&locked()).of("team1").verdict(), Verdict::Isolated);
}

#[test]
fn what_nothing_says_is_assumed_and_never_safe() {
    let tree = unnamed("a: b\n");
    let step = "nothing here says that kustomize-controller runs with --default-service-account, so it applies this with \
                its own rights";
    assert_eq!(tree.way("team1", "cluster"), [UNNAMED, step, ADMIN]);
    let isolation = tree.isolation();
    assert_eq!(isolation.teams[0].verdict(), Verdict::Unproven);
    let said: Vec<&str> = isolation.assumptions.iter().map(|one| one.words.as_str()).collect();
    assert!(said[0].starts_with("kustomize-controller may fetch remote bases: "), "{said:?}");
    assert!(said[1].contains("controllers are started: helm-controller"), "{said:?}");
    assert_eq!(isolation.only_proven().teams[0].verdict(), Verdict::Isolated);
}

#[test]
fn the_rights_of_the_default_account_count() {
    let mut tree = unnamed(&locked());
    tree.extra("team1", &binding("strong", None, "cluster-admin", &[&account("team1", "default")]));
    let step = "kustomize-controller runs with --default-service-account=default, so it acts as ServiceAccount \
                team1/default @cluster/flux-system/controllers.yaml:9";
    assert_eq!(tree.way("team1", "cluster")[1], step);
}

/// The settings as patches of a controller that is started with nothing.
fn patched(patches: &str, files: &[(&str, &str)]) -> Tree {
    let mut tree = unnamed(&controllers(&[("kustomize-controller", "--log-level=info")]));
    let list = format!("{LIST}resources: [controllers.yaml]\n{patches}");
    tree.put("cluster/flux-system/kustomization.yaml", &list);
    for (path, text) in files {
        tree.put(path, text);
    }
    tree
}

#[test]
fn patches_of_every_kind_lock_a_controller() {
    let operations =
        "- op: add\n  path: /spec/template/spec/containers/0/args/-\n  value: --default-service-account=none\n";
    let inline = operations.replace('\n', "\n      ");
    let target = "target: {kind: Deployment, name: \"(kustomize-controller|helm-controller)\"}";
    let merge = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kustomize-controller}\nspec: {template: {spec: \
                 {containers: [{name: manager, args: [--default-service-account, none]}]}}}\n";
    let by_file = "cluster/flux-system/lock.yaml";
    for (patches, files) in [
        (format!("patches:\n  - {target}\n    patch: |\n      {inline}"), vec![]),
        (format!("patchesJson6902:\n  - {target}\n    patch: |-\n      {inline}"), vec![]),
        (format!("patches:\n  - {target}\n    path: lock.yaml\n"), vec![(by_file, operations)]),
        ("patches:\n  - path: lock.yaml\n".to_owned(), vec![(by_file, merge)]),
        ("patchesStrategicMerge: [lock.yaml]\n".to_owned(), vec![(by_file, merge)]),
        (format!("patchesStrategicMerge:\n  - |\n    {}", merge.replace('\n', "\n    ")), vec![]),
    ] {
        assert_eq!(patched(&patches, &files).of("team1").verdict(), Verdict::Isolated, "{patches}");
    }
    let other = "patches:\n  - target: {kind: Deployment, name: helm-controller}\n    path: lock.yaml\n";
    assert_eq!(patched(other, &[(by_file, operations)]).reached("team1"), ["cluster"]);
    assert_eq!(patched("", &[]).reached("team1"), ["cluster"]);
}

#[test]
fn a_patch_says_in_which_line_a_setting_stands() {
    let patches = "patches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: add\n        path: \
                   /spec/template/spec/containers/0/args/-\n        value: --default-service-account=strong\n";
    let mut tree = patched(patches, &[]);
    tree.extra("team1", &binding("strong", None, "cluster-admin", &[&account("team1", "strong")]));
    assert!(
        tree.way("team1", "cluster")[1].ends_with("@cluster/flux-system/kustomization.yaml:9"),
        "{:?}",
        tree.way("team1", "cluster")
    );
}

#[test]
fn a_patch_says_with_whose_rights_a_team_is_applied() {
    let operations = "- {op: add, path: /spec/serviceAccountName, value: flux}\n";
    let target = "target: {kind: Kustomization, name: 'team.*'}";
    for (patches, files) in [
        (format!("patches:\n  - {target}\n    path: account.yaml\n"), vec![("account.yaml", operations.to_owned())]),
        (format!("patches:\n  - {target}\n    patch: |\n      {operations}"), vec![]),
        (
            "patches:\n  - path: account.yaml\n".to_owned(),
            vec![("account.yaml", applied("team1", "team1", "serviceAccountName: flux"))],
        ),
    ] {
        let mut tree = unnamed(&controllers(&[("kustomize-controller", "--no-cross-namespace-refs=true")]));
        assert_eq!(tree.reached("team1"), ["cluster"]);
        let list = format!("{LIST}resources: [rbac.yaml, sync.yaml]\n{patches}");
        tree.put("cluster/team1/kustomization.yaml", &list);
        for (name, text) in files {
            tree.put(&format!("cluster/team1/{name}"), &text);
        }
        assert_eq!(tree.of("team1").verdict(), Verdict::Isolated, "{patches}");
    }
    // One that takes the account away opens what was closed.
    let mut tree = unnamed(&controllers(&[("kustomize-controller", "--no-cross-namespace-refs=true")]));
    tree.put("cluster/team1/sync.yaml", &sync("team1", "serviceAccountName: flux"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    let remove = "patches:\n  - target: {kind: Kustomization}\n    patch: |\n      - {op: remove, path: /spec/serviceAccountName}\n";
    tree.put("cluster/team1/kustomization.yaml", &format!("{LIST}resources: [rbac.yaml, sync.yaml]\n{remove}"));
    assert_eq!(tree.reached("team1"), ["cluster"]);
}

#[test]
fn a_flux_instance_with_tenants_is_locked() {
    let instance = |cluster: &str| {
        format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux, namespace: flux-system}}\n\
             spec: {{cluster: {{{cluster}}}}}\n"
        )
    };
    assert_eq!(unnamed(&instance("multitenant: true")).of("team1").verdict(), Verdict::Isolated);
    assert_eq!(unnamed(&instance("multitenant: false")).reached("team1"), ["cluster"]);
    let mut tree = unnamed(&instance("multitenant: true, tenantDefaultServiceAccount: flux"));
    tree.extra("team1", &binding("strong", None, "cluster-admin", &[&account("team1", "flux")]));
    assert_eq!(tree.reached("team1"), ["cluster"]);
}

#[test]
fn a_team_cannot_say_that_flux_is_locked() {
    let mut tree = unnamed("a: b\n");
    tree.extra("team1", &locked());
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
}

#[test]
fn a_controller_that_is_not_installed_does_nothing() {
    // What a team may write is for nobody.
    let only = controllers(&[("kustomize-controller", LOCKED)]);
    let mut tree = Tree::with_flux(&only);
    tree.team("team1", "admin");
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
}

#[test]
fn each_cluster_has_its_own_settings() {
    let mut tree = Tree::default();
    for (cluster, arguments) in [("staging", "--log-level=info"), ("production", LOCKED)] {
        let of = |name| format!("clusters/{cluster}/flux-system/{name}");
        tree.put(&of("kustomization.yaml"), &format!("{LIST}resources: [controllers.yaml]\n"));
        tree.put(&of("controllers.yaml"), &controllers(&[("kustomize-controller", arguments)]));
    }
    tree.put("tenants/base/team1/kustomization.yaml", &format!("{LIST}resources: [sync.yaml]\n"));
    tree.put("tenants/base/team1/sync.yaml", &sync("team1", ""));
    for environment in ["staging", "production"] {
        let overlay = format!("{LIST}namespace: team1\nresources: [../base/team1]\n");
        tree.put(&format!("tenants/{environment}/kustomization.yaml"), &overlay);
    }
    let step = &tree.way("team1", "cluster")[1];
    assert!(step.starts_with("kustomize-controller of staging runs without --default-service-account"), "{step}");
    let at = "clusters/staging/flux-system/controllers.yaml";
    let locked = controllers(&[("kustomize-controller", LOCKED)]);
    assert_eq!(tree.clone().put(at, &locked).of("team1").verdict(), Verdict::Isolated);
    // A patch in one environment names an account there only.
    let patch = "patches:\n  - target: {kind: Kustomization}\n    patch: |\n      - {op: add, path: \
                 /spec/serviceAccountName, value: flux}\n";
    let overlay = format!("{LIST}namespace: team1\nresources: [../base/team1]\n{patch}");
    tree.put("tenants/staging/kustomization.yaml", &overlay);
    assert_eq!(tree.reached("team1"), ["cluster"], "production names none, and staging does not lock it");
    tree.put("tenants/production/kustomization.yaml", &overlay);
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
}
