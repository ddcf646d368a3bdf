mod entries;
mod templates;

use std::collections::BTreeMap;

use super::*;
use crate::names::Engine;

fn files(files: &[(&str, &str)]) -> BTreeMap<RepoPath, String> {
    files.iter().map(|(path, text)| (path.parse().expect("a path"), (*text).to_owned())).collect()
}

/// A small admin repository under Flux v2.
fn repository() -> BTreeMap<RepoPath, String> {
    files(&[
        ("cluster/kustomization.yaml", "resources:\n  - ./common\n  - ./team1 # the first\n"),
        ("cluster/common/kustomization.yaml", "resources: [other.yaml]\n"),
        ("cluster/common/other.yaml", "kind: Namespace\nmetadata: {name: monitoring}\n"),
        (
            "cluster/team1/all.yaml",
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nspec: {url: 'ssh://git@github.com/org/dev-team1', ref: {branch: trunk}}\n---\nkind: Namespace\nmetadata: {name: team1}\n",
        ),
    ])
}

fn request(team: &str) -> TeamRequest {
    let (git_url, branch) = ("git@github.com:org/dev-team2".parse(), "main".parse());
    TeamRequest::new(team.parse().expect("a team"), git_url.expect("a URL"), branch.expect("a branch"))
}

fn survey(files: &BTreeMap<RepoPath, String>) -> Survey<'_> {
    Survey::new(files, "cluster".parse().expect("a path"))
}

fn plan_in(files: &BTreeMap<RepoPath, String>, request: &TeamRequest) -> Result<Outcome, ScaffoldError> {
    plan(request, &survey(files))
}

fn changes(files: &BTreeMap<RepoPath, String>, request: &TeamRequest) -> ChangeSet {
    match plan_in(files, request) {
        Ok(Outcome::Changes(plan)) => plan.changes,
        other => panic!("{other:?}"),
    }
}

fn applied(mut files: BTreeMap<RepoPath, String>, changes: &ChangeSet) -> BTreeMap<RepoPath, String> {
    files.extend(changes.files.iter().map(|change| (change.path.clone(), change.text().to_owned())));
    files
}

#[test]
fn a_team_under_flux_v2() {
    insta::assert_snapshot!(changes(&repository(), &request("team2")).to_string());
}

#[test]
fn a_team_under_flux_v1() {
    let mut files = repository();
    files.remove(&"cluster/team1/all.yaml".parse::<RepoPath>().expect("a path"));
    files.extend(self::files(&[
        ("base/flux/kustomization.yaml", "resources: [role.yaml]\n"),
        (
            "base/flux/role.yaml",
            "kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1beta1\nmetadata: {name: flux}\n",
        ),
    ]));
    let request = TeamRequest { layout: Wanted::Engine(Engine::FluxV1), ..request("team2") };
    insta::assert_snapshot!(changes(&files, &request).to_string());
}

#[test]
fn twice_is_once_and_half_is_made_whole() {
    let request = request("team2");
    let once = applied(repository(), &changes(&repository(), &request));
    assert_eq!(plan_in(&once, &request).expect("planned"), Outcome::AlreadyThere);
    // Without its entry the team gets the entry alone.
    let mut half = once.clone();
    half.extend(files(&[("cluster/kustomization.yaml", "resources: []\n")]));
    let changes = changes(&half, &request);
    assert_eq!(changes.files.len(), 1);
    assert_eq!(changes.files[0].path.as_str(), "cluster/kustomization.yaml");
}

#[test]
fn names_in_use_are_refused() {
    let with = |path: &str, text: &str| {
        applied(
            repository(),
            &ChangeSet {
                files: vec![FileChange {
                    path: path.parse().expect("a path"),
                    before: None,
                    after: Some(text.to_owned()),
                }],
            },
        )
    };
    let list = "cluster/kustomization.yaml";
    for (files, expected) in [
        (with("cluster/team2/x.yaml", "a: b\n"), "cluster/team2 is there already and differs"),
        (with("cluster/team2/README.md", "hi"), "(cluster/team2/README.md)"),
        (with("cluster/Team2/x.yaml", "a: b\n"), "there is a directory cluster/Team2"),
        (with(list, "resources: [./team2/]\n"), "lists \"./team2/\" but there is no cluster/team2"),
        (with(list, "resources: [../other/team2]\n"), "lists \"../other/team2\"; choose another name"),
        (
            with("cluster/common/ns.yaml", "kind: Namespace\nmetadata: {name: team2}\n"),
            "cluster/common/ns.yaml holds a namespace",
        ),
        (
            with(
                "cluster/common/ns.yaml",
                "kind: NamespaceList\nitems: [{kind: Namespace, metadata: {name: team2}}]\n",
            ),
            "holds a namespace",
        ),
        (with("cluster/x/kustomization.yaml", "namespace: team2\n"), "holds a namespace"),
        (
            with("cluster/x/y.yaml", "kind: Namespace\na: [\n# team2\n"),
            "cluster/x/y.yaml is not readable YAML and mentions team2",
        ),
        (with(list, "resources: &x [a]\n"), "cluster/kustomization.yaml: line 1: an anchor"),
        (with("cluster/kustomization.yml", ""), "are both kustomization files"),
    ] {
        let error = plan_in(&files, &request("team2")).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = plan_in(&repository(), &request("monitoring")).expect_err("a namespace").to_string();
    assert!(error.contains("the name monitoring is in use: cluster/common/other.yaml"), "{error}");
    assert!(plan_in(&with("cluster/x/y.yaml", "kind: Namespace\na: [\n# team22\n"), &request("team2")).is_ok());
    let no_list = files(&[("cluster/x.yaml", "a: b\n")]);
    let error = plan_in(&no_list, &request("team2")).expect_err("no list").to_string();
    assert!(error.starts_with("cluster/kustomization.yaml does not exist"), "{error}");
}

#[test]
fn a_directory_with_one_file_of_ours_changed_is_refused() {
    let request = request("team2");
    let mut files = applied(repository(), &changes(&repository(), &request));
    let quota: RepoPath = "cluster/team2/quota.yaml".parse().expect("a path");
    files.insert(quota.clone(), "other: content\n".to_owned());
    let error = plan_in(&files, &request).expect_err("changed").to_string();
    assert!(error.contains("(cluster/team2/quota.yaml)"), "{error}");
    // One file missing is made again.
    files.remove(&quota);
    assert_eq!(changes(&files, &request).files.len(), 1);
}

#[test]
fn settings_are_checked_and_never_become_yaml() {
    let with = |name: &str, value: &str| TeamRequest {
        settings: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        ..request("team2")
    };
    let rendered = changes(&repository(), &with("role", "view")).to_string();
    assert!(rendered.contains("name: view"), "{rendered}");
    for (name, value, expected) in [
        ("role", "cluster-admin", "the setting role must be admin, edit, view, not \"cluster-admin\""),
        ("interval", "1m\nprune: false", "must be a duration"),
        ("rle", "admin", "\"rle\" is no setting of this template; did you mean role?"),
        ("git_url", "x", "\"git_url\" is no setting"),
        ("whatever_else", "x", "the settings are alert_address, alert_secret, alerts, cpu"),
    ] {
        let error = plan_in(&repository(), &with(name, value)).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn https_needs_no_secret_and_an_app_names_one() {
    let mut request = request("team2");
    request.git_url = "https://github.com/org/dev-team2".parse().expect("a URL");
    let text = changes(&repository(), &request).to_string();
    assert!(!text.contains("secretRef") && !text.contains("provider"), "{text}");
    request.settings.insert("git_provider".to_owned(), "github".to_owned());
    request.settings.insert("git_secret".to_owned(), "flux-app".to_owned());
    let text = changes(&repository(), &request).to_string();
    assert!(text.contains("provider: github") && text.contains("name: flux-app"), "{text}");
}

#[test]
fn the_repository_tells_engine_url_and_branch() {
    let repository = repository();
    let survey = survey(&repository);
    let team = "team2".parse().expect("a team");
    assert_eq!(survey.engine().expect("one engine"), Some(Engine::FluxV2));
    assert_eq!(survey.git_url(&team).expect("a pattern").as_str(), "ssh://git@github.com/org/dev-team2");
    assert_eq!(survey.branch().expect("a branch").as_str(), "trunk");
    let patch = "spec: {template: {spec: {containers: [{args: ['--k8s-allow-namespace=team1', '--git-url=git@github.com:org/dev-team1', --git-branch=master]}]}}}\n";
    let v1 = files(&[("cluster/team1/flux-patch.yaml", patch)]);
    let survey = self::survey(&v1);
    assert_eq!(survey.engine().expect("one engine"), Some(Engine::FluxV1));
    assert_eq!(survey.git_url(&team).expect("a pattern").as_str(), "git@github.com:org/dev-team2");
    assert_eq!(survey.branch().expect("a branch").as_str(), "master");
    let both = applied(
        repository.clone(),
        &ChangeSet {
            files: vec![FileChange {
                path: "cluster/a/p.yaml".parse().expect("a path"),
                before: None,
                after: Some(patch.to_owned()),
            }],
        },
    );
    let error = self::survey(&both).engine().expect_err("two").to_string();
    assert!(error.contains("flux-v1 or flux-v2"), "{error}");
    assert_eq!(self::survey(&files(&[])).engine().expect("none"), None);
    let differing = files(&[
        ("cluster/a/s.yaml", "kind: GitRepository\nspec: {url: 'https://x/o/a'}\n"),
        ("cluster/b/s.yaml", "kind: GitRepository\nspec: {url: 'https://x/o/dev-b'}\n"),
    ]);
    assert_eq!(self::survey(&differing).git_url(&team), None);
}

#[test]
fn flux_v1_needs_its_base() {
    let request = TeamRequest { layout: Wanted::Engine(Engine::FluxV1), ..request("team2") };
    let error = plan_in(&repository(), &request).expect_err("no base").to_string();
    assert!(error.contains("base/flux/kustomization.yaml does not exist"), "{error}");
}

#[test]
fn ways_between_directories() {
    let path = |text: &str| text.parse::<RepoPath>().expect("a path");
    assert_eq!(team::way(&path("cluster/team2"), &path("base/flux")), "../../base/flux");
    assert_eq!(team::way(&path("a/b/c"), &path("a/base")), "../../base");
}
