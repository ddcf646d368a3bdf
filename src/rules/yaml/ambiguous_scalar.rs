//! A value without quotes must mean the same to everybody.
//!
//! # What
//! Reports values and keys without quotes that Flux and `kubectl` read differently, as `yes`, `on` or
//! `2024-01-01`, and those that people take for something else: digits after a leading zero (but for
//! file modes), `_` in numbers, `0b11`, `0o17`, commit ids such as `1234e56` that are numbers, and
//! whole numbers of more than 64 bits. So are annotations that are no text, and nothing between
//! braces (`{a: }`), of which Flux makes text. In kustomizations and JSON patches, which kustomize itself
//! reads as `kubectl` does, the words for true and false are meant. Only what a change brings is
//! reported, and only in files that Flux applies. Text in quotes or blocks is never meant.
//!
//! # Why
//! The same file gives one object through Flux and another one by `kubectl apply`, or one that
//! nobody has meant: `no` can be text or false, `0777` is 511, and `1234e56` is a number of 60 digits.
//!
//! # Bad
//! ```yaml
//! kind: ConfigMap
//! data:
//!   country: no
//!   since: 2024-01-01
//!   code: 0123
//! ```
//!
//! # Good
//! ```yaml
//! kind: ConfigMap
//! data:
//!   country: "no"
//!   since: "2024-01-01"
//!   code: "0123"
//! ```

use super::doubt::{Reader, doubt};
use super::walk::{Place, Seen, each_scalar};
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile, Node, Object};
use crate::rules::{Meta, Review, Rule};

/// `yaml/ambiguous-scalar`.
#[derive(Debug)]
pub struct AmbiguousScalar;

const ID: RuleId = RuleId::new("yaml/ambiguous-scalar");

/// How many of one file are told one by one.
const SHOWN: usize = 5;

impl Rule for AmbiguousScalar {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("ambiguous_scalar.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut before = Seen::default();
        for file in review.old {
            let Some(reader) = reader(file) else { continue };
            for (root, _) in roots(file) {
                each_scalar(root, &mut |place| {
                    if doubt(place.node, place.name, place.is_key, reader).is_some() {
                        before.add(place.mark());
                    }
                });
            }
        }
        review.files.iter().flat_map(|file| in_file(file, review, &mut before)).collect()
    }
}

fn in_file(file: &ManifestFile, review: &Review<'_>, before: &mut Seen) -> Vec<Finding> {
    let Some(reader) = reader(file).filter(|_| is_applied(file, review)) else { return Vec::new() };
    let mut findings = Vec::new();
    let mut further: Option<(Location, usize)> = None;
    for (root, object) in roots(file) {
        each_scalar(root, &mut |place| {
            let Some(doubt) = doubt(place.node, place.name, place.is_key, reader) else { return };
            if before.take(place.mark()) {
                return;
            }
            if findings.len() < SHOWN {
                findings.push(finding(file, place, object, doubt.message).with_help(doubt.help));
            } else {
                further.get_or_insert_with(|| (file.location(place.node.start), 0)).1 += 1;
            }
        });
    }
    if let Some((location, count)) = further {
        let (values, are) = if count == 1 { ("value", "is") } else { ("values", "are") };
        let message = format!("{count} more {values} without quotes in this file {are} read differently.");
        let finding = Finding::new(ID, Severity::Warning, location, message);
        findings.push(finding.with_help("Put them in quotes."));
    }
    findings
}

fn finding(file: &ManifestFile, place: &Place<'_>, object: Option<&Object>, message: String) -> Finding {
    let finding = Finding::new(ID, Severity::Warning, file.location(place.node.start), message);
    let finding = finding.with_field(place.field());
    match object {
        Some(object) => finding.with_object(object.reference()),
        None => finding,
    }
}

/// By which rules a file is read; `None` for one in which nothing is known.
fn reader(file: &ManifestFile) -> Option<Reader> {
    if !file.objects.is_empty() {
        return Some(Reader::Flux);
    }
    let by_kustomize = Kustomization::of(file).is_some() || file.documents.iter().any(Node::is_sequence);
    by_kustomize.then_some(Reader::Kustomize)
}

/// Whether Flux applies what stands in a file, or patches other objects with it. What a generator puts into a
/// ConfigMap is not read at all.
fn is_applied(file: &ManifestFile, review: &Review<'_>) -> bool {
    let (index, path) = (review.after, &file.path);
    let is_data = index.is_only_patch_or_data(path) && !index.is_only_patch(path);
    // A list of anything is a JSON patch only where it is named as one.
    let is_list = file.objects.is_empty() && Kustomization::of(file).is_none();
    let applied = index.is_named(path) || review.is_synced(path) && !index.is_foreign_to_flux(path);
    applied && !is_data && (!is_list || index.is_only_patch(path))
}

/// What is looked through: the objects, or the documents of a file that holds none.
fn roots(file: &ManifestFile) -> Vec<(&Node, Option<&Object>)> {
    if file.objects.is_empty() {
        return file.documents.iter().map(|root| (root, None)).collect();
    }
    file.objects.iter().map(|object| (&object.node, Some(object))).collect()
}
