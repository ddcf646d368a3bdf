use std::fmt;

use crate::names::{Login, RepositoryName, TeamName, show};

/// Which repository belongs to which team: `{org}/dev-{team}`. `{org}` is the admin repository's
/// owner; a literal owner is taken too. `{team}` stands once, in the repository's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPattern {
    owner: String,
    prefix: String,
    suffix: String,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} {problem}")]
pub struct PatternError {
    shown: String,
    problem: &'static str,
}

impl RepositoryPattern {
    /// Reads a pattern for a cluster whose admin repository is `admin`.
    pub fn parse(text: &str, admin: &RepositoryName) -> Result<Self, PatternError> {
        let error = |problem| PatternError { shown: show(text), problem };
        let (owner, name) = text.split_once('/').ok_or_else(|| error("must be `OWNER/NAME` with {team} in NAME"))?;
        let (prefix, suffix) = name.split_once("{team}").ok_or_else(|| error("must hold {team} after the slash"))?;
        let owner = if owner == "{org}" { admin.owner() } else { owner };
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if owner.parse::<Login>().is_err() || !fits(prefix) || !fits(suffix) {
            return Err(error("may hold letters, digits, '-', '_', '.', and {org} and {team} once each"));
        }
        if prefix.len() + suffix.len() > 100 - 63 {
            return Err(error("leaves no room for a team's name of 63 letters in GitHub's 100"));
        }
        Ok(Self { owner: owner.to_owned(), prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// The repository of `team`.
    #[expect(clippy::missing_panics_doc, reason = "parse() checked owner, letters and length")]
    pub fn for_team(&self, team: &TeamName) -> RepositoryName {
        let text = format!("{}/{}{team}{}", self.owner, self.prefix, self.suffix);
        text.parse().expect("the pattern's parts and a team's name make a repository's name")
    }

    /// The team whose repository this is; `None` where the pattern does not fit. Case is ignored, as
    /// GitHub does. Whether the team exists is not asked here.
    pub fn team_of(&self, repository: &RepositoryName) -> Option<TeamName> {
        let name = repository.name().to_ascii_lowercase();
        let team =
            name.strip_prefix(&self.prefix.to_ascii_lowercase())?.strip_suffix(&self.suffix.to_ascii_lowercase())?;
        if repository.owner().eq_ignore_ascii_case(&self.owner) { team.parse().ok() } else { None }
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}{{team}}{}", self.owner, self.prefix, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::RepositoryPattern;
    use crate::names::RepositoryName;

    fn repository(text: &str) -> RepositoryName {
        text.parse().expect("a repository")
    }

    #[test]
    fn there_and_back() {
        for (pattern, expected) in
            [("{org}/dev-{team}", "Org/dev-team2"), ("x/{team}", "x/team2"), ("{org}/{team}.flux", "Org/team2.flux")]
        {
            let pattern = RepositoryPattern::parse(pattern, &repository("Org/dev-cluster")).expect("a pattern");
            let team = "team2".parse().expect("a team");
            let name = pattern.for_team(&team);
            assert_eq!(name.as_str(), expected);
            assert_eq!(pattern.team_of(&name), Some(team));
        }
        let pattern = RepositoryPattern::parse("{org}/dev-{team}", &repository("org/dev-cluster")).expect("a pattern");
        let team2 = "team2".parse().ok();
        assert_eq!(pattern.team_of(&repository("ORG/Dev-Team2")), team2);
        // The admin repository itself fits the pattern; "cluster" is a reserved name.
        for other in ["org/dev-cluster", "else/dev-team2", "org/team2", "org/dev-", "org/dev-a_b"] {
            assert_eq!(pattern.team_of(&repository(other)), None, "{other}");
        }
    }

    #[test]
    fn every_team_name_fits() {
        let admin = repository("org/dev-cluster");
        let longest = format!("{{org}}/{}{{team}}", "x".repeat(37));
        let pattern = RepositoryPattern::parse(&longest, &admin).expect("a pattern");
        pattern.for_team(&"y".repeat(63).parse().expect("a team"));
        for bad in [
            "",
            "{team}",
            "{org}/dev",
            "{team}/x",
            "{org}/{team}-{team}",
            "{org}/{org}-{team}",
            "o g/{team}",
            "a/b/{team}",
            &format!("{{org}}/{}{{team}}", "x".repeat(38)),
        ] {
            assert!(RepositoryPattern::parse(bad, &admin).is_err(), "{bad}");
        }
    }
}
