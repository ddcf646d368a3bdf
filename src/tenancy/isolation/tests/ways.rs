use super::*;

const APPLIES: &str = "Kustomization team1/team1 applies GitRepository team1/team1 as ServiceAccount team1/flux \
                       @cluster/team1/sync.yaml:6 @cluster/team1/sync.yaml:1";

#[test]
fn rights_in_the_namespace_of_another_team_are_a_path_there() {
    let mut tree = two_teams();
    tree.extra("team2", &binding("helpers", Some("team2"), "edit", &[&account("team1", "flux")]));
    let step = "RoleBinding team2/helpers gives ServiceAccount team1/flux ClusterRole edit, which takes the rules of \
                ClusterRole system:aggregate-to-edit: it may act as any service account in namespace team2 \
                @cluster/team2/rbac.yaml:11";
    assert_eq!(tree.reached("team1"), ["team2"]);
    assert_eq!(tree.way("team1", "team2"), [APPLIES, step]);
    assert_eq!(tree.of("team2").verdict(), Verdict::Isolated);
    let mut tree = two_teams();
    tree.extra("team2", &binding("helpers", Some("team2"), "view", &[&account("team1", "flux")]));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated, "looking at what is no Secret is no path");
}

#[test]
fn the_whole_cluster_is_reached_by_what_is_bound_there() {
    for (rules, to) in [
        ("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}", vec!["cluster"]),
        ("{apiGroups: [''], resources: [secrets], verbs: [get]}", vec!["cluster"]),
        ("{apiGroups: [''], resources: ['*'], verbs: [list]}", vec!["cluster"]),
        ("{apiGroups: [''], resources: [users], verbs: [impersonate]}", vec!["cluster"]),
        (
            "{apiGroups: [''], resources: [groups], resourceNames: ['system:masters'], verbs: [impersonate]}",
            vec!["cluster"],
        ),
        ("{apiGroups: [''], resources: [groups], resourceNames: [nobody], verbs: [impersonate]}", vec![]),
        ("{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}", vec!["cluster"]),
        (
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view], verbs: [bind]}",
            vec![],
        ),
        (
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [edit], verbs: [bind]}",
            vec!["cluster"],
        ),
        ("{apiGroups: [apps], resources: [deployments], verbs: [patch]}", vec!["cluster"]),
        ("{apiGroups: [kustomize.toolkit.fluxcd.io], resources: [kustomizations], verbs: [create]}", vec!["cluster"]),
        ("{apiGroups: [flagger.app], resources: [canaries], verbs: ['*']}", vec!["every team"]),
        ("{apiGroups: [''], resources: [namespaces], verbs: [patch]}", vec!["every team"]),
        ("{apiGroups: [''], resources: [pods, namespaces, nodes], verbs: [get, list, watch]}", vec![]),
        ("{apiGroups: [storage.k8s.io], resources: [storageclasses], verbs: [create]}", vec![]),
        ("{apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews], verbs: [create]}", vec![]),
    ] {
        let mut tree = two_teams();
        tree.extra("team1", &role("extra", rules));
        tree.extra("team1", &binding("extra", None, "extra", &[&account("team1", "flux")]));
        let reached = tree.reached("team1");
        assert_eq!(reached.first().map(String::as_str), to.first().copied(), "{rules}: {reached:?}");
    }
}

#[test]
fn a_strong_account_of_the_own_namespace_is_taken() {
    let strong = binding("strong", None, "cluster-admin", &[&account("team1", "operator")]);
    let mut tree = two_teams();
    tree.extra("team1", &strong);
    let way = tree.way("team1", "cluster");
    assert_eq!(way.len(), 4, "{way:#?}");
    assert!(way[1].contains("it may act as any service account in namespace team1"), "{way:#?}");
    assert_eq!(way[2], "ServiceAccount team1/operator is one of the namespace's service accounts");
    // Whoever may only look takes none.
    let mut tree = Tree::with_flux(&locked());
    tree.team("team1", "view").extra("team1", &strong);
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    // Flux takes one that an object names.
    let rules = "{apiGroups: [helm.toolkit.fluxcd.io], resources: [helmreleases], verbs: [create]}";
    tree.extra("team1", &role("releases", rules));
    tree.extra("team1", &binding("releases", Some("team1"), "releases", &[&account("team1", "flux")]));
    let way = tree.way("team1", "cluster");
    assert_eq!(way[2], "a HelmRelease there may name any service account of namespace team1");
    // So does impersonation, of the one that is named.
    for (named, verdict) in [("operator", Verdict::Reaches), ("other", Verdict::Isolated)] {
        let mut tree = Tree::with_flux(&locked());
        let rules = format!(
            "{{apiGroups: [''], resources: [serviceaccounts], resourceNames: [{named}], verbs: [impersonate]}}"
        );
        tree.team("team1", "view").extra("team1", &strong).extra("team1", &role("as", &rules));
        tree.extra("team1", &binding("as", Some("team1"), "as", &[&account("team1", "flux")]));
        assert_eq!(tree.of("team1").verdict(), verdict, "{named}");
    }
}

#[test]
fn groups_and_aggregated_roles_are_followed() {
    let mut tree = two_teams();
    let group = "{kind: Group, name: 'system:serviceaccounts:team1', apiGroup: rbac.authorization.k8s.io}";
    tree.extra("team2", &binding("all", Some("team2"), "edit", &[group]));
    let way = tree.way("team1", "team2");
    assert_eq!(way[1], "ServiceAccount team1/flux is in Group system:serviceaccounts:team1, as every cluster has it");
    let mut tree = Tree::with_flux(&locked());
    tree.team("team1", "view").team("team2", "view");
    tree.extra("team2", &binding("look", Some("team2"), "view", &[&account("team1", "flux")]));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    let rules = "{apiGroups: [''], resources: [secrets], verbs: [get]}";
    let more = role("more", rules)
        .replace("{name: more}", "{name: more, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}");
    tree.extra("team2", &more);
    let way = tree.way("team1", "team2");
    assert!(
        way[1].contains("ClusterRole view, which takes the rules of ClusterRole more: it may read Secrets"),
        "{way:?}"
    );
    assert!(way[1].ends_with("@cluster/team2/rbac.yaml:17"), "{way:?}");
}

#[test]
fn one_repository_of_two_teams_is_a_path_both_ways() {
    let mut tree = two_teams();
    let spec = "serviceAccountName: flux";
    let shared = sync("team2", spec).replace("org/dev-team2", "Org/dev-team1.git");
    tree.put("cluster/team2/sync.yaml", &shared);
    assert_eq!((tree.reached("team1"), tree.reached("team2")), (vec!["team2".to_owned()], vec!["team1".to_owned()]));
    // Another branch may be protected; nothing says so.
    tree.put("cluster/team2/sync.yaml", &shared.replace("branch: main", "branch: other"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
}

#[test]
fn a_namespace_of_two_teams_is_a_path() {
    let mut tree = two_teams();
    tree.extra("team2", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n");
    assert_eq!((tree.reached("team1"), tree.reached("team2")), (vec!["team2".to_owned()], vec!["team1".to_owned()]));
}

#[test]
fn what_others_apply_of_a_teams_repository_counts() {
    // An admin applies it with Flux's own rights.
    let mut tree = two_teams();
    let own = applied("team1", "flux-system", "serviceAccountName: kustomize-controller")
        .replace("name: team1}", "name: team1, namespace: team1}");
    tree.put("cluster/flux-system/extra.yaml", &own);
    tree.put("cluster/flux-system/kustomization.yaml", &format!("{LIST}resources: [controllers.yaml, extra.yaml]\n"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated, "locked down, it does not take the source");
    let open = locked().replace("--no-cross-namespace-refs=true", "--no-cross-namespace-refs=false");
    tree.put("cluster/flux-system/controllers.yaml", &open);
    let way = tree.way("team1", "cluster");
    assert!(way[0].starts_with("Kustomization flux-system/team1 applies GitRepository team1/team1 as ServiceAccount flux-system/kustomize-controller"), "{way:?}");
    // Another team applies it with its own account.
    let mut tree = two_teams();
    let url = "ssh://git@github.com/org/dev-team1";
    let more = format!("{}---\n{}", source("lib", "team2", url), applied("lib", "team2", "serviceAccountName: flux"));
    tree.extra("team2", &more);
    assert_eq!(tree.reached("team1"), ["team2"]);
}

#[test]
fn names_in_other_namespaces_are_followed_where_nothing_forbids_it() {
    let naming = |group: &str, kind: &str, spec: &str| {
        format!(
            "apiVersion: {group}.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: x, namespace: team1}}\nspec: {{{spec}}}\n"
        )
    };
    let other = "kind: GitRepository, name: team2, namespace: team2";
    for (text, does) in [
        (naming("notification", "Receiver", &format!("resources: [{{{other}}}]")), "triggers"),
        (naming("notification", "Alert", &format!("eventSources: [{{{other}}}]")), "hears of"),
        (naming("image", "ImageUpdateAutomation", &format!("sourceRef: {{{other}}}")), "pushes to the repository of"),
        (
            naming("image", "ImagePolicy", "imageRepositoryRef: {name: team2, namespace: team2}"),
            "takes what belongs to",
        ),
    ] {
        let mut tree = Tree::with_flux(&locked());
        tree.team("team1", "view").team("team2", "view").extra("team1", &text);
        assert_eq!(tree.of("team1").verdict(), Verdict::Isolated, "{text}");
        tree.put("cluster/flux-system/controllers.yaml", &locked().replace("--no-cross-namespace-refs=true", "--v=1"));
        assert!(tree.way("team1", "team2")[0].contains(&format!("team1/x {does} team2/team2, as ")), "{text}");
    }
    // Who may write such objects needs none of the admins'.
    let mut tree = two_teams();
    tree.put("cluster/flux-system/controllers.yaml", &locked().replace("--no-cross-namespace-refs=true", "--v=1"));
    assert_eq!(tree.reached("team1"), ["every team"]);
}

#[test]
fn another_cluster_is_not_looked_at_and_a_missing_role_is_not_harmless() {
    let mut tree = two_teams();
    tree.extra("team1", &applied("team1", "team1", "kubeConfig: {secretRef: {name: x}}"));
    let said: Vec<String> = tree.isolation().assumptions.into_iter().map(|one| one.words).collect();
    assert_eq!(said, ["Kustomization team1/team1 applies to another cluster, which is not looked at"]);
    let mut tree = two_teams();
    tree.extra("team1", &binding("later", None, "nobody-knows", &[&account("team1", "flux")]));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
    let way = tree.way("team1", "cluster");
    assert!(
        way[1].ends_with("ClusterRole nobody-knows, and nothing here says what that is @cluster/team1/rbac.yaml:11"),
        "{way:?}"
    );
}

#[test]
fn what_cannot_be_read_is_not_proven() {
    let mut tree = two_teams();
    tree.put("cluster/team1/broken.yaml", "a: [\n");
    assert_eq!(tree.of("team2").verdict(), Verdict::Unproven);
    let said: Vec<String> = tree.isolation().assumptions.into_iter().map(|one| one.words).collect();
    assert_eq!(said, ["this file cannot be read"]);
}

#[test]
fn a_kubeconfig_that_is_run_is_the_controller_itself() {
    let mut tree = two_teams();
    tree.put(
        "cluster/flux-system/controllers.yaml",
        &locked().replace("--no-remote-bases=true", "--insecure-kubeconfig-exec=true"),
    );
    let way = tree.way("team1", "cluster");
    assert!(way[2].contains("--insecure-kubeconfig-exec"), "{way:?}");
}

#[test]
fn a_namespace_can_be_deleted_from_within() {
    for (verbs, reached) in [("delete", true), ("patch", true), ("create", false), ("get", false)] {
        let mut tree = two_teams();
        tree.extra(
            "team2",
            &role("spaces", &format!("{{apiGroups: [''], resources: [namespaces], verbs: [{verbs}]}}")),
        );
        tree.extra("team2", &binding("spaces", Some("team2"), "spaces", &[&account("team1", "flux")]));
        assert_eq!(tree.reached("team1") == ["team2"], reached, "{verbs}");
    }
}

#[test]
fn what_is_everybodys_counts_and_what_matches_nothing_does_not() {
    for (rule, reached) in [
        ("{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [delete]}", true),
        ("{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [get]}", false),
        ("{apiGroups: [flowcontrol.apiserver.k8s.io], resources: [flowschemas], verbs: [create]}", true),
        ("{apiGroups: [scheduling.k8s.io], resources: [priorityclasses], verbs: [create]}", true),
        ("{apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], verbs: [update]}", true),
        ("{apiGroups: [''], resources: ['pods/*', 'secrets/*'], verbs: ['*']}", false),
    ] {
        let mut tree = two_teams();
        tree.extra("team2", &role("extra", rule));
        tree.extra("team2", &binding("extra", None, "extra", &[&account("team1", "flux")]));
        assert_eq!(!tree.reached("team1").is_empty(), reached, "{rule}");
    }
}
