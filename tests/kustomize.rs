//! What kustomize refuses is never green, and what it builds is not reported: every case is judged here and
//! built by the real kustomize (or kubectl) of this machine.

use std::path::Path;
use std::sync::Arc;

use bailiwick::finding::Severity;
use bailiwick::manifest::{self, ManifestFile};
use bailiwick::render::Renderer;
use bailiwick::rules::{Change, Policy, Scope, View};
use bailiwick::tenancy::{FileSummary, RepositoryIndex};
use tempfile::TempDir;

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// kustomize builds it.
    Built,
    /// kustomize refuses it.
    Refused,
    /// kustomize builds it, and Flux does not apply all of what comes out.
    Lost,
}
use Verdict::{Built, Lost, Refused};

/// Rules that say that something cannot be built, or is not applied.
const RULES: [&str; 4] =
    ["kustomization/cannot-build", "yaml/no-object", "kustomization/missing-resource", "yaml/unreadable"];

type Files<'a> = &'a [(&'a str, &'a str)];

/// Judges a tree and builds it.
async fn both(files: &[(&str, &str)]) -> (bool, Vec<String>) {
    let tree = TempDir::new().expect("room for a directory");
    for (name, text) in files {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    let path = std::env::var_os("PATH").expect("a PATH");
    let renderer = Renderer::find(&path).expect("kustomize or kubectl is installed (`make setup` installs it)");
    (renderer.render(&tree.path().join("cluster")).await.is_ok(), judged(files))
}

fn judged(files: &[(&str, &str)]) -> Vec<String> {
    let mut read: Vec<ManifestFile> =
        files.iter().map(|(name, text)| manifest::read(name.parse().expect("a path"), text.as_bytes())).collect();
    read.sort_by(|one, other| one.path.cmp(&other.path));
    let summaries = read.iter().map(|file| (file.path.clone(), Arc::new(FileSummary::of(file))));
    let view = View {
        before: RepositoryIndex::default(),
        after: RepositoryIndex::from_files(summaries),
        roots: None,
        kubernetes: None,
    };
    let findings = Change::whole(view, read).judge(0, Scope::Admin, &Policy::default()).findings;
    let told =
        findings.into_iter().filter(|found| found.severity == Severity::Error && RULES.contains(&found.rule.as_str()));
    told.map(|found| format!("{}:{} {}", found.location.file, found.location.line, found.message)).collect()
}

/// Compares a case; an answer that differs is a line.
async fn compare(files: &[(&str, &str)], verdict: Verdict) -> Option<String> {
    let (built, told) = both(files).await;
    let agree = built == (verdict != Refused) && told.is_empty() == (verdict == Built);
    (!agree).then(|| format!("{files:?}\n  expected {verdict:?}, built {built}, told {told:?}"))
}

fn assert_alike(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n";
const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
const LISTS_A: &str = "resources: [a.yaml]\n";
const LISTS_BASE: &str = "resources: [../base]\n";

/// A tree whose `cluster/base` lists one object, and whose `cluster/over` lists `base`.
async fn layered(object: &str, over: &str, top: &str, verdict: Verdict) -> Option<String> {
    let files = [
        ("cluster/kustomization.yaml", top),
        ("cluster/base/kustomization.yaml", LISTS_A),
        ("cluster/base/a.yaml", object),
        ("cluster/over/kustomization.yaml", over),
    ];
    compare(&files, verdict).await
}

#[tokio::test]
async fn repeats() {
    let mut wrong = Vec::new();
    for (object, over, top, verdict) in [
        (A, LISTS_BASE, "resources: [base]\n", Built),
        (A, LISTS_BASE, "resources: [base, base]\n", Refused),
        (A, LISTS_BASE, "resources: [base, ./base/]\n", Refused),
        (A, LISTS_BASE, "resources: [base/a.yaml, base/../base/a.yaml]\n", Refused),
        (A, LISTS_BASE, "resources: [base, base/a.yaml]\n", Refused),
        (A, LISTS_BASE, "resources: [base]\nbases: [base]\n", Refused),
        (A, LISTS_BASE, "resources: [base, over]\n", Refused),
        (A, "namePrefix: x-\nresources: [../base]\n", "resources: [base, over]\n", Built),
        (A, "nameSuffix: -x\nresources: [../base]\n", "resources: [base, over]\n", Built),
        (A, "namespace: xx\nresources: [../base]\n", "resources: [base, over]\n", Built),
        (A, "namespace: default\nresources: [../base]\n", "resources: [base, over]\n", Refused),
        (A, "namespace: xx\nresources: [../base]\n", "namespace: yy\nresources: [base, over]\n", Refused),
        (NAMESPACE, "namePrefix: x-\nresources: [../base]\n", "resources: [base, over]\n", Refused),
        (NAMESPACE, "namespace: xx\nresources: [../base]\n", "resources: [base, over]\n", Built),
        (ROLE, "namespace: xx\nresources: [../base]\n", "resources: [base, over]\n", Refused),
        (ROLE, "namePrefix: x-\nresources: [../base]\n", "resources: [base, over]\n", Built),
        ("# nothing\n", LISTS_BASE, "resources: [base/a.yaml, base/a.yaml]\n", Built),
        (A, "configMapGenerator: [{name: g, literals: [a=b]}]\n", "resources: [over, over]\n", Refused),
        (
            A,
            &format!("{COMPONENT}commonAnnotations: {{a: b}}\n"),
            "resources: [base]\ncomponents: [over, over]\n",
            Built,
        ),
        (A, &format!("{COMPONENT}resources: [../base]\n"), "components: [over, over]\n", Refused),
        (A, &format!("{COMPONENT}resources: [../base]\n"), "resources: [base]\ncomponents: [over]\n", Refused),
        (A, COMPONENT, "resources: [over]\n", Refused),
        (A, LISTS_BASE, "components: [over]\n", Refused),
        (A, LISTS_BASE, "components: [base/a.yaml]\n", Refused),
    ] {
        wrong.extend(layered(object, over, top, verdict).await);
    }
    assert_alike(&wrong);
}

#[tokio::test]
async fn circles() {
    let component = format!("{COMPONENT}components: [.]\n");
    let mut wrong = Vec::new();
    for (over, top, verdict) in [
        (LISTS_BASE, "resources: [.]\n", Refused),
        ("resources: [..]\n", "resources: [over]\n", Refused),
        ("resources: [../over]\n", "resources: [over]\n", Refused),
        ("resources: [../../cluster]\n", "resources: [base, over]\n", Refused),
        (&component, "resources: [base]\ncomponents: [over]\n", Refused),
        (LISTS_BASE, "resources: [base]\ntransformers: [.]\n", Refused),
        ("resources: [../../outer/inner]\n", "resources: [over]\n", Built),
    ] {
        let files = [
            ("cluster/kustomization.yaml", top),
            ("cluster/base/kustomization.yaml", LISTS_A),
            ("cluster/base/a.yaml", A),
            ("cluster/over/kustomization.yaml", over),
            ("outer/inner/kustomization.yaml", "resources: [../a]\n"),
            ("outer/a/kustomization.yaml", "resources: []\n"),
        ];
        wrong.extend(compare(&files, verdict).await);
    }
    // Not round, but a directory is named that holds one on the way.
    let files = [
        ("cluster/kustomization.yaml", "resources: [x/y]\n"),
        ("cluster/x/y/kustomization.yaml", "resources: [../../z]\n"),
        ("cluster/z/kustomization.yaml", "resources: [../x]\n"),
        ("cluster/x/kustomization.yaml", "resources: []\n"),
    ];
    wrong.extend(compare(&files, Refused).await);
    assert_alike(&wrong);
}

#[tokio::test]
async fn files_of_kustomizations() {
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n";
    let cases: &[(Files<'_>, Verdict)] = &[
        (&[("kustomization.yaml", LISTS_A), ("kustomization.yml", LISTS_A)], Refused),
        (&[("kustomization.yaml", LISTS_A), ("Kustomization", flux)], Refused),
        (&[("kustomization.yaml", LISTS_A), ("kustomization.yml", "")], Refused),
        (&[("kustomization.yml", LISTS_A)], Built),
        (&[("Kustomization", LISTS_A)], Built),
        (&[("kustomization.yaml", flux)], Refused),
        (&[("kustomization.yaml", "resources: [a.yaml, b]\n"), ("b/kustomization.yaml", flux)], Refused),
    ];
    let mut wrong = Vec::new();
    for (files, verdict) in cases {
        let named: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("cluster/{name}"), *text)).collect();
        let own = named.iter().map(|(name, text)| (name.as_str(), *text)).chain([("cluster/a.yaml", A)]);
        wrong.extend(compare(&own.collect::<Vec<_>>(), *verdict).await);
    }
    for (text, verdict) in [
        ("", Refused),
        ("# nothing\n", Refused),
        ("namePrefix: ''\n", Refused),
        ("kind: Kustomization\n", Refused),
        ("resources: []\n", Built),
        ("metadata: {name: x}\n", Built),
        ("namespace: xx\n", Built),
        ("- a.yaml\n", Refused),
        ("[]\n", Refused),
        ("kind: Other\nresources: [a.yaml]\n", Refused),
        ("apiVersion: kustomize.config.k8s.io/v1\nresources: [a.yaml]\n", Refused),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: [a.yaml]\n", Refused),
        ("apiVersion: ''\nkind: ''\nresources: [a.yaml]\n", Built),
        ("resources: a.yaml\n", Refused),
        ("resources: [{a: b}]\n", Refused),
        ("resources: [a.yaml, ~]\n", Refused),
        ("resources: ['']\n", Refused),
        ("namespace: 5\nresources: [a.yaml]\n", Refused),
        ("namePrefix: no\nresources: [a.yaml]\n", Refused),
        ("namePrefix: N\nresources: [a.yaml]\n", Refused),
        ("namePrefix: On\nresources: [a.yaml]\n", Refused),
        ("namePrefix: oFF\nresources: [a.yaml]\n", Built),
        ("namePrefix: 'no'\nresources: [a.yaml]\n", Built),
        ("namePrefix: 1_000\nresources: [a.yaml]\n", Refused),
        ("namePrefix: 1:20\nresources: [a.yaml]\n", Built),
        ("commonLabels: {a: 5}\nresources: [a.yaml]\n", Refused),
        ("commonAnnotations: {a: yes}\nresources: [a.yaml]\n", Refused),
        ("images: [{name: x, newTag: 1.0}]\nresources: [a.yaml]\n", Refused),
        ("images: [{name: x, newTag: v1.0}]\nresources: [a.yaml]\n", Built),
        ("configMapGenerator: [{name: 5, literals: [a=b]}]\n", Refused),
    ] {
        wrong.extend(compare(&[("cluster/kustomization.yaml", text), ("cluster/a.yaml", A)], verdict).await);
    }
    assert_alike(&wrong);
}

/// kustomize reads its own files by the rules of `kubectl`, and knows the type of every field.
#[tokio::test]
async fn types_of_fields() {
    let generator = |item: &str| format!("configMapGenerator: [{{name: g, {item}}}]");
    let patch = |item: &str| format!("patches: [{{patch: '- {{op: test, path: /kind, value: ConfigMap}}', {item}}}]");
    let mut wrong = Vec::new();
    for (text, verdict) in [
        ("namespace: ~".to_owned(), Built),
        ("namespace: [a]".to_owned(), Refused),
        ("namePrefix: null".to_owned(), Built),
        ("nameSuffix: -2024-1-2".to_owned(), Built),
        ("metadata: {name: 5}".to_owned(), Refused),
        ("metadata: {annotations: {a: yes}}".to_owned(), Refused),
        ("openapi: {path: yes}".to_owned(), Refused),
        ("buildMetadata: [on]".to_owned(), Refused),
        ("commonLabels: {a: ~}".to_owned(), Built),
        ("commonLabels: [a]".to_owned(), Refused),
        ("commonLabels: {y: a}".to_owned(), Refused),
        ("commonLabels: {a: 'yes', 'y': b}".to_owned(), Built),
        ("commonAnnotations: {a: 2024-01-01}".to_owned(), Built),
        ("commonAnnotations: {a: {b: c}}".to_owned(), Refused),
        ("labels: [{pairs: {a: no}}]".to_owned(), Refused),
        ("labels: [{pairs: {off: a}}]".to_owned(), Refused),
        ("labels: [{pairs: {a: b}, includeSelectors: yes}]".to_owned(), Built),
        ("labels: [{pairs: {a: b}, includeSelectors: 'true'}]".to_owned(), Refused),
        ("generatorOptions: {disableNameSuffixHash: on}".to_owned(), Built),
        ("generatorOptions: {disableNameSuffixHash: 'on'}".to_owned(), Refused),
        ("generatorOptions: {labels: {a: no}}".to_owned(), Refused),
        ("images: [{name: x, newTag: 1.10}]".to_owned(), Refused),
        ("images: [{name: x, newTag: 2024-01-01}]".to_owned(), Built),
        ("images: [{name: x, newTag: 1234e56}]".to_owned(), Refused),
        ("images: [{name: x, newTag: 123e4567}]".to_owned(), Built),
        ("replicas: [{name: a, count: '1'}]".to_owned(), Refused),
        ("replicas: [{name: a, count: 1.5}]".to_owned(), Refused),
        (generator("literals: [on]"), Refused),
        (generator("literals: [a=on]"), Built),
        (generator("literals: [a=b], options: {immutable: y}"), Built),
        (generator("literals: [a=b], options: {immutable: 1}"), Refused),
        (generator("files: [5]"), Refused),
        (generator("envs: [y]"), Refused),
        (patch("target: {kind: ConfigMap}"), Built),
        (patch("target: {kind: ~, name: ~}"), Built),
        (patch("target: {kind: y}"), Refused),
        (patch("target: {kind: ConfigMap, labelSelector: no}"), Refused),
        (patch("target: {kind: ConfigMap}, options: {allowNameChange: yes}"), Built),
        (patch("target: {kind: ConfigMap}, options: {allowNameChange: 'yes'}"), Refused),
    ] {
        let text = format!("resources: [a.yaml]\n{text}\n");
        wrong.extend(compare(&[("cluster/kustomization.yaml", &text), ("cluster/a.yaml", A)], verdict).await);
    }
    assert_alike(&wrong);
}

#[tokio::test]
async fn documents() {
    let mut wrong = Vec::new();
    for (text, verdict) in [
        ("", Built),
        ("---\n---\n", Built),
        ("null\n", Built),
        ("{}\n", Built),
        ("[]\n", Built),
        ("hello\n", Refused),
        ("5\n", Refused),
        ("- a\n", Refused),
        ("a: b\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\na: b\n", Refused),
        ("apiVersion: v1\nmetadata: {name: b}\n", Refused),
        ("apiVersion: v1\nkind: ''\nmetadata: {name: b}\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: b\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ''}\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [b]}\n", Refused),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: b}\n", Refused),
        ("apiVersion: v1\nkind: 5\nmetadata: {name: b}\n", Lost),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n", Lost),
        ("kind: ConfigMap\nmetadata: {name: b}\n", Lost),
        ("apiVersion: 1\nkind: ConfigMap\nmetadata: {name: b}\n", Lost),
        ("apiVersion: v1\nkind: List\nitems: []\n", Built),
        ("apiVersion: v1\nkind: List\nitems: null\n", Built),
        ("apiVersion: v1\nkind: List\nitems: [null, {}]\n", Built),
        ("apiVersion: v1\nkind: List\nitems: {a: b}\n", Refused),
        ("apiVersion: v1\nkind: List\nitems: b\n", Lost),
        ("apiVersion: v1\nkind: List\n", Lost),
        ("apiVersion: v1\nkind: List\nitems: [b]\n", Refused),
        ("apiVersion: v1\nkind: List\nitems: [{a: b}]\n", Refused),
        ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap}]\n", Refused),
        ("apiVersion: v1\nkind: List\nitems: [{kind: ConfigMap, metadata: {name: b}}]\n", Lost),
        ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [b]}]\n", Refused),
        ("apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: b}}]\n", Refused),
        ("apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: b}\n", Built),
        ("apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: b}\nitems: [b]\n", Refused),
    ] {
        let top = "resources: [a.yaml, b.yaml]\n";
        let files = [("cluster/kustomization.yaml", top), ("cluster/a.yaml", A), ("cluster/b.yaml", text)];
        wrong.extend(compare(&files, verdict).await);
    }
    assert_alike(&wrong);
}

#[tokio::test]
async fn generators() {
    let mut wrong = Vec::new();
    for (items, verdict) in [
        ("{name: g, literals: [a=b]}, {name: h, literals: [a=b]}", Built),
        ("{name: g, literals: [a=b]}, {name: g, literals: [c=d]}", Refused),
        ("{name: g, literals: [a=b]}, {name: g, behavior: create, literals: [c=d]}", Refused),
        ("{name: g, literals: [a=b]}, {name: g, behavior: Merge, literals: [c=d]}", Refused),
        ("{name: g, literals: [a=b]}, {name: g, behavior: merge, literals: [c=d]}", Built),
        ("{name: g, literals: [a=b]}, {name: g, namespace: default, literals: [c=d]}", Refused),
        ("{name: g, literals: [a=b]}, {name: g, namespace: xx, literals: [c=d]}", Built),
        ("{name: g, behavior: merge, literals: [a=b]}", Refused),
        ("{name: g, behavior: replace, literals: [a=b]}", Refused),
        ("{name: a, behavior: merge, literals: [a=b]}", Built),
        ("{name: below, behavior: merge, literals: [a=b]}", Built),
        ("{name: a, literals: [a=b]}", Refused),
        ("{literals: [a=b]}", Refused),
        ("{name: g, literals: [a]}", Refused),
        ("{name: g, literals: [a=b, a=c]}", Refused),
        ("{name: g, files: [a.yaml, base/a.yaml]}", Refused),
    ] {
        // Of what is generated below, the names are not known here.
        let base = if items.contains("below") { ", base" } else { "" };
        let top = format!("resources: [a.yaml{base}]\nconfigMapGenerator: [{items}]\n");
        let files = [
            ("cluster/kustomization.yaml", top.as_str()),
            ("cluster/a.yaml", A),
            ("cluster/base/kustomization.yaml", "configMapGenerator: [{name: below, literals: [a=b]}]\n"),
            ("cluster/base/a.yaml", A),
        ];
        wrong.extend(compare(&files, verdict).await);
    }
    assert_alike(&wrong);
}

#[tokio::test]
async fn patches() {
    let merge = |object: &str| format!("patches: [{{patch: '{object}'}}]\n");
    let json =
        |target: &str, op: &str| format!("patches: [{{patch: '- {{op: {op}, path: /data, value: {{}}}}'{target}}}]\n");
    let mut cases: Vec<(String, Verdict)> = vec![
        (json(", target: {kind: ConfigMap}", "add"), Built),
        (json(", target: {kind: ConfigMap, name: other}", "add"), Built),
        (json(", target: {}", "add"), Built),
        (json("", "add"), Refused),
        (json(", target: {kind: ConfigMap}", "put"), Refused),
        ("patches: [{patch: '[{op: test, path: /kind, value: x}]', target: {name: none}}]\n".to_owned(), Refused),
        ("patches: [{patch: '[{\"op\": \"test\", \"path\": \"/kind\"}]', target: {name: none}}]\n".to_owned(), Built),
        ("patches: [{}]\n".to_owned(), Refused),
        ("patches: [{target: {kind: ConfigMap}}]\n".to_owned(), Refused),
        ("patches: [{patch: hello, target: {kind: ConfigMap}}]\n".to_owned(), Refused),
        ("patches: [{path: p.yaml}]\n".to_owned(), Refused),
        ("patches: [{path: p.yaml, target: {kind: ConfigMap}}]\n".to_owned(), Built),
        ("patches: [{path: p.yaml, patch: 'a: b', target: {kind: ConfigMap}}]\n".to_owned(), Refused),
        ("patchesStrategicMerge: [p.yaml]\n".to_owned(), Refused),
        ("patchesJson6902: [{path: p.yaml, target: {kind: ConfigMap, name: a}}]\n".to_owned(), Refused),
    ];
    for (object, verdict) in [
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", Built),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}", Built),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: g}}", Built),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: below}}", Built),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x-b, namespace: below}}", Built),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}", Refused),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}", Refused),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: own}}", Refused),
        ("{apiVersion: apps/v1, kind: ConfigMap, metadata: {name: a}}", Refused),
        ("{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: other}}", Refused),
        ("{kind: ConfigMap, metadata: {name: a}}", Refused),
        ("{apiVersion: v1, kind: ConfigMap}", Refused),
        ("{apiVersion: v1, metadata: {name: a}}", Refused),
    ] {
        cases.push((merge(object), verdict));
        cases.push((format!("patchesStrategicMerge: ['{object}']\n"), verdict));
    }
    let mut wrong = Vec::new();
    for (text, verdict) in cases {
        let top = format!(
            "namespace: own\nresources: [a.yaml, base]\nconfigMapGenerator: [{{name: g, literals: [a=b]}}]\n{text}"
        );
        let files = [
            ("cluster/kustomization.yaml", top.as_str()),
            ("cluster/a.yaml", A),
            ("cluster/p.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"),
            ("cluster/base/kustomization.yaml", "namespace: below\nnamePrefix: x-\nresources: [b.yaml]\n"),
            ("cluster/base/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"),
        ];
        wrong.extend(compare(&files, verdict).await);
    }
    assert_alike(&wrong);
}

/// The repositories of the fixtures: each of their kustomizations is built, and none is reported.
#[tokio::test]
async fn repositories_of_the_fixtures_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos");
    for repository in std::fs::read_dir(root).expect("repositories") {
        let directory = repository.expect("an entry").path();
        let mut files = Vec::new();
        gather(&directory, &directory, &mut files);
        let path = std::env::var_os("PATH").expect("a PATH");
        let renderer = Renderer::find(&path).expect("kustomize or kubectl is installed (`make setup` installs it)");
        for (name, _) in files.iter().filter(|(name, _)| name.ends_with("kustomization.yaml")) {
            let built = directory.join(name).parent().expect("a parent").to_owned();
            renderer.render(&built).await.unwrap_or_else(|error| panic!("{}: {error}", built.display()));
        }
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(judged(&named), Vec::<String>::new(), "{}", directory.display());
    }
}

fn gather(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path.strip_prefix(root).expect("inside").to_str().expect("UTF-8").to_owned();
            files.push((name, std::fs::read_to_string(&path).expect("text")));
        }
    }
}
