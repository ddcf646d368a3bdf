use std::fmt;
use std::str::FromStr;

use super::{NameError, show};

/// A minor version of Kubernetes, such as 1.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u32,
}

impl KubernetesVersion {
    /// The version `1.minor`.
    pub const fn new(minor: u32) -> Self {
        Self { minor }
    }

    /// The number behind the dot.
    pub const fn minor(self) -> u32 {
        self.minor
    }
}

impl FromStr for KubernetesVersion {
    type Err = NameError;

    /// `1.34`; a `v` before and the patch version behind it (`v1.34.2`) are left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.");
        let minor = minor.map(|rest| rest.split('.').next().unwrap_or(rest)).filter(|minor| minor.len() <= 3);
        let minor = minor.and_then(|minor| minor.parse().ok());
        minor.map(Self::new).ok_or(NameError {
            what: "Kubernetes version",
            shown: show(text),
            problem: "is none; write it as 1.34",
        })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_and_a_minor_number() {
        for (text, minor) in [("1.34", Some(34)), ("v1.7", Some(7)), ("v1.34.2", Some(34)), ("1", None), ("2.1", None)]
        {
            assert_eq!(text.parse::<KubernetesVersion>().ok().map(KubernetesVersion::minor), minor, "{text}");
        }
        for text in ["", "1.", "1.x", "1.-3", "1.99999999999", "one"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        let refused = "one".parse::<KubernetesVersion>().err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some("Kubernetes version: \"one\" is none; write it as 1.34"));
        assert_eq!(KubernetesVersion::new(34).to_string(), "1.34");
    }
}
