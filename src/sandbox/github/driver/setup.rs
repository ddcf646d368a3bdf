//! Who and what there is: organisations, people, teams, repositories, installations, rules.

use std::collections::BTreeMap;

use anyhow::Context as _;
use secrecy::SecretString;
use serde_json::json;

use super::super::GitHub;
use super::super::access::Role;
use super::super::events::Event;
use super::super::model::{Account, AccountKind, Organization, Repository, Team, Token};
use super::super::ops::keys::NewKey;
use super::super::ops::repositories::NewRepository;
use super::refused;

impl GitHub {
    fn create_account(&self, login: &str, kind: AccountKind) -> anyhow::Result<u64> {
        let mut state = self.shared.state();
        anyhow::ensure!(state.account(login).is_none(), "the sandbox's GitHub already has a user {login}");
        let id = state.next_id();
        let created_at = self.shared.now();
        state.accounts.insert(id, Account { id, login: login.to_owned(), kind, created_at });
        Ok(id)
    }

    /// Makes an organisation in which the App is installed on all repositories with everything it
    /// asks for; gives its id. Deploy keys are allowed; see [`Self::allow_deploy_keys`].
    ///
    /// # Errors
    /// Where the login is taken.
    pub fn create_org(&self, login: &str) -> anyhow::Result<u64> {
        let organization = Organization { members: BTreeMap::new(), base_role: Role::Read, deploy_keys_enabled: true };
        let id = self.create_account(login, AccountKind::Organization(organization))?;
        self.install(login)?;
        Ok(id)
    }

    /// Makes a user; gives the id.
    ///
    /// # Errors
    /// Where the login is taken.
    pub fn create_user(&self, login: &str) -> anyhow::Result<u64> {
        self.create_account(login, AccountKind::User)
    }

    /// Gives an account another login, as its owner may; the old one is free for others.
    ///
    /// # Errors
    /// Where there is no such account, or the new login is taken.
    pub fn rename_user(&self, login: &str, name: &str) -> anyhow::Result<()> {
        let id = self.who(login)?;
        let mut state = self.shared.state();
        anyhow::ensure!(state.account(name).is_none(), "the sandbox's GitHub already has a user {name}");
        if let Some(account) = state.accounts.get_mut(&id) {
            name.clone_into(&mut account.login);
        }
        Ok(())
    }

    /// Makes a bot that is not the App's; gives the id.
    ///
    /// # Errors
    /// Where the login is taken.
    pub fn create_bot(&self, login: &str) -> anyhow::Result<u64> {
        self.create_account(login, AccountKind::Bot)
    }

    /// A personal token of a user, for REST and for `git push` as them.
    ///
    /// # Errors
    /// Where there is no such user.
    pub fn user_token(&self, login: &str) -> anyhow::Result<SecretString> {
        let user = self.who(login)?;
        let mut random = [0; 18];
        self.shared.entropy.fill(&mut random);
        let token = format!("ghp_{}", hex::encode(random));
        self.shared.state().tokens.insert(token.clone(), Token::User(user));
        Ok(token.into())
    }

    /// Makes a user a member (or owner) of an organisation.
    ///
    /// # Errors
    /// Where one of them does not exist.
    pub fn add_member(&self, organization: &str, login: &str, owner: bool) -> anyhow::Result<()> {
        let user = self.who(login)?;
        let mut state = self.shared.state();
        let found = state.organization_mut(organization);
        found.with_context(|| format!("there is no organisation {organization}"))?.members.insert(user, owner);
        Ok(())
    }

    /// What every member of an organisation may do in all its repositories.
    ///
    /// # Errors
    /// Where there is no such organisation.
    pub fn set_base_role(&self, organization: &str, role: Role) -> anyhow::Result<()> {
        let mut state = self.shared.state();
        let found = state.organization_mut(organization);
        found.with_context(|| format!("there is no organisation {organization}"))?.base_role = role;
        Ok(())
    }

    /// The organisation's policy on deploy keys; new organisations have them off.
    ///
    /// # Errors
    /// Where there is no such organisation.
    pub fn allow_deploy_keys(&self, organization: &str, allowed: bool) -> anyhow::Result<()> {
        let mut state = self.shared.state();
        let found = state.organization_mut(organization);
        found.with_context(|| format!("there is no organisation {organization}"))?.deploy_keys_enabled = allowed;
        Ok(())
    }

    /// Makes a team with active members, who become members of the organisation.
    ///
    /// # Errors
    /// Where the organisation or a member does not exist.
    pub fn create_team(&self, organization: &str, slug: &str, members: &[&str]) -> anyhow::Result<()> {
        let account = self.who(organization)?;
        let mut ids = BTreeMap::new();
        for login in members {
            ids.insert(self.who(login)?, true);
        }
        let mut state = self.shared.state();
        let id = state.next_id();
        let found = state.organization_mut(organization);
        let found = found.with_context(|| format!("there is no organisation {organization}"))?;
        for user in ids.keys() {
            found.members.entry(*user).or_insert(false);
        }
        let repositories = BTreeMap::new();
        state.teams.push(Team { id, organization: account, slug: slug.to_owned(), members: ids, repositories });
        Ok(())
    }

    fn change_team(&self, organization: &str, slug: &str, change: impl FnOnce(&mut Team)) -> anyhow::Result<()> {
        let account = self.who(organization)?;
        let mut state = self.shared.state();
        let team = state.teams.iter_mut().find(|team| team.organization == account && team.slug == slug);
        change(team.with_context(|| format!("there is no team {organization}/{slug}"))?);
        Ok(())
    }

    /// Puts a user in a team; `active: false` is an invitation that was not accepted yet.
    ///
    /// # Errors
    /// Where the team or user does not exist.
    pub fn add_to_team(&self, team: (&str, &str), login: &str, active: bool) -> anyhow::Result<()> {
        let user = self.who(login)?;
        self.change_team(team.0, team.1, |team| {
            team.members.insert(user, active);
        })
    }

    /// Takes a user out of a team.
    ///
    /// # Errors
    /// Where the team or user does not exist.
    pub fn remove_from_team(&self, team: (&str, &str), login: &str) -> anyhow::Result<()> {
        let user = self.who(login)?;
        self.change_team(team.0, team.1, |team| {
            team.members.remove(&user);
        })
    }

    /// Gives a team a role in a repository.
    ///
    /// # Errors
    /// Where the team or repository does not exist.
    pub fn give_team(&self, team: (&str, &str), repository: &str, role: Role) -> anyhow::Result<()> {
        let id = self.find(repository)?;
        self.change_team(team.0, team.1, |team| {
            team.repositories.insert(id, role);
        })
    }

    /// Gives a user a role in a repository; [`Role::None`] takes it.
    ///
    /// # Errors
    /// Where one of them does not exist.
    pub fn add_collaborator(&self, repository: &str, login: &str, role: Role) -> anyhow::Result<()> {
        let user = self.who(login)?;
        self.change_repository(repository, |it| {
            it.collaborators.insert(user, role);
        })
    }

    pub(super) fn change_repository(
        &self,
        repository: &str,
        change: impl FnOnce(&mut Repository),
    ) -> anyhow::Result<()> {
        let id = self.find(repository)?;
        if let Some(found) = self.shared.state().repositories.get_mut(&id) {
            change(found);
        }
        Ok(())
    }

    /// Makes a private repository `owner/name` with the branch `main` and one commit of these
    /// files (none: an empty repository); gives its id.
    ///
    /// # Errors
    /// Where the owner does not exist, the name is taken, or Git fails.
    pub async fn create_repository(&self, repository: &str, files: &[(&str, &str)]) -> anyhow::Result<u64> {
        let (owner, name) = repository.split_once('/').context("a repository's name is owner/name")?;
        let owner = self.who(owner)?;
        let new = NewRepository { owner, name, private: true, description: None, by: owner };
        let id = self.shared.create_repository(new).await.map_err(refused)?;
        if !files.is_empty() {
            let changes: Vec<_> = files.iter().map(|(path, content)| super::Change::write(path, content)).collect();
            self.commit_as(owner, (id, "main"), &changes, "Initial commit").await?;
        }
        Ok(id)
    }

    /// Makes a repository public or private.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn set_private(&self, repository: &str, private: bool) -> anyhow::Result<()> {
        self.change_repository(repository, |it| it.private = private)
    }

    /// Deletes a repository, as its owner may; pull requests from it stay, without their head repository.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn delete_repository(&self, repository: &str) -> anyhow::Result<()> {
        let id = self.find(repository)?;
        let mut state = self.shared.state();
        let owner = state.repositories.get(&id).map_or(0, |it| it.owner);
        self.shared.emit(&mut state, Event::new("repository", "deleted", id, owner));
        state.repositories.remove(&id);
        Ok(())
    }

    /// Archives a repository, or takes it out of the archive.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn set_archived(&self, repository: &str, archived: bool) -> anyhow::Result<()> {
        self.change_repository(repository, |it| it.archived = archived)?;
        let (id, action) = (self.find(repository)?, if archived { "archived" } else { "unarchived" });
        let mut state = self.shared.state();
        let owner = state.repositories.get(&id).map_or(0, |it| it.owner);
        self.shared.emit(&mut state, Event::new("repository", action, id, owner));
        Ok(())
    }

    /// Protects the default branch: pull requests merge only when these checks are successful.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn protect(&self, repository: &str, required_checks: &[&str]) -> anyhow::Result<()> {
        let checks = required_checks.iter().map(|name| (*name).to_owned()).collect();
        self.change_repository(repository, |it| it.required_checks = checks)
    }

    /// The same by a ruleset, which GitHub keeps apart from the branch's protection.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn protect_by_ruleset(&self, repository: &str, required_checks: &[&str]) -> anyhow::Result<()> {
        let checks = required_checks.iter().map(|name| (*name).to_owned()).collect();
        self.change_repository(repository, |it| it.ruleset_checks = checks)
    }

    /// Whether pull requests into the default branch have to contain its tip before they are merged; `None`
    /// where its protection does not show that.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn require_up_to_date(&self, repository: &str, strict: Option<bool>) -> anyhow::Result<()> {
        self.change_repository(repository, |it| it.strict = strict)
    }

    /// Renames a repository; the old name redirects. `name` is without owner.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn rename_repository(&self, repository: &str, name: &str) -> anyhow::Result<()> {
        let id = self.find(repository)?;
        let mut state = self.shared.state();
        let Some(found) = state.repositories.get_mut(&id) else { return Ok(()) };
        let from = std::mem::replace(&mut found.name, name.to_owned());
        found.old_names.push(repository.to_owned());
        let owner = found.owner;
        let event = Event::new("repository", "renamed", id, owner)
            .with("changes", json!({"repository": {"name": {"from": from}}}));
        self.shared.emit(&mut state, event);
        Ok(())
    }

    /// Registers a deploy key, as an admin does by hand; gives its id.
    ///
    /// # Errors
    /// Where GitHub refuses the key.
    pub fn add_deploy_key(&self, admin: &str, repository: &str, title: &str, key: &str) -> anyhow::Result<u64> {
        let (by, id) = (self.who(admin)?, self.find(repository)?);
        self.shared.add_key(id, NewKey { title, key, read_only: true }, by).map_err(refused)
    }

    /// Removes a deploy key, as an admin does by hand.
    ///
    /// # Errors
    /// Where there is no such key.
    pub fn remove_deploy_key(&self, admin: &str, repository: &str, key: u64) -> anyhow::Result<()> {
        let (by, id) = (self.who(admin)?, self.find(repository)?);
        self.shared.remove_key(id, key, by).map_err(refused)
    }
}
