//! What decides over rights must stand in files, not in what kustomize makes of them.
//!
//! # What
//! Reports parts of a new or changed kustomization that are not evaluated here and can change what
//! is applied: remote resources, Helm charts, generator and transformer plug-ins, and patches or
//! replacements written out for kinds that decide over rights or for the whole cluster. Patches on
//! Flux's own kinds are a warning. Patches on other kinds, and patch files without a `target`, which are
//! judged like objects, are not reported.
//!
//! # Why
//! Files are judged as they stand. A patch that turns a harmless ClusterRole into a greedy one, or
//! a remote base that brings one along, would otherwise pass without anybody having seen it: what
//! was not judged must not look as if it was.
//!
//! # Bad
//! ```yaml
//! resources:
//!   - github.com/example/operator/config/default
//! patches:
//!   - target: {kind: ClusterRole}
//!     patch: |
//!       - {op: replace, path: /rules/0/verbs, value: ["*"]}
//! ```
//!
//! # Good
//! ```yaml
//! resources:
//!   - operator.yaml   # a copy that was looked at
//!   - cluster-role.yaml
//! ```

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{EntryPlace, Kustomization, ManifestFile, Node, is_kustomization, read};
use crate::rules::{Meta, Review, Rule, shown};

/// `kustomization/not-evaluated`.
#[derive(Debug)]
pub struct NotEvaluated;

const ID: RuleId = RuleId::new("kustomization/not-evaluated");

/// Kinds that decide over rights, or for the whole cluster.
const DECIDING: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "APIService",
];

/// Flux's kinds: whose account applies what. Its own documentation patches them, so a person looks.
const SYNCING: &[&str] = &["Kustomization", "HelmRelease", "GitRepository", "OCIRepository", "Namespace"];

/// Fields that run a plug-in or fetch a chart.
const PLUGINS: &[&str] = &["generators", "transformers", "helmCharts", "helmChartInflationGenerator"];

impl Rule for NotEvaluated {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("not_evaluated.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let built = |file: &&ManifestFile| is_kustomization(&file.path) && review.is_synced(&file.path);
        review.files.iter().filter(built).flat_map(unseen).collect()
    }
}

fn unseen(file: &ManifestFile) -> Vec<Finding> {
    let Some(kustomization) = Kustomization::of(file) else { return Vec::new() };
    let remote = kustomization.entries.iter().filter(|entry| entry.place == EntryPlace::Remote).map(|entry| {
        let message = format!("`{}` is fetched from elsewhere, so nobody has seen what it brings.", shown(&entry.text));
        finding(file, &entry.node, (entry.field, Severity::Error), message, "Copy it into this repository.")
    });
    let mut findings: Vec<Finding> = remote.collect();
    for root in &file.documents {
        findings.extend(PLUGINS.iter().filter_map(|field| plugin(file, root, field)));
        for field in ["patches", "patchesJson6902", "patchesStrategicMerge", "replacements"] {
            let items = root.get(field).into_iter().flat_map(Node::items);
            findings.extend(items.filter_map(|item| patch(file, field, item)));
        }
    }
    findings
}

fn plugin(file: &ManifestFile, root: &Node, field: &'static str) -> Option<Finding> {
    let (key, value) = root.entry(field)?;
    if value.is_null() || value.is_sequence() && value.items().next().is_none() {
        return None;
    }
    let message = format!("What `{field}` makes is not evaluated, so nobody has seen it.");
    Some(finding(file, key, (field, Severity::Error), message, "Write what it makes as files."))
}

fn patch(file: &ManifestFile, field: &'static str, item: &Node) -> Option<Finding> {
    let (what, kinds) = match field {
        "replacements" => ("replacement", replaced_kinds(item)),
        // A list item that is text is a path, or a patch written out.
        "patchesStrategicMerge" => ("patch", written_out(item.text()?).map(|text| vec![kind_of(text)])?),
        _ => ("patch", vec![patched_kind(item)?]),
    };
    let severity = kinds.iter().filter_map(|kind| severity_of(kind.as_deref())).max()?;
    let target = kinds.iter().flatten().map(|kind| shown(kind)).collect::<Vec<_>>().join(", ");
    let target = if target.is_empty() { "any kind".to_owned() } else { format!("`{target}`") };
    let message = format!("This {what} changes {target} and is not evaluated.");
    Some(finding(file, item, (field, severity), message, "Change the object's own file instead."))
}

/// The kind that an item of `patches` or `patchesJson6902` changes: `Some(None)` where any may be meant;
/// `None` where the patch is a file without target, which is judged like an object.
fn patched_kind(item: &Node) -> Option<Option<String>> {
    if let Some(target) = item.get("target") {
        return Some(target.get("kind").and_then(Node::text).map(str::to_owned));
    }
    item.get("patch").and_then(Node::text).map(kind_of)
}

fn replaced_kinds(item: &Node) -> Vec<Option<String>> {
    let targets = item.get("targets").into_iter().flat_map(Node::items);
    targets.map(|target| target.at(&["select", "kind"]).and_then(Node::text).map(str::to_owned)).collect()
}

fn written_out(text: &str) -> Option<&str> {
    text.contains([':', '\n']).then_some(text)
}

/// The `kind` in a patch that is written out.
fn kind_of(text: &str) -> Option<String> {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    let mut kinds = file.documents.iter().map(|document| document.get("kind").and_then(Node::text));
    // Several documents, or one that cannot be read, may change anything.
    match (kinds.next(), kinds.next()) {
        (Some(Some(kind)), None) => Some(kind.to_owned()),
        _ => None,
    }
}

/// How bad it is that a change of this kind was not seen; kinds may be regular expressions.
fn severity_of(kind: Option<&str>) -> Option<Severity> {
    match kind {
        Some(kind) if SYNCING.contains(&kind) => Some(Severity::Warning),
        Some(kind) if kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !DECIDING.contains(&kind) => None,
        _ => Some(Severity::Error),
    }
}

fn finding(
    file: &ManifestFile,
    node: &Node,
    (field, severity): (&str, Severity),
    message: String,
    help: &str,
) -> Finding {
    let help = format!("{help} Where that is not wanted, an exception in the policy says who looked at it and why.");
    Finding::new(ID, severity, file.location(node.start), message).with_field(field).with_help(help)
}
