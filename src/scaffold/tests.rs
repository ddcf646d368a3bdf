use std::collections::BTreeMap;

use super::*;

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
    TeamRequest {
        team: team.parse().expect("a team"),
        git_url: "git@github.com:org/dev-team2".parse().expect("a URL"),
        branch: "main".parse().expect("a branch"),
        engine: Engine::FluxV2,
        settings: BTreeMap::new(),
    }
}

fn survey(files: &BTreeMap<RepoPath, String>) -> Survey<'_> {
    Survey::new(files, "cluster".parse().expect("a path"))
}

fn plan_in(files: &BTreeMap<RepoPath, String>, request: &TeamRequest) -> Result<Outcome, ScaffoldError> {
    plan(request, &survey(files).existing(&request.team)?)
}

fn changes(files: &BTreeMap<RepoPath, String>, request: &TeamRequest) -> ChangeSet {
    match plan_in(files, request) {
        Ok(Outcome::Changes(changes)) => changes,
        other => panic!("{other:?}"),
    }
}

fn applied(mut files: BTreeMap<RepoPath, String>, changes: &ChangeSet) -> BTreeMap<RepoPath, String> {
    files.extend(changes.files.iter().map(|change| (change.path.clone(), change.after.clone())));
    files
}

#[test]
fn a_team_under_flux_v2() {
    insta::assert_snapshot!(changes(&repository(), &request("team2")).to_string(), @r#"
    create cluster/team2/namespace.yaml
      + # The team's namespace and the Pod Security level in it.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: v1
      + kind: Namespace
      + metadata:
      +   name: team2
      +   labels:
      +     toolkit.fluxcd.io/tenant: team2
      +     pod-security.kubernetes.io/enforce: baseline
      +     pod-security.kubernetes.io/warn: restricted
      +     pod-security.kubernetes.io/audit: restricted

    create cluster/team2/rbac.yaml
      + # The account that Flux acts as for this team, and its rights: in this namespace only.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: v1
      + kind: ServiceAccount
      + metadata:
      +   name: flux
      +   namespace: team2
      +   labels:
      +     toolkit.fluxcd.io/tenant: team2
      + ---
      + apiVersion: rbac.authorization.k8s.io/v1
      + kind: RoleBinding
      + metadata:
      +   name: team2-reconciler
      +   namespace: team2
      +   labels:
      +     toolkit.fluxcd.io/tenant: team2
      + roleRef:
      +   apiGroup: rbac.authorization.k8s.io
      +   kind: ClusterRole
      +   name: admin
      + subjects:
      +   - kind: ServiceAccount
      +     name: flux
      +     namespace: team2

    create cluster/team2/quota.yaml
      + # What the team's pods may use together, and what a container gets that asks for nothing.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: v1
      + kind: ResourceQuota
      + metadata:
      +   name: team2
      +   namespace: team2
      + spec:
      +   hard:
      +     requests.cpu: "8"
      +     requests.memory: 16Gi
      +     pods: "100"
      +     count/kustomizations.kustomize.toolkit.fluxcd.io: "100"
      +     count/helmreleases.helm.toolkit.fluxcd.io: "100"
      + ---
      + apiVersion: v1
      + kind: LimitRange
      + metadata:
      +   name: team2
      +   namespace: team2
      + spec:
      +   limits:
      +     - type: Container
      +       defaultRequest:
      +         cpu: 50m
      +         memory: 64Mi
      +       default:
      +         memory: 512Mi

    create cluster/team2/network.yaml
      + # Pods are reached from their own namespace only; add policies for what others may reach.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: networking.k8s.io/v1
      + kind: NetworkPolicy
      + metadata:
      +   name: same-namespace-only
      +   namespace: team2
      + spec:
      +   podSelector: {}
      +   policyTypes:
      +     - Ingress
      +   ingress:
      +     - from:
      +         - podSelector: {}

    create cluster/team2/sync.yaml
      + # The team's repository, and that it is applied with the team's account into the team's namespace.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: source.toolkit.fluxcd.io/v1
      + kind: GitRepository
      + metadata:
      +   name: team2
      +   namespace: team2
      + spec:
      +   interval: 1m
      +   url: ssh://git@github.com/org/dev-team2
      +   ref:
      +     branch: main
      +   secretRef:
      +     name: flux-git-auth
      + ---
      + apiVersion: kustomize.toolkit.fluxcd.io/v1
      + kind: Kustomization
      + metadata:
      +   name: team2
      +   namespace: team2
      + spec:
      +   interval: 10m
      +   retryInterval: 2m
      +   timeout: 5m
      +   path: ./
      +   prune: true
      +   wait: true
      +   serviceAccountName: flux
      +   targetNamespace: team2
      +   sourceRef:
      +     kind: GitRepository
      +     name: team2

    create cluster/team2/kustomization.yaml
      + # What belongs to the team.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: kustomize.config.k8s.io/v1beta1
      + kind: Kustomization
      + resources:
      +   - namespace.yaml
      +   - rbac.yaml
      +   - quota.yaml
      +   - network.yaml
      +   - sync.yaml

    change cluster/kustomization.yaml
        resources:
          - ./common
          - ./team1 # the first
      +   - ./team2
    "#);
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
    let request = TeamRequest { engine: Engine::FluxV1, ..request("team2") };
    insta::assert_snapshot!(changes(&files, &request).to_string(), @r#"
    create cluster/team2/namespace.yaml
      + # The team's namespace and the Pod Security level in it.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: v1
      + kind: Namespace
      + metadata:
      +   name: team2
      +   labels:
      +     pod-security.kubernetes.io/enforce: baseline
      +     pod-security.kubernetes.io/warn: restricted
      +     pod-security.kubernetes.io/audit: restricted

    create cluster/team2/rbac.yaml
      + # What the team's Flux may see outside its namespace.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: rbac.authorization.k8s.io/v1
      + kind: ClusterRoleBinding
      + metadata:
      +   name: flux-team2
      + roleRef:
      +   apiGroup: rbac.authorization.k8s.io
      +   kind: ClusterRole
      +   name: flux-readonly
      + subjects:
      +   - kind: ServiceAccount
      +     name: flux
      +     namespace: team2

    create cluster/team2/kubeconfig.yaml
      + # The namespace that the team's Flux works in where a manifest names none.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: v1
      + kind: Config
      + preferences: {}
      + users: []
      + clusters: []
      + current-context: default
      + contexts:
      +   - name: default
      +     context:
      +       cluster: ""
      +       namespace: team2
      +       user: ""

    create cluster/team2/flux-patch.yaml
      + # The team's Flux: which repository it follows and which namespace it may touch.
      + # Made by `create-team team2`; admins change it from here on.
      + apiVersion: apps/v1
      + kind: Deployment
      + metadata:
      +   name: flux
      + spec:
      +   template:
      +     spec:
      +       containers:
      +         - name: flux
      +           args:
      +             - --manifest-generation=true
      +             - --memcached-hostname=flux-memcached.flux-system
      +             - --memcached-service=
      +             - --git-poll-interval=5m
      +             - --sync-interval=5m
      +             - --ssh-keygen-dir=/var/fluxd/keygen
      +             - --k8s-allow-namespace=team2
      +             - --git-url=git@github.com:org/dev-team2
      +             - --git-branch=main
      + ---
      + apiVersion: rbac.authorization.k8s.io/v1beta1
      + kind: RoleBinding
      + metadata:
      +   name: flux
      + subjects:
      +   - kind: ServiceAccount
      +     name: flux
      +     namespace: team2

    create cluster/team2/kustomization.yaml
      + # The team's Flux, from the common base. These fields are read by the kustomize inside fluxd.
      + # Made by `create-team team2`; admins change it from here on.
      + namespace: team2
      + resources:
      +   - namespace.yaml
      +   - rbac.yaml
      +   - ../../base/flux
      + patchesStrategicMerge:
      +   - flux-patch.yaml
      + configMapGenerator:
      +   - name: flux-kube-config
      +     behavior: replace
      +     files:
      +       - kubeconfig.yaml

    change cluster/kustomization.yaml
        resources:
          - ./common
          - ./team1 # the first
      +   - ./team2
    "#);
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
                files: vec![FileChange { path: path.parse().expect("a path"), before: None, after: text.to_owned() }],
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
        (with("cluster/x/y.yaml", "a: [\n# team2\n"), "cluster/x/y.yaml is not readable YAML and mentions team2"),
        (with(list, "resources: &x [a]\n"), "cluster/kustomization.yaml: line 1: an anchor"),
        (with("cluster/kustomization.yml", ""), "are both kustomization files"),
    ] {
        let error = plan_in(&files, &request("team2")).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = plan_in(&repository(), &request("monitoring")).expect_err("a namespace").to_string();
    assert!(error.contains("the name monitoring is in use: cluster/common/other.yaml"), "{error}");
    assert!(plan_in(&with("cluster/x/y.yaml", "a: [\n# team22\n"), &request("team2")).is_ok());
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
        ("whatever_else", "x", "the settings are cpu, git_provider"),
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
                after: patch.to_owned(),
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
    let request = TeamRequest { engine: Engine::FluxV1, ..request("team2") };
    let error = plan_in(&repository(), &request).expect_err("no base").to_string();
    assert!(error.contains("base/flux/kustomization.yaml does not exist"), "{error}");
}

#[test]
fn built_in_templates_are_whole() {
    for engine in [Engine::FluxV1, Engine::FluxV2] {
        let template = Template::built_in(engine).expect("a template");
        for (name, parameter) in template.parameters() {
            assert_eq!(parameter.misfit(&parameter.default), None, "{name}");
            assert!(!parameter.help.is_empty(), "{name}");
        }
        let directory = format!("{}/bot-config/templates/{engine}/team", env!("CARGO_MANIFEST_DIR"));
        let on_disk = std::fs::read_dir(directory).expect("the template's directory").count();
        let values = template
            .values(
                &BTreeMap::new(),
                &BTreeMap::from([
                    ("team", "t".to_owned()),
                    ("namespace", "t".to_owned()),
                    ("git_url", "https://x/y".to_owned()),
                    ("branch", "main".to_owned()),
                    ("base_flux", "../../base/flux".to_owned()),
                    ("role_binding_api", "v1".to_owned()),
                ]),
            )
            .expect("values");
        let rendered = template.render(&"t".parse().expect("a team"), &values).expect("rendered");
        assert_eq!(rendered.len() + 1, on_disk, "every file beside template.yaml is listed and embedded");
    }
}

#[test]
fn broken_templates_say_what_is_wrong() {
    let parse = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Template::parse(&files).expect_err("broken").to_string()
    };
    assert!(parse(&[]).contains("template.yaml cannot be used: it does not exist"));
    assert!(parse(&[("template.yaml", "files: [{name: x.yaml, about: x}]")]).contains("x.yaml cannot be used"));
    assert!(
        parse(&[("template.yaml", "files: [{name: ../x, about: x}]"), ("../x", "a")]).contains("../x cannot be used")
    );
    assert!(parse(&[("template.yaml", "fils: []")]).contains("unknown field"));
}

#[test]
fn ways_between_directories() {
    let path = |text: &str| text.parse::<RepoPath>().expect("a path");
    assert_eq!(way(&path("cluster/team2"), &path("base/flux")), "../../base/flux");
    assert_eq!(way(&path("a/b/c"), &path("a/base")), "../../base");
}
