//! Which values are encrypted: by the names of the keys above them.

use crate::manifest::{Node, Position};
use crate::names::show;
use crate::schema::Pattern;

/// One of the four ways to say it that need no comments (getsops/sops, `sops.go`, `shouldBeEncrypted`). Each looks at all
/// keys above a value; places in lists have no name.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    field: &'static str,
    text: String,
    names: Names,
    /// Whether what is named is encrypted; else everything but that is.
    encrypts: bool,
}

#[derive(Debug, Clone)]
enum Names {
    Ending,
    /// Go's syntax: Rust's `regex` takes `\d`, `\w` and `\b` for Unicode's, and knows no `\Q…\E`.
    Matching(Pattern),
}

/// Why none can be read: where, what, and what mends it.
pub(super) type Fault = (Position, String, &'static str);

/// What the values of a Secret need, and nothing that Flux has to read is encrypted (Flux docs, "Manage Kubernetes
/// secrets with SOPS").
pub(super) const FOR_SECRETS: &str = "^(data|stringData)$";

const FIELDS: [&str; 4] = ["encrypted_regex", "unencrypted_regex", "encrypted_suffix", "unencrypted_suffix"];
/// These look at comments, and there are none in what is written here.
const BY_COMMENT: [&str; 2] = ["encrypted_comment_regex", "unencrypted_comment_regex"];
const ONE_WAY: &str = "Keep one of them; for Secrets `encrypted_regex: ^(data|stringData)$`.";

impl Selection {
    /// Reads the fields of a creation rule or of a file's `sops` block, which have the same names. Without any, SOPS
    /// encrypts all but what ends in `_unencrypted` (`stores/stores.go`, `ToInternal`).
    pub(super) fn read(node: &Node) -> Result<Self, Fault> {
        let mut found: Option<Self> = None;
        for name in BY_COMMENT {
            if let Some(value) = node.get(name).filter(|value| is_set(value)) {
                let message = format!("`{name}` is not supported: no comments are kept.");
                return Err((value.start, message, "Use `encrypted_regex` or `unencrypted_regex`."));
            }
        }
        for name in FIELDS {
            let Some(value) = node.get(name).filter(|value| is_set(value)) else { continue };
            if let Some(other) = &found {
                return Err((value.start, format!("`{name}` and `{}` cannot stand together.", other.field), ONE_WAY));
            }
            let text = value.text().ok_or_else(|| (value.start, format!("`{name}` has to be text."), ONE_WAY))?;
            found = Some(Self::new(name, text).map_err(|(message, help)| (value.start, message, help))?);
        }
        Ok(found.unwrap_or_else(Self::all))
    }

    /// The way for Secrets.
    pub(super) fn for_secrets() -> Self {
        Self::new(FIELDS[0], FOR_SECRETS).unwrap_or_else(|_| Self::all())
    }

    fn all() -> Self {
        let (field, text) = ("unencrypted_suffix", "_unencrypted".to_owned());
        Self { field, text, names: Names::Ending, encrypts: false }
    }

    fn new(field: &'static str, text: &str) -> Result<Self, (String, &'static str)> {
        let names = if field.ends_with("_regex") {
            let pattern = Pattern::new(text)
                .map_err(|why| (format!("`{field}` {} {why}.", show(text)), "Write it as Go's `regexp` takes it."))?;
            if !pattern.is_usable() {
                return Err((format!("`{field}` is too big to be used here."), "Write a shorter pattern."));
            }
            Names::Matching(pattern)
        } else {
            Names::Ending
        };
        Ok(Self { field, text: text.to_owned(), names, encrypts: !field.starts_with("un") })
    }

    /// Whether a key is one of the named ones.
    pub(super) fn names(&self, key: &str) -> bool {
        match &self.names {
            Names::Ending => key.ends_with(&self.text),
            // A pattern that cannot be used was refused.
            Names::Matching(pattern) => pattern.matches(key).unwrap_or(false),
        }
    }

    /// Whether a value is encrypted, where a key above it is `named` or none is.
    pub(super) const fn encrypts(&self, named: bool) -> bool {
        named == self.encrypts
    }

    /// Name and text of the field.
    pub(super) fn field(&self) -> (&'static str, &str) {
        (self.field, &self.text)
    }
}

/// Whether a field says something: empty text is as none to sops.
pub(super) fn is_set(value: &Node) -> bool {
    !value.is_null() && value.text() != Some("")
}
