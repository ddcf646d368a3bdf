use super::{NameError, number_name, text_name};

number_name! {
    /// GitHub's id of a repository: what stays when it is renamed or moved.
    RepositoryId
}
number_name! {
    /// The id under which the App is installed in an organisation.
    InstallationId
}
number_name! {
    /// GitHub's id of a user or bot: the only thing that identifies one.
    UserId
}

text_name! {
    /// `owner/name` of a repository. Compared without regard to case, as GitHub does, so it is
    /// kept in the spelling in which it came and matched with [`RepositoryName::is`].
    RepositoryName, check_repository
}

impl RepositoryName {
    /// The organisation or user that owns it.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The name without its owner.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// Whether both name the same repository: GitHub ignores case here.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

fn check_repository(text: &str) -> Result<(), NameError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let name_fits =
        |name: &str| (1..=100).contains(&name.len()) && name.bytes().all(fits) && name != "." && name != "..";
    match text.split_once('/') {
        Some((owner, name)) if check_login(owner).is_ok() && name_fits(name) => Ok(()),
        _ => Err(NameError::new("repository", text, "must be `owner/name`")),
    }
}

text_name! {
    /// A user's or organisation's login. For showing and for URLs, never for authorising.
    Login, check_login
}

fn check_login(text: &str) -> Result<(), NameError> {
    // `name[bot]` for Apps; an enterprise's users have `_shortcode`.
    let bare = text.strip_suffix("[bot]").unwrap_or(text);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=100).contains(&bare.len()) && bare.bytes().all(fits) {
        Ok(())
    } else {
        Err(NameError::new("login", text, "must be letters, digits and '-'"))
    }
}

#[cfg(test)]
mod tests {
    use super::RepositoryName;

    #[test]
    fn one_slash_and_two_names() {
        let name: RepositoryName = "org/dev-cluster".parse().expect("a name");
        assert_eq!((name.owner(), name.name()), ("org", "dev-cluster"));
        assert!(name.is(&"Org/Dev-Cluster".parse().expect("a name")));
        for bad in ["", "org", "a/b/c", "/b", "a/", "a/..", "a b/c", "a/\u{435}"] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }
}
