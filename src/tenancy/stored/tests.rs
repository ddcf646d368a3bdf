use super::*;
use crate::manifest::read;
use crate::tenancy::table::{Builder, Layers};

/// Every kind of thing that a summary keeps, and odd spellings of each.
const FILES: [(&str, &str); 10] = [
    (
        "cluster/team1/kustomization.yaml",
        "namespace: team1\nnamePrefix: a-\nresources: [x.yaml, ./x.yaml, ../../up.yaml, ../../../out, 'https://h/o/r', \
         y/]\npatches:\n- {path: p.yaml, target: {kind: Role, group: rbac.authorization.k8s.io}}\n- {path: p.yaml}\n\
         - {path: p.yaml, target: {kind: Größe}}\nconfigurations: [c.yaml]\ngenerators: [g]\nopenapi: {path: o.json}\n\
         configMapGenerator: [{name: x, files: [k=data.txt]}]\nhelmCharts: [{name: x, valuesFile: v.yaml}]\n",
    ),
    (
        "kustomization.yaml",
        "nameSuffix: -z\nresources: [a, a]\n\
         commonAnnotations: {kustomize.toolkit.fluxcd.io/force: enabled, kustomize.toolkit.fluxcd.io/prune: disabled}\n",
    ),
    (
        "a/objects.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1, labels: {toolkit.fluxcd.io/tenant: x}}\n---\n\
         apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: '', namespace: ''}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux, namespace: n}\nspec: {template: {spec: {\
         containers: [{args: ['--git-url=git@h:o/r', '--git-path=a,b', '--k8s-allow-namespace=n,m', '--git-branch=x', \
         '--k8s-secret-name=s']}]}}}\n---\n\
         apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x, \
         annotations: {kustomize.toolkit.fluxcd.io/prune: enabled}}\n\
         spec: {group: example.com, scope: Cluster, names: {kind: Widget, plural: widgets, shortNames: [w, wd]}}\n",
    ),
    (
        "a/flux.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: s}\n\
         spec: {url: u, ref: {branch: b}, secretRef: {name: k}, ignore: '/*'}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: n}\n\
         spec: {path: ./a/../b, components: [../c, d], targetNamespace: t, serviceAccountName: sa, \
         sourceRef: {kind: GitRepository, name: s, namespace: o}, force: true, prune: false, deletionPolicy: Orphan, \
         commonMetadata: {annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\nspec: {prune: true, deletionPolicy: Delete}\n",
    ),
    (
        "clusters/x/sync.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: flux-system}\n\
         spec: {path: ./, components: [../c], targetNamespace: t, namePrefix: p-, nameSuffix: -s, \
         sourceRef: {kind: GitRepository, name: flux-system}, commonMetadata: {labels: {a: b, c: 'd'}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\n\
         spec: {commonMetadata: {labels: {e: f}}}\n",
    ),
    (
        "labels/kustomization.yaml",
        "namespace: n\nlabels: [{pairs: {a: b, c: d}}, {pairs: {c: e}}]\ncommonLabels: {a: f}\nresources: [x.yaml]\n",
    ),
    ("a/.flux.yaml", "version: 1\npatchUpdated: {patchFile: p.yaml}\n"),
    ("a/.sourceignore", "# no\n*.md\n\n!x\n"),
    ("a/broken.yaml", "a: [\n"),
    ("a/empty.yaml", ""),
];

fn stored_and_given(path: &str, summary: &FileSummary) -> (String, String) {
    let mut builder = Builder::default();
    let path: RepoPath = path.parse().expect("a path");
    builder.add(path.as_str(), Some(&content(&path, summary)));
    let mut layers = Layers::default();
    layers.push(builder.build());
    let stored = StoredSummary::new(layers.get(path.as_str()).expect("the file is there"));
    let again = FileSummary {
        objects: stored.objects().collect(),
        entries: stored.entries().collect(),
        kustomization: stored.kustomization(),
        unreadable: stored.is_unreadable(),
        manifest: stored.is_manifest(),
        definitions: stored.definitions().collect(),
        facts: stored.facts().collect(),
    };
    assert_eq!(stored.path(), path);
    (format!("{again:#?}"), format!("{summary:#?}"))
}

#[test]
fn a_summary_is_read_as_it_was_written() {
    let mut all = String::new();
    for (path, text) in FILES {
        let summary = FileSummary::of(&read(path.parse().expect("a path"), text.as_bytes()));
        let (stored, given) = stored_and_given(path, &summary);
        assert_eq!(stored, given, "{path}");
        all += &given;
    }
    for word in [
        "Namespace {",
        "SourceFact",
        "SyncFact",
        "FluxV1Fact",
        "Ignore(",
        "Definition {",
        "PatchTarget",
        "unreadable: true",
        "force: true",
        "Left",
        "Deleted",
        "prefix: \"p-\"",
        "\"a\": \"f\"",
    ] {
        assert!(all.contains(word), "{word} is among them");
    }
    let (stored, given) = stored_and_given("a/image.png", &FileSummary::other());
    assert_eq!(stored, given);
}

#[test]
fn keys_of_different_things_differ() {
    let id = |group: &str, kind: &str, namespace: Option<&str>, name: &str| {
        let (group, kind, namespace) = (group.to_owned(), kind.to_owned(), namespace.map(str::to_owned));
        object_key(&ObjectId { group, kind, namespace, name: name.to_owned() })
    };
    let keys = [
        id("", "Role", None, "a"),
        id("", "Role", Some(""), "a"),
        id("", "Role", Some("a"), ""),
        id("Role", "", None, "a"),
        id("", "Rolea", None, ""),
        id("", "R", None, "a"),
        id("R", "", None, "a"),
    ];
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
    assert_ne!(definition_key("ab", "c"), definition_key("a", "bc"));
    let entry = |path: &str, role| entry_key(&path.parse().expect("a path"), role);
    let all: std::collections::BTreeSet<_> =
        ROLES.iter().flat_map(|role| ["a", "a0", "a1"].map(|path| entry(path, *role))).collect();
    assert_eq!(all.len(), 12);
}
