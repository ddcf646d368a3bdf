//! What decides over rights must stand in files, not in what kustomize and Flux make of them.
//!
//! # What
//! Reports parts of a new or changed kustomization, or of a Flux `Kustomization`, that are not evaluated here
//! and can change what is applied: remote resources, Helm charts, generator and transformer plug-ins, patches
//! or replacements for kinds that decide over rights or for the whole cluster, labels that add every
//! ClusterRole's rights to a role of Kubernetes, fields that kustomize is told to change, names that become
//! those of Kubernetes' roles, and Flux's variables in roles, bindings and namespaces. Patches on Flux's own
//! kinds are a warning where a person applies them in the admin repository; what takes the service account away
//! is an error, and in a team's repository so is whatever decides with whose rights what is applied, and where.
//! On other kinds, patches and replacements may change content; what changes kind, name or namespace, or cannot
//! be read, is reported, also in a changed file of patches or replacements. Patch files without a `target` are
//! judged like objects.
//! A changed file that a chart or a plug-in is told by is reported, and commands in a `.flux.yaml` other than
//! `kustomize build .` are a warning.
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

use super::labels::Hazard;
use super::patch_items::{items, patch_file, replacement_file};
use super::{flux, labels, names};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{EntryPlace, Kustomization, ManifestFile, Node, Object, is_kustomization};
use crate::rules::{Meta, Review, Rule, shown};

/// `kustomization/not-evaluated`.
#[derive(Debug)]
pub struct NotEvaluated;

/// Its id: what it is about may bring anything.
pub const NOT_EVALUATED: &str = "kustomization/not-evaluated";

const ID: RuleId = RuleId::new(NOT_EVALUATED);

/// Fields that run a plug-in or fetch a chart.
const PLUGINS: &[&str] = &["generators", "transformers", "helmCharts", "helmChartInflationGenerator"];

const WRITTEN_OUT: &str = "Write it out where it belongs.";

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
        findings.extend(review.files.iter().flat_map(|file| replacement_file(file, review)));
        findings.extend(review.files.iter().flat_map(|file| configuration(file, review)));
        findings.extend(review.files.iter().flat_map(commands));
        findings.extend(review.files.iter().flat_map(|file| of_objects(file, review)));
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
            findings.extend(items(file, field, root.get(field), review));
        }
        let labels = labels::of_kustomization(root).into_iter();
        findings.extend(labels.map(|hazard| of_hazard(file, "labels", hazard)));
    }
    let renamed = names::of_kustomization(file, &kustomization, review);
    findings.extend(renamed.map(|(field, hazard)| of_hazard(file, field, hazard)));
    findings.extend(flux::namespace(file, &kustomization).map(|hazard| of_hazard(file, "namespace", hazard)));
    findings
}

/// What kustomize and Flux make of a file's objects, and Flux's own objects of others.
fn of_objects(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = file.objects.iter().flat_map(|object| of_object(file, object, review)).collect();
    findings.extend(
        names::of_file(file, review)
            .into_iter()
            .map(|(object, hazard)| of_hazard(file, "metadata.name", hazard).with_object(object.reference())),
    );
    findings
}

fn of_object(file: &ManifestFile, object: &Object, review: &Review<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if flux::is_sync(object) {
        for field in ["patches", "patchesJson6902", "patchesStrategicMerge"] {
            findings.extend(items(file, field, object.node.at(&["spec", field]), review));
        }
        findings.extend(flux::of_sync(object).into_iter().map(|hazard| of_hazard(file, "spec", hazard)));
    }
    findings.extend(flux::variables(object, review).into_iter().map(|hazard| of_hazard(file, "", hazard)));
    findings.into_iter().map(|finding| finding.with_object(object.reference())).collect()
}

fn of_hazard(file: &ManifestFile, field: &str, (node, severity, message): Hazard<'_>) -> Finding {
    finding(file, node, (field, severity), message, WRITTEN_OUT)
}

/// A changed file that a chart, a plug-in or kustomize itself is told by, where the kustomization that names
/// it is not a part of the change and so says nothing of it.
fn configuration(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (by, entry) in review.after.named_by(&file.path) {
        if entry.field == "configurations" {
            let hazards = file.documents.iter().flat_map(labels::of_configuration);
            findings.extend(hazards.map(|hazard| of_hazard(file, "", hazard)));
        } else if PLUGINS.contains(&&*entry.field) && !review.has(&by) {
            let message = format!("This changes what `{}` of {by} makes, which is not evaluated.", entry.field);
            findings.extend(
                file.documents.first().map(|root| finding(file, root, ("", Severity::Error), message, WRITTEN_OUT)),
            );
        }
    }
    findings
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

pub(super) fn finding(
    file: &ManifestFile,
    node: &Node,
    (field, severity): (&str, Severity),
    message: String,
    help: &str,
) -> Finding {
    let help = format!("{help} Where that is not wanted, an exception in the policy says who looked at it and why.");
    Finding::new(ID, severity, file.location(node.start), message).with_field(field).with_help(help)
}
