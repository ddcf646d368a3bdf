use crate::names::RepositoryName;

/// The repository that a Git URL names: `https://host/owner/name`, `ssh://git@host/owner/name`
/// or `git@host:owner/name`, each with or without `.git`. The host is not looked at, because an
/// installation of GitHub may have any; `None` for anything that is not `owner/name` on a host.
pub fn parse_git_url(url: &str) -> Option<RepositoryName> {
    let path = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?.1,
        Some(_) => return None,
        None => url.split_once('@')?.1.split_once(':')?.1,
    };
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_git_url;

    #[test]
    fn the_usual_spellings_name_a_repository() {
        for url in [
            "https://github.com/org/dev-team1",
            "https://github.com/org/dev-team1.git",
            "ssh://git@github.com/org/dev-team1",
            "ssh://git@github.com:22/org/dev-team1.git",
            "git@github.com:org/dev-team1",
            "git@github.com:org/dev-team1.git",
            "http://127.0.0.1:8080/org/dev-team1.git/",
        ] {
            assert_eq!(parse_git_url(url).expect(url).as_str(), "org/dev-team1");
        }
        for url in
            ["", "org/dev-team1", "https://github.com/org", "oci://ghcr.io/org/x", "ssh://git@h/a/b/c", "file:///a/b"]
        {
            assert!(parse_git_url(url).is_none(), "{url}");
        }
    }
}
