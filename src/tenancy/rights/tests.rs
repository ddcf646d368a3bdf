mod moved;
mod properties;

use std::sync::Arc;

use super::*;
use crate::rbac::{Key, Scope, difference};
use crate::tenancy::FileSummary;

type File = (String, String);

fn index(files: &[File]) -> RepositoryIndex {
    RepositoryIndex::from_files(files.iter().map(|(path, text)| {
        let file = manifest::read(path.parse().expect("a path"), text.as_bytes());
        assert!(file.problems.is_empty(), "{path}: {:?}", file.problems);
        (file.path.clone(), Arc::new(FileSummary::of(&file)))
    }))
}

fn file(path: &str, text: &str) -> File {
    (path.to_owned(), text.to_owned())
}

fn list(resources: &[&str], more: &str) -> String {
    let lines: String = resources.iter().map(|resource| format!("  - {resource}\n")).collect();
    format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{more}resources:\n{lines}")
}

fn role(kind: &str, name: &str, more: &str, rules: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}{more}}}\nrules: {rules}\n"
    )
}

fn binding(kind: &str, name: &str, role: (&str, &str), subject: &str) -> String {
    let (role_kind, role) = role;
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nroleRef: {{apiGroup: \
         rbac.authorization.k8s.io, kind: {role_kind}, name: {role}}}\nsubjects: [{subject}]\n"
    )
}

const GET_PODS: &str = "[{apiGroups: [\"\"], resources: [pods], verbs: [get]}]";
const GET_SECRETS: &str = "[{apiGroups: [\"\"], resources: [secrets], verbs: [get]}]";

/// A repository with teams that have their account bound to `admin`, and what stands in `common`.
fn repository(teams: usize, common: &[(&str, String)]) -> Vec<File> {
    let names: Vec<String> = (1..=teams).map(|number| format!("team{number}")).collect();
    let mut files = Vec::new();
    for name in &names {
        let account = format!("{{kind: ServiceAccount, name: flux, namespace: {name}}}");
        files.push(file(
            &format!("cluster/{name}/kustomization.yaml"),
            &list(&["rbac.yaml"], &format!("namespace: {name}\n")),
        ));
        files.push(file(
            &format!("cluster/{name}/rbac.yaml"),
            &binding("RoleBinding", "flux", ("ClusterRole", "admin"), &account),
        ));
    }
    let listed: Vec<&str> = common.iter().map(|(name, _)| *name).collect();
    files.push(file("cluster/common/kustomization.yaml", &list(&listed, "")));
    files.extend(common.iter().map(|(name, text)| file(&format!("cluster/common/{name}"), text)));
    files
}

/// What the change of a file gives, as `subject: verbs resources (scope)`, found with all that there is.
fn gained(before: &[File], after: &[File]) -> (Vec<String>, usize) {
    let (old, new) = (index(before), index(after));
    let changed: BTreeSet<RepoPath> = before
        .iter()
        .chain(after)
        .filter(|one| !(before.contains(one) && after.contains(one)))
        .map(|(path, _)| path.parse().expect("a path"))
        .collect();
    let rights = Rights::of(&old, &new, &changed);
    let part = difference(&rights.before, &rights.after);
    let (all_before, all_after) = (Rights::whole(&old).after, Rights::whole(&new).after);
    let whole = difference(&all_before, &all_after);
    let words = |difference: &crate::rbac::Difference<'_>| -> Vec<String> {
        let words = |change: &crate::rbac::Change<'_>| {
            let gained: Vec<String> = change.gained.iter().map(|movement| format!("{:?}", movement.what)).collect();
            let lost: Vec<String> = change.lost.iter().map(|movement| format!("{:?}", movement.what)).collect();
            format!("{} {:?} +{gained:?} -{lost:?}", change.subject, change.scope)
        };
        difference.changes.iter().map(words).collect()
    };
    assert_eq!(words(&part), words(&whole), "what was left out says nothing");
    let short =
        |change: &crate::rbac::Change<'_>| format!("{} {}", change.subject, change.scope.namespace().unwrap_or("*"));
    (part.changes.iter().filter(|change| !change.gained.is_empty()).map(short).collect(), rights.places.len())
}

fn with(files: &[File], path: &str, text: &str) -> Vec<File> {
    let mut files: Vec<File> = files.iter().filter(|(known, _)| known != path).cloned().collect();
    files.push(file(path, text));
    files
}

#[test]
fn a_binding_that_comes_gives_what_its_role_has() {
    let before = repository(3, &[("role.yaml", role("ClusterRole", "reader", "", GET_SECRETS))]);
    let after = with(&before, "cluster/common/kustomization.yaml", &list(&["role.yaml", "b.yaml"], ""));
    let account = "{kind: ServiceAccount, name: flux, namespace: team2}";
    let after =
        with(&after, "cluster/common/b.yaml", &binding("ClusterRoleBinding", "b", ("ClusterRole", "reader"), account));
    assert_eq!(gained(&before, &after).0, ["ServiceAccount team2/flux *"]);
}

#[test]
fn a_role_that_grows_gives_it_to_all_that_have_it_through_whatever_aggregates_it() {
    let label = ", labels: {rbac.authorization.k8s.io/aggregate-to-edit: \"true\"}";
    let small = role("ClusterRole", "extra", label, GET_PODS);
    let before = repository(3, &[("role.yaml", small)]);
    let large =
        role("ClusterRole", "extra", label, "[{apiGroups: [x.example.org], resources: [gadgets], verbs: [create]}]");
    let after = with(&before, "cluster/common/role.yaml", &large);
    let (gained, _) = gained(&before, &after);
    let teams =
        ["ServiceAccount team1/flux team1", "ServiceAccount team2/flux team2", "ServiceAccount team3/flux team3"];
    assert_eq!(gained, teams);
}

#[test]
fn what_a_kustomization_moves_is_followed() {
    let before = repository(2, &[]);
    let moved = list(&["rbac.yaml"], "namespace: kube-system\n");
    let after = with(&before, "cluster/team1/kustomization.yaml", &moved);
    assert_eq!(gained(&before, &after).0, ["ServiceAccount team1/flux kube-system"]);
}

#[test]
fn what_somebody_has_already_is_not_gained_and_costs_no_look_at_others() {
    let account = "{kind: ServiceAccount, name: flux, namespace: team7}";
    let before = repository(300, &[]);
    let twice = binding("RoleBinding", "again", ("ClusterRole", "view"), account);
    let after =
        with(&before, "cluster/team7/kustomization.yaml", &list(&["rbac.yaml", "again.yaml"], "namespace: team7\n"));
    let after = with(&after, "cluster/team7/again.yaml", &twice);
    let (gained, looked_at) = gained(&before, &after);
    assert_eq!(gained, Vec::<String>::new(), "view is a part of admin");
    assert!(looked_at < 20, "{looked_at} roles and bindings");
}

#[test]
fn what_is_not_applied_gives_nothing() {
    let before = repository(1, &[("role.yaml", role("ClusterRole", "reader", "", GET_SECRETS))]);
    let account = "{kind: ServiceAccount, name: flux, namespace: team1}";
    let text = binding("ClusterRoleBinding", "b", ("ClusterRole", "reader"), account);
    let after = with(&before, "cluster/common/b.yaml", &text);
    assert_eq!(gained(&before, &after).0, Vec::<String>::new(), "no kustomization lists it");
}

#[test]
fn the_stored_form_says_what_was_written() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x, labels: {a: b}}\naggregationRule:\n  \
                clusterRoleSelectors: [{matchLabels: {c: d}, matchExpressions: [{key: e, operator: NotIn, values: [f, g]}]}]\n\
                rules: [{apiGroups: [\"\", odd], resources: [secrets, odds], verbs: [get, odd], resourceNames: [n]}, \
                {nonResourceURLs: [/metrics], verbs: [get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: \
                RoleBinding\nmetadata: {name: b, namespace: n}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: User, \
                name: u}, {kind: ServiceAccount, name: s}, {kind: ServiceAccount, name: s, namespace: o}, {kind: Group, name: \"\"}]\n";
    let file = manifest::read("cluster/common/x.yaml".parse().expect("a path"), text.as_bytes());
    let index = index(&[("cluster/common/x.yaml".to_owned(), text.to_owned())]);
    let stored: Vec<_> = index.files().flat_map(|file| file.facts().collect::<Vec<_>>()).collect();
    let written: Vec<_> = file.objects.iter().filter_map(crate::rbac::read::read).collect();
    assert_eq!((stored.len(), written.len()), (2, 2));
    for (fact, written) in stored.iter().zip(&written) {
        let Fact::Rights(fact) = fact else { panic!("{fact:?}") };
        assert_eq!(fact.written, *written);
    }
}

#[test]
fn roles_are_where_their_kustomizations_put_them() {
    let mut files = repository(1, &[]);
    files.push(file("cluster/team1/roles.yaml", &role("Role", "deployer", "", GET_PODS)));
    let files =
        with(&files, "cluster/team1/kustomization.yaml", &list(&["rbac.yaml", "roles.yaml"], "namespace: team1\n"));
    let world = Rights::whole(&index(&files)).after;
    assert_eq!(world.roles(&Key { scope: Scope::Namespace("team1".to_owned()), name: "deployer".to_owned() }).len(), 1);
}
