use super::{NameError, text_name};

text_name! {
    /// A file's path inside a repository, `/`-separated, never absolute, without `.`, `..`, empty
    /// parts, NUL, or any part that is `.git` in any spelling of case.
    RepoPath, check
}

/// So that a sorted map of paths can be asked with plain text, such as a directory's prefix.
impl std::borrow::Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl RepoPath {
    /// The directory that holds this path as text, empty for the repository's root.
    pub fn directory(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The path of `name` inside this directory, normalised; `None` where it would leave the
    /// repository. `name` may hold `./` and `../` as kustomize's lists do.
    pub fn join(&self, name: &str) -> Option<Self> {
        resolve(&self.0, name)
    }

    /// The directory that holds this path; `None` at the repository's root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(directory, _)| Self(directory.to_owned()))
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The part after `directory/`, or `None` where this path is not below it.
    pub fn below(&self, directory: &str) -> Option<&str> {
        if directory.is_empty() {
            return Some(&self.0);
        }
        self.0.strip_prefix(directory)?.strip_prefix('/')
    }

    /// Resolves `name` against the directory `base` (empty for the root), as kustomize does.
    pub fn resolve(base: &str, name: &str) -> Option<Self> {
        resolve(base, name)
    }
}

fn resolve(base: &str, name: &str) -> Option<RepoPath> {
    if name.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    parts.join("/").parse().ok()
}

fn check(text: &str) -> Result<(), NameError> {
    let bad_part = |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if text.is_empty() || text.contains('\0') || text.len() > 4096 || text.split('/').any(bad_part) {
        return Err(NameError::new("path", text, "must be a relative path that stays inside the repository"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::RepoPath;

    #[test]
    fn paths_stay_inside() {
        for bad in ["", "/etc", "../x", "a/../b", "a//b", "a/.GIT/config", "a\0b", "./a"] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad}");
        }
        let directory: RepoPath = "cluster/team1".parse().expect("a path");
        assert_eq!(directory.join("../common/./crds.yaml").expect("inside").as_str(), "cluster/common/crds.yaml");
        assert!(directory.join("../../../x").is_none());
        assert!(directory.join("/etc/passwd").is_none());
        assert_eq!(directory.below("cluster"), Some("team1"));
        assert_eq!(directory.below("clust"), None);
    }
}
