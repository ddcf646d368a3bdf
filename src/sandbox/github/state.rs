//! Questions to the state: who is called what, who may do what where.

use std::collections::BTreeMap;

use super::access::{Level, Role};
use super::model::{Account, AccountKind, Grant, Installation, Issue, Organization, Repository, State};

impl State {
    /// The next id: one sequence for all kinds, so that mixed-up ids never match by luck.
    pub(crate) fn next_id(&mut self) -> u64 {
        // A step that is not 1 keeps tests from counting on neighbours.
        self.last_id += 7;
        self.last_id
    }

    pub(crate) fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    pub(crate) fn login(&self, id: u64) -> &str {
        self.accounts.get(&id).map_or("ghost", |account| &account.login)
    }

    pub(crate) fn organization(&self, id: u64) -> Option<&Organization> {
        match &self.accounts.get(&id)?.kind {
            AccountKind::Organization(organization) => Some(organization),
            AccountKind::User | AccountKind::Bot => None,
        }
    }

    pub(crate) fn organization_mut(&mut self, login: &str) -> Option<&mut Organization> {
        let account = self.accounts.values_mut().find(|account| account.login.eq_ignore_ascii_case(login))?;
        match &mut account.kind {
            AccountKind::Organization(organization) => Some(organization),
            AccountKind::User | AccountKind::Bot => None,
        }
    }

    /// `owner/name` as it is now.
    pub(crate) fn full_name(&self, repository: &Repository) -> String {
        format!("{}/{}", self.login(repository.owner), repository.name)
    }

    /// The repository of that name, without regard to case.
    pub(crate) fn repository(&self, owner: &str, name: &str) -> Option<&Repository> {
        let owner = self.account(owner)?.id;
        self.repositories.values().find(|it| it.owner == owner && it.name.eq_ignore_ascii_case(name))
    }

    /// The repository that once had that name.
    pub(crate) fn renamed(&self, owner: &str, name: &str) -> Option<&Repository> {
        let wanted = format!("{owner}/{name}");
        self.repositories.values().find(|it| it.old_names.iter().any(|old| old.eq_ignore_ascii_case(&wanted)))
    }

    pub(crate) fn issue(&self, repository: u64, number: u64) -> Option<&Issue> {
        self.repositories.get(&repository)?.issues.get(&number)
    }

    pub(crate) fn issue_mut(&mut self, repository: u64, number: u64) -> Option<&mut Issue> {
        self.repositories.get_mut(&repository)?.issues.get_mut(&number)
    }

    /// The next number of the sequence that issues and pull requests share.
    pub(crate) fn next_number(&self, repository: u64) -> u64 {
        self.repositories.get(&repository).and_then(|it| it.issues.keys().last()).map_or(1, |last| last + 1)
    }

    /// The strongest role that a person has by any way.
    pub(crate) fn role(&self, user: u64, repository: &Repository) -> Role {
        if repository.owner == user {
            return Role::Admin;
        }
        let mut role = if repository.private { Role::None } else { Role::Read };
        role = role.max(repository.collaborators.get(&user).copied().unwrap_or(Role::None));
        if let Some(organization) = self.organization(repository.owner) {
            match organization.members.get(&user) {
                Some(true) => return Role::Admin,
                Some(false) => role = role.max(organization.base_role),
                None => {}
            }
        }
        let teams = self.teams.iter().filter(|team| team.members.get(&user) == Some(&true));
        teams.filter_map(|team| team.repositories.get(&repository.id)).fold(role, |role, more| role.max(*more))
    }

    /// GitHub's `author_association`: a hint, no authorisation.
    pub(crate) fn association(&self, user: u64, repository: &Repository) -> &'static str {
        if repository.owner == user {
            return "OWNER";
        }
        if self.organization(repository.owner).is_some_and(|it| it.members.contains_key(&user)) {
            return "MEMBER";
        }
        if repository.collaborators.contains_key(&user) {
            return "COLLABORATOR";
        }
        let merged = |issue: &Issue| issue.user == user && issue.pull.as_ref().is_some_and(|it| it.merged.is_some());
        if repository.issues.values().any(merged) { "CONTRIBUTOR" } else { "NONE" }
    }

    /// The installation that covers a repository.
    pub(crate) fn installation_of(&self, repository: &Repository) -> Option<&Installation> {
        self.installations.values().find(|it| it.account == repository.owner && it.covers(repository.id))
    }

    /// What a token may still do: never more than its installation has now.
    pub(crate) fn effective(&self, grant: &Grant) -> BTreeMap<String, Level> {
        let Some(installation) = self.installations.get(&grant.installation) else { return BTreeMap::new() };
        let mut effective = BTreeMap::new();
        for (name, level) in &grant.permissions {
            if let Some(now) = installation.permissions.get(name) {
                effective.insert(name.clone(), *level.min(now));
            }
        }
        effective
    }

    /// Whether a token reaches a repository at all.
    pub(crate) fn reaches(&self, grant: &Grant, repository: &Repository) -> bool {
        let installed = self
            .installations
            .get(&grant.installation)
            .is_some_and(|it| it.account == repository.owner && it.covers(repository.id));
        installed && grant.repositories.as_ref().is_none_or(|only| only.contains(&repository.id))
    }
}

impl Repository {
    /// The checks that pull requests into the default branch need, by its protection and by rulesets.
    pub(crate) fn demanded_checks(&self) -> impl Iterator<Item = &String> {
        self.required_checks.iter().chain(&self.ruleset_checks)
    }
}

impl Installation {
    /// Whether the repository is among the chosen ones (its owner is not looked at).
    pub(crate) fn covers(&self, repository: u64) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(&repository))
    }
}

/// A branch's name without `refs/heads/`.
pub(crate) fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}
