//! What is not understood is never taken for safe.

use super::*;

/// A team with just these rights in its namespace, where a strong account is as well, and another team.
fn narrow(rules: &str) -> Tree {
    let mut tree = Tree::with_flux(&locked());
    tree.team("team1", "view").team("team2", "admin");
    tree.extra("team1", &role("extra", rules));
    tree.extra("team1", &binding("extra", Some("team1"), "extra", &[&account("team1", "flux")]));
    tree.extra("team1", &binding("strong", None, "cluster-admin", &[&account("team1", "strong")]));
    tree
}

/// Something of the platform's.
fn platform(tree: &mut Tree, text: &str) {
    let list = tree.0.get_mut("cluster/kustomization.yaml").expect("a list");
    *list = list.replace(']', ", platform.yaml]");
    tree.put("cluster/platform.yaml", text);
}

fn source(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: team1}}\n\
         spec: {{{spec}}}\n"
    )
}

#[test]
fn rights_that_lead_on_together_are_followed() {
    let secrets = |verbs: &str| format!("{{apiGroups: [''], resources: [secrets], verbs: [{verbs}]}}");
    for (rules, verdict) in [
        (secrets("create, get"), Verdict::Reaches),
        (secrets("create"), Verdict::Isolated),
        (secrets("get"), Verdict::Isolated),
        (format!("{}, {}", secrets("patch"), secrets("list")), Verdict::Reaches),
        ("{apiGroups: [fluxcd.controlplane.io], resources: [resourcesets], verbs: [create]}".into(), Verdict::Unproven),
        ("{apiGroups: ['*'], resources: [resourcesets], verbs: [create]}".into(), Verdict::Isolated),
    ] {
        let tree = narrow(&rules);
        assert_eq!(tree.of("team1").verdict(), verdict, "{rules}");
    }
    // A token that is already there needs no writing, and is that of one account.
    for (name, verdict) in [("strong", Verdict::Reaches), ("other", Verdict::Isolated)] {
        let mut tree = narrow(&secrets("get"));
        let token = format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {{name: token, \
             namespace: team1, annotations: {{kubernetes.io/service-account.name: {name}}}}}\n"
        );
        tree.extra("team1", &token);
        assert_eq!(tree.of("team1").verdict(), verdict, "{name}");
    }
}

#[test]
fn a_role_that_somebody_may_bind_counts() {
    let rbac = |resource: &str, verb: &str| {
        format!("{{apiGroups: [rbac.authorization.k8s.io], resources: [{resource}], verbs: [{verb}]}}")
    };
    let own = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: pods, namespace: team1}\n\
               rules: [{apiGroups: [''], resources: [pods], verbs: [create]}]\n";
    for (rules, verdict) in [
        (format!("{}, {}", rbac("roles", "bind"), rbac("rolebindings", "create")), Verdict::Reaches),
        (rbac("roles", "bind"), Verdict::Isolated),
    ] {
        let mut tree = narrow(&rules);
        tree.extra("team1", own);
        assert_eq!(tree.of("team1").verdict(), verdict, "{rules}");
    }
}

#[test]
fn an_operator_that_is_there_applies_with_its_own_rights() {
    let mut tree = narrow("{apiGroups: ['*'], resources: ['*'], verbs: [create]}");
    let set =
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: all, namespace: flux-system}\n";
    platform(&mut tree, set);
    let way = tree.way("team1", "cluster");
    assert!(way.last().expect("a way").starts_with("the Flux operator applies"), "{way:#?}");
}

#[test]
fn whoever_writes_a_source_writes_what_it_is_taken_for() {
    let rules = "{apiGroups: [source.toolkit.fluxcd.io], resources: [gitrepositories], verbs: [patch]}";
    let taken = format!(
        "{}---\n{}",
        source("GitRepository", "addons", "url: 'https://github.com/org/addons'"),
        applied("addons", "team1", "serviceAccountName: strong")
    );
    let mut tree = narrow(rules);
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    platform(&mut tree, &taken);
    assert_eq!(tree.reached("team1"), ["cluster"]);
    // From elsewhere only where nothing forbids it.
    let across = taken
        .replace("name: addons, namespace: team1}\nspec: {path", "name: addons, namespace: flux-system}\nspec: {path");
    let across =
        across.replace("name: addons}", "name: addons, namespace: team1}").replace("strong", "kustomize-controller");
    for (controllers, verdict) in
        [(locked(), Verdict::Isolated), (locked().replace("--no-cross", "--x"), Verdict::Reaches)]
    {
        let mut tree = narrow(rules);
        tree.put("cluster/flux-system/controllers.yaml", &controllers);
        platform(&mut tree, &across);
        assert_eq!(tree.of("team1").verdict(), verdict);
    }
}

#[test]
fn what_is_made_of_a_source_is_the_sources() {
    let release = |reference: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: x, namespace: team1}}\n\
             spec: {{serviceAccountName: strong, chartRef: {{{reference}}}}}\n"
        )
    };
    let chart = source("HelmChart", "chart", "chart: ./, sourceRef: {kind: GitRepository, name: team1}");
    let generator = "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\n\
                     metadata: {name: x, namespace: team1}\n\
                     spec: {sources: [{alias: a, kind: GitRepository, name: team1}], artifacts: [{name: made}]}\n";
    let outer =
        source("GitRepository", "outer", "url: 'https://github.com/org/outer', include: [{repository: {name: team1}}]");
    let takes = applied("outer", "team1", "serviceAccountName: strong");
    for text in [
        format!("{chart}---\n{}", release("kind: HelmChart, name: chart")),
        format!("{generator}---\n{}", release("kind: ExternalArtifact, name: made")),
        format!("{outer}---\n{takes}"),
    ] {
        let mut tree = narrow("");
        platform(&mut tree, &text);
        assert_eq!(tree.reached("team1"), ["cluster"], "{text}");
    }
    // Another kind of the same name is another source.
    let mut tree = narrow("");
    platform(&mut tree, &release("kind: OCIRepository, name: team1"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
}

#[test]
fn variables_may_be_anything() {
    let mut tree = narrow("");
    tree.put("cluster/team1/sync.yaml", &sync("team1", "serviceAccountName: '${ACCOUNT}'"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
    let mut tree = narrow("");
    let vague = source("GitRepository", "vague", "url: 'https://github.com/org/${REPOSITORY}'");
    platform(&mut tree, &format!("{vague}---\n{}", applied("vague", "team1", "serviceAccountName: strong")));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
    let mut tree = Tree::with_flux(&locked());
    tree.team("team1", "view").team("team2", "admin");
    tree.extra("team1", &binding("vague", None, "cluster-admin", &[&account("team1", "'${ACCOUNT}'")]));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
    assert_eq!(tree.of("team2").verdict(), Verdict::Isolated);
}

#[test]
fn the_same_name_on_another_host_is_another_repository() {
    let mut tree = two_teams();
    let other = sync("team2", "serviceAccountName: flux").replace("org/dev-team2", "org/dev-team1");
    tree.put("cluster/team2/sync.yaml", &other);
    assert_eq!(tree.of("team1").verdict(), Verdict::Reaches);
    tree.put("cluster/team2/sync.yaml", &other.replace("github.com", "git.example"));
    assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
}

#[test]
fn an_automation_may_push_to_what_the_platform_put_there() {
    let rules = "{apiGroups: [image.toolkit.fluxcd.io], resources: [imageupdateautomations], verbs: [create]}";
    for (secret, verdict) in [("secretRef: {name: key}", Verdict::Unproven), ("interval: 1m", Verdict::Isolated)] {
        let mut tree = narrow(rules);
        platform(
            &mut tree,
            &source("GitRepository", "fleet", &format!("url: 'https://github.com/org/fleet', {secret}")),
        );
        assert_eq!(tree.of("team1").verdict(), verdict, "{secret}");
    }
}

#[test]
fn nothing_is_cut_silently() {
    let mut tree = two_teams();
    let target = account("team1", "flux");
    let weak = (0..300).map(|number| binding(&format!("a{number:03}"), None, "system:discovery", &[&target]));
    let all: Vec<String> = weak.chain([binding("z", None, "cluster-admin", &[&target])]).collect();
    tree.extra("team1", &all.join("---\n"));
    assert_eq!(tree.reached("team1"), ["cluster"]);
    // More ways to a file than are followed.
    let mut tree = two_teams();
    let names: Vec<String> = (0..600).map(|number| format!("p{number}")).collect();
    tree.put("cluster/many/kustomization.yaml", &format!("{LIST}resources: [{}]\n", names.join(", ")));
    for name in &names {
        let text = format!("{LIST}namePrefix: {name}-\nresources: [../../../shared]\n");
        tree.put(&format!("cluster/many/{name}/kustomization.yaml"), &text);
    }
    tree.put("shared/kustomization.yaml", &format!("{LIST}resources: [x.yaml]\n"));
    tree.put("shared/x.yaml", &binding("x", Some("team1"), "view", &[&target]));
    assert_eq!(tree.of("team1").verdict(), Verdict::Unproven);
}

#[test]
fn names_of_the_own_namespace_are_no_path() {
    let rule =
        |name: &str| format!("{{apiGroups: [''], resources: [namespaces], resourceNames: [{name}], verbs: [patch]}}");
    for (name, reached) in [("team1", vec![]), ("team2", vec!["team2"])] {
        let mut tree = two_teams();
        tree.extra("team1", &role("extra", &rule(name)));
        tree.extra("team1", &binding("extra", None, "extra", &[&account("team1", "flux")]));
        assert_eq!(tree.reached("team1"), reached);
    }
}
