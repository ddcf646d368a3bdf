//! Commits, files and differences.

use serde_json::{Value, json};

use super::super::git::diff::FileDiff;
use super::super::git::read::{CommitInfo, Signature};
use super::super::model::Repository;
use super::{Show, node, second};

/// Author or committer, as Git's own objects tell it.
fn person(signature: &Signature) -> Value {
    json!({"name": signature.name, "email": signature.email, "date": second(signature.when)})
}

impl Show<'_> {
    /// `verification`: GitHub signs the commits that it makes itself.
    fn verification(&self, commit: &CommitInfo) -> Value {
        if self.state.verified.contains(&commit.sha) {
            json!({
                "verified": true,
                "reason": "valid",
                "signature": "-----BEGIN PGP SIGNATURE-----\n\nsandbox\n-----END PGP SIGNATURE-----\n",
                "payload": format!("tree {}\n", commit.tree),
                "verified_at": second(commit.committer.when),
            })
        } else {
            json!({"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null})
        }
    }

    /// `git-commit`, as the Git database endpoints have it.
    pub(crate) fn git_commit(&self, repository: &Repository, commit: &CommitInfo) -> Value {
        let url = self.repository_url(repository);
        let html = self.web(&format!("/{}/commit", self.state.full_name(repository)));
        let parents = commit.parents.iter().map(
            |sha| json!({"sha": sha, "url": format!("{url}/git/commits/{sha}"), "html_url": format!("{html}/{sha}")}),
        );
        json!({
            "sha": commit.sha,
            "node_id": format!("C_{}", commit.sha),
            "url": format!("{url}/git/commits/{}", commit.sha),
            "html_url": format!("{html}/{}", commit.sha),
            "author": person(&commit.author),
            "committer": person(&commit.committer),
            "tree": {"sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree)},
            "message": commit.message,
            "parents": parents.collect::<Vec<_>>(),
            "verification": self.verification(commit),
        })
    }

    /// `commit`, as the commit endpoints have it.
    pub(crate) fn commit(&self, repository: &Repository, commit: &CommitInfo) -> Value {
        let url = self.repository_url(repository);
        let html = self.web(&format!("/{}/commit", self.state.full_name(repository)));
        let parents = commit
            .parents
            .iter()
            .map(|sha| json!({"sha": sha, "url": format!("{url}/commits/{sha}"), "html_url": format!("{html}/{sha}")}));
        json!({
            "url": format!("{url}/commits/{}", commit.sha),
            "sha": commit.sha,
            "node_id": format!("C_{}", commit.sha),
            "html_url": format!("{html}/{}", commit.sha),
            "comments_url": format!("{url}/commits/{}/comments", commit.sha),
            "commit": {
                "url": format!("{url}/git/commits/{}", commit.sha),
                "author": person(&commit.author),
                "committer": person(&commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree)},
                "comment_count": 0,
                "verification": self.verification(commit),
            },
            "author": self.by_email(&commit.author.email),
            "committer": self.by_email(&commit.committer.email),
            "parents": parents.collect::<Vec<_>>(),
        })
    }

    /// The account behind an address of the form `<id>+<login>@users.noreply.github.com`.
    fn by_email(&self, email: &str) -> Value {
        let id = email.split_once('+').and_then(|(id, _)| id.parse().ok());
        id.map_or(Value::Null, |id| self.user(id))
    }

    /// A commit as pushes and check suites have it.
    pub(crate) fn push_commit(&self, repository: &Repository, commit: &CommitInfo) -> Value {
        let person = |signature: &Signature| {
            let id: Option<u64> = signature.email.split_once('+').and_then(|(id, _)| id.parse().ok());
            let login = id.and_then(|id| self.state.accounts.get(&id)).map(|account| &account.login);
            let mut shown = json!({"name": signature.name, "email": signature.email});
            if let Some(login) = login {
                shown["username"] = json!(login);
            }
            shown
        };
        json!({
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": true,
            "message": commit.message,
            "timestamp": second(commit.committer.when),
            "url": self.web(&format!("/{}/commit/{}", self.state.full_name(repository), commit.sha)),
            "author": person(&commit.author),
            "committer": person(&commit.committer),
        })
    }

    /// `diff-entry`.
    pub(crate) fn diff_entry(&self, repository: &Repository, head: &str, file: &FileDiff) -> Value {
        let full_name = self.state.full_name(repository);
        let path = encode_path(&file.path);
        let mut shown = json!({
            "sha": file.sha,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": self.web(&format!("/{full_name}/blob/{head}/{path}")),
            "raw_url": self.web(&format!("/{full_name}/raw/{head}/{path}")),
            "contents_url": format!("{}/contents/{path}?ref={head}", self.repository_url(repository)),
        });
        if let Some(patch) = &file.patch {
            shown["patch"] = json!(patch);
        }
        if let Some(previous) = &file.previous {
            shown["previous_filename"] = json!(previous);
        }
        shown
    }

    /// `git-ref`.
    pub(crate) fn git_ref(&self, repository: &Repository, name: &str, sha: &str) -> Value {
        let url = self.repository_url(repository);
        json!({
            "ref": name,
            "node_id": format!("{}_{}", node("REF", repository.id), hex::encode(name)),
            "url": format!("{url}/git/{name}"),
            "object": {"sha": sha, "type": "commit", "url": format!("{url}/git/commits/{sha}")},
        })
    }
}

/// A path for a URL: everything but plain characters and slashes percent-encoded.
pub(crate) fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
