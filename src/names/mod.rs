//! Names parsed once, at the edge: every value here has a private field and can only be made by
//! a parser, so the rest of the house never asks again whether a name is well-formed.

mod cluster;
mod commit;
mod delivery;
mod deploy_key;
mod engine;
mod git_url;
mod host;
mod kubernetes;
mod kubernetes_version;
mod path;
mod pull_request;
mod repo;
mod team;

use crate::redact::redact;

pub use cluster::ClusterName;
pub use commit::{BranchName, CommitId};
pub use delivery::DeliveryId;
pub use deploy_key::PublicKey;
pub use engine::Engine;
pub use git_url::GitUrl;
pub use host::{api_host, is_api_host, site_host};
pub use kubernetes::{Namespace, ObjectName};
pub use kubernetes_version::KubernetesVersion;
pub use path::RepoPath;
pub use pull_request::{CheckRunId, CommentId, DeployKeyId, DeploymentId, IssueNumber};
pub use repo::{InstallationId, Login, RepositoryId, RepositoryName, UserId};
pub use team::{TeamName, TeamNameError};

/// Why a name was refused: what it should have been and what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {shown} {problem}")]
pub struct NameError {
    what: &'static str,
    shown: String,
    problem: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, given: &str, problem: &'static str) -> Self {
        Self { what, shown: show(given), problem }
    }
}

/// A refused name made safe to print: quoted, cut at 80 characters, and every character that is
/// not printable ASCII written as `\u{…}`, so that look-alike letters become visible.
pub(crate) fn show(given: &str) -> String {
    let mut shown = String::from("\"");
    for (count, character) in redact(given).chars().enumerate() {
        if count == 80 {
            shown.push('…');
            break;
        }
        if character.is_ascii_graphic() && character != '"' && character != '`' || character == ' ' {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    shown.push('"');
    shown
}

/// Whether `text` is a DNS-1123 label (RFC 1123; Kubernetes `IsDNS1123Label`): 1 to 63 bytes of
/// lower-case ASCII letters, digits and `-`, starting and ending with a letter or digit.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
}

/// A text newtype: private field, `parse`, `as_str`, `Display`, `FromStr`, and serde through the parser.
macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $parse:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $parse(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                $parse(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

/// A number that GitHub hands out; the field is private so that two kinds of number never mix.
macro_rules! number_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number that came from the forge.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The bare number.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

pub(crate) use number_name;
pub(crate) use text_name;

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn look_alike_letters_become_visible() {
        assert_eq!(show("t\u{435}am"), "\"t\\u{435}am\"");
        assert_eq!(show("a\u{202e}b`\n"), "\"a\\u{202e}b\\u{60}\\u{a}\"");
        assert!(show(&"x".repeat(200)).chars().count() < 90);
    }
}
