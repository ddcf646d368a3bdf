//! Bases that a kustomization of this repository fetches from a team's: whoever may push there writes what is applied
//! with the rights of whoever applies the kustomization.

use super::address::address;
use super::graph::{Graph, Node, Step};
use super::powers::Use;
use crate::names::RepoPath;
use crate::rbac::Subject;
use crate::tenancy::Place;
use crate::tenancy::facts::flux::Flag;

type Steps = Vec<(Node, Step)>;

impl Graph<'_> {
    /// What fetches bases from a team's repository.
    pub(super) fn leave_bases(&self, number: usize, steps: &mut Steps) {
        let Some(own) = &self.model.main[number] else { return };
        let bases: Vec<&(String, Place)> =
            self.model.remote.iter().filter(|(text, _)| may_change(text) && is_of(text, &own.address)).collect();
        if bases.is_empty() {
            return;
        }
        let Some(open) = self.fetches() else { return };
        for (_, place) in bases {
            for (node, who, assumed) in self.who_applies(&place.file) {
                let words = format!(
                    "{} takes a base from the repository of {}, {}, and is applied {who}{}",
                    place.file, self.model.teams[number].name, own.address, open.words
                );
                let places = std::iter::once(place.clone()).chain(open.places.clone()).collect();
                steps.push((node, Step { words, places, assumed: assumed || open.assumed }));
            }
        }
    }

    /// Whether anything fetches bases; `None` where nothing does.
    fn fetches(&self) -> Option<Step> {
        let whole = Step { words: String::new(), places: Vec::new(), assumed: false };
        if !self.model.has_flux_v2 {
            return Some(whole);
        }
        let open = self.open("kustomize-controller", Flag::NoRemoteBases)?;
        Some(Step { words: format!(", as {}", open.words), ..open })
    }

    /// With whose rights a file of this repository is applied, and whether that is assumed.
    fn who_applies(&self, path: &RepoPath) -> Vec<(Node, String, bool)> {
        let found = self.index.syncs().applying(path);
        let mut all: Vec<(Node, String, bool)> = Vec::new();
        for applying in &found.syncs {
            let sync = &applying.sync;
            let namespace = sync.namespace.clone().unwrap_or_else(|| super::graph::FLUX_NAMESPACE.to_owned());
            let called = format!("by Kustomization {namespace}/{}", sync.name);
            let known = self.model.appliers.iter().filter(|applier| {
                applier.kind == "Kustomization" && applier.namespace == namespace && applier.name == sync.name
            });
            let mut accounts: Vec<Option<String>> = known.map(|applier| applier.account.clone()).collect();
            if accounts.is_empty() {
                accounts.push(sync.account().map(str::to_owned));
            }
            for account in accounts {
                match account {
                    Some(account) => {
                        let subject = Subject::account(&namespace, &account);
                        let words = format!("{called} as {subject}");
                        all.push((Node::Subject(subject), words, false));
                    }
                    None => {
                        let words = format!("{called}, which names no service account");
                        all.push((Node::Unnamed(Use::Kustomization, namespace.clone()), words, false));
                    }
                }
            }
        }
        if !found.starts.is_empty() || all.is_empty() {
            let words = "with rights of which nothing here says that they are not the cluster's".to_owned();
            all.push((Node::Cluster, words, true));
        }
        all
    }
}

/// Whether what is fetched can change: a commit cannot.
fn may_change(text: &str) -> bool {
    let is_commit = |word: &str| word.len() == 40 && word.chars().all(|sign| sign.is_ascii_hexdigit());
    !text.split(['/', '?', '&', '=']).any(is_commit)
}

/// Whether a base, in any spelling that kustomize takes, is or lies in a repository
/// (<https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md>).
fn is_of(text: &str, repository: &str) -> bool {
    let text = text.strip_prefix("git::").unwrap_or(text);
    let text = text.split(['?', '#']).next().unwrap_or_default().replace(".git/", "/");
    let address = address(&text).replacen("raw.githubusercontent.com/", "github.com/", 1);
    address == repository || address.strip_prefix(repository).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{is_of, may_change};

    #[test]
    fn every_spelling_of_a_base_is_known() {
        for text in [
            "https://github.com/org/team1",
            "https://github.com/org/team1//deploy?ref=main",
            "https://github.com/org/team1.git//deploy",
            "https://github.com/org/team1.git/deploy?ref=v1",
            "git::https://github.com/org/team1//x",
            "github.com/Org/Team1/deploy/prod?ref=v1",
            "git@github.com:org/team1.git//deploy",
            "ssh://git@github.com/org/team1//deploy",
            "https://raw.githubusercontent.com/org/team1/main/all.yaml",
            "https://github.com/org/team1/releases/download/v1/all.yaml",
        ] {
            assert!(is_of(text, "github.com/org/team1") && may_change(text), "{text}");
        }
        for text in ["https://github.com/org/team10//x", "https://gitlab.com/org/team1", "github.com/org", ""] {
            assert!(!is_of(text, "github.com/org/team1"), "{text}");
        }
        assert!(!may_change("https://github.com/org/team1//x?ref=0123456789abcdef0123456789abcdef01234567"));
    }
}
