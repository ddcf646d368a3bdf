//! What the App asked tokens for, and the tokens: for tests that look where they must not be.

use std::collections::BTreeMap;

use super::super::GitHub;

/// What one installation token was made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minted {
    /// Level by permission, as the API names them.
    pub permissions: BTreeMap<String, String>,
    /// The names of its repositories, `owner/name`; `None` where it is good for all of the installation.
    pub repositories: Option<Vec<String>>,
}

impl GitHub {
    /// Every token that was handed out and neither given back nor swept away.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.shared.state().tokens.keys().cloned().collect()
    }

    /// What installation tokens were made for, oldest first.
    pub fn minted(&self) -> Vec<Minted> {
        let state = self.shared.state();
        let name = |id: &u64| state.repositories.get(id).map(|it| state.full_name(it)).unwrap_or_default();
        let view = |grant: &super::super::model::Grant| Minted {
            permissions: grant
                .permissions
                .iter()
                .map(|(name, level)| (name.clone(), level.name().to_owned()))
                .collect(),
            repositories: grant.repositories.as_ref().map(|ids| ids.iter().map(name).collect()),
        };
        state.minted.iter().map(view).collect()
    }
}
