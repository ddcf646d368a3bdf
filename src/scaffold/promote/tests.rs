use std::sync::Arc;

use super::*;
use crate::manifest::{is_kustomization, is_manifest, read};
use crate::tenancy::FileSummary;

const ROLE: &str = "# who reads\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader # short\n\
                    rules:\n  - {apiGroups: [\"\"], resources: [pods], verbs: [get]}\n";
const BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: reader}\n\
                       roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}\nsubjects: []\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

fn path(text: &str) -> RepoPath {
    text.parse().expect("a path")
}

fn manifests(files: &[(&str, &str)]) -> Vec<ManifestFile> {
    files.iter().map(|(name, text)| read(path(name), text.as_bytes())).collect()
}

fn index(files: &[(&str, &str)]) -> RepositoryIndex {
    let summary = |(name, text): &(&str, &str)| {
        let file = path(name);
        let summary = if is_manifest(&file) {
            FileSummary::of(&read(file.clone(), text.as_bytes()))
        } else {
            FileSummary::other()
        };
        (file, Arc::new(summary))
    };
    RepositoryIndex::from_files(files.iter().map(summary))
}

/// What is found in a pull request that changes all of these files.
fn found(files: &[(&str, &str)], before: &[(&str, &str)]) -> Gathered {
    gather(Pull { index: &index(files), files: &manifests(files), before: &manifests(before) })
}

fn objects(files: &[(&str, &str)]) -> Vec<ClusterObject> {
    let gathered = found(files, &[]);
    assert_eq!(gathered.refusals, []);
    gathered.objects
}

fn refusal(text: &str) -> String {
    let gathered = found(&[("x.yaml", text)], &[]);
    assert!(gathered.objects.is_empty(), "{text}");
    let [refusal] = gathered.refusals.as_slice() else { panic!("{:?}", gathered.refusals) };
    format!("{} {}", refusal.place.1, refusal.why)
}

const LIST: &str = "# what all share\nresources:\n  - ./roles.yaml # first\n";
const ADMIN: &[(&str, &str)] = &[
    ("cluster/kustomization.yaml", "resources: [common]\n"),
    ("cluster/common/kustomization.yaml", LIST),
    ("cluster/common/roles.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"),
];

fn planned(objects: &[ClusterObject], earlier: &[Earlier], admin: &[(&str, &str)]) -> Result<Promotion, Vec<Refusal>> {
    let common = path("cluster/common");
    let in_common = |file: &RepoPath| file.directory() == common.as_str() && is_kustomization(file);
    let texts = admin.iter().map(|(name, text)| (path(name), (*text).to_owned()));
    let kustomizations: Vec<_> = texts.filter(|(file, _)| in_common(file)).collect();
    let files = manifests(admin).into_iter().map(|file| (file.path.clone(), file)).collect();
    let index = index(admin).with_cluster_path(path("cluster"));
    let admin = Admin { index: &index, common: &common, kustomizations: &kustomizations, files: &files };
    plan(&"team1".parse().expect("a team"), objects, earlier, admin)
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
    ADMIN.iter().copied().filter(|(name, _)| !replaced(name)).chain(more.iter().copied()).collect()
}

fn why(refused: Result<Promotion, Vec<Refusal>>) -> String {
    refused.expect_err("refused").remove(0).why
}

#[test]
fn documents_go_word_for_word_and_get_an_entry() {
    let mixed = format!("{CONFIG}---\n{ROLE}---\n{BINDING}");
    let objects = objects(&[("a/mixed.yaml", &mixed)]);
    let lines: Vec<_> = objects.iter().map(|object| (object.line, object.alone)).collect();
    assert_eq!(lines, [(6, false), (13, false)]);
    let promotion = planned(&objects, &[], ADMIN).expect("a plan");
    let files = &promotion.changes.files;
    assert_eq!(files.len(), 3);
    let role = files.iter().find(|file| file.path.as_str() == "cluster/common/team1-clusterrole-reader.yaml");
    assert_eq!(role.expect("the role's file").text(), ROLE);
    assert_eq!(
        files[2].text(),
        format!("{LIST}  - ./team1-clusterrole-reader.yaml\n  - ./team1-clusterrolebinding-reader.yaml\n")
    );
    insta::assert_snapshot!(promotion.to_string());
}

#[test]
fn only_what_is_new_or_changed_is_found() {
    let changed = ROLE.replace("[get]", "[list]");
    let before = format!("{ROLE}---\n{BINDING}");
    let after = format!("{changed}---\n# another comment\n{BINDING}");
    let gathered = found(&[("x.yaml", &after)], &[("x.yaml", &before)]);
    let kinds: Vec<_> = gathered.objects.iter().map(|object| object.id.kind.as_str()).collect();
    assert_eq!(kinds, ["ClusterRole"]);
    let unchanged: Vec<_> = gathered.unchanged.iter().map(|(id, _, line)| (id.kind.as_str(), *line)).collect();
    assert_eq!(unchanged, [("ClusterRoleBinding", 10)]);
    assert!(found(&[("x.yaml", CONFIG)], &[]).objects.is_empty());
}

#[test]
fn other_cluster_wide_kinds_stay_and_are_named() {
    let class = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1\n";
    let gathered = found(&[("x.yaml", &format!("{ROLE}---\n{class}"))], &[]);
    assert_eq!(gathered.objects.len(), 1);
    let others: Vec<_> = gathered.others.iter().map(|(id, _, line)| (id.kind.as_str(), *line)).collect();
    assert_eq!(others, [("PriorityClass", 9)]);
}

#[test]
fn what_is_no_whole_object_is_refused_with_its_line() {
    let item = ROLE.trim_start_matches("# who reads\n").replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", item.trim_end());
    assert!(refusal(&list).starts_with("4 It stands in a list with others"), "{}", refusal(&list));
    assert!(refusal(&format!("{ROLE}$patch: delete\n")).contains("a directive for patches"));
    assert!(refusal(&ROLE.replace("  name", "  $retainKeys: [a]\n  name")).contains("a directive for patches"));
    assert!(refusal(&format!("{ROLE}sops: {{mac: x, version: 3.7}}\n")).contains("SOPS has encrypted it"));
    assert!(refusal(&ROLE.replace("name: reader", "generateName: r")).contains("It has no name"));
    assert!(refusal("a: [\n").starts_with("2 The file cannot be read: This is not YAML"));
    assert!(refusal("a: &x 1\nb: *x\n").contains("The file cannot be read: An anchor"));
    let twice = found(&[("x.yaml", ROLE), ("y.yaml", ROLE)], &[]);
    assert!(twice.refusals[0].why.contains("twice"), "{:?}", twice.refusals);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let file = read(path("x.yaml"), b"kind: ClusterRole\xff\n");
    let gathered = gather(Pull { index: &index(&[("x.yaml", "")]), files: &[file], before: &[] });
    assert!(gathered.refusals[0].why.contains("not UTF-8"), "{:?}", gathered.refusals);
}

#[test]
fn patches_are_refused_and_what_kustomize_changes_is_told() {
    let kustomization = ("kustomization.yaml", "patches: [{path: p.yaml}]\nresources: [r.yaml]\n");
    let gathered = found(&[kustomization, ("p.yaml", ROLE), ("r.yaml", BINDING)], &[]);
    assert!(gathered.refusals[0].why.contains("as a patch or as data only"), "{:?}", gathered.refusals);
    assert_eq!(gathered.transformed.into_iter().collect::<Vec<_>>(), [path("r.yaml")]);
    let gathered = found(&[("kustomization.yaml", "namePrefix: a-\nresources: [r.yaml]\n"), ("r.yaml", ROLE)], &[]);
    assert_eq!((gathered.objects.len(), gathered.transformed.len()), (1, 1));
}

#[test]
fn a_chart_that_flux_does_not_take_is_passed_over() {
    let files = [
        ("kustomization.yaml", "resources: []\n"),
        ("chart/Chart.yaml", "name: x\n"),
        ("chart/templates/role.yaml", "kind: {{ .Values.kind }}\n"),
    ];
    assert_eq!(found(&files, &[]).refusals, []);
}

#[test]
fn too_many_and_too_large_are_refused() {
    let role = |number: usize| format!("{}---\n", ROLE.replace("name: reader", &format!("name: r{number}")));
    let many: String = (0..=MOST_OBJECTS).map(role).collect();
    let gathered = found(&[("x.yaml", &many)], &[]);
    assert!(gathered.refusals[0].why.contains("There are 21 objects"), "{:?}", gathered.refusals);
    let large = format!("{ROLE}# {}\n", "x".repeat(MOST_BYTES));
    assert!(found(&[("x.yaml", &large)], &[]).refusals[0].why.contains("and one pull request takes 1048576"));
}

#[test]
fn what_is_there_is_left_alone_or_changed_in_its_place() {
    let objects = objects(&[("x.yaml", ROLE)]);
    let listed = ("cluster/common/kustomization.yaml", "resources: [r.yaml]\n");
    let same = ROLE.replace("# who reads\n", "").replace(
        "{apiGroups: [\"\"], resources: [pods], verbs: [get]}",
        "\
        {verbs: ['get'], apiGroups: [''], resources: [pods]}",
    );
    let promotion = planned(&objects, &[], &with(&[listed, ("cluster/common/r.yaml", &same)])).expect("a plan");
    assert_eq!(promotion.fates, [Fate::Already(path("cluster/common/r.yaml"))]);
    assert!(promotion.changes.files.is_empty());

    let other = ROLE.replace("[get]", "[list]");
    let promotion = planned(&objects, &[], &with(&[listed, ("cluster/common/r.yaml", &other)])).expect("a plan");
    assert_eq!(promotion.fates, [Fate::Changed(path("cluster/common/r.yaml"))]);
    let [change] = promotion.changes.files.as_slice() else { panic!("{promotion:?}") };
    assert_eq!((change.before.as_deref(), change.text()), (Some(other.as_str()), ROLE));
    assert!(!promotion.to_string().contains("list"), "nothing of the admin repository is shown: {promotion}");

    let mixed = format!("{other}---\n{BINDING}");
    let refused = planned(&objects, &[], &with(&[listed, ("cluster/common/r.yaml", &mixed)]));
    assert!(why(refused).contains("together with other objects"));
    let refused = planned(&objects, &[], &with(&[("cluster/common/r.yaml", &other)]));
    assert!(why(refused).contains("which nothing applies"));
    let twice = ("cluster/common/kustomization.yaml", "resources: [r.yaml, s.yaml]\n");
    let refused =
        planned(&objects, &[], &with(&[twice, ("cluster/common/r.yaml", &other), ("cluster/common/s.yaml", ROLE)]));
    assert!(why(refused).contains("in several files"));
    // Outside of what Flux applies, an example is no object.
    let promotion = planned(&objects, &[], &with(&[("docs/r.yaml", ROLE)])).expect("a plan");
    assert!(matches!(promotion.fates.as_slice(), [Fate::New(_)]));
}

#[test]
fn a_file_that_holds_something_else_is_not_written_over() {
    let objects = objects(&[("x.yaml", ROLE)]);
    let taken = ("cluster/common/team1-clusterrole-reader.yaml", CONFIG);
    let promotion = planned(&objects, &[], &with(&[taken])).expect("a plan");
    let [Fate::New(other)] = promotion.fates.as_slice() else { panic!("{:?}", promotion.fates) };
    assert!(other.as_str().starts_with("cluster/common/team1-clusterrole-reader-"), "{other}");
    let refused = planned(&objects, &[], &with(&[taken, (other.as_str(), CONFIG)]));
    assert!(why(refused).contains("are there already and hold something else"));
}

#[test]
fn of_several_objects_all_are_moved_or_none() {
    let objects = objects(&[("x.yaml", ROLE), ("y.yaml", BINDING)]);
    let list = ("cluster/common/kustomization.yaml", "resources: [r.yaml]\n");
    let mixed = format!("{}---\n{CONFIG}", ROLE.replace("[get]", "[list]"));
    let refused = planned(&objects, &[], &with(&[list, ("cluster/common/r.yaml", &mixed)])).expect_err("refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].place, (path("x.yaml"), 2));
}

#[test]
fn without_a_list_to_enter_nothing_is_moved() {
    let objects = objects(&[("x.yaml", ROLE)]);
    let none = [("cluster/kustomization.yaml", "resources: []\n")];
    assert!(why(planned(&objects, &[], &none)).contains("cluster/common/kustomization.yaml does not exist"));
    let two = with(&[("cluster/common/kustomization.yml", "resources: []\n")]);
    assert!(why(planned(&objects, &[], &two)).contains("are both kustomization files"));
    let anchor = with(&[("cluster/common/kustomization.yaml", "resources: &x [a]\n")]);
    assert!(why(planned(&objects, &[], &anchor)).contains("an anchor, alias or tag cannot be edited safely"));
}

#[test]
fn what_the_open_pull_request_holds_stays() {
    let objects = objects(&[("x.yaml", ROLE)]);
    let earlier = |name: &str, before: Option<&str>, text: &str| Earlier {
        path: path(name),
        before: before.map(str::to_owned),
        text: text.to_owned(),
    };
    let earlier = [
        earlier("cluster/common/team1-clusterrolebinding-reader.yaml", None, BINDING),
        earlier("cluster/common/team1-clusterrole-reader.yaml", None, "old: text\n"),
        earlier("cluster/common/roles.yaml", Some("a: 1\n"), "secret: words\n"),
        earlier("cluster/common/merged.yaml", Some("a: 1\n"), "a: 1\n"),
        // What this run speaks of, under another name, and what the admins have put elsewhere meanwhile.
        earlier("cluster/common/other-name.yaml", None, ROLE),
        earlier("cluster/common/x.yaml", None, "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"),
    ];
    let promotion = planned(&objects, &earlier, ADMIN).expect("a plan");
    let kept: Vec<_> = promotion.kept.iter().map(RepoPath::as_str).collect();
    assert_eq!(kept, ["cluster/common/team1-clusterrolebinding-reader.yaml", "cluster/common/roles.yaml"]);
    let list = &promotion.changes.files.last().expect("the list").text();
    assert!(
        list.ends_with("  - ./team1-clusterrole-reader.yaml\n  - ./team1-clusterrolebinding-reader.yaml\n"),
        "{list}"
    );
    let role = promotion.changes.files.iter().find(|file| file.path.as_str().ends_with("clusterrole-reader.yaml"));
    assert_eq!(role.expect("the role").text(), ROLE, "this run's text counts");
    let shown = promotion.to_string();
    assert!(shown.contains("as the open pull request has it") && !shown.contains("secret"), "{shown}");
}

#[test]
fn one_pull_request_never_grows_beyond_what_is_read() {
    let objects = objects(&[("x.yaml", ROLE)]);
    let earlier: Vec<_> = (0..MOST_OBJECTS)
        .map(|number| Earlier {
            path: path(&format!("cluster/common/{number}.yaml")),
            before: None,
            text: CONFIG.to_owned(),
        })
        .collect();
    assert!(planned(&objects, &earlier[1..], ADMIN).is_ok());
    assert!(why(planned(&objects, &earlier, ADMIN)).contains("there are 21 files, and one takes 20"));
}
