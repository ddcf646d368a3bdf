//! An index that was made by many changes answers as one that is made afresh.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{path, team_v2};
use crate::manifest::{EntryRole, is_manifest, read};
use crate::names::RepoPath;
use crate::tenancy::{Difference, FileSummary, ObjectId, RepositoryIndex};

const PATHS: [&str; 14] = [
    "cluster/kustomization.yaml",
    "cluster/t1/kustomization.yaml",
    "cluster/t1/sync.yaml",
    "cluster/t1/x.yaml",
    "cluster/t1-b/sync.yaml",
    "cluster/t2/Kustomization",
    "cluster/t2/sync.yaml",
    "cluster/common/crd.yaml",
    "tenants/base/t3/sync.yaml",
    "tenants/staging/t3/patch.yaml",
    "other/kustomization.yaml",
    "other/t1/sync.yaml",
    "a.yaml",
    "image.png",
];

fn texts() -> Vec<String> {
    let list = |text: &str| text.to_owned();
    vec![
        list("resources: [t1, t2, ../a.yaml, x.yaml]\n"),
        list("namespace: t1\nresources: [sync.yaml, x.yaml, ../../other]\npatches: [{path: x.yaml}]\n"),
        list("namespace: t2\nnamePrefix: a-\nresources: [sync.yaml, ../common/crd.yaml]\n"),
        team_v2("t1", "t1", "https://h/org/one"),
        team_v2("t2", "t1", "https://h/ORG/one"),
        team_v2("t2", "t2", "https://h/org/two").replace("path: ./", "path: ./other"),
        team_v2("x", "t2", "https://h/org/x").replace("path: ./", "path: ./other, targetNamespace: t1"),
        list("labels: [{pairs: {a: b}}]\nresources: [sync.yaml, x.yaml]\n"),
        list("apiVersion: v1\nkind: Namespace\nmetadata: {name: t1}\n"),
        list(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: w}\n\
             spec: {group: example.com, scope: Cluster, names: {kind: W}}\n",
        ),
        list("a: [\n"),
        String::new(),
    ]
}

type Files = BTreeMap<RepoPath, String>;

fn summary(path: &RepoPath, text: &str) -> std::sync::Arc<FileSummary> {
    let manifest = is_manifest(path).then(|| FileSummary::of(&read(path.clone(), text.as_bytes())));
    std::sync::Arc::new(manifest.unwrap_or_else(FileSummary::other))
}

fn afresh(files: &Files, cluster: Option<&RepoPath>) -> RepositoryIndex {
    let empty = RepositoryIndex::default();
    let empty = cluster.map_or_else(|| empty.clone(), |cluster| empty.with_cluster_path(cluster.clone()));
    empty.with(files.iter().map(|(path, text)| (path.clone(), Some(summary(path, text)))))
}

/// Everything that an index can be asked here, as text.
fn answers(index: &RepositoryIndex) -> Vec<String> {
    let mut answers = vec![format!("{:?} {}", index.layout(), index.file_count())];
    for file in index.files() {
        let (objects, entries): (Vec<_>, Vec<_>) = (file.objects().collect(), file.entries().collect());
        answers.push(format!(
            "{} {} {objects:?} {entries:?} {:?}",
            file.path(),
            file.is_manifest(),
            file.kustomization()
        ));
        for object in objects {
            answers.push(format!("{:?}", index.objects_with_id(&object.id).collect::<Vec<_>>()));
        }
    }
    answers.extend(index.teams().map(|team| format!("{team:?}")));
    for namespace in ["t1", "t2"] {
        let id = ObjectId { group: String::new(), kind: "Namespace".into(), namespace: None, name: namespace.into() };
        answers.push(format!("{:?}", index.objects_with_id(&id).collect::<Vec<_>>()));
        answers.push(format!("{:?}", index.owners_of_namespace(namespace)));
        answers.push(format!("{:?}", index.files_forced_into(namespace)));
        answers.push(format!("{:?}", index.team(namespace)));
    }
    for repository in ["org/one", "Org/Two"] {
        let name = repository.parse().expect("a name");
        answers.push(format!("{:?}", index.teams_of_repository(&name).collect::<Vec<_>>()));
    }
    answers.push(format!("{:?}", index.definitions_in("example.com").collect::<Vec<_>>()));
    answers.push(format!("{:?} {}", index.scope_of("example.com", "W"), index.is_flux_path("other")));
    for path in PATHS.map(path).iter().chain(&["cluster/t1", "other", "cluster/t"].map(path)) {
        answers.push(format!("{path} {:?} {:?}", index.reaches(path), index.team_of_path(path)));
        answers.push(format!("{:?}", index.named_by(path).collect::<Vec<_>>()));
        answers.push(format!("{:?}", index.referrers_of(path).collect::<Vec<(RepoPath, EntryRole)>>()));
        answers.push(format!(
            "{:?} {:?}",
            index.kustomization_of(path.as_str()),
            index.kustomization_above(path.as_str())
        ));
        answers.push(format!("{} {}", index.contains_directory(path), index.is_only_patch_or_data(path)));
    }
    answers
}

proptest! {
    #[test]
    fn an_index_that_grew_is_one_made_afresh(
        steps in prop::collection::vec(
            prop::collection::vec((0..PATHS.len(), prop::option::weighted(0.8, 0..texts().len())), 0..6), 1..8),
        configured in any::<bool>(),
    ) {
        let texts = texts();
        let other = path("other");
        let cluster = configured.then_some(&other);
        let mut files = Files::new();
        let mut index = afresh(&files, cluster);
        let mut before = (index.clone(), files.clone());
        for step in steps {
            let changes: Vec<(RepoPath, Option<String>)> =
                step.into_iter().map(|(at, text)| (path(PATHS[at]), text.map(|text| texts[text].clone()))).collect();
            index = index.with(changes.iter().map(|(path, text)| {
                (path.clone(), text.as_ref().map(|text| summary(path, text)))
            }));
            for (path, text) in changes.iter().cloned() {
                match text {
                    Some(text) => drop(files.insert(path, text)),
                    None => drop(files.remove(&path)),
                }
            }
            let fresh = afresh(&files, cluster);
            prop_assert_eq!(answers(&index), answers(&fresh));
            let removed: Vec<RepoPath> = index.removed_since(&before.0).collect();
            let expected: Vec<RepoPath> = before.1.keys().filter(|path| !files.contains_key(*path)).cloned().collect();
            prop_assert_eq!(removed, expected);
            let newly = |before: &RepositoryIndex, after: &RepositoryIndex| {
                let changed = changes.iter().map(|(path, _)| path.clone()).collect();
                let difference = Difference { before, after, changed: &changed, roots: None };
                let newly = difference.newly_applied(|path| Ok::<_, std::convert::Infallible>(
                    files.get(path).map(|text| summary(path, text))));
                newly.map(|(newly, after)| (newly, answers(&after)))
            };
            let old = afresh(&before.1, cluster);
            prop_assert_eq!(newly(&before.0, &index), newly(&old, &fresh));
            before = (index.clone(), files.clone());
        }
        // The path may also be told later.
        prop_assert_eq!(answers(&index.with_cluster_path(other.clone())), answers(&afresh(&files, Some(&other))));
    }
}
