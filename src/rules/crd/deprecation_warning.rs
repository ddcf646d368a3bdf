//! The warning of a deprecated version must be a short text, and the version must be deprecated.
//!
//! # What
//! Reports a `deprecationWarning` of a version that is not `deprecated: true`, and one that is empty, longer
//! than 256 bytes, or has characters that cannot be printed.
//!
//! # Why
//! The API server sends the text as a header of every answer about the version, and refuses a definition
//! whose text does not fit there or would never be sent.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - name: v1beta1
//!     deprecationWarning: example.org/v1beta1 Widget is deprecated; use v1
//! ```
//!
//! # Good
//! ```yaml
//! versions:
//!   - name: v1beta1
//!     deprecated: true
//!     deprecationWarning: example.org/v1beta1 Widget is deprecated; use v1
//! ```

use super::{current, error};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Definition, Version};

/// `crd/deprecation-warning`.
#[derive(Debug)]
pub struct DeprecationWarning;

const ID: RuleId = RuleId::new("crd/deprecation-warning");
const MOST_BYTES: usize = 256;

impl Rule for DeprecationWarning {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("deprecation_warning.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |definition: Definition<'_>| -> Vec<Finding> {
            definition.versions().filter_map(|version| check_version(definition, version)).collect()
        };
        current(review).flat_map(check).collect()
    }
}

fn check_version(definition: Definition<'_>, version: Version<'_>) -> Option<Finding> {
    let node = version.at(&["deprecationWarning"])?;
    let is_deprecated = version.at(&["deprecated"]).and_then(Node::as_bool) == Some(true);
    let (what, help) = fault(node.as_str()?, is_deprecated)?;
    let message = format!("The deprecation warning of {} {what}.", version.called());
    Some(error(ID, definition.object, node, message).with_field(version.field("deprecationWarning")).with_help(help))
}

fn fault(warning: &str, is_deprecated: bool) -> Option<(&'static str, &'static str)> {
    if !is_deprecated {
        return Some(("would never be sent, as the version is not deprecated", "Write `deprecated: true` beside it."));
    }
    if warning.is_empty() {
        return Some(("is empty", "Write what to use instead, or remove the field: there is a default."));
    }
    if warning.len() > MOST_BYTES {
        return Some(("is longer than 256 bytes", "Shorten it."));
    }
    let plain = "Write it in one line and in plain characters.";
    warning.chars().any(is_unprintable).then_some(("has a character that cannot be printed", plain))
}

/// What Go's `unicode.IsPrint` does not take: controls, marks of format, every space but the plain one, and
/// what is not assigned. The standard library knows them too, and escapes them in a text (at its start also
/// combining marks, which can be printed).
fn is_unprintable(character: char) -> bool {
    character.is_control() || (character != '{' && format!("a{character}").escape_debug().any(|escaped| escaped == '{'))
}

#[cfg(test)]
mod tests {
    use super::{fault, is_unprintable};

    #[test]
    fn what_can_be_printed_is_what_go_prints() {
        for printable in [' ', 'a', '{', '}', '\\', '"', '\'', 'é', '\u{301}', '中', '😀', '—', '€'] {
            assert!(!is_unprintable(printable), "{printable:?}");
        }
        for other in [
            '\n',
            '\t',
            '\r',
            '\u{7f}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{2028}',
            '\u{3000}',
            '\u{feff}',
            '\u{e000}',
            '\u{10ffff}',
        ] {
            assert!(is_unprintable(other), "{other:?}");
        }
    }

    #[test]
    fn the_length_is_counted_in_bytes() {
        assert_eq!(fault(&"é".repeat(128), true), None);
        assert!(fault(&"é".repeat(129), true).is_some() && fault(&"x".repeat(257), true).is_some());
        assert!(fault("", true).is_some() && fault("x", false).is_some());
    }
}
