//! What is said where nothing in the cluster applies the admin repository.

use crate::names::{BranchName, RepoPath, RepositoryName};

/// How many objects that come near are named.
const SHOWN: usize = 12;

/// What was looked for in a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The admin repository.
    pub repository: &'a RepositoryName,
    /// Its branch that runs the cluster.
    pub branch: &'a BranchName,
    /// The directory of it that is applied.
    pub path: &'a RepoPath,
    /// Whether all namespaces were looked at, not only `flux-system/flux-system`.
    pub everywhere: bool,
}

/// An object that comes near and is not it. Objects are `Kind namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// A source of another address.
    OtherAddress {
        /// The source.
        source: String,
        /// The repository that it names, where it names one. The address itself may hold a password.
        repository: Option<RepositoryName>,
    },
    /// A source of this address that follows something else.
    OtherBranch {
        /// The source.
        source: String,
        /// What it follows: `branch old`, `tag v1`.
        follows: String,
    },
    /// An object in a team's namespace.
    OfTeam {
        /// The object.
        object: String,
    },
    /// A source that no Kustomization applies.
    Unused {
        /// The source.
        source: String,
    },
    /// A Kustomization of the source, for another directory.
    OtherPath {
        /// The Kustomization.
        kustomization: String,
        /// Its `spec.path`.
        path: String,
    },
    /// A Kustomization whose source is of a kind that the bot does not follow.
    OtherKind {
        /// The Kustomization.
        kustomization: String,
        /// Its source.
        source: String,
    },
}

impl Candidate {
    fn line(&self) -> String {
        match self {
            Self::OtherAddress { source, repository: Some(repository) } => {
                format!("{source} is of another repository: {repository}")
            }
            Self::OtherAddress { source, repository: None } => {
                format!("{source} is of another repository, not of an owner/name")
            }
            Self::OtherBranch { source, follows } => format!("{source} has this address, but follows {follows}"),
            Self::OfTeam { object } => format!("{object} is in a team's namespace: what is there does not count"),
            Self::Unused { source } => format!("{source} is the one, but no Kustomization applies it"),
            Self::OtherPath { kustomization, path } => format!("{kustomization} applies another directory: {path}"),
            Self::OtherKind { kustomization, source } => {
                format!("{kustomization} takes its files from {source}: only a GitRepository can be followed")
            }
        }
    }
}

/// What was looked for, what was found instead, and what to do: plain text, for
/// [`super::SyncState::NoSource`].
pub fn no_source(search: &Search<'_>, found: &[Candidate]) -> String {
    let Search { repository, branch, path, everywhere } = search;
    let place = if *everywhere {
        "I looked in all namespaces"
    } else {
        "I may look at flux-system/flux-system only, and looked there"
    };
    let mut text = format!(
        "{place} for a GitRepository whose spec.url names {repository} and that follows its branch {branch}, and for \
         Kustomizations of it, one of them with a spec.path that covers {path}.\n"
    );
    if found.is_empty() {
        text.push_str("There is nothing like that.\n");
    } else {
        text.push_str("There is only:\n");
    }
    for candidate in found.iter().take(SHOWN) {
        text.push_str(&format!("- {}\n", candidate.line()));
    }
    if found.len() > SHOWN {
        text.push_str(&format!("- and {} more\n", found.len() - SHOWN));
    }
    text.push_str(
        "`flux bootstrap` makes what is missing. If it goes by another name, correct admin_repository, branch and path of \
         this cluster in Bailiwick's configuration.",
    );
    if !everywhere {
        text.push_str(
            " If it is in another namespace, grant `list` on gitrepositories.source.toolkit.fluxcd.io and \
             kustomizations.kustomize.toolkit.fluxcd.io.",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Search, no_source};

    #[test]
    fn what_was_looked_for_and_what_there_is() {
        let (repository, branch) = ("org/dev-cluster".parse().expect("a name"), "main".parse().expect("a branch"));
        let path = "cluster".parse().expect("a path");
        let search = Search { repository: &repository, branch: &branch, path: &path, everywhere: true };
        let text = str::to_owned;
        let found = [
            Candidate::OtherAddress { source: text("GitRepository a/b"), repository: "org/other".parse().ok() },
            Candidate::OtherBranch { source: text("GitRepository a/c"), follows: text("branch master") },
            Candidate::OfTeam { object: text("GitRepository team1/d") },
            Candidate::Unused { source: text("GitRepository a/e") },
            Candidate::OtherPath { kustomization: text("Kustomization a/f"), path: text("./docs") },
            Candidate::OtherKind { kustomization: text("Kustomization a/g"), source: text("OCIRepository a/h") },
        ];
        let many = vec![found[2].clone(); 20];
        let narrow = Search { everywhere: false, ..search };
        let texts = [no_source(&search, &found), no_source(&search, &many), no_source(&narrow, &[])];
        insta::assert_snapshot!(texts.join("\n────────\n"));
    }
}
