//! What SOPS has encrypted nobody can judge.
//!
//! # What
//! Reports objects with values that SOPS has encrypted (`ENC[…]`) anywhere but under `data` and `stringData` of a
//! Secret, patches and kustomizations with such values, and objects with a `sops` block and nothing encrypted.
//! What stands in clear is judged as everywhere. A Secret of which only the data is encrypted gives a note. Where
//! Flux does not apply the file, it is a warning.
//!
//! # Why
//! Flux decrypts every object with a `sops` block and checks no signature; the keys to encrypt with are public. So an
//! encrypted kind, namespace, role or subject may become anything, and no review has seen it. Without
//! `spec.decryption` in the Flux `Kustomization` the sync fails at a `sops` block.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {name: "ENC[AES256_GCM,data:…,type:str]"}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Secret
//! stringData: {password: "ENC[AES256_GCM,data:…,type:str]"}
//! ```

use super::unreadable::severity;
use super::walk::each_scalar;
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{EntryRole, ManifestFile, Node, Object, Position, is_ciphertext, is_kustomization};
use crate::rules::{Meta, Review, Rule};

/// `yaml/encrypted`.
#[derive(Debug)]
pub struct Encrypted;

const ID: RuleId = RuleId::new("yaml/encrypted");
/// What every ciphertext of SOPS begins with today.
const CIPHER: &str = "ENC[AES256_GCM,";
const HELP: &str = "Encrypt nothing but `data` and `stringData` of a Secret (`encrypted_regex: ^(data|stringData)$`), \
                    and write the rest in clear.";

impl Rule for Encrypted {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("encrypted.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        review.files.iter().flat_map(|file| in_file(file, review)).collect()
    }
}

fn in_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let is_patch = review.after.referrers_of(&file.path).any(|(_, role)| role == EntryRole::Patch);
    if !is_patch && review.after.is_only_patch_or_data(&file.path) {
        return Vec::new();
    }
    let worst = severity(&file.path, review);
    let mut found: Vec<Finding> = file.objects.iter().filter_map(|object| of_object(object, worst)).collect();
    if is_patch || is_kustomization(&file.path) {
        let is_other = |document: &&Node| {
            let inside = document.start.offset..document.end.offset.max(document.start.offset + 1);
            !file.objects.iter().any(|object| inside.contains(&object.node.start.offset))
        };
        let others = file.documents.iter().filter(is_other);
        found.extend(others.filter_map(|document| {
            let hidden = Hidden::of(document, |text| text.contains(CIPHER), |_| false)?;
            Some(
                Finding::new(ID, worst, file.location(hidden.at), hidden.message())
                    .with_field(hidden.field)
                    .with_help(HELP),
            )
        }));
    }
    found
}

fn of_object(object: &Object, worst: Severity) -> Option<Finding> {
    let finding = |severity, at, message: String| {
        let location = object.location(at);
        Some(Finding::new(ID, severity, location, message).with_object(object.reference()))
    };
    let is_secret = object.api_version == "v1" && object.kind == "Secret";
    let is_hidden = |text: &str| text.starts_with(CIPHER) || object.encrypted && is_ciphertext(text);
    let is_data = |keys: &[&str]| is_secret && matches!(keys, ["data" | "stringData", _]);
    let is_left = |keys: &[&str]| keys.first() == Some(&"sops") || is_data(keys);
    if let Some(hidden) = Hidden::of(&object.node, is_hidden, is_left) {
        let place = Location { file: object.file.clone(), line: hidden.at.line, column: hidden.at.column };
        let finding = Finding::new(ID, worst, place, hidden.message()).with_object(object.reference());
        return Some(finding.with_field(hidden.field).with_help(HELP));
    }
    let block = object.node.entry("sops").filter(|_| object.encrypted).map(|(key, _)| key)?;
    if Hidden::of(&object.node, is_hidden, |keys| !is_data(keys)).is_some() {
        let message = "SOPS has encrypted the data of this Secret: it was not judged, and Flux needs `spec.decryption` to apply it.";
        return finding(Severity::Note, block, message.to_owned());
    }
    let message = "There is a `sops` block and nothing is encrypted: Flux finds nothing to decrypt, and without \
                   `spec.decryption` the API server refuses the block.";
    let found = finding(worst, block, message.to_owned())?;
    Some(found.with_field("sops").with_help("Remove the block, or encrypt what it is for."))
}

/// The first encrypted value, and how many there are.
struct Hidden {
    at: Position,
    field: String,
    count: usize,
}

impl Hidden {
    fn of(root: &Node, is_hidden: impl Fn(&str) -> bool, is_left: impl Fn(&[&str]) -> bool) -> Option<Self> {
        let mut first: Option<Self> = None;
        each_scalar(root, &mut |place| {
            if place.is_key || !place.node.as_str().is_some_and(&is_hidden) {
                return;
            }
            match &mut first {
                _ if is_left(place.keys()) => {}
                Some(first) => first.count += 1,
                None => first = Some(Self { at: place.node.start, field: place.field(), count: 1 }),
            }
        });
        first
    }

    fn message(&self) -> String {
        let others = if self.count > 1 { format!(", like {} more here", self.count - 1) } else { String::new() };
        let what = if self.field.is_empty() { "What stands here".to_owned() } else { format!("`{}`", self.field) };
        format!("{what} is encrypted{others}: nobody has judged what it will be.")
    }
}
