//! The spelling of a kustomization's keys.
//!
//! Kustomize decodes its file with Go's `encoding/json`, which takes `Patches` or `pAtches` for
//! `patches` and refuses what it knows in no spelling. Everything here reads keys exactly, so any
//! other spelling would hide what is applied.

use super::gate::{MAXIMUM_PROBLEMS, problem};
use super::{Node, Problem};

/// The fields of kustomize v5's file, with those that it only still reads (`api/types/kustomization.go`).
const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

const PATCH: &[&str] = &["path", "patch", "target", "options"];
const SELECTOR: &[&str] = &["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
const GENERATOR: &[&str] =
    &["name", "namespace", "behavior", "files", "literals", "envs", "env", "options", "type", "kvSources"];

/// Where keys below the first level matter: the way there through mappings and lists, and its keys.
const BELOW: &[(&[&str], &[&str])] = &[
    (&["openapi"], &["path"]),
    (&["patches"], PATCH),
    (&["patches", "target"], SELECTOR),
    (&["patches", "options"], &["allowNameChange", "allowKindChange"]),
    (&["patchesJson6902"], PATCH),
    (&["patchesJson6902", "target"], SELECTOR),
    (&["replacements"], &["path", "source", "sourceValue", "targets"]),
    (&["replacements", "targets"], &["select", "reject", "fieldPaths", "options"]),
    (&["replacements", "targets", "select"], SELECTOR),
    (&["replacements", "targets", "reject"], SELECTOR),
    (&["labels"], &["pairs", "includeSelectors", "includeTemplates", "fields"]),
    (&["labels", "fields"], &["path", "group", "version", "kind", "create"]),
    (&["configMapGenerator"], GENERATOR),
    (&["secretGenerator"], GENERATOR),
];

/// Whether a document's first level holds `apiVersion` in another spelling, so that what kustomize
/// takes for its version is not what is read here.
pub(super) fn hides_version(root: &Node) -> bool {
    root.entries().filter_map(|(key, _)| key.text()).any(|key| key != "apiVersion" && folded(key) == "apiversion")
}

/// Unknown fields of a kustomization, and keys that differ from a known one in case only.
pub(super) fn misspelled(root: &Node) -> Vec<Problem> {
    let unknown = root.entries().filter(|(key, _)| !key.text().is_some_and(|text| FIELDS.contains(&text)));
    let mut problems: Vec<Problem> = unknown.map(|(key, _)| of_key(key, FIELDS)).collect();
    for (way, known) in BELOW {
        for (key, _) in below(root, way).into_iter().flat_map(Node::entries) {
            let text = key.text().unwrap_or_default();
            if !known.contains(&text) && meant(text, known).is_some() {
                problems.push(of_key(key, known));
            }
        }
    }
    problems.truncate(MAXIMUM_PROBLEMS);
    problems
}

fn of_key(key: &Node, known: &[&str]) -> Problem {
    let text = key.text().unwrap_or_default();
    let shown: String =
        text.chars().take(60).map(|one| if one.is_control() || one == '`' { '?' } else { one }).collect();
    match meant(text, known) {
        Some(meant) => {
            let message = format!("Unknown kustomization field `{shown}`: kustomize takes it for `{meant}`.");
            problem(key.start, message, &format!("Did you mean `{meant}`? Write it so."))
        }
        None => {
            let message = format!("Unknown kustomization field `{shown}`: kustomize refuses it.");
            problem(key.start, message, "Remove it, or write the field that you mean.")
        }
    }
}

/// The nodes at the end of a way of keys; lists on the way are walked through.
fn below<'a>(root: &'a Node, way: &[&str]) -> Vec<&'a Node> {
    way.iter().fold(vec![root], |nodes, key| {
        let values = nodes.into_iter().filter_map(|node| node.get(key));
        values.flat_map(|value| if value.is_sequence() { value.items().collect() } else { vec![value] }).collect()
    })
}

fn meant<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = folded(text);
    known.iter().copied().find(|known| folded(known) == text)
}

/// Go's folding of case: beside ASCII it takes `ſ` for `s` and the Kelvin sign for `k`.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use crate::manifest::{Kustomization, read};

    #[test]
    fn other_spellings_and_unknown_fields_are_problems() {
        for (text, part) in [
            ("Patches: []\n", "`patches`"),
            ("Resources: [evil.txt]\n", "`resources`"),
            ("Namespace: kube-system\n", "`namespace`"),
            ("re\u{17f}ources: [evil.txt]\n", "`resources`"),
            ("resource: [a.yaml]\n", "refuses"),
            ("patches: [{Path: p.yaml}]\n", "`path`"),
            ("patches: [{path: p.yaml, target: {KIND: ClusterRole}}]\n", "`kind`"),
            ("patchesJson6902: [{path: p.yaml, Target: {kind: ClusterRole}}]\n", "`target`"),
            ("replacements: [{Path: r.yaml}]\n", "`path`"),
            ("replacements: [{targets: [{select: {Kind: ClusterRole}}]}]\n", "`kind`"),
            ("configMapGenerator: [{name: a, Namespace: kube-system}]\n", "`namespace`"),
            ("labels: [{Pairs: {a: b}}]\n", "`pairs`"),
            ("labels: [{pairs: {name: x}, fields: [{Path: roleRef}]}]\n", "`path`"),
            ("apiVersion: v1\nkind: ConfigMap\napiversion: kustomize.config.k8s.io/v1beta1\n", "`apiVersion`"),
        ] {
            let file = read("cluster/kustomization.yaml".parse().expect("a path"), text.as_bytes());
            let problem = file.problems.first().unwrap_or_else(|| panic!("{text:?} has a problem"));
            assert!(problem.message.contains(part), "{text:?}: {}", problem.message);
            assert!(file.documents.is_empty() && Kustomization::of(&file).is_none());
        }
    }

    #[test]
    fn free_words_are_nobodys_keys() {
        let text = "commonLabels: {Name: a}\nlabels: [{pairs: {Kind: b}}]\ncommonAnnotations: {Path: c}\n\
            configMapGenerator: [{name: a, options: {labels: {Name: x}}}]\nbuildMetadata: [originAnnotations]\n";
        let file = read("cluster/kustomization.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, []);
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {Path: x}\n";
        assert_eq!(read("a/kustomization.yaml".parse().expect("a path"), flux.as_bytes()).problems, []);
    }
}
