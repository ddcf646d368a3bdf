use std::sync::Arc;

use super::*;
use crate::manifest::read;
use crate::tenancy::FileSummary;

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n";

fn index(files: &[(&str, &str)]) -> RepositoryIndex {
    let summary = |(path, text): &(&str, &str)| {
        let path: RepoPath = path.parse().expect("a path");
        let summary = FileSummary::of(&read(path.clone(), text.as_bytes()));
        (path, Arc::new(summary))
    };
    RepositoryIndex::from_files(files.iter().map(summary))
}

fn sync(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{sourceRef: {{kind: GitRepository, name: flux-system}}, {spec}}}\n"
    )
}

/// What applies a file: names, and the starts in brackets.
fn appliers(index: &RepositoryIndex, path: &str) -> Vec<String> {
    let found = index.syncs().applying(&path.parse().expect("a path"));
    let starts = found.starts.into_iter().map(|start| format!("[{start}]"));
    found.syncs.into_iter().map(|applying| applying.sync.called()).chain(starts).collect()
}

#[test]
fn through_kustomizations_and_by_scan() {
    let files = [
        ("clusters/prod/infra.yaml", &*sync("infra", "path: ./infra, prune: true")),
        ("clusters/prod/apps.yaml", &sync("apps", "path: apps/, components: [../extra]")),
        ("clusters/prod/root.yaml", &sync("flux-system", "path: ./clusters/prod")),
        ("clusters/prod/all.yaml", &sync("all", "path: ./")),
        ("tenants/x.yaml", "a: b\n"),
        ("infra/kustomization.yaml", "resources: [crds]\n"),
        ("infra/crds/kustomization.yaml", "resources: [x.yaml]\n"),
        ("infra/crds/x.yaml", CRD),
        ("infra/crds/unlisted.yaml", CRD),
        ("apps/deep/x.yaml", CRD),
        ("extra/kustomization.yaml", "kind: Component\nresources: [y.yaml]\n"),
        ("extra/y.yaml", CRD),
        ("clusters/prod/z.yaml", CRD),
        ("kustomization.yaml", "resources: [root.yaml]\n"),
        ("root.yaml", CRD),
    ];
    let index = index(&files);
    for (path, by) in [
        ("infra/crds/x.yaml", vec!["flux-system/infra (of prod)"]),
        ("infra/crds/unlisted.yaml", vec![]),
        ("apps/deep/x.yaml", vec!["flux-system/apps (of prod)"]),
        ("extra/y.yaml", vec!["flux-system/apps (of prod)"]),
        ("clusters/prod/z.yaml", vec!["flux-system/flux-system (of prod)"]),
        ("root.yaml", vec!["flux-system/all (of prod)"]),
    ] {
        assert_eq!(appliers(&index, path), by, "{path}");
    }
}

#[test]
fn what_the_repository_does_not_say() {
    let files = [("cluster/kustomization.yaml", "resources: [x.yaml]\n"), ("cluster/x.yaml", CRD), ("other.yaml", CRD)];
    let index = index(&files);
    assert_eq!(appliers(&index, "cluster/x.yaml"), ["[cluster]"]);
    assert!(appliers(&index, "other.yaml").is_empty());
}

#[test]
fn other_sources_apply_nothing_here() {
    let from = |kind, name| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: a}}\n\
             spec: {{path: ./infra, sourceRef: {{kind: {kind}, name: {name}}}}}\n"
        )
    };
    for (kind, applies) in [("GitRepository", true), ("OCIRepository", false), ("Bucket", false)] {
        let index = index(&[("a.yaml", &from(kind, "x")), ("infra/x.yaml", CRD)]);
        assert_eq!(!appliers(&index, "infra/x.yaml").is_empty(), applies, "{kind}");
    }
}

#[test]
fn what_is_pruned_forced_and_taken_along() {
    for (spec, prunes, takes_along, forces) in [
        ("path: ./a, prune: true", true, true, false),
        ("path: ./a, prune: false", false, false, false),
        ("path: ./a", true, true, false),
        ("path: ./a, prune: '${prune}'", true, true, false),
        ("path: ./a, prune: true, deletionPolicy: Orphan", true, false, false),
        ("path: ./a, prune: false, deletionPolicy: Delete", false, true, false),
        ("path: ./a, prune: false, deletionPolicy: WaitForTermination", false, true, false),
        ("path: ./a, prune: true, force: true", true, true, true),
        ("path: ./a, prune: true, force: false", true, true, false),
        ("path: ./a, prune: true, force: '${force}'", true, true, true),
    ] {
        let index = index(&[("s.yaml", &sync("a", spec)), ("a/x.yaml", CRD)]);
        let syncs = index.syncs();
        let found = syncs.applying(&"a/x.yaml".parse().expect("a path"));
        let [Applying { sync, .. }] = found.syncs.as_slice() else { panic!("{spec}") };
        assert_eq!(
            (syncs.prunes(sync), syncs.takes_along(sync), syncs.forces(sync)),
            (prunes, takes_along, forces),
            "{spec}"
        );
    }
}

#[test]
fn a_patch_of_a_kustomization_counts() {
    let patch =
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {force: true}\n";
    let index = index(&[
        ("base/s.yaml", &sync("a", "path: ./a, prune: false")),
        ("clusters/x/kustomization.yaml", "resources: [../../base/s.yaml]\npatches: [{path: p.yaml}]\n"),
        ("clusters/x/p.yaml", patch),
        ("a/x.yaml", CRD),
    ]);
    let syncs = index.syncs();
    let found = syncs.applying(&"a/x.yaml".parse().expect("a path"));
    assert_eq!(found.syncs.len(), 1);
    let sync = &found.syncs[0].sync;
    assert_eq!((syncs.forces(sync), syncs.prunes(sync)), (true, false));
}

#[test]
fn marks_of_all_ways_are_put_together() {
    const KEEP: &str = "commonAnnotations: {kustomize.toolkit.fluxcd.io/prune: disabled}\nresources: [../crd]\n";
    let marks = |one: &str, other: &str, spec: &str| {
        let index = index(&[
            ("s.yaml", &sync("a", &format!("path: ./a{spec}"))),
            ("a/kustomization.yaml", "resources: [../one, ../other]\n"),
            ("one/kustomization.yaml", one),
            ("other/kustomization.yaml", other),
            ("crd/kustomization.yaml", "resources: [x.yaml]\n"),
            ("crd/x.yaml", CRD),
        ]);
        let found = index.syncs().applying(&"crd/x.yaml".parse().expect("a path"));
        assert_eq!(found.syncs.len(), 1);
        found.syncs[0].marks
    };
    let plain = "resources: [../crd]\n";
    let force = "commonAnnotations: {kustomize.toolkit.fluxcd.io/force: enabled}\nresources: [../crd]\n";
    assert_eq!(marks(KEEP, KEEP, "").kept, Some(true));
    assert_eq!(marks(KEEP, plain, "").kept, None);
    assert_eq!(marks(plain, KEEP, "").kept, None);
    assert!(marks(plain, force, "").force);
    let common = ", commonMetadata: {annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}";
    assert_eq!(marks(plain, plain, common), Marks { force: false, kept: Some(true) });
}

#[test]
fn one_of_each_cluster() {
    let index = index(&[
        ("clusters/a/s.yaml", &sync("infra", "path: ./infra")),
        ("clusters/b/s.yaml", &sync("infra", "path: ./infra")),
        ("infra/x.yaml", CRD),
    ]);
    assert_eq!(appliers(&index, "infra/x.yaml"), ["flux-system/infra (of a)", "flux-system/infra (of b)"]);
    let found = index.syncs().applying(&"infra/x.yaml".parse().expect("a path"));
    let [one, other] = found.syncs.as_slice() else { panic!("two") };
    assert!(!one.sync.is_same(&other.sync));
}
