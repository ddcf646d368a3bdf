use std::fmt;
use std::str::FromStr;

use crate::command::Permission;
use crate::names::{Login, show};

/// Who may use a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowRule {
    /// Whoever has at least this right on the repository where the command is written: `permission:maintain`.
    Permission(Permission),
    /// The members of a team of an organisation, by its slug: `team:org/platform`.
    Team {
        /// The organisation.
        organization: Login,
        /// The team's slug, as in its page's address; never its display name, which is not unique.
        slug: String,
    },
}

impl FromStr for AllowRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || format!("{} is neither `permission:NAME` nor `team:ORG/SLUG`", show(text));
        match text.split_once(':') {
            Some(("permission", name)) => name.parse().map(Self::Permission).map_err(|error| format!("{error}")),
            Some(("team", team)) => {
                let (organization, slug) = team.split_once('/').ok_or_else(error)?;
                let organization = organization.parse::<Login>().map_err(|error| error.to_string())?;
                if !is_slug(slug) {
                    let slug = show(slug);
                    return Err(format!("{slug} is not a team's slug (lower-case letters, digits, '-', '_' and '.')"));
                }
                Ok(Self::Team { organization, slug: slug.to_owned() })
            }
            _ => Err(error()),
        }
    }
}

fn is_slug(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=100).contains(&text.len()) && text.bytes().all(fits) && text != "." && text != ".."
}

impl fmt::Display for AllowRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(permission) => write!(formatter, "permission:{permission}"),
            Self::Team { organization, slug } => write!(formatter, "team:{organization}/{slug}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AllowRule;

    #[test]
    fn rules_read_back() {
        for text in ["permission:none", "permission:admin", "team:org/platform-team", "team:my-org/a.b_c"] {
            assert_eq!(text.parse::<AllowRule>().expect("a rule").to_string(), text);
        }
        for text in ["", "maintain", "permission:", "permission:owner", "team:org", "team:org/Platform Team", "user:x"]
        {
            assert!(text.parse::<AllowRule>().is_err(), "{text}");
        }
    }
}
