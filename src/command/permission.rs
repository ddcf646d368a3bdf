use std::fmt;
use std::str::FromStr;

use crate::names::show;

/// What a user may do in a repository, least first: the roles of GitHub's
/// "Get repository permissions for a user" (field `role_name`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Nothing, or only what everybody may with a public repository.
    None,
    /// Read.
    Read,
    /// Manage issues and pull requests without writing.
    Triage,
    /// Push.
    Write,
    /// Manage the repository without its dangerous settings.
    Maintain,
    /// Everything.
    Admin,
}

/// A word that is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no permission: write none, read, triage, write, maintain or admin")]
pub struct PermissionError(String);

impl Permission {
    const ALL: [Self; 6] = [Self::None, Self::Read, Self::Triage, Self::Write, Self::Maintain, Self::Admin];

    /// The word that GitHub and the configuration use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| PermissionError(show(text)))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Permission;

    #[test]
    fn they_are_ordered_and_read_back() {
        assert!(Permission::None < Permission::Read && Permission::Maintain < Permission::Admin);
        for permission in Permission::ALL {
            assert_eq!(permission.to_string().parse(), Ok(permission));
        }
        let error = "Admin".parse::<Permission>().expect_err("not a word that GitHub uses");
        assert!(error.to_string().starts_with("\"Admin\" is no permission"));
    }
}
