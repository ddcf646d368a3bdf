use super::*;
use crate::tenancy::{NewPaths, Rights};

/// What a change opens: whose path, where to, and where it is opened.
fn opened(before: &Tree, after: &Tree) -> Vec<String> {
    let all = before.0.keys().chain(after.0.keys());
    let changed =
        all.filter(|path| before.0.get(*path) != after.0.get(*path)).map(|path| path.parse().expect("a path"));
    let (before, after, changed) = (before.index(), after.index(), changed.collect());
    let rights = Rights::of(&before, &after, &changed);
    let found = NewPaths::between(&before, &after, &changed, || &rights);
    let one = |new: super::super::NewPath| {
        format!("{} to {} at {}:{}", new.team, target(&new.path.to), new.at.file, new.at.line)
    };
    found.paths.into_iter().map(one).collect()
}

#[test]
fn a_binding_opens_a_path_where_it_stands() {
    let (before, mut after) = (two_teams(), two_teams());
    after.extra("team2", &binding("helpers", Some("team2"), "edit", &[&account("team1", "flux")]));
    assert_eq!(opened(&before, &after), ["team1 to team2 at cluster/team2/rbac.yaml:11"]);
    assert_eq!(opened(&after, &before), Vec::<String>::new());
    assert_eq!(opened(&after, &after), Vec::<String>::new());
}

#[test]
fn a_role_that_gains_opens_a_path_where_it_stands() {
    let tree = |verbs: &str| {
        let mut tree = two_teams();
        let rules = format!("{{apiGroups: [''], resources: [secrets], verbs: [{verbs}]}}");
        tree.put("cluster/flux-system/roles.yaml", &role("extra", &rules));
        tree.put(
            "cluster/flux-system/kustomization.yaml",
            &format!("{LIST}resources: [controllers.yaml, roles.yaml]\n"),
        );
        tree.extra("team1", &binding("extra", None, "extra", &[&account("team1", "flux")]));
        tree
    };
    assert_eq!(opened(&tree("use"), &tree("get")), ["team1 to cluster at cluster/flux-system/roles.yaml:1"]);
}

#[test]
fn a_setting_that_goes_opens_the_paths_of_all_teams() {
    let (before, mut after) = (two_teams(), two_teams());
    let open = locked().replacen("--default-service-account=default", "--log-level=info", 1);
    after.put("cluster/flux-system/controllers.yaml", &open);
    let at = "cluster/flux-system/controllers.yaml:1";
    assert_eq!(opened(&before, &after), [format!("team1 to cluster at {at}"), format!("team2 to cluster at {at}")]);
    // What was open is not opened.
    let mut later = after.clone();
    later.extra("team1", &binding("more", None, "cluster-admin", &[&account("team1", "flux")]));
    assert_eq!(opened(&after, &later), Vec::<String>::new());
}

#[test]
fn a_team_that_is_new_opens_its_own_paths_only() {
    let mut before = Tree::with_flux(&locked());
    before.team("team1", "admin");
    let mut after = before.clone();
    after.team("team2", "admin");
    assert_eq!(opened(&before, &after), Vec::<String>::new());
    after.put("cluster/team2/sync.yaml", &sync("team2", "").replace("org/dev-team2", "org/dev-team1"));
    assert_eq!(
        opened(&before, &after),
        ["team1 to team2 at cluster/team2/sync.yaml:1", "team2 to team1 at cluster/team2/sync.yaml:1"]
    );
}

#[test]
fn a_source_that_others_take_opens_a_path() {
    let (before, mut after) = (two_teams(), two_teams());
    let url = "ssh://git@github.com/org/dev-team1";
    let more = format!("{}---\n{}", source("lib", "team2", url), applied("lib", "team2", "serviceAccountName: flux"));
    after.put("cluster/team2/zlib.yaml", &more);
    after.put("cluster/team2/kustomization.yaml", &format!("{LIST}resources: [rbac.yaml, sync.yaml, zlib.yaml]\n"));
    assert_eq!(opened(&before, &after), ["team1 to team2 at cluster/team2/zlib.yaml:6"]);
}

#[test]
fn what_is_only_assumed_opens_nothing() {
    let before = Tree::with_flux("a: b\n");
    let mut after = before.clone();
    after.team("team1", "admin");
    assert_eq!(after.of("team1").verdict(), Verdict::Unproven);
    assert_eq!(opened(&before, &after), Vec::<String>::new());
}
