use super::*;

/// The plan's text for one changed file.
fn changed(files: &BTreeMap<RepoPath, String>, request: &TeamRequest, path: &str) -> Option<String> {
    let changes = changes(files, request).files;
    changes.into_iter().find(|file| file.path.as_str() == path).and_then(|file| file.after)
}

fn with(path: &str, text: &str) -> BTreeMap<RepoPath, String> {
    repository().into_iter().chain(files(&[(path, text)])).collect()
}

#[test]
fn constraints_that_list_teams_get_the_new_one() {
    let path = "cluster/gatekeeper/constraints.yaml";
    let constraint = |list: &str| {
        format!(
            "# Why.\nkind: ContainerResources\napiVersion: constraints.gatekeeper.sh/v1beta1\nspec:\n  match:\n{list}    kinds: [] # all\n---\nkind: Other\n"
        )
    };
    for (before, after) in [
        ("    namespaces:\n      - team1 # the first\n", "    namespaces:\n      - team1 # the first\n      - team2\n"),
        ("    namespaces: [\"team1\"]\n", "    namespaces: [\"team1\", \"team2\"]\n"),
    ] {
        let files = with(path, &constraint(before));
        assert_eq!(changed(&files, &request("team2"), path), Some(constraint(after)));
        let once = applied(files.clone(), &changes(&files, &request("team2")));
        assert_eq!(plan_in(&once, &request("team2")).expect("planned"), Outcome::AlreadyThere);
    }
    // Not those that are about something else, mean the team already, or mean every namespace.
    for list in [
        "    namespaces: [monitoring]\n",
        "    namespaces: [team1, team2]\n",
        "    namespaces: ['team*']\n",
        "    excludedNamespaces: [team1]\n",
        "",
    ] {
        assert_eq!(changed(&with(path, &constraint(list)), &request("team2"), path), None, "{list}");
    }
    for (text, expected) in [
        (constraint("    namespaces: &x [team1]\n"), "constraints.yaml: line 6: an anchor"),
        ("constraints.gatekeeper.sh: [\n".to_owned(), "constraints.yaml is not readable YAML"),
    ] {
        let error = plan_in(&with(path, &text), &request("team2")).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_list_of_sources_gets_what_it_does_not_cover() {
    let path = "policies/staging/allowlist.yaml";
    let list = |lines: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: flux-tenant-sources-allowlist\n  namespace: flux-system\ndata:\n  # Where teams may be.\n  allowedPrefixes: |\n{lines}"
        )
    };
    let files = with(path, &list("    https://github.com/org/\n"));
    let after = list("    https://github.com/org/\n    ssh://git@github.com/org/\n");
    assert_eq!(changed(&files, &request("team2"), path), Some(after.clone()));
    assert_eq!(changed(&with(path, &after), &request("team2"), path), None);
    assert_eq!(changed(&with(path, &list("    ssh://git@github.com/\n")), &request("team2"), path), None);
    let error =
        plan_in(&with(path, &list("    a\n").replace(": |\n    a", ": a")), &request("team2")).expect_err("no block");
    assert!(error.to_string().contains("allowlist.yaml: line 8: a text that is no block of lines"), "{error}");
    // A host alone opens nothing but the repository itself.
    let mut request = request("team2");
    request.git_url = "https://git.example.org/dev-team2".parse().expect("a URL");
    let after = list("    x\n    https://git.example.org/dev-team2\n");
    assert_eq!(changed(&with(path, &list("    x\n")), &request, path), Some(after));
}

#[test]
fn a_list_that_changes_what_it_lists_is_refused() {
    for (line, expected) in
        [("namespace: apps", "namespace: \"apps\""), ("namePrefix: x-", "namePrefix"), ("nameSuffix: -x", "nameSuffix")]
    {
        let files = with("cluster/kustomization.yaml", &format!("{line}\nresources:\n- ./team1\n"));
        let error = plan_in(&files, &request("team2")).expect_err(line).to_string();
        assert!(error.starts_with("cluster/kustomization.yaml has ") && error.contains(expected), "{error}");
    }
}

/// The layout of flux2-multi-tenancy, with two environments.
fn environments() -> BTreeMap<RepoPath, String> {
    let source = "kind: GitRepository\nspec: {url: 'https://github.com/org/dev-team1', ref: {branch: main}}\n---\nkind: Namespace\nmetadata: {name: team1}\n";
    files(&[
        (
            "clusters/staging/tenants.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: tenants}\n",
        ),
        ("tenants/base/team1/sync.yaml", source),
        ("tenants/staging/kustomization.yaml", "resources:\n  - team1 # first\n"),
        ("tenants/staging/team1/kustomization.yaml", "resources: [../../base/team1]\n"),
        ("tenants/production/kustomization.yaml", "resources: [team1]\n"),
        ("tenants/production/team1/kustomization.yaml", "resources: [../../base/team1]\n"),
    ])
}

fn survey_environments(files: &BTreeMap<RepoPath, String>) -> Survey<'_> {
    Survey::new(files, find_cluster_path(files).expect("a layout"))
}

#[test]
fn a_team_in_every_environment() {
    let files = environments();
    let survey = survey_environments(&files);
    assert_eq!(survey.layout(Wanted::Seen).expect("one"), Layout::FluxV2Environments);
    assert_eq!(survey.environments(), ["production", "staging"]);
    let team = "team2".parse().expect("a team");
    assert_eq!(survey.git_url(&team).expect("a pattern").as_str(), "https://github.com/org/dev-team2");
    let Ok(Outcome::Changes(plan)) = plan(&request("team2"), &survey) else { panic!("no changes") };
    insta::assert_snapshot!(plan.to_string());
    let once = applied(files.clone(), &plan.changes);
    assert_eq!(super::plan(&request("team2"), &survey_environments(&once)).expect("planned"), Outcome::AlreadyThere);
    let only = TeamRequest { environments: vec!["staging".to_owned()], ..request("team2") };
    let Ok(Outcome::Changes(plan)) = super::plan(&only, &survey) else { panic!("no changes") };
    assert!(plan.changes.files.iter().all(|file| !file.path.as_str().contains("production")));
}

#[test]
fn names_in_use_in_any_environment() {
    for (path, text, expected) in [
        ("tenants/base/team2/x.yaml", "a: b\n", "tenants/base/team2 is there already and differs"),
        ("tenants/staging/team2/x.yaml", "a: b\n", "tenants/staging/team2 is there already and differs"),
        ("tenants/staging/kustomization.yaml", "resources: [team2]\n", "but there is no tenants/staging/team2"),
        (
            "infrastructure/x.yaml",
            "kind: Namespace\nmetadata: {name: team2}\n",
            "infrastructure/x.yaml holds a namespace",
        ),
        (
            "tenants/staging/kustomization.yaml",
            "namespace: apps\nresources: [team1]\n",
            "tenants/staging/kustomization.yaml has namespace",
        ),
    ] {
        let mut files = environments();
        files.insert(path.parse().expect("a path"), text.to_owned());
        let error = plan(&request("team2"), &survey_environments(&files)).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let files = environments();
    let typo = TeamRequest { environments: vec!["stagin".to_owned()], ..request("team2") };
    let error = plan(&typo, &survey_environments(&files)).expect_err("unknown").to_string();
    assert_eq!(error, "\"stagin\" is no environment here; they are production, staging");
}

#[test]
fn names_that_look_alike_are_noted() {
    let Ok(Outcome::Changes(plan)) = plan_in(&repository(), &request("teaml")) else { panic!("no changes") };
    assert_eq!(plan.notes, ["teaml looks like team1, which is there already: make sure that it is another"]);
    assert!(
        plan.to_string()
            .ends_with("\nnote: teaml looks like team1, which is there already: make sure that it is another\n")
    );
    let Ok(Outcome::Changes(plan)) = plan_in(&repository(), &request("team2")) else { panic!("no changes") };
    assert!(plan.notes.is_empty());
}

#[test]
fn a_cluster_before_1_25_has_policies_for_pods() {
    let mut files = repository();
    files.remove(&"cluster/team1/all.yaml".parse::<RepoPath>().expect("a path"));
    files.extend(self::files(&[
        ("base/flux/kustomization.yaml", "resources: []\n"),
        ("cluster/common/kustomization.yaml", "resources: [other.yaml]\n"),
    ]));
    let old = TeamRequest { kubernetes: Some(crate::names::KubernetesVersion::new(24)), ..request("team2") };
    let text = changes(&files, &old).to_string();
    assert!(
        text.contains("name: default-psp-team2") && text.contains("- psp.yaml") && text.contains("name: flux-psp"),
        "{text}"
    );
    assert!(!text.contains("pod-security.kubernetes.io"), "{text}");
    let restricted = [("pod_security".to_owned(), "restricted".to_owned())].into();
    let restricted = TeamRequest { settings: restricted, ..request("team2") };
    let error = plan_in(&files, &restricted).expect_err("root").to_string();
    assert!(error.starts_with("Flux v1 runs as root in the team's namespace"), "{error}");
    let with_policies = TeamRequest { kubernetes: old.kubernetes, ..restricted };
    assert!(changes(&files, &with_policies).to_string().contains("rule: MustRunAsNonRoot"));
    let new = TeamRequest { kubernetes: Some(crate::names::KubernetesVersion::new(25)), ..request("team2") };
    let text = changes(&files, &new).to_string();
    assert!(!text.contains("psp") && text.contains("pod-security.kubernetes.io/enforce: baseline"), "{text}");
}
