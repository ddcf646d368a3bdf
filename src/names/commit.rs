use super::{NameError, text_name};

text_name! {
    /// A full Git object id: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
    CommitId, check_commit
}

impl CommitId {
    /// The first seven digits, as people write it.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    /// Whether this is the all-zero id with which Git says "no commit" (a created or deleted ref).
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'0')
    }
}

fn check_commit(text: &str) -> Result<(), NameError> {
    let hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if hex && (text.len() == 40 || text.len() == 64) {
        Ok(())
    } else {
        Err(NameError::new("commit id", text, "must be 40 or 64 lower-case hex digits"))
    }
}

text_name! {
    /// A branch name without `refs/heads/`, by the rules of `git check-ref-format`.
    BranchName, check_branch
}

impl BranchName {
    /// The full ref, `refs/heads/<name>`.
    pub fn full_ref(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

fn check_branch(text: &str) -> Result<(), NameError> {
    let bad_character = |c: char| c.is_control() || " ~^:?*[\\\u{7f}".contains(c);
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let bad = text.is_empty()
        || text.len() > 244
        || text == "@"
        || text.starts_with('-')
        || text.ends_with('.')
        || text.contains("..")
        || text.contains("@{")
        || text.contains(bad_character)
        || text.split('/').any(bad_part);
    if bad { Err(NameError::new("branch", text, "is not a branch name that Git accepts")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{BranchName, CommitId};

    #[test]
    fn commits_are_full_ids() {
        let id: CommitId = "757107ea0eb2509fc211221cce984b8a37570b6d".parse().expect("forty digits");
        assert_eq!(id.short(), "757107e");
        for bad in
            ["", "757107e", "757107EA0EB2509FC211221CCE984B8A37570B6D", "zz7107ea0eb2509fc211221cce984b8a37570b6d"]
        {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn branches_follow_check_ref_format() {
        for good in ["main", "bailiwick/create-team/team2", "größe", "a.b"] {
            assert!(good.parse::<BranchName>().is_ok(), "{good}");
        }
        for bad in ["", "@", "-x", "a..b", "a b", "a~1", "x.lock", "a//b", "/a", "a/", ".a", "a\nb", "a@{1}", "a:b"] {
            assert!(bad.parse::<BranchName>().is_err(), "{bad}");
        }
    }
}
