use super::{NameError, text_name};

text_name! {
    /// The address of a Git repository as Flux and `git` take it: `ssh://git@host/owner/repo`,
    /// `https://host/owner/repo`, or the scp form `git@host:owner/repo` that only Flux v1 takes.
    /// `http://` is only taken for this machine. Never a user's password: a repository's file is no place for one.
    GitUrl, check
}

impl GitUrl {
    /// Whether it is reached by SSH, so that a deploy key opens it.
    pub fn is_ssh(&self) -> bool {
        !self.0.starts_with("http")
    }

    /// The same address with a scheme: Flux v2 refuses the scp form (source-controller,
    /// `GitRepository.spec.url`: "must be a valid HTTP/S or SSH address").
    #[must_use]
    pub fn with_scheme(&self) -> Self {
        match scp(&self.0) {
            Some((host, path)) => Self(format!("ssh://{host}/{path}")),
            None => self.clone(),
        }
    }
}

/// `git@host:owner/repo` to (`git@host`, `owner/repo`).
fn scp(text: &str) -> Option<(&str, &str)> {
    if text.contains("://") { None } else { text.split_once(':') }
}

fn check(text: &str) -> Result<(), NameError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@~+[]".contains(&byte);
    let parts = text
        .split_once("://")
        .map(|(scheme, rest)| (scheme, rest.split_once('/').unwrap_or((rest, ""))))
        .or_else(|| scp(text).map(|parts| ("scp", parts)));
    let good = text.len() <= 1000
        && text.bytes().all(fits)
        && parts.is_some_and(|(scheme, (host, path))| host_fits(scheme, host) && path_fits(path));
    if good {
        Ok(())
    } else {
        Err(NameError::new(
            "Git URL",
            text,
            "must be like ssh://git@github.com/org/repo or https://github.com/org/repo",
        ))
    }
}

fn host_fits(scheme: &str, host: &str) -> bool {
    let (user, host) = host.split_once('@').map_or((None, host), |(user, host)| (Some(user), host));
    let bare = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    let local = matches!(bare, Some("localhost" | "127.0.0.1" | "[::1"));
    let named = !host.is_empty() && !host.starts_with(['-', '.', ':']) && !host.contains(['@', '/', '~', '+']);
    let user_fits = user.is_none_or(|user| !user.is_empty() && !user.starts_with('-') && !user.contains([':', '/']));
    named
        && match scheme {
            "ssh" => user_fits,
            "scp" => user_fits && user.is_some(),
            "https" => user.is_none(),
            "http" => user.is_none() && local,
            _ => false,
        }
}

fn path_fits(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    !path.is_empty()
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.starts_with('-'))
        && !path.contains(['@', '[', ']'])
}

#[cfg(test)]
mod tests {
    use super::GitUrl;

    #[test]
    fn the_three_forms() {
        for (given, with_scheme) in [
            ("git@github.com:org/dev-team2", "ssh://git@github.com/org/dev-team2"),
            ("ssh://git@github.com/org/dev-team2.git", "ssh://git@github.com/org/dev-team2.git"),
            ("ssh://git@localhost:2222/org/x", "ssh://git@localhost:2222/org/x"),
            ("https://github.com/org/dev-team2", "https://github.com/org/dev-team2"),
            ("http://127.0.0.1:8080/org/x.git", "http://127.0.0.1:8080/org/x.git"),
            ("http://[::1]:8080/org/x.git", "http://[::1]:8080/org/x.git"),
        ] {
            let url: GitUrl = given.parse().unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!(url.with_scheme().as_str(), with_scheme);
            assert_eq!(url.is_ssh(), !given.starts_with("http"), "{given}");
        }
    }

    #[test]
    fn nothing_else() {
        for bad in [
            "",
            "org/repo",
            "file:///etc",
            "ext::sh -c x",
            "http://example.org/x",
            "http://127.0.0.1.example.org/x",
            "https://user:token@github.com/org/x",
            "https://token@github.com/org/x",
            "ssh://-oProxyCommand=x/y",
            "-oX@host:x",
            "git@-host:x",
            "ssh://git@github.com",
            "ssh://git@github.com/../x",
            "https://github.com/org/x\n--y",
            "https://github.com/org/x y",
            "https://github.com//x",
            "https://github.com/org/x?y",
            "host:org/x",
        ] {
            assert!(bad.parse::<GitUrl>().is_err(), "{bad}");
        }
    }
}
