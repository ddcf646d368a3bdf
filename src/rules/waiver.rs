//! Findings that a person lets pass on a pull request. Such a waiver is bound to what the finding says and to the
//! object as it is: when either changes, it is gone.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Judgement, Waived};
use crate::finding::{Finding, ObjectRef};
use crate::manifest::{ManifestFile, Node, Object, Value};
use crate::names::Login;

/// One finding that may stay on one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The finding's rule.
    pub rule: String,
    /// Which finding, by what it says: see [`fingerprint`].
    pub fingerprint: String,
    /// The object as it was: see [`content`].
    pub content: String,
    /// Who lets it pass.
    pub by: Login,
    /// Why.
    pub reason: String,
}

/// What a finding says, in one word: rule, severity, object, field and message. The place does not count, so that
/// lines before it may come and go.
pub fn fingerprint(finding: &Finding) -> String {
    let object = finding.object.as_ref();
    let mut hash = Hash::default();
    hash.word(finding.rule.as_str());
    hash.word(finding.severity.as_str());
    hash.word(object.map_or("", |object| object.api_version.as_str()));
    hash.word(object.map_or("", |object| object.kind.as_str()));
    hash.word(object.and_then(|object| object.namespace.as_deref()).unwrap_or(""));
    hash.word(object.map_or("", |object| object.name.as_str()));
    hash.word(&finding.field);
    hash.word(&finding.message);
    hash.hex()
}

/// The content of an object in one word: all of its copies in these files, whatever the order of their keys and the
/// comments between. `None` where no file has it.
pub fn content<'f>(files: impl Iterator<Item = &'f ManifestFile>, object: &ObjectRef) -> Option<String> {
    let mut hash = Hash::default();
    let mut found = false;
    for file in files {
        for one in file.objects.iter().filter(|one| is(one, object)) {
            found = true;
            hash.word(file.path.as_str());
            hash.node(&one.node);
        }
    }
    found.then(|| hash.hex())
}

fn is(one: &Object, object: &ObjectRef) -> bool {
    one.kind == object.kind && one.reference() == *object
}

impl Judgement {
    /// Lets pass what waivers are for; `content_of` gives the [`content`] of an object.
    pub fn waive(&mut self, waivers: &[Waiver], content_of: impl Fn(&ObjectRef) -> Option<String>) {
        if waivers.is_empty() {
            return;
        }
        let mut standing = Vec::with_capacity(self.findings.len());
        for finding in std::mem::take(&mut self.findings) {
            match fitting(&finding, waivers, &content_of) {
                Some(Waiver { by, reason, .. }) => {
                    self.waived.push(Waived { finding, reason: reason.clone(), person: Some(by.clone()) });
                }
                None => standing.push(finding),
            }
        }
        self.findings = standing;
        self.count();
    }
}

fn fitting<'w>(
    finding: &Finding,
    waivers: &'w [Waiver],
    content_of: &impl Fn(&ObjectRef) -> Option<String>,
) -> Option<&'w Waiver> {
    let object = finding.object.as_ref()?;
    let mut named = waivers.iter().filter(|waiver| waiver.rule == finding.rule.as_str()).peekable();
    named.peek()?;
    let said = fingerprint(finding);
    let mut same = named.filter(|waiver| waiver.fingerprint == said).peekable();
    same.peek()?;
    let now = content_of(object)?;
    same.find(|waiver| waiver.content == now)
}

/// SHA-256 over words of which none can reach into the next.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    fn word(&mut self, word: &str) {
        self.0.update((word.len() as u64).to_le_bytes());
        self.0.update(word.as_bytes());
    }

    /// The reader lets nothing through that is nested deeper than 64.
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar { .. } => self.word(&node.to_json().to_string()),
            Value::Sequence(items) => {
                self.word("[");
                items.iter().for_each(|item| self.node(item));
                self.word("]");
            }
            Value::Mapping(entries) => {
                self.word("{");
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.text());
                for (key, value) in entries {
                    self.word(key.text().unwrap_or_default());
                    self.node(value);
                }
                self.word("}");
            }
        }
    }

    fn hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests;
