//! What decides over rights must stand in files, not in what kustomize makes of them.
//!
//! # What
//! Reports parts of a new or changed kustomization that are not evaluated here and can change what
//! is applied: remote resources, Helm charts, generator and transformer plug-ins, and patches or
//! replacements for kinds that decide over rights or for the whole cluster. Patches on Flux's own
//! kinds are a warning. On other kinds, patches and replacements may change content (`/spec`,
//! `/data`, labels and annotations); what changes kind, name, namespace or anything else, or cannot
//! be read, is reported, also in a changed JSON patch file. Patch files without a `target` are judged
//! like objects. Commands in a `.flux.yaml` other than `kustomize build .` are a warning.
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

use super::patches::{hazard_of_options, hazard_of_replacement, hazard_of_text, hazards};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{EntryPlace, EntryRole, Kustomization, ManifestFile, Node, is_kustomization, read};
use crate::names::RepoPath;
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
        // A kustomization elsewhere is built where another one names it or its directory.
        let built = |file: &&ManifestFile| {
            is_kustomization(&file.path) && (review.is_synced(&file.path) || review.after.is_named(&file.path))
        };
        let mut findings: Vec<Finding> =
            review.files.iter().filter(built).flat_map(|file| unseen(file, review)).collect();
        findings.extend(review.files.iter().flat_map(|file| patch_file(file, review)));
        findings.extend(review.files.iter().flat_map(commands));
        findings
    }
}

fn unseen(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
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
            findings.extend(items.filter_map(|item| {
                let of_kind = patch(file, field, item);
                let settled = of_kind.as_ref().is_some_and(|finding| finding.severity == Severity::Error);
                let of_content = if settled { None } else { hazard(file, field, item, review) };
                of_content.or(of_kind)
            }));
        }
    }
    findings
}

/// A patch of a harmless kind that may make something else of it.
fn hazard(file: &ManifestFile, field: &'static str, item: &Node, review: &Review<'_>) -> Option<Finding> {
    let (what, hazard) = match field {
        "replacements" => ("replacement", hazard_of_replacement(item)?),
        "patchesStrategicMerge" => ("patch", hazard_of_item(file, item.text()?, review)?),
        _ => {
            let text = item.get("patch").and_then(Node::text);
            let unseen = || item.get("target").and_then(|_| unseen_file(file, item.get("path")?.text()?, review));
            ("patch", hazard_of_options(item).or_else(|| text.and_then(hazard_of_text)).or_else(unseen)?)
        }
    };
    let message = format!("This {what} {hazard} and is not evaluated.");
    Some(finding(file, item, (field, Severity::Error), message, "Change the object's own file instead."))
}

/// An item of `patchesStrategicMerge`: kustomize looks for a file of that name before it reads it as a patch.
fn hazard_of_item(file: &ManifestFile, text: &str, review: &Review<'_>) -> Option<String> {
    let text = written_out(text)?;
    let named = RepoPath::resolve(file.path.directory(), text).is_some_and(|path| review.after.contains_file(&path));
    if named { Some("is the name of a file, too,".to_owned()) } else { hazard_of_text(text) }
}

/// A patch file that becomes one by this change, while its text is not a part of the change.
fn unseen_file(file: &ManifestFile, path: &str, review: &Review<'_>) -> Option<String> {
    let path = RepoPath::resolve(file.path.directory(), path)?;
    let changed = review.files.iter().any(|file| file.path == path);
    let known = review.before.referrers_of(&path).any(|(_, role)| role == EntryRole::Patch);
    (!changed && !known)
        .then(|| format!("comes from `{}`, which no kustomization used as a patch,", shown(path.as_str())))
}

/// The hazards of a new or changed file that is a patch: those of kinds are its kustomization's.
fn patch_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    if !review.after.referrers_of(&file.path).any(|(_, role)| role == EntryRole::Patch) {
        return Vec::new();
    }
    // A file of replacements is reported where it is named.
    let is_patch = |root: &&Node| !root.is_sequence() || root.items().any(|item| item.get("op").is_some());
    let hazards = file.documents.iter().filter(is_patch).flat_map(hazards);
    hazards
        .map(|(node, hazard)| {
            let message = format!("This patch {hazard} and is not evaluated.");
            finding(file, node, ("", Severity::Error), message, "Change the object's own file instead.")
        })
        .collect()
}

/// The commands that Flux v1 runs to make manifests, and to change them
/// (<https://github.com/fluxcd/flux/blob/master/docs/references/fluxyaml-config-files.md>).
fn commands(file: &ManifestFile) -> Vec<Finding> {
    if file.path.file_name() != ".flux.yaml" {
        return Vec::new();
    }
    let mut found = Vec::new();
    let parts = |root| [Some(root), Node::get(root, "patchUpdated"), Node::get(root, "commandUpdated")];
    for part in file.documents.iter().flat_map(parts).flatten() {
        found.extend(part.get("generators").into_iter().flat_map(Node::items).filter_map(|item| item.get("command")));
        for updater in part.get("updaters").into_iter().flat_map(Node::items) {
            found.extend(["containerImage", "policy"].iter().filter_map(|key| updater.at(&[key, "command"])));
        }
    }
    found.retain(|command| command.text().map(str::trim) != Some("kustomize build ."));
    found
        .into_iter()
        .map(|command| {
            let message = format!("What `{}` does is not evaluated.", shown(command.text().unwrap_or_default()));
            finding(file, command, ("command", Severity::Warning), message, "Use `kustomize build .`.")
        })
        .collect()
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
        return Some(kind(target));
    }
    item.get("patch").and_then(Node::text).map(kind_of)
}

fn replaced_kinds(item: &Node) -> Vec<Option<String>> {
    let targets = item.get("targets").into_iter().flat_map(Node::items);
    let targets = targets.map(|target| target.get("select").and_then(kind));
    // A file of replacements has targets of its own.
    item.get("path").map(|_| None).into_iter().chain(targets).collect()
}

/// The kind that a selector names; to kustomize nothing, null and empty text all mean any kind.
fn kind(selector: &Node) -> Option<String> {
    selector.get("kind").and_then(Node::as_str).filter(|kind| !kind.is_empty()).map(str::to_owned)
}

fn written_out(text: &str) -> Option<&str> {
    text.contains([':', '\n']).then_some(text)
}

/// The `kind` in a patch that is written out.
fn kind_of(text: &str) -> Option<String> {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    let mut kinds = file.documents.iter().map(kind);
    // Several documents, or one that cannot be read, may change anything.
    match (kinds.next(), kinds.next()) {
        (Some(Some(kind)), None) => Some(kind),
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
