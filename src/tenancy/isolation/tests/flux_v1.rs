use super::*;

/// The seed's layout: a base with a daemon, patched by each team.
fn seed(role_of_team: &str, arguments: &str) -> Tree {
    let mut tree = Tree::default();
    let deployment = |arguments: &str, account: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: flux}}\nspec: {{template: {{spec: {{{account}\
             containers: [{{name: flux, args: [{arguments}]}}]}}}}}}\n"
        )
    };
    let rules = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: flux}\nrules: [{apiGroups: ['*'], \
                 resources: ['*'], verbs: ['*']}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
                 metadata: {name: flux}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: flux}\n\
                 subjects: [{kind: ServiceAccount, name: flux, namespace: flux-system}]\n";
    tree.put("base/flux/kustomization.yaml", "resources: [daemon.yaml, rbac.yaml]\n");
    tree.put("base/flux/daemon.yaml", &deployment("--git-url=git@github.com:org/start", "serviceAccountName: flux, "));
    tree.put("base/flux/rbac.yaml", rules);
    tree.put("cluster/kustomization.yaml", "resources: [team1, team2]\n");
    for team in ["team1", "team2"] {
        let of = |name| format!("cluster/{team}/{name}");
        let list = format!(
            "namespace: {team}\nresources: [namespace.yaml, rbac.yaml]\nbases: [../../base/flux]\npatchesStrategicMerge: [patch.yaml]\n"
        );
        tree.put(&of("kustomization.yaml"), &list);
        tree.put(&of("namespace.yaml"), &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {team}}}\n"));
        let flux = account(team, "flux");
        let given = if team == "team1" { role_of_team } else { "flux-readonly" };
        let rules = "{apiGroups: [''], resources: [namespaces], verbs: [list]}";
        tree.put(
            &of("rbac.yaml"),
            &format!(
                "{}---\n{}",
                role("flux-readonly", rules),
                binding(&format!("flux-{team}"), None, given, &[&flux])
            ),
        );
        let arguments = arguments.replace("TEAM", team);
        let patch = deployment(&format!("--git-url=git@github.com:org/dev-{team}{arguments}"), "");
        tree.put(&of("patch.yaml"), &format!("{patch}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: flux}}\nsubjects: [{flux}]\n"));
    }
    tree
}

#[test]
fn the_layout_of_flux_v1_is_isolated() {
    let tree = seed("flux-readonly", ", --k8s-allow-namespace=TEAM");
    let found = tree.isolation();
    assert!(found.teams.iter().all(|team| team.verdict() == Verdict::Isolated), "{found:#?}");
    assert_eq!((found.teams.len(), found.assumptions.len()), (2, 0));
}

#[test]
fn a_daemon_that_keeps_to_its_namespace_can_still_run_pods_with_its_account() {
    for arguments in [", --k8s-allow-namespace=TEAM", ""] {
        let tree = seed("cluster-admin", arguments);
        assert_eq!(tree.reached("team1"), ["cluster"], "{arguments}");
        assert_eq!(tree.of("team2").verdict(), Verdict::Isolated);
    }
    let way = seed("cluster-admin", ", --k8s-allow-namespace=TEAM").way("team1", "cluster");
    assert!(way[0].starts_with("Deployment team1/flux applies what the repository holds as ServiceAccount team1/flux, and keeps to namespace team1"), "{way:#?}");
}

#[test]
fn the_subjects_of_a_patch_are_those_of_the_binding() {
    // The Role of the base holds in the team's namespace for the team's daemon, because the patch says so.
    let mut tree = seed("flux-readonly", ", --k8s-allow-namespace=TEAM");
    let strong = binding("strong", None, "cluster-admin", &[&account("team1", "operator")]);
    tree.extra("team1", &strong);
    let way = tree.way("team1", "cluster");
    assert!(
        way.iter().any(|step| step.contains("RoleBinding team1/flux gives ServiceAccount team1/flux Role team1/flux")),
        "{way:#?}"
    );
    assert!(way[1].contains("@cluster/team1/patch.yaml:6 @base/flux/rbac.yaml:1"), "{way:#?}");
}

#[test]
fn what_a_daemon_may_do_elsewhere_it_does_only_where_nothing_keeps_it() {
    let elsewhere = |arguments: &str| {
        let mut tree = seed("flux-readonly", arguments);
        tree.extra("team2", &binding("extra", Some("team2"), "view", &[&account("team1", "flux")]));
        let rules = "{apiGroups: [''], resources: [configmaps], verbs: [create]}";
        tree.extra("team2", &role("maps", rules));
        tree.extra("team2", &binding("maps", Some("team2"), "maps", &[&account("team1", "flux")]));
        tree
    };
    assert_eq!(elsewhere("").reached("team1"), ["team2"]);
    // A pod with the daemon's account has no such bounds.
    let way = elsewhere(", --k8s-allow-namespace=TEAM").way("team1", "team2");
    assert!(way[1].contains("in namespace team1") && way.len() == 4, "{way:#?}");
}

#[test]
fn the_admins_daemon_is_a_path_where_a_team_has_its_repository() {
    let mut tree = seed("flux-readonly", ", --k8s-allow-namespace=TEAM");
    tree.put(
        "install/kustomization.yaml",
        "namespace: flux-system\nresources: [rbac.yaml]\nbases: [../base/flux]\npatchesStrategicMerge: [patch.yaml]\n",
    );
    tree.put("install/rbac.yaml", &binding("flux", None, "cluster-admin", &[&account("flux-system", "flux")]));
    let patch = |url: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: flux}}\nspec: {{template: {{spec: {{containers: [{{name: flux, args: [--git-url={url}, --git-path=cluster]}}]}}}}}}\n"
        )
    };
    tree.put("install/patch.yaml", &patch("git@github.com:org/dev-cluster"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    tree.put("install/patch.yaml", &patch("git@github.com:org/dev-team1"));
    assert_eq!(tree.reached("team1"), ["cluster"]);
}

/// The first team's daemon with other words in its patch.
fn patched(change: impl Fn(&str) -> String) -> Tree {
    let mut tree = seed("cluster-admin", ", --k8s-allow-namespace=TEAM");
    let text = change(&tree.0["cluster/team1/patch.yaml"]);
    tree.put("cluster/team1/patch.yaml", &text);
    tree
}

#[test]
fn a_daemon_is_known_however_its_options_are_written() {
    for (from, to) in [
        ("args: [--git-url=git@github.com:org/dev-team1, ", "args: [--git-url, 'git@github.com:org/dev-team1', "),
        (
            "args: [--git-url=git@github.com:org/dev-team1, --k8s-allow-namespace=team1]",
            "command: [fluxd, --git-url=git@github.com:org/dev-team1, --k8s-allow-namespace, team1]",
        ),
        (
            "args: [--git-url=git@github.com:org/dev-team1, --k8s-allow-namespace=team1]",
            "command: [sh, -c], args: ['exec fluxd --git-url=git@github.com:org/dev-team1 --k8s-allow-namespace=team1']",
        ),
    ] {
        let tree = patched(|text| text.replace(from, to));
        assert!(tree.0["cluster/team1/patch.yaml"].contains(to), "{from}");
        assert_eq!(tree.reached("team1"), ["cluster"], "{to}");
        assert_eq!(tree.of("team2").verdict(), Verdict::Isolated, "{to}");
    }
}

#[test]
fn any_workload_may_be_a_daemon_and_any_field_its_account() {
    for kind in ["StatefulSet", "DaemonSet"] {
        let mut tree = seed("cluster-admin", ", --k8s-allow-namespace=TEAM");
        for text in tree.0.values_mut() {
            *text = text.replace("kind: Deployment", &format!("kind: {kind}"));
        }
        let way = tree.way("team1", "cluster");
        assert!(way[0].starts_with(&format!("{kind} team1/flux applies")), "{way:#?}");
    }
    let mut tree = seed("cluster-admin", ", --k8s-allow-namespace=TEAM");
    for text in tree.0.values_mut() {
        *text = text.replace("serviceAccountName: flux", "serviceAccount: flux");
    }
    assert_eq!(tree.reached("team1"), ["cluster"]);
}

#[test]
fn patches_of_a_daemon_that_are_not_followed_leave_the_answer_open() {
    let arguments = "/spec/template/spec/containers/0/args";
    for (patch, verdict) in [
        (format!("[{{op: add, path: {arguments}/-, value: --git-url=x}}]"), Verdict::Unproven),
        ("[{op: add, path: /spec/template/spec/serviceAccountName, value: x}]".to_owned(), Verdict::Unproven),
        ("{spec: {template: {spec: {serviceAccountName: x}}}}".to_owned(), Verdict::Unproven),
        ("[{op: replace, path: /spec/replicas, value: 2}]".to_owned(), Verdict::Isolated),
    ] {
        for target in ["{kind: Deployment, name: flux}", "{kind: Deployment}", "{labelSelector: a=b}"] {
            let mut tree = seed("flux-readonly", ", --k8s-allow-namespace=TEAM");
            let list = &tree.0["cluster/team1/kustomization.yaml"];
            let list = format!("{list}patches: [{{target: {target}, patch: '{patch}'}}]\n");
            tree.put("cluster/team1/kustomization.yaml", &list);
            assert_eq!(tree.of("team1").verdict(), verdict, "{patch} {target}");
        }
    }
    let mut tree = seed("flux-readonly", ", --k8s-allow-namespace=TEAM");
    let list = format!("namePrefix: a-\n{}", tree.0["cluster/team1/kustomization.yaml"]);
    tree.put("cluster/team1/kustomization.yaml", &list);
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
}
