use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use super::Difference;
use crate::manifest::{is_read, read};
use crate::names::RepoPath;
use crate::tenancy::{FileSummary, RepositoryIndex};

/// A repository as paths and texts.
type Files<'a> = &'a [(&'a str, &'a str)];

fn path(text: &str) -> RepoPath {
    text.parse().expect("a path")
}

fn index(files: &BTreeMap<&str, &str>) -> RepositoryIndex {
    RepositoryIndex::from_files(files.iter().map(|(name, text)| {
        let file = read(path(name), text.as_bytes());
        let summary = if is_read(&file.path) { FileSummary::of(&file) } else { FileSummary::other() };
        (path(name), Arc::new(summary))
    }))
}

/// "file" or "file < kustomization:line" of everything that is applied only since the change; an empty
/// text in `change` deletes a file.
fn newly_from(roots: Option<&[String]>, before: Files<'_>, change: Files<'_>) -> Vec<String> {
    let old: BTreeMap<&str, &str> = before.iter().copied().collect();
    let mut new = old.clone();
    new.extend(change.iter().copied());
    new.retain(|_, text| !text.is_empty());
    let changed: BTreeSet<RepoPath> = change.iter().map(|(name, _)| path(name)).collect();
    let (before, after) = (index(&old), index(&new));
    let difference = Difference { before: &before, after: &after, changed: &changed, roots };
    let summary = |path: &RepoPath| {
        let text = new.get(path.as_str()).expect("only what is there is read");
        Ok::<_, Infallible>(Some(Arc::new(FileSummary::of(&read(path.clone(), text.as_bytes())))))
    };
    let (newly, _) = difference.newly_applied(summary).expect("nothing to fail");
    let shown = newly.into_iter().map(|(path, by)| match by {
        Some(by) => format!("{path} < {}:{}", by.file, by.line),
        None => path.to_string(),
    });
    shown.collect()
}

fn newly(before: Files<'_>, change: Files<'_>) -> Vec<String> {
    newly_from(None, before, change)
}

fn sync(name: &str, directory: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  prune: true\n  path: {directory}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n"
    )
}

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n";
const BEFORE: Files<'static> = &[
    ("cluster/kustomization.yaml", "resources:\n- common\n"),
    ("cluster/common/kustomization.yaml", "resources:\n- roles.yaml\n"),
    ("cluster/common/roles.yaml", ROLE),
    ("hidden/kustomization.yaml", "resources:\n- deep\n- role.yaml\n"),
    ("hidden/role.yaml", ROLE),
    ("hidden/deep/kustomization.yaml", "components:\n- ../component\npatches:\n- path: ../patch.yaml\n"),
    ("hidden/component/kustomization.yaml", "resources:\n- more.yaml\n"),
    ("hidden/component/more.yaml", ROLE),
    ("hidden/patch.yaml", ROLE),
    ("hidden/role.txt", ROLE),
    ("hidden/fields.yaml", "namePrefix:\n- path: roleRef/name\n"),
    ("hidden/data.yaml", ROLE),
];

#[test]
fn a_file_that_an_entry_newly_names_is_applied_newly() {
    for (entry, found) in [
        ("resources:\n- common\n- ../hidden/role.yaml\n", "hidden/role.yaml < cluster/kustomization.yaml:3"),
        ("resources:\n- common\n- ../hidden/role.txt\n", "hidden/role.txt < cluster/kustomization.yaml:3"),
        ("resources:\n- common\nbases: [../hidden/role.yaml]\n", "hidden/role.yaml < cluster/kustomization.yaml:3"),
        (
            "resources:\n- common\npatches:\n- path: ../hidden/patch.yaml\n",
            "hidden/patch.yaml < cluster/kustomization.yaml:4",
        ),
        (
            "resources:\n- common\npatchesStrategicMerge:\n- ../hidden/patch.yaml\n",
            "hidden/patch.yaml < cluster/kustomization.yaml:4",
        ),
        (
            "resources:\n- common\nconfigurations:\n- ../hidden/fields.yaml\n",
            "hidden/fields.yaml < cluster/kustomization.yaml:4",
        ),
    ] {
        assert_eq!(newly(BEFORE, &[("cluster/kustomization.yaml", entry)]), [found], "{entry}");
    }
}

#[test]
fn directories_are_followed_to_their_ends() {
    let change = [("cluster/kustomization.yaml", "resources:\n- common\n- ../hidden\n")];
    let by = "cluster/kustomization.yaml:3";
    let found = [
        "hidden/component/kustomization.yaml",
        "hidden/component/more.yaml",
        "hidden/deep/kustomization.yaml",
        "hidden/kustomization.yaml",
        "hidden/patch.yaml",
        "hidden/role.yaml",
    ];
    assert_eq!(newly(BEFORE, &change), found.map(|path| format!("{path} < {by}")));
}

#[test]
fn what_was_applied_already_and_what_stays_data_is_not_new() {
    for entry in [
        // Named a second time.
        "resources:\n- common\n- common/roles.yaml\n",
        // As before, in other words and in another order.
        "# A word.\nresources:\n- ./common/\n",
        "resources:\n- common\nconfigMapGenerator:\n- name: x\n  files: [../hidden/data.yaml]\n",
        "resources:\n- common\n- nothing.yaml\n",
    ] {
        assert_eq!(newly(BEFORE, &[("cluster/kustomization.yaml", entry)]), Vec::<String>::new(), "{entry}");
    }
    assert_eq!(newly(BEFORE, &[("hidden/role.yaml", ROLE)]), Vec::<String>::new());
}

#[test]
fn data_or_a_patch_that_becomes_a_resource_is_new() {
    let mut before = BEFORE.to_vec();
    before[0].1 = "resources:\n- common\nconfigMapGenerator:\n- name: x\n  files: [../hidden/data.yaml]\npatches:\n\
                   - path: ../hidden/patch.yaml\n";
    let change =
        [("cluster/kustomization.yaml", "resources:\n- common\n- ../hidden/data.yaml\n- ../hidden/patch.yaml\n")];
    let by = "cluster/kustomization.yaml";
    assert_eq!(newly(&before, &change), [format!("hidden/data.yaml < {by}:3"), format!("hidden/patch.yaml < {by}:4")]);
}

#[test]
fn a_patch_for_something_else_is_new() {
    let with = |kind: &str| {
        format!("resources: [common]\npatches:\n- path: ../hidden/patch.yaml\n  target: {{kind: {kind}}}\n")
    };
    let (old, new) = (with("StorageClass"), with("Widget"));
    let mut before = BEFORE.to_vec();
    before[0].1 = &old;
    let listed = "hidden/patch.yaml < cluster/kustomization.yaml:3";
    assert_eq!(newly(&before, &[("cluster/kustomization.yaml", &new)]), [listed]);
    assert_eq!(newly(&before, &[("cluster/kustomization.yaml", &format!("{old}# A word.\n"))]), [""; 0]);
}

#[test]
fn a_changed_file_shows_itself_and_what_it_names() {
    let change = [
        ("cluster/kustomization.yaml", "resources:\n- common\n- ../hidden\n"),
        ("hidden/kustomization.yaml", "resources:\n- role.yaml\n- role.txt\n"),
    ];
    let found = [
        "hidden/kustomization.yaml",
        "hidden/role.txt < hidden/kustomization.yaml:3",
        "hidden/role.yaml < hidden/kustomization.yaml:2",
    ];
    assert_eq!(newly(BEFORE, &change), found);
    let text = [
        ("hidden/role.txt", "kind: A\n"),
        ("cluster/common/kustomization.yaml", "resources: [../../hidden/role.txt]\n"),
    ];
    assert_eq!(newly(BEFORE, &text), ["hidden/role.txt"]);
}

#[test]
fn a_path_that_flux_newly_syncs_is_new() {
    let hidden = sync("hidden", "./hidden/component");
    let by = "cluster/common/roles.yaml:6";
    assert_eq!(
        newly(BEFORE, &[("cluster/common/roles.yaml", &hidden)]),
        [format!("hidden/component/kustomization.yaml < {by}"), format!("hidden/component/more.yaml < {by}")]
    );
    // Without a kustomization Flux takes what it finds.
    let mut bare = BEFORE.to_vec();
    bare.retain(|(path, _)| *path != "hidden/component/kustomization.yaml" && *path != "hidden/kustomization.yaml");
    assert_eq!(
        newly(&bare, &[("cluster/common/roles.yaml", &sync("hidden", "/hidden/component/"))]),
        [format!("hidden/component/more.yaml < {by}")]
    );
    // A sync that was there, in a file that is newly listed.
    let mut waiting = BEFORE.to_vec();
    waiting.push(("hidden/sync.yaml", &hidden));
    let listed = newly(
        &waiting,
        &[("cluster/common/kustomization.yaml", "resources:\n- roles.yaml\n- ../../hidden/sync.yaml\n")],
    );
    let by = "cluster/common/kustomization.yaml:3";
    assert_eq!(
        listed,
        ["hidden/component/kustomization.yaml", "hidden/component/more.yaml", "hidden/sync.yaml"]
            .map(|path| format!("{path} < {by}"))
    );
    // And one whose path was synced before.
    let mut synced = BEFORE.to_vec();
    synced.push(("cluster/common/sync.yaml", &hidden));
    synced[1].1 = "resources:\n- roles.yaml\n- sync.yaml\n";
    assert_eq!(
        newly(&synced, &[("cluster/kustomization.yaml", "resources: [common, ../hidden/component]\n")]),
        [""; 0]
    );
}

#[test]
fn components_of_a_sync_are_new() {
    let with = format!("{}  components:\n  - ../component\n", sync("deep", "./hidden/deep"));
    let mut before = BEFORE.to_vec();
    let plain = sync("deep", "./hidden/deep");
    before.push(("cluster/common/sync.yaml", &plain));
    before[1].1 = "resources:\n- roles.yaml\n- sync.yaml\n";
    before[5].1 = "resources: []\n";
    assert_eq!(
        newly(&before, &[("cluster/common/sync.yaml", &with)]),
        ["component/kustomization.yaml", "component/more.yaml"]
            .map(|path| format!("hidden/{path} < cluster/common/sync.yaml:9"))
    );
}

#[test]
fn a_kustomization_that_goes_lets_flux_take_what_it_did_not_list() {
    let before: Files<'_> = &[
        ("tenants/x.yaml", ROLE),
        ("clusters/staging/common/kustomization.yaml", "resources: [roles.yaml]\n"),
        ("clusters/staging/common/roles.yaml", ROLE),
        ("clusters/staging/common/old.yaml", ROLE),
        ("clusters/staging/common/notes.txt", "x"),
    ];
    let change = [("clusters/staging/common/kustomization.yaml", "")];
    assert_eq!(newly(before, &change), ["clusters/staging/common/old.yaml"]);
}

#[test]
fn a_team_repository_starts_where_the_admin_repository_says() {
    let before: Files<'_> = &[
        ("deploy/kustomization.yaml", "resources: [app.yaml]\n"),
        ("deploy/app.yaml", ROLE),
        ("other/kustomization.yaml", "resources: [x.yaml]\n"),
        ("other/x.yaml", ROLE),
    ];
    let change = [("deploy/kustomization.yaml", "resources:\n- app.yaml\n- ../other\n")];
    let by = "deploy/kustomization.yaml:3";
    let roots = ["deploy".to_owned()];
    assert_eq!(
        newly_from(Some(&roots), before, &change),
        [format!("other/kustomization.yaml < {by}"), format!("other/x.yaml < {by}")]
    );
    assert_eq!(newly_from(Some(&["deploy".to_owned(), "other".to_owned()]), before, &change), [""; 0]);
}

#[test]
fn kustomizations_in_a_circle_end() {
    let before: Files<'_> = &[
        ("cluster/kustomization.yaml", "resources: [a.yaml]\n"),
        ("x/kustomization.yaml", "resources: [../y]\n"),
        ("y/kustomization.yaml", "resources: [../x, r.yaml]\n"),
        ("y/r.yaml", ROLE),
    ];
    let found = newly(before, &[("cluster/kustomization.yaml", "resources: [a.yaml, ../x]\n")]);
    assert_eq!(found.len(), 3);
}

#[test]
fn what_many_teams_name_is_not_new_for_one_more() {
    let team = |number: usize| format!("cluster/team{number}/kustomization.yaml");
    let names: Vec<String> = (0..3_000).map(team).collect();
    let list: String = (0..3_000).map(|number| format!("- team{number}\n")).collect();
    let list = format!("resources:\n{list}");
    let mut before = BEFORE.to_vec();
    before[0].1 = &list;
    before.extend(names.iter().map(|name| (name.as_str(), "resources: [../common]\n")));
    let change = [("cluster/team7/kustomization.yaml", "resources: [../common, ../../hidden/role.yaml]\n")];
    assert_eq!(newly(&before, &change), ["hidden/role.yaml < cluster/team7/kustomization.yaml:1"]);
}
