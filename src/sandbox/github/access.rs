//! Who may do what: the role of a person, the permissions of a token, and what an endpoint needs.

/// A person's role in a repository, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing; a private repository does not exist for them.
    None,
    /// May read, comment and open pull requests from a fork.
    Read,
    /// May also label and close.
    Triage,
    /// May push and merge.
    Write,
    /// May also manage the repository without the dangerous settings.
    Maintain,
    /// May do everything, deploy keys included.
    Admin,
}

impl Role {
    /// `role_name` of GitHub's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// `permission` of GitHub's older API: maintain is shown as write, triage as read.
    pub(crate) fn legacy(self) -> &'static str {
        match self {
            Self::Maintain => "write",
            Self::Triage => "read",
            other => other.name(),
        }
    }
}

/// How far a permission of an App reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Look.
    Read,
    /// Change.
    Write,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// What an endpoint asks for: an App's token needs one of `any`, a person needs `role`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) any: &'static [(&'static str, Level)],
    /// `None`: not open to people, as with check runs.
    pub(crate) role: Option<Role>,
}

const fn need(any: &'static [(&'static str, Level)], role: Role) -> Need {
    Need { any, role: Some(role) }
}

// The table of GitHub's "Permissions required for GitHub Apps" page.
pub(crate) const METADATA: Need = need(&[("metadata", Level::Read)], Role::Read);
pub(crate) const CONTENTS_READ: Need = need(&[("contents", Level::Read)], Role::Read);
pub(crate) const CONTENTS_WRITE: Need = need(&[("contents", Level::Write)], Role::Write);
pub(crate) const PULLS_READ: Need = need(&[("pull_requests", Level::Read)], Role::Read);
pub(crate) const PULL_OR_CONTENTS_READ: Need =
    need(&[("pull_requests", Level::Read), ("contents", Level::Read)], Role::Read);
pub(crate) const PULLS_WRITE: Need = need(&[("pull_requests", Level::Write)], Role::Read);
pub(crate) const TALK_READ: Need = need(&[("issues", Level::Read), ("pull_requests", Level::Read)], Role::Read);
pub(crate) const ISSUES_READ: Need = need(&[("issues", Level::Read)], Role::Read);
pub(crate) const ISSUES_WRITE: Need = need(&[("issues", Level::Write)], Role::Read);
pub(crate) const CHECKS_READ: Need = need(&[("checks", Level::Read)], Role::Read);
pub(crate) const CHECKS_WRITE: Need = Need { any: &[("checks", Level::Write)], role: None };
pub(crate) const CHECKS_RERUN: Need = need(&[("checks", Level::Write)], Role::Write);
pub(crate) const KEYS_READ: Need = need(&[("administration", Level::Read)], Role::Admin);
pub(crate) const KEYS_WRITE: Need = need(&[("administration", Level::Write)], Role::Admin);
pub(crate) const DEPLOYMENTS_READ: Need = need(&[("deployments", Level::Read)], Role::Read);
pub(crate) const DEPLOYMENTS_WRITE: Need = need(&[("deployments", Level::Write)], Role::Write);

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn older_names_hide_maintain_and_triage() {
        assert_eq!((Role::Maintain.legacy(), Role::Maintain.name()), ("write", "maintain"));
        assert_eq!((Role::Triage.legacy(), Role::None.legacy()), ("read", "none"));
        assert!(Role::Maintain > Role::Write && Role::Triage < Role::Write);
    }
}
