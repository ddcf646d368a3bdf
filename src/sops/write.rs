//! An encrypted file is made.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_yaml::{Mapping, Value};

use super::age::{self, AgeError};
use super::cipher::DataKey;
use super::mac::Mac;
use super::rules::Rule;
use super::selection::{FOR_SECRETS, Selection};
use super::tree::Tree;
use crate::clock::Entropy;
use crate::names::show;
use crate::scaffold::emit;

/// Why a document was not encrypted. Nothing of its values is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// A secret value would stand in Git for all to read.
    #[error("the rule at {rule} leaves {place} in clear: write `encrypted_regex: {FOR_SECRETS}` there")]
    LeftInClear {
        /// Where the rule stands.
        rule: String,
        /// The keys above the value.
        place: String,
    },
    /// Kustomize and Flux need these before anything is decrypted.
    #[error(
        "the rule at {rule} encrypts {place}, which Flux has to read: write `encrypted_regex: {FOR_SECRETS}` there"
    )]
    Unappliable {
        /// Where the rule stands.
        rule: String,
        /// The keys above the value.
        place: String,
    },
    /// There is no value to encrypt, so that Flux would find none to decrypt.
    #[error("there is nothing to encrypt by the rule at {rule}")]
    NothingToEncrypt {
        /// Where the rule stands.
        rule: String,
    },
    /// Nobody could ever read it.
    #[error("the rule at {rule} names no recipient")]
    NoRecipient {
        /// Where the rule stands.
        rule: String,
    },
    /// The document has a shape that cannot be encrypted.
    #[error("{place}: {problem}")]
    Shape {
        /// The keys above the value.
        place: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The data key could not be encrypted for somebody.
    #[error(transparent)]
    Recipient(#[from] AgeError),
}

/// A Secret holds 1 MiB at most (Kubernetes API, `core/v1`, `MaxSecretSize`).
const LONGEST: usize = 1024 * 1024;
const DEEPEST: usize = 64;
const MOST: usize = 20_000;
/// What Flux and kustomize read before they decrypt.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];
/// The version of sops whose format this is.
const VERSION: &str = "3.13.3";

/// Encrypts a document by a rule: YAML as sops writes it, without comments, ending in a line end.
///
/// # Errors
/// Where the rule leaves a [secret](Tree::Secret) in clear, or encrypts what Flux has to read of a Kubernetes object; where
/// there is nothing to encrypt; where the document has a shape that SOPS or Flux's parser does not take.
pub fn encrypt(tree: &Tree, rule: &Rule, entropy: &dyn Entropy, now: Timestamp) -> Result<String, EncryptError> {
    let shape = |problem| EncryptError::Shape { place: "the document".to_owned(), problem };
    let Tree::Map(entries) = tree else { return Err(shape("it has to be a mapping")) };
    if tree.get("sops").is_some() {
        return Err(shape("it has a key `sops`, as an encrypted file has"));
    }
    if rule.recipients.is_empty() {
        return Err(EncryptError::NoRecipient { rule: rule.origin.clone() });
    }
    let key = DataKey::generate(entropy);
    let mut writer = Writer {
        rule,
        key: &key,
        entropy,
        mac: Mac::new(rule.mac_only_encrypted),
        place: String::new(),
        object: tree.get("apiVersion").is_some() && tree.get("kind").is_some(),
        room: LONGEST,
        values: 0,
        hidden: 0,
    };
    let document = writer.map(entries, State { named: false, shown: false, depth: 0 })?;
    if writer.hidden == 0 {
        return Err(EncryptError::NothingToEncrypt { rule: rule.origin.clone() });
    }
    let mut text = emit::document(&Value::Mapping(document));
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mac = key.seal(&writer.mac.finish(), "str", &time, entropy);
    metadata(&mut text, rule, &key, entropy, (&time, &mac))?;
    Ok(text)
}

/// Appends the block `sops`. The time is in quotes because sops reads a time without them as no text.
fn metadata(
    text: &mut String,
    rule: &Rule,
    key: &DataKey,
    entropy: &dyn Entropy,
    (time, mac): (&str, &str),
) -> Result<(), AgeError> {
    text.push_str("sops:\n  age:\n");
    for recipient in &rule.recipients {
        text.push_str("    - enc: |\n");
        for line in age::seal(recipient, key.as_bytes(), entropy)?.lines() {
            writeln!(text, "        {line}").expect("writing to a String cannot fail");
        }
        writeln!(text, "      recipient: {recipient}").expect("writing to a String cannot fail");
    }
    let (field, value) = rule.selection.field();
    let value = emit::document(&Value::from(value));
    let only = if rule.mac_only_encrypted { "  mac_only_encrypted: true\n" } else { "" };
    write!(text, "  {field}: {value}  lastmodified: \"{time}\"\n  mac: {mac}\n{only}  version: {VERSION}\n")
        .expect("writing to a String cannot fail");
    Ok(())
}

/// What is known of a value from the keys above it.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Whether the selection names one of them.
    named: bool,
    /// Whether Flux has to read the value.
    shown: bool,
    depth: usize,
}

struct Writer<'a> {
    rule: &'a Rule,
    key: &'a DataKey,
    entropy: &'a dyn Entropy,
    mac: Mac,
    /// The keys above the value, each with a `:` behind it: SOPS' additional data.
    place: String,
    /// Whether the document is a Kubernetes object.
    object: bool,
    room: usize,
    values: usize,
    hidden: usize,
}

impl Writer<'_> {
    fn map(&mut self, entries: &[(String, Tree)], state: State) -> Result<Mapping, EncryptError> {
        let mut written = Mapping::with_capacity(entries.len());
        for (key, value) in entries {
            let above = self.place.len();
            self.place.push_str(key);
            self.place.push(':');
            // go-yaml takes it for a merge even in quotes (`yaml/v3`, `decode.go`, `isMerge`).
            if key == "<<" {
                return Err(self.shape("the key `<<` is read differently by different programs"));
            }
            let shown = state.shown || self.object && state.depth == 0 && IDENTITY.contains(&key.as_str());
            let named = state.named || self.selection().names(key);
            let value = self.value(value, State { named, shown, depth: state.depth + 1 })?;
            if written.insert(Value::from(key.as_str()), value).is_some() {
                return Err(self.shape("the key stands twice"));
            }
            self.place.truncate(above);
        }
        Ok(written)
    }

    fn value(&mut self, value: &Tree, state: State) -> Result<Value, EncryptError> {
        self.values += 1;
        if state.depth > DEEPEST || self.values > MOST {
            return Err(self.shape("it is nested too deeply, or has too many values"));
        }
        match value {
            Tree::Map(entries) => self.map(entries, state).map(Value::Mapping),
            Tree::List(items) => {
                let below = State { depth: state.depth + 1, ..state };
                items.iter().map(|item| self.value(item, below)).collect::<Result<_, _>>().map(Value::Sequence)
            }
            Tree::Float(float) if !float.is_finite() => Err(self.shape("the number is not finite")),
            leaf => self.leaf(leaf, state),
        }
    }

    fn leaf(&mut self, leaf: &Tree, state: State) -> Result<Value, EncryptError> {
        let Some((kind, plain)) = leaf.leaf() else { return Ok(Value::Null) };
        let encrypts = self.selection().encrypts(state.named);
        self.room = self.room.checked_sub(plain.len()).ok_or_else(|| self.shape("it has more than 1 MiB"))?;
        self.mac.count(plain.as_bytes(), encrypts);
        if encrypts && state.shown {
            return Err(EncryptError::Unappliable { rule: self.rule.origin.clone(), place: self.shown_place() });
        }
        if encrypts {
            self.hidden += usize::from(!plain.is_empty());
            return Ok(Value::String(self.key.seal(&plain, kind, &self.place, self.entropy)));
        }
        Ok(match leaf {
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Int(value) => Value::from(*value),
            Tree::Float(value) => Value::from(*value),
            Tree::Secret(_) if !plain.is_empty() => {
                return Err(EncryptError::LeftInClear { rule: self.rule.origin.clone(), place: self.shown_place() });
            }
            _ => Value::from(&*plain),
        })
    }

    const fn selection(&self) -> &Selection {
        &self.rule.selection
    }

    fn shape(&self, problem: &'static str) -> EncryptError {
        EncryptError::Shape { place: self.shown_place(), problem }
    }

    fn shown_place(&self) -> String {
        show(self.place.trim_end_matches(':'))
    }
}
