//! Patches and replacements: what they are for, and whether that was seen.

use super::kinds::{Weight, weigh};
use super::not_evaluated::finding;
use super::patches::{Target, hazard_of_fields, hazard_of_options, hazard_of_text, hazards};
use crate::finding::{Finding, Severity};
use crate::manifest::{EntryRole, ManifestFile, Node, PatchTarget, read};
use crate::names::RepoPath;
use crate::rules::{Review, Scope, shown};
use crate::tenancy::SummaryEntry;

const HELP: &str = "Change the object's own file instead.";

/// The findings of one list of patches or replacements.
pub(super) fn items(
    file: &ManifestFile,
    field: &'static str,
    list: Option<&Node>,
    review: &Review<'_>,
) -> Vec<Finding> {
    list.into_iter().flat_map(Node::items).filter_map(|item| of_item(file, field, item, review)).collect()
}

fn of_item(file: &ManifestFile, field: &'static str, item: &Node, review: &Review<'_>) -> Option<Finding> {
    let targets = targets(field, item);
    let of_kind = targets.as_deref().and_then(|targets| of_targets(file, field, item, targets));
    let settled = of_kind.as_ref().is_some_and(|finding| finding.severity == Severity::Error);
    let of_content = if settled { None } else { hazard(file, field, item, review) };
    of_content.or(of_kind)
}

/// The findings of a new or changed file of replacements, one or a list, where a kustomization names it that is no
/// part of the change and so says nothing of it.
pub(super) fn replacement_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let is_told = |(by, entry): (RepoPath, SummaryEntry)| entry.field != "replacements" || review.has(&by);
    if review.after.named_by(&file.path).all(is_told) {
        return Vec::new();
    }
    let one = file.documents.iter().filter(|root| !root.is_sequence());
    let items = file.documents.iter().flat_map(Node::items).chain(one);
    items.filter_map(|item| of_item(file, "replacements", item, review)).collect()
}

/// What an item changes: nothing where the patch is a file without target, which is judged like an object.
fn targets(field: &str, item: &Node) -> Option<Vec<PatchTarget>> {
    match field {
        "replacements" => {
            let targets = item.get("targets").into_iter().flat_map(Node::items);
            let selected = targets.map(|target| target.get("select").map(PatchTarget::of).unwrap_or_default());
            // A file of replacements has targets of its own.
            Some(item.get("path").map(|_| PatchTarget::default()).into_iter().chain(selected).collect())
        }
        // A list item that is text is a path, or a patch written out.
        "patchesStrategicMerge" => Some(vec![target_of(written_out(item.text()?)?)]),
        _ => match item.get("target") {
            Some(target) => Some(vec![PatchTarget::of(target)]),
            None => Some(vec![target_of(item.get("patch")?.text()?)]),
        },
    }
}

fn of_targets(file: &ManifestFile, field: &'static str, item: &Node, targets: &[PatchTarget]) -> Option<Finding> {
    let what = if field == "replacements" { "replacement" } else { "patch" };
    let severity = targets.iter().filter_map(|target| weigh(target).severity()).max()?;
    let message = format!("This {what} changes {} and is not evaluated.", words(targets));
    Some(finding(file, item, (field, severity), message, HELP))
}

fn words(targets: &[PatchTarget]) -> String {
    let word = |target: &PatchTarget| target.kind.as_deref().or(target.group.as_deref()).map(shown);
    let named: Vec<String> = targets.iter().filter_map(word).collect();
    if named.is_empty() { "any kind".to_owned() } else { format!("`{}`", named.join(", ")) }
}

/// A patch of a harmless kind that may make something else of it.
fn hazard(file: &ManifestFile, field: &'static str, item: &Node, review: &Review<'_>) -> Option<Finding> {
    let (what, hazard) = match field {
        "replacements" => ("replacement", hazard_of_replacement(item, review)?),
        "patchesStrategicMerge" => ("patch", hazard_of_item(file, item.text()?, review)?),
        _ => {
            let text = item.get("patch").and_then(Node::text);
            let target = item.get("target").map(PatchTarget::of).or_else(|| text.map(target_of)).unwrap_or_default();
            let of_text = || hazard_of_text(text?, weighed(&target, review));
            ("patch", hazard_of_options(item).or_else(of_text)?)
        }
    };
    let message = format!("This {what} {hazard} and is not evaluated.");
    Some(finding(file, item, (field, Severity::Error), message, HELP))
}

/// What a patch is for, and where it stands.
fn weighed(target: &PatchTarget, review: &Review<'_>) -> Target {
    in_review(weigh(target), review)
}

fn in_review(weight: Weight, review: &Review<'_>) -> Target {
    Target { weight, lenient: matches!(review.scope, Scope::Admin) }
}

fn hazard_of_replacement(item: &Node, review: &Review<'_>) -> Option<String> {
    let mut targets = item.get("targets").into_iter().flat_map(Node::items);
    targets.find_map(|target| {
        let selected = target.get("select").map(PatchTarget::of).unwrap_or_default();
        hazard_of_fields(target, weighed(&selected, review))
    })
}

/// An item of `patchesStrategicMerge`: kustomize looks for a file of that name before it reads it as a patch.
fn hazard_of_item(file: &ManifestFile, text: &str, review: &Review<'_>) -> Option<String> {
    let text = written_out(text)?;
    let named = RepoPath::resolve(file.path.directory(), text).is_some_and(|path| review.after.contains_file(&path));
    let hazard = || hazard_of_text(text, weighed(&target_of(text), review));
    if named { Some("is the name of a file, too,".to_owned()) } else { hazard() }
}

/// The findings of a new or changed file that is a patch. What it changes is told by the kustomization that
/// names it, which need not be a part of the change.
pub(super) fn patch_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let named = review.after.named_by(&file.path).filter(|(_, entry)| entry.role == EntryRole::Patch);
    let targets: Vec<(RepoPath, Option<PatchTarget>)> = named.map(|(by, entry)| (by, entry.patched)).collect();
    let weight_of = |target: &Option<PatchTarget>| target.as_ref().map_or(Weight::Other, weigh);
    let Some(weight) = targets.iter().map(|(_, target)| weight_of(target)).max() else {
        return Vec::new();
    };
    // A file of replacements is no patch: see `replacement_file`.
    let is_patch = |root: &&Node| !root.is_sequence() || root.items().any(|item| item.get("op").is_some());
    let mut findings: Vec<Finding> = file
        .documents
        .iter()
        .filter(is_patch)
        .flat_map(|root| hazards(root, in_review(weight.max(own_weight(root)), review)))
        .map(|(node, hazard)| {
            let message = format!("This patch {hazard} and is not evaluated.");
            finding(file, node, ("", Severity::Error), message, HELP)
        })
        .collect();
    let untold = targets.into_iter().filter(|(by, _)| !review.has(by)).filter_map(|(_, target)| target);
    let untold: Vec<PatchTarget> = untold.filter(|target| weigh(target).severity().is_some()).collect();
    if findings.is_empty()
        && let Some(root) = file.documents.first()
    {
        findings.extend(of_targets(file, "", root, &untold));
    }
    findings
}

fn written_out(text: &str) -> Option<&str> {
    text.contains([':', '\n']).then_some(text)
}

/// What a patch that is written out says of itself.
fn target_of(text: &str) -> PatchTarget {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    match file.documents.as_slice() {
        [root] => target_of_root(root),
        // Several documents, or one that cannot be read, may change anything.
        _ => PatchTarget::default(),
    }
}

/// The weight of the kind that a patch's document names: kustomize looks for its target by that where it is told
/// no other.
fn own_weight(root: &Node) -> Weight {
    let target = target_of_root(root);
    if target.kind.is_some() { weigh(&target) } else { Weight::Harmless }
}

/// What a patch's document says of itself; nothing where it is no object.
fn target_of_root(root: &Node) -> PatchTarget {
    let text = |key: &str| root.get(key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let group = text("apiVersion").and_then(|version| Some(version.split_once('/')?.0.to_owned()));
    PatchTarget { group: group.filter(|_| text("kind").is_some()), kind: text("kind") }
}
