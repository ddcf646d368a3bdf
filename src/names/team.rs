use std::fmt;
use std::str::FromStr;

use super::{Namespace, is_dns_label, show};

/// A team's name, which is also its directory and its namespace: a DNS-1123 label that starts
/// with a letter and is none of the names that belong to the cluster or to the repository's layout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TeamName(String);

/// Why a text cannot be a team's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeamNameError {
    /// Letters that look like ASCII but are not, spaces, upper case, slashes and so on.
    #[error(
        "{0} cannot be a team's name: use 1 to 63 lower-case letters a-z, digits and '-', starting with a letter and \
         ending with a letter or digit"
    )]
    Malformed(String),
    /// The name belongs to Kubernetes, Flux or the repository's layout.
    #[error("\"{0}\" is reserved and cannot be a team's name: choose another")]
    Reserved(String),
}

/// Directories and namespaces of the layouts of both Flux generations, and Kubernetes' own.
const RESERVED: [&str; 14] = [
    "default",
    "flux-system",
    "common",
    "base",
    "install",
    "flagger",
    "flagger-system",
    "gatekeeper",
    "gatekeeper-system",
    "cluster",
    "clusters",
    "tenants",
    "flux",
    "scripts",
];

impl TeamName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace of the same name.
    #[expect(clippy::missing_panics_doc, reason = "a team's name is a DNS-1123 label by construction")]
    pub fn namespace(&self) -> Namespace {
        self.0.parse().expect("a team's name is a DNS-1123 label")
    }
}

impl FromStr for TeamName {
    type Err = TeamNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_dns_label(text) || !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(TeamNameError::Malformed(show(text)));
        }
        if RESERVED.contains(&text) || text.starts_with("kube-") {
            return Err(TeamNameError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TeamName {
    type Error = TeamNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TeamName> for String {
    fn from(name: TeamName) -> Self {
        name.0
    }
}

impl fmt::Display for TeamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{TeamName, TeamNameError};

    #[test]
    fn labels_that_start_with_a_letter() {
        for good in ["team2", "a", "data-platform", &"x".repeat(63)] {
            assert!(good.parse::<TeamName>().is_ok(), "{good}");
        }
        let bad = [
            "",
            "My Team",
            "../x",
            "a/b",
            "2fast",
            "-a",
            "a-",
            "t\u{435}am",
            "Team",
            "a.b",
            &"x".repeat(64),
            "team2\n",
        ];
        for bad in bad {
            assert!(matches!(bad.parse::<TeamName>(), Err(TeamNameError::Malformed(_))), "{bad:?}");
        }
    }

    #[test]
    fn reserved_names_are_refused() {
        for bad in ["common", "kube-public", "default", "flux-system", "gatekeeper"] {
            assert!(matches!(bad.parse::<TeamName>(), Err(TeamNameError::Reserved(_))), "{bad}");
        }
    }

    #[test]
    fn a_cyrillic_letter_is_shown() {
        let error = "t\u{435}am".parse::<TeamName>().expect_err("not ASCII");
        assert!(error.to_string().starts_with("\"t\\u{435}am\" cannot be a team's name"));
    }
}
