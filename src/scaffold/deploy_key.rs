//! A deploy key in Git: a Secret that only the cluster can read, beside the team's other files.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{ChangeSet, FileChange, LISTS};
use crate::clock::Entropy;
use crate::manifest::{EditError, insert_list_entry};
use crate::names::{Namespace, ObjectName, RepoPath, TeamName};
use crate::sops::{EncryptError, Rule, Tree, encrypt};

/// The file's name in the team's directory.
pub const DEPLOY_KEY_FILE: &str = "deploy-key.yaml";

/// The annotation with the public half: what is encrypted cannot be looked at, and this is what is registered.
pub const PUBLIC_KEY: &str = "bailiwick/public-key";

/// A key pair for a team's repository, and where Flux looks for it.
#[derive(Debug)]
pub struct DeployKey<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// The namespace of the team's `GitRepository`, and so of the Secret.
    pub namespace: &'a Namespace,
    /// The Secret's name.
    pub secret: &'a ObjectName,
    /// The private half, PEM.
    pub private: &'a SecretString,
    /// The public half, one line.
    pub public_line: &'a str,
    /// The forge's host keys, `known_hosts` format.
    pub known_hosts: &'a str,
}

/// The team's directory as it is.
#[derive(Debug)]
pub struct TeamDirectory<'a> {
    /// The directory.
    pub path: &'a RepoPath,
    /// Its kustomization file, and that file's text; `None` where Flux takes every file.
    pub kustomization: Option<(&'a RepoPath, &'a str)>,
}

/// Why no key is written.
#[derive(Debug, thiserror::Error)]
pub enum DeployKeyError {
    /// It would not be encrypted, or Flux could not apply it.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The kustomization file cannot be edited.
    #[error("{path}: {problem}")]
    Edit {
        /// The file.
        path: RepoPath,
        /// Why.
        problem: EditError,
    },
}

/// The Secret as a file, encrypted by the rule, and its entry in the kustomization file.
///
/// # Errors
/// Where the rule leaves the key in clear or hides what Flux needs, or the kustomization file cannot be edited.
pub fn plan_deploy_key(
    key: &DeployKey<'_>,
    directory: &TeamDirectory<'_>,
    (rule, entropy, now): (&Rule, &dyn Entropy, Timestamp),
) -> Result<ChangeSet, DeployKeyError> {
    let head = format!(
        "# The key with which Flux reads the repository of {}, encrypted: only the cluster can read it.\n# Its public half \
         is in the annotation. Do not edit it; make a new one instead.\n",
        key.team
    );
    let path = directory.path.join(DEPLOY_KEY_FILE).expect("a plain name");
    let text = head + &encrypt(&secret(key), rule, entropy, now)?;
    let mut files = vec![FileChange { path, before: None, after: Some(text) }];
    if let Some((path, before)) = directory.kustomization {
        let after = insert_list_entry(before, LISTS, DEPLOY_KEY_FILE)
            .map_err(|problem| DeployKeyError::Edit { path: path.clone(), problem })?;
        if after != before {
            files.push(FileChange { path: path.clone(), before: Some(before.to_owned()), after: Some(after) });
        }
    }
    Ok(ChangeSet { files })
}

/// What Flux needs to fetch over SSH (fluxcd.io, "Git Repositories", SSH authentication).
fn secret(key: &DeployKey<'_>) -> Tree {
    let text = |text: &str| Tree::from(text);
    let metadata = Tree::map([
        ("name", text(key.secret.as_str())),
        ("namespace", text(key.namespace.as_str())),
        ("labels", Tree::map([("toolkit.fluxcd.io/tenant", text(key.team.as_str()))])),
        ("annotations", Tree::map([(PUBLIC_KEY, text(key.public_line))])),
    ]);
    let secret = |value: &str| Tree::from(SecretString::from(value));
    let data = Tree::map([
        ("identity", Tree::from(key.private.clone())),
        ("identity.pub", secret(key.public_line)),
        ("known_hosts", secret(key.known_hosts)),
    ]);
    Tree::map([
        ("apiVersion", text("v1")),
        ("kind", text("Secret")),
        ("metadata", metadata),
        ("type", text("Opaque")),
        ("stringData", data),
    ])
}

#[cfg(test)]
mod tests {
    use super::{DeployKey, TeamDirectory, plan_deploy_key};
    use crate::clock::SeededEntropy;
    use crate::names::RepoPath;
    use crate::sops::{EncryptedFile, Identity, Rule};

    const LIST: &str = "kind: Kustomization\nresources:\n  - sync.yaml # the last\n";

    fn path(text: &str) -> RepoPath {
        text.parse().expect("a path")
    }

    #[test]
    fn the_key_is_encrypted_and_listed_and_only_the_cluster_reads_it() {
        let entropy = SeededEntropy::new(7);
        let identity = Identity::generate(&entropy);
        let rule = Rule::for_secrets(vec![identity.recipient().clone()], "here");
        let (team, namespace) = ("team2".parse().expect("a team"), "team2".parse().expect("a namespace"));
        let key = DeployKey {
            team: &team,
            namespace: &namespace,
            secret: &"flux-git-auth".parse().expect("a name"),
            private: &"-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n".into(),
            public_line: "ssh-ed25519 AAAA bailiwick dev/team2",
            known_hosts: "github.com ssh-ed25519 AAAA\n",
        };
        let (folder, list) = (path("cluster/team2"), path("cluster/team2/kustomization.yaml"));
        let directory = TeamDirectory { path: &folder, kustomization: Some((&list, LIST)) };
        let now = "2026-11-30T01:02:03Z".parse().expect("a time");
        let plan = plan_deploy_key(&key, &directory, (&rule, &entropy, now)).expect("a plan");
        let [file, edited] = plan.files.as_slice() else { panic!("{plan}") };
        assert_eq!(edited.text(), format!("{LIST}  - deploy-key.yaml\n"));
        assert!(!file.text().contains("PRIVATE") && file.text().contains("bailiwick/public-key: ssh-ed25519 AAAA"));
        let read = EncryptedFile::read(&file.path, file.text().as_bytes()).expect("readable");
        let tree = read.decrypt(&identity).expect("for this key");
        let data = tree.get("stringData").expect("the data");
        assert_eq!(data.get("identity").is_some(), data.get("known_hosts").is_some());
        assert!(read.decrypt(&Identity::generate(&entropy)).is_err(), "for nobody else");
        // Where Flux takes every file there is no list.
        let bare = TeamDirectory { path: &folder, kustomization: None };
        assert_eq!(plan_deploy_key(&key, &bare, (&rule, &entropy, now)).expect("a plan").files.len(), 1);
    }
}
