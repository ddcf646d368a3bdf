//! An encrypted file is read: who may read it without a key, and what is in it with one.

use jiff::Timestamp;
use secrecy::SecretString;

use super::age::{self, AgeError};
use super::cipher::DataKey;
use super::key::Identity;
use super::mac::Mac;
use super::selection::{Selection, is_set};
use super::tree::Tree;
use crate::manifest::{self, Node, Position, Scalar, Value};
use crate::names::RepoPath;

/// A file that SOPS or [`encrypt`](super::encrypt) wrote, its values still encrypted.
#[derive(Debug, Clone)]
pub struct EncryptedFile {
    root: Node,
    keys: Vec<AgeKey>,
    others: bool,
    selection: Selection,
    mac_only_encrypted: bool,
    time: String,
    last_modified: Timestamp,
    mac: Node,
}

/// A data key for one recipient.
#[derive(Debug, Clone)]
struct AgeKey {
    recipient: String,
    file: String,
}

/// Why a file could not be read or decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// It is not YAML as Flux reads it, or not a file of SOPS.
    #[error("line {line}: {message}")]
    Unreadable {
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        message: String,
    },
    /// It is for others, or its data key is broken.
    #[error(transparent)]
    Key(#[from] AgeError),
    /// A value cannot be decrypted.
    #[error("line {line}: the value {problem}")]
    Value {
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        problem: &'static str,
    },
    /// A value was changed, moved, added or taken away.
    #[error("the file was changed after it was encrypted: its MAC is another")]
    Mac,
}

/// The fields with keys of other kinds (getsops/sops, `stores/stores.go`, `metadata`).
const OTHERS: [&str; 6] = ["pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"];
/// Each costs a key agreement.
const MOST_KEYS: usize = 100;

impl EncryptedFile {
    /// Reads a file of one document. No key is needed.
    ///
    /// # Errors
    /// [`DecryptError::Unreadable`].
    pub fn read(path: &RepoPath, bytes: &[u8]) -> Result<Self, DecryptError> {
        let read = manifest::read(path.clone(), bytes);
        if let Some(problem) = read.problems.first() {
            return Err(unreadable(problem.position, format!("{} {}", problem.message, problem.help)));
        }
        let mut documents = read.documents.into_iter();
        let (Some(root), None) = (documents.next(), documents.next()) else {
            return Err(unreadable(Position::default(), "A file of one document is needed."));
        };
        let Some(block) = root.get("sops").filter(|block| block.is_mapping()) else {
            return Err(unreadable(root.start, "It has no `sops` block: it is not encrypted."));
        };
        let time = text(block, "lastmodified")?;
        let last_modified = time.parse().map_err(|_| unreadable(block.start, "`lastmodified` is no time."))?;
        let selection = Selection::read(block).map_err(|(position, message, _)| unreadable(position, message))?;
        let mac = block.get("mac").filter(|mac| mac.as_str().is_some());
        let mac = mac.ok_or_else(|| unreadable(block.start, "`mac` is missing."))?.clone();
        let groups = block.get("key_groups").into_iter().flat_map(Node::items).count();
        let others = groups > 0 || OTHERS.iter().any(|name| block.get(name).is_some_and(is_set_list));
        Ok(Self {
            keys: keys(block)?,
            others,
            selection,
            mac_only_encrypted: block.get("mac_only_encrypted").and_then(Node::as_bool).unwrap_or(false),
            time: time.to_owned(),
            last_modified,
            mac,
            root,
        })
    }

    /// For whom the data key is encrypted with age, as written.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.recipient.as_str())
    }

    /// Whether holders of keys of other kinds can read it too, or it takes several together.
    pub const fn has_other_keys(&self) -> bool {
        self.others
    }

    /// When it was encrypted, by its own word, which the MAC vouches for.
    pub const fn last_modified(&self) -> Timestamp {
        self.last_modified
    }

    /// Decrypts the document. Values that were encrypted are [secrets](Tree::Secret), where they are text.
    ///
    /// # Errors
    /// Where the identity is no recipient's, a value cannot be decrypted, or the MAC is another.
    pub fn decrypt(&self, identity: &Identity) -> Result<Tree, DecryptError> {
        let mut last = AgeError::NotForIdentity;
        let opened = self.keys.iter().find_map(|key| age::open(&key.file, identity).map_err(|why| last = why).ok());
        let opened = opened.ok_or(last)?;
        let key = DataKey::from_bytes(&opened).ok_or(AgeError::Malformed("it holds no key of 32 bytes"))?;
        let mut reader = Reader { file: self, key: &key, mac: Mac::new(self.mac_only_encrypted), place: String::new() };
        let entries = self.root.entries().filter(|(name, _)| name.text() != Some("sops"));
        let tree = reader.map(entries, false)?;
        let computed = reader.mac.finish();
        let sealed = self.mac.as_str().unwrap_or_default();
        let (written, _) = key.open(sealed, &self.time).map_err(|problem| value_error(&self.mac, problem))?;
        if written.as_slice() != computed.as_bytes() {
            return Err(DecryptError::Mac);
        }
        Ok(tree)
    }
}

struct Reader<'a> {
    file: &'a EncryptedFile,
    key: &'a DataKey,
    mac: Mac,
    place: String,
}

impl Reader<'_> {
    fn map<'n>(
        &mut self,
        entries: impl Iterator<Item = (&'n Node, &'n Node)>,
        named: bool,
    ) -> Result<Tree, DecryptError> {
        let mut found = Vec::new();
        for (key, value) in entries {
            let above = self.place.len();
            let name = key.text().unwrap_or_default();
            self.place.push_str(name);
            self.place.push(':');
            let read = self.value(value, named || self.file.selection.names(name))?;
            found.push((name.to_owned(), read.ok_or_else(|| value_error(value, "is a comment"))?));
            self.place.truncate(above);
        }
        Ok(Tree::Map(found))
    }

    /// A value; `None` for a comment, which sops writes as an item where it stands in a list (`sops.go`, `walkSlice`).
    fn value(&mut self, node: &Node, named: bool) -> Result<Option<Tree>, DecryptError> {
        match &node.value {
            Value::Mapping(_) => self.map(node.entries(), named).map(Some),
            Value::Sequence(items) => {
                let items = items.iter().filter_map(|item| self.value(item, named).transpose());
                Ok(Some(Tree::List(items.collect::<Result<_, _>>()?)))
            }
            Value::Scalar { value: Scalar::Null, .. } => Ok(Some(Tree::Null)),
            Value::Scalar { value, .. } => {
                let encrypted = self.file.selection.encrypts(named);
                let leaf = if encrypted { self.decrypted(node)? } else { Some(clear(value, node)?) };
                let plain = leaf.as_ref().and_then(Tree::leaf).map(|(_, plain)| plain).unwrap_or_default();
                self.mac.count(plain.as_bytes(), encrypted);
                Ok(leaf)
            }
        }
    }

    fn decrypted(&self, node: &Node) -> Result<Option<Tree>, DecryptError> {
        let refuse = |problem| value_error(node, problem);
        let sealed = node.as_str().ok_or_else(|| refuse("is not encrypted"))?;
        let (bytes, kind) = self.key.open(sealed, &self.place).map_err(refuse)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8"))?;
        let leaf = match kind {
            "str" | "bytes" => Some(Tree::Secret(SecretString::from(text))),
            "time" => Some(Tree::from(text)),
            "int" => text.parse().ok().map(Tree::Int),
            "float" => text.parse().ok().filter(|float: &f64| float.is_finite()).map(Tree::Float),
            "bool" => text.to_ascii_lowercase().parse().ok().map(Tree::Bool),
            "comment" => return Ok(None),
            _ => return Err(refuse("has a type that is not known")),
        };
        leaf.map(Some).ok_or_else(|| refuse("is not of its type"))
    }
}

fn clear(value: &Scalar, node: &Node) -> Result<Tree, DecryptError> {
    Ok(match value {
        Scalar::Null => Tree::Null,
        Scalar::Bool(value) => Tree::Bool(*value),
        Scalar::Int(value) => {
            Tree::Int(i64::try_from(*value).map_err(|_| value_error(node, "is a number that SOPS does not know"))?)
        }
        Scalar::Float(value) => Tree::Float(*value),
        Scalar::String(text) => Tree::from(text.as_str()),
    })
}

/// The age keys of the file, those in groups among them.
fn keys(block: &Node) -> Result<Vec<AgeKey>, DecryptError> {
    let groups = block.get("key_groups").into_iter().flat_map(Node::items);
    let lists = std::iter::once(block).chain(groups).filter_map(|node| node.get("age"));
    let keys: Vec<&Node> = lists.flat_map(Node::items).collect();
    if keys.len() > MOST_KEYS {
        return Err(unreadable(block.start, "It has more than 100 age keys."));
    }
    keys.into_iter()
        .map(|key| Ok(AgeKey { recipient: text(key, "recipient")?.to_owned(), file: text(key, "enc")?.to_owned() }))
        .collect()
}

fn text<'n>(node: &'n Node, field: &str) -> Result<&'n str, DecryptError> {
    let value = node.get(field).and_then(Node::as_str);
    value.ok_or_else(|| unreadable(node.start, format!("`{field}` is missing, or no text.")))
}

fn is_set_list(node: &Node) -> bool {
    is_set(node) && node.items().next().is_some()
}

fn unreadable(position: Position, message: impl Into<String>) -> DecryptError {
    DecryptError::Unreadable { line: position.line.max(1), message: message.into() }
}

fn value_error(node: &Node, problem: &'static str) -> DecryptError {
    DecryptError::Value { line: node.start.line, problem }
}
