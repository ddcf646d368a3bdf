/// A set of rights to ask a token for. Tokens are made with exactly these, so a job can do no more
/// than what it is for. Every token may read metadata. Combine sets with [`Access::and`].
///
/// Which right each endpoint needs: docs.github.com, "Permissions required for GitHub Apps".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Access {
    administration: Level,
    checks: Level,
    contents: Level,
    deployments: Level,
    issues: Level,
    members: Level,
    pull_requests: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Level {
    None = 0,
    Read = 1,
    Write = 2,
}

impl Level {
    const fn max(self, other: Self) -> Self {
        if other as u8 > self as u8 { other } else { self }
    }
}

impl Access {
    /// Metadata only: the repository itself, collaborators' permissions.
    pub const METADATA: Self = Self {
        administration: Level::None,
        checks: Level::None,
        contents: Level::None,
        deployments: Level::None,
        issues: Level::None,
        members: Level::None,
        pull_requests: Level::None,
    };
    /// Files, commits and pull requests, to read.
    pub const READ: Self = Self { contents: Level::Read, pull_requests: Level::Read, ..Self::METADATA };
    /// What a review needs: check runs to write, the rest to read.
    pub const REVIEW: Self = Self { checks: Level::Write, ..Self::READ };
    /// What it takes to say on a pull request that there is no verdict.
    pub const VERDICT: Self = Self { checks: Level::Write, pull_requests: Level::Read, ..Self::METADATA };
    /// Comments and reactions on pull requests.
    pub const COMMENT: Self = Self { pull_requests: Level::Write, ..Self::METADATA };
    /// Comments and reactions on issues that are no pull requests.
    pub const COMMENT_ON_ISSUES: Self = Self { issues: Level::Write, ..Self::METADATA };
    /// Branches, commits and pull requests.
    pub const PROPOSE: Self = Self { contents: Level::Write, pull_requests: Level::Write, ..Self::METADATA };
    /// Deploy keys: by far the largest right, so give the token back with [`super::Repo::revoke`].
    pub const KEYS: Self = Self { administration: Level::Write, ..Self::METADATA };
    /// Deployments and their statuses.
    pub const DEPLOYMENTS: Self = Self { deployments: Level::Write, ..Self::METADATA };
    /// Members of the organisation's teams, to read.
    pub const MEMBERS: Self = Self { members: Level::Read, ..Self::METADATA };

    /// Both sets; of two levels the higher.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            administration: self.administration.max(other.administration),
            checks: self.checks.max(other.checks),
            contents: self.contents.max(other.contents),
            deployments: self.deployments.max(other.deployments),
            issues: self.issues.max(other.issues),
            members: self.members.max(other.members),
            pull_requests: self.pull_requests.max(other.pull_requests),
        }
    }

    /// Names and levels as `POST /app/installations/{id}/access_tokens` takes them, sorted by name.
    pub fn permissions(self) -> Vec<(&'static str, &'static str)> {
        let all = [
            ("administration", self.administration),
            ("checks", self.checks),
            ("contents", self.contents),
            ("deployments", self.deployments),
            ("issues", self.issues),
            ("members", self.members),
            ("metadata", Level::Read),
            ("pull_requests", self.pull_requests),
        ];
        let named = |(name, level)| match level {
            Level::None => None,
            Level::Read => Some((name, "read")),
            Level::Write => Some((name, "write")),
        };
        all.into_iter().filter_map(named).collect()
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (name, level)) in self.permissions().into_iter().enumerate() {
            write!(formatter, "{}{name}: {level}", if position == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn a_review_may_write_nothing_but_checks() {
        assert_eq!(Access::REVIEW.to_string(), "checks: write, contents: read, metadata: read, pull_requests: read");
    }

    #[test]
    fn the_higher_level_wins() {
        let both = Access::REVIEW.and(Access::COMMENT);
        assert_eq!(both.to_string(), "checks: write, contents: read, metadata: read, pull_requests: write");
        assert_eq!(both, Access::COMMENT.and(Access::REVIEW));
    }
}
