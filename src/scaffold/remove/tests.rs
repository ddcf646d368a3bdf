use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Removal, RemoveError, RemoveRequest, applied, plan};
use crate::manifest;
use crate::names::RepoPath;
use crate::scaffold::{Layout, Outcome, Survey, TeamRequest, Wanted};
use crate::tenancy::{FileSummary, RepositoryIndex};

type Files = BTreeMap<RepoPath, String>;

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| (path.parse().expect("a path"), (*text).to_owned())).collect()
}

fn index(files: &Files) -> RepositoryIndex {
    let summary = |text: &str, path: &RepoPath| FileSummary::of(&manifest::read(path.clone(), text.as_bytes()));
    RepositoryIndex::from_files(files.iter().map(|(path, text)| (path.clone(), Arc::new(summary(text, path)))))
}

fn survey(files: &Files) -> Survey<'_> {
    let cluster = crate::scaffold::find_cluster_path(files).expect("a layout");
    Survey::new(files, cluster)
}

fn try_removal(files: &Files, team: &str, was_team: bool) -> Result<Removal, RemoveError> {
    let own_url = "ssh://git@github.com/org/dev-cluster".parse().ok();
    let git_url = format!("ssh://git@github.com/other/dev-{team}").parse().ok();
    let request = RemoveRequest { was_team, git_url, own_url, ..RemoveRequest::new(team.parse().expect("a team")) };
    plan(&request, &survey(files), &index(files))
}

fn removal(files: &Files, team: &str) -> Removal {
    try_removal(files, team, false).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(files: &Files, team: &str) -> String {
    try_removal(files, team, false).expect_err(team).to_string()
}

/// A repository of a layout, before there is a team.
fn repository(layout: Layout) -> Files {
    match layout {
        Layout::FluxV1 => files(&[
            ("cluster/kustomization.yaml", "# Teams.\nbases:\n  - ./common/ # all\n  - ./team1/\n"),
            ("cluster/common/kustomization.yaml", "resources: []\n"),
            ("cluster/team1/kustomization.yaml", "resources: [../../base/flux]\npatchesStrategicMerge: [p.yaml]\n"),
            ("cluster/team1/p.yaml", FLUXD),
            ("base/flux/kustomization.yaml", "resources: [flux.yaml]\n"),
            ("base/flux/flux.yaml", FLUXD_BASE),
        ]),
        Layout::FluxV2 => files(&[
            ("cluster/kustomization.yaml", "resources:\n  - common\n  # Teams.\n  - team1 # the first\n"),
            ("cluster/common/kustomization.yaml", "resources: [allowlist.yaml, constraint.yaml]\n"),
            ("cluster/common/allowlist.yaml", ALLOWLIST),
            ("cluster/common/constraint.yaml", CONSTRAINT),
            ("cluster/team1/all.yaml", TEAM1),
        ]),
        Layout::FluxV2Environments => files(&[
            ("clusters/staging/tenants.yaml", TENANTS),
            ("tenants/base/team1/all.yaml", TEAM1),
            ("tenants/staging/kustomization.yaml", "resources: [team1]\n"),
            ("tenants/staging/team1/kustomization.yaml", "resources: [../../base/team1]\n"),
            ("tenants/production/kustomization.yaml", "resources:\n- team1\n"),
            ("tenants/production/team1/kustomization.yaml", "resources: [../../base/team1]\n"),
        ]),
    }
}

const FLUXD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux}\nspec:\n  template:\n    spec:\n      containers:\n        - name: flux\n          args: [--git-url=git@github.com:org/dev-team1, --k8s-allow-namespace=team1]\n";
const FLUXD_BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux}\nspec:\n  template:\n    spec:\n      containers:\n        - name: flux\n          image: docker.io/fluxcd/flux:1.25.4\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: flux-kube-config}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: flux}\n";
const ALLOWLIST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flux-tenant-sources-allowlist, namespace: flux-system}\ndata:\n  allowedPrefixes: |\n    ssh://git@github.com/org/\n";
const CONSTRAINT: &str = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sNoX\nmetadata: {name: x}\nspec:\n  match:\n    namespaces: [team1] # teams\n";
const TEAM1: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: team1, namespace: team1}\nspec: {url: 'ssh://git@github.com/org/dev-team1'}\n---\n# Applies it.\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: team1, namespace: team1}\nspec: {path: ./, prune: true, serviceAccountName: flux, sourceRef: {kind: GitRepository, name: team1}}\n";
const TENANTS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: tenants, namespace: flux-system}\nspec: {path: ./tenants/staging, prune: false, sourceRef: {kind: GitRepository, name: flux-system}}\n";

/// The same with a team more.
fn with_team(files: &Files, layout: Layout, team: &str) -> Files {
    let url = format!("ssh://git@github.com/other/dev-{team}").parse().expect("a URL");
    let request = TeamRequest {
        layout: Wanted::Layout(layout),
        ..TeamRequest::new(team.parse().expect("a team"), url, "main".parse().expect("a branch"))
    };
    match crate::scaffold::plan(&request, &survey(files)) {
        Ok(Outcome::Changes(plan)) => applied(files, &plan.changes),
        other => panic!("{other:?}"),
    }
}

/// Both steps.
fn without_team(files: &Files, team: &str) -> Files {
    let removal = removal(files, team);
    assert!(!removal.first.files.is_empty(), "{removal}");
    let middle = applied(files, &removal.first);
    let second = try_removal(&middle, team, true).unwrap_or_else(|error| panic!("{error}"));
    assert!(second.first.files.is_empty(), "the first step is done once: {}", second.first);
    assert_eq!(second.second.to_string(), removal.second.to_string(), "seen before and after the first step");
    let end = applied(&middle, &second.second);
    assert!(try_removal(&end, team, true).is_err(), "twice is once");
    end
}

#[test]
fn who_comes_and_goes_leaves_every_byte_as_it_was() {
    for layout in Layout::ALL {
        let before = repository(layout);
        let with = with_team(&before, layout, "team3");
        assert_eq!(without_team(&with, "team3"), before, "{layout}");
        // In any order, with others beside it.
        let two = with_team(&with, layout, "team2");
        assert_eq!(without_team(&without_team(&two, "team3"), "team2"), before, "{layout}");
    }
}

#[test]
fn both_steps_of_every_layout() {
    for layout in Layout::ALL {
        let files = with_team(&repository(layout), layout, "team3");
        insta::assert_snapshot!(format!("plan_{layout}"), removal(&files, "team3").to_string());
    }
}

#[test]
fn a_file_with_other_objects_loses_only_those_that_go() {
    let files = repository(Layout::FluxV2);
    let first = removal(&files, "team1").first;
    let [file] = first.files.as_slice() else { panic!("{first}") };
    assert_eq!(file.after.as_deref(), Some("apiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n"));
}

#[test]
fn an_empty_list_of_namespaces_is_never_left() {
    let files = repository(Layout::FluxV2);
    let removal = removal(&files, "team1");
    let changed: Vec<&str> = removal.second.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(changed, ["cluster/kustomization.yaml", "cluster/team1/all.yaml"]);
    let notes = removal.notes.join("\n");
    assert!(
        notes.contains("constraint.yaml: spec.match.namespaces names only team1, and an empty list means every"),
        "{notes}"
    );
}

#[test]
fn patches_and_values_for_what_goes_go_too_and_others_stay() {
    // The layout of fluxcd/flux2-multi-tenancy: one patch file beside the list.
    let with = |more: &[(&str, &str)]| {
        let mut tree = repository(Layout::FluxV2Environments);
        tree.extend(files(&[
            ("tenants/base/dev-team/all.yaml", &TEAM1.replace("team1", "dev-team")),
            ("tenants/base/dev-team/kustomization.yaml", "resources: [all.yaml]\n"),
            ("tenants/base/team1/kustomization.yaml", "resources: [all.yaml]\n"),
            (
                "tenants/staging/kustomization.yaml",
                "resources: [team1, ../base/dev-team]\npatches:\n  # for dev-team\n  - path: dev-team-patch.yaml\n  - path: all.yaml\n    target: {kind: Kustomization}\n",
            ),
            ("tenants/staging/all.yaml", "- {op: add, path: /spec/wait, value: true}\n"),
            (
                "tenants/staging/dev-team-patch.yaml",
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: dev-team, namespace: dev-team}\nspec: {path: ./staging, suspend: true}\n",
            ),
        ]));
        tree.extend(files(more));
        tree
    };
    let removal = removal(&with(&[]), "dev-team");
    insta::assert_snapshot!("a_patch_beside_the_list", removal.to_string());
    let values = "resources: [team1, ../base/dev-team]\nreplacements:\n- source: {kind: GitRepository, name: dev-team}\n  targets: []\n";
    let error = refused(&with(&[("tenants/staging/kustomization.yaml", values)]), "dev-team");
    assert_eq!(
        error,
        "tenants/staging/kustomization.yaml:3: a value is taken from an object of the team; change that by hand first, then \
         try again"
    );
}

#[test]
fn what_others_use_is_never_taken() {
    let with = |path: &str, text: &str| {
        let mut tree = with_team(&repository(Layout::FluxV2), Layout::FluxV2, "team3");
        tree.extend(files(&[(path, text)]));
        tree
    };
    for (path, text, expected) in [
        (
            "cluster/team1/kustomization.yaml",
            "resources: [all.yaml, ../team3/quota.yaml]\n".to_owned(),
            "cluster/team1/kustomization.yaml names cluster/team3/quota.yaml for team team1; change that first, then remove team3",
        ),
        (
            "cluster/common/ns.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: team3}\n".to_owned(),
            "cluster/common/ns.yaml declares the namespace team3 too; change that first, then remove team3",
        ),
        (
            "cluster/team1/more.yaml",
            TEAM1.replace("namespace: team1", "namespace: team3"),
            "cluster/team1/more.yaml of team team1 has objects of Flux for the team; change that first, then remove team3",
        ),
        (
            "cluster/team1/more.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: team3}\n".to_owned(),
            "cluster/team1/more.yaml of team team1 has objects in the team's namespace; change that first, then remove team3",
        ),
    ] {
        assert_eq!(refused(&with(path, &text), "team3"), expected);
    }
}

#[test]
fn a_file_that_cannot_be_read_and_names_the_team_is_refused() {
    let mut tree = with_team(&repository(Layout::FluxV2), Layout::FluxV2, "team3");
    tree.extend(files(&[(
        "cluster/kustomization.yaml",
        "resources:\n  - common\n  - team1\n  - team3\nresource: []\n",
    )]));
    let error = refused(&tree, "team3");
    assert!(
        error.starts_with("cluster/kustomization.yaml:5: ") && error.ends_with("Mend it, then try again"),
        "{error}"
    );
    assert!(try_removal(&tree, "team1", false).is_err(), "it names that one too");
}

#[test]
fn names_that_are_no_teams() {
    let files = with_team(&repository(Layout::FluxV2), Layout::FluxV2, "payments");
    assert_eq!(refused(&files, "paymnets"), "there is no team paymnets; did you mean payments?");
    assert_eq!(refused(&files, "x-unlike"), "there is no team x-unlike");
    let none = repository(Layout::FluxV2).into_iter().filter(|(path, _)| !path.as_str().contains("team1")).collect();
    assert_eq!(refused(&none, "team3"), "there is no team team3: the repository has no teams");
}

#[test]
fn objects_elsewhere_in_the_namespace_go_with_it() {
    let mut tree = with_team(&repository(Layout::FluxV2), Layout::FluxV2, "team3");
    let extra = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a, namespace: monitoring}\n";
    let own = extra.replace("monitoring", "team3");
    tree.extend(files(&[("cluster/common/extra.yaml", &format!("{extra}---\n{own}"))]));
    tree.extend(files(&[("docs/teams.md", "# Teams\n\n- team3 does things\n- team33 does not\n")]));
    let removal = removal(&tree, "team3");
    let end = applied(&applied(&tree, &removal.first), &removal.second);
    assert_eq!(end.get("cluster/common/extra.yaml").map(String::as_str), Some(extra));
    let note = "docs/teams.md:3 has the word team3 too and stays as it is; look whether it is still right";
    assert_eq!(removal.notes, [note]);
}

#[test]
fn what_does_not_go_by_itself_is_told_with_a_remedy() {
    let mut tree = with_team(&repository(Layout::FluxV2), Layout::FluxV2, "team3");
    let sync = tree.get_mut("cluster/team3/sync.yaml").expect("there");
    *sync = sync.replace("prune: true", "prune: false\n  suspend: true").replace(
        "kind: Kustomization\nmetadata:\n",
        "kind: Kustomization\nmetadata:\n  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}\n",
    );
    let more = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: team3, finalizers: [x/y]}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: team3}\nspec: {volumeClaimTemplates: []}\n";
    tree.extend(files(&[("cluster/team3/quota.yaml", more)]));
    insta::assert_snapshot!("told", removal(&tree, "team3").told.to_string());
    let orphan = tree.get_mut("cluster/team3/sync.yaml").expect("there");
    *orphan = orphan.replace("  suspend: true", "  deletionPolicy: Orphan");
    let told = removal(&tree, "team3").told.to_string();
    assert!(told.contains("deletionPolicy: Orphan: what it has applied stays"), "{told}");
}

/// A kustomization file that lists directories, in one of many styles.
fn list() -> impl Strategy<Value = String> {
    let comment = prop_oneof![Just(""), Just(" # why"), Just("   ")];
    let between = prop_oneof![Just(""), Just("# note\n"), Just("\n"), Just("  # - ./old/\n")];
    let item = ("(\\./)?(common|other[0-9])/?", comment, between, 0..3_u8);
    let block = (prop::collection::vec(item, 1..5), 0..4_usize, 1..3_usize).prop_map(|(items, indent, gap)| {
        let line = |(name, comment, between, quote): (String, &str, &str, u8)| {
            let quote = ["", "\"", "'"][usize::from(quote)];
            format!("{}-{}{quote}{name}{quote}{comment}\n{between}", " ".repeat(indent), " ".repeat(gap))
        };
        format!("\n{}", items.into_iter().map(line).collect::<String>())
    });
    let flow = prop::collection::vec("common|other[0-9]", 1..4).prop_map(|items| format!(" [{}]\n", items.join(", ")));
    let before =
        prop_oneof![Just(""), Just("---\n"), Just("# head\n\n"), Just("commonAnnotations:\n  a: |\n    b\n\n")];
    let after = prop_oneof![Just(""), Just("images: []\n"), Just("\n# end\n"), Just("labels:\n- pairs: {a: b} # x\n")];
    let key = prop_oneof![Just("resources:"), Just("bases:")];
    (before, key, prop_oneof![block, flow], after, any::<bool>()).prop_map(|(before, key, list, after, crlf)| {
        let text = format!("{before}{key}{list}{after}");
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lists_of_any_style_keep_every_byte(list in list()) {
        let mut before = repository(Layout::FluxV2);
        before.extend(files(&[("cluster/kustomization.yaml", &list)]));
        let with = with_team(&before, Layout::FluxV2, "team3");
        prop_assert_ne!(&with, &before);
        prop_assert_eq!(without_team(&with, "team3"), before);
    }
}
