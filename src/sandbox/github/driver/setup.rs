//! Who and what there is: organisations, people, teams, repositories, installations, rules.

use std::collections::BTreeMap;

use anyhow::Context as _;
use secrecy::SecretString;
use serde_json::json;

use super::super::GitHub;
use super::super::access::{Level, Role};
use super::super::events::Event;
use super::super::model::{Account, AccountKind, Installation, Organization, Repository, Team, Token};
use super::{broken, refused};

/// What the App asks for.
const PERMISSIONS: [(&str, Level); 9] = [
    ("administration", Level::Write),
    ("checks", Level::Write),
    ("contents", Level::Write),
    ("deployments", Level::Write),
    ("issues", Level::Write),
    ("members", Level::Read),
    ("merge_queues", Level::Read),
    ("metadata", Level::Read),
    ("pull_requests", Level::Write),
];
/// What the App subscribes to; check events come by themselves.
const EVENTS: [&str; 11] = [
    "check_run",
    "check_suite",
    "deploy_key",
    "issue_comment",
    "member",
    "membership",
    "merge_group",
    "organization",
    "pull_request",
    "push",
    "repository",
];

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

    /// Installs the App in an organisation on all repositories; gives the installation's id.
    ///
    /// # Errors
    /// Where there is no such organisation.
    pub fn install(&self, organization: &str) -> anyhow::Result<u64> {
        let account = self.who(organization)?;
        let mut state = self.shared.state();
        let id = state.next_id();
        let installation = Installation {
            id,
            account,
            permissions: PERMISSIONS.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect(),
            events: EVENTS.iter().map(|name| (*name).to_owned()).collect(),
            selected: None,
            suspended: false,
            created_at: self.shared.now(),
        };
        state.installations.insert(id, installation);
        drop(state);
        self.tell_installation(id, "created");
        Ok(id)
    }

    fn tell_installation(&self, id: u64, action: &'static str) {
        let mut state = self.shared.state();
        let Some(installation) = state.installations.get(&id) else { return };
        let show = self.shared.show(&state);
        let owned = state.repositories.values().filter(|it| it.owner == installation.account);
        let repositories: Vec<_> = owned.map(|it| show.repository_stub(it)).collect();
        let sender = installation.account;
        let event = Event {
            name: "installation",
            action: Some(action),
            repository: None,
            installation: Some(id),
            sender,
            fields: Vec::new(),
        }
        .with("installation", show.installation(installation))
        .with("repositories", json!(repositories));
        self.shared.emit(&mut state, event);
    }

    fn change_installation(&self, organization: &str, change: impl FnOnce(&mut Installation)) -> anyhow::Result<u64> {
        let account = self.who(organization)?;
        let mut state = self.shared.state();
        let found = state.installations.values_mut().find(|it| it.account == account);
        let found = found.with_context(|| format!("the App is not installed in {organization}"))?;
        change(found);
        Ok(found.id)
    }

    /// Gives or takes (`None`) a permission of the App in an organisation, as its owner may.
    ///
    /// # Errors
    /// Where the App is not installed there.
    pub fn set_permission(&self, organization: &str, name: &str, level: Option<Level>) -> anyhow::Result<()> {
        let id = self.change_installation(organization, |it| {
            match level {
                Some(level) => it.permissions.insert(name.to_owned(), level),
                None => it.permissions.remove(name),
            };
        })?;
        self.tell_installation(id, "new_permissions_accepted");
        Ok(())
    }

    /// Restricts the installation to some repositories (names without owner), or lifts that.
    ///
    /// # Errors
    /// Where the App is not installed there or a repository does not exist.
    pub fn select_repositories(&self, organization: &str, names: Option<&[&str]>) -> anyhow::Result<()> {
        let selected = match names {
            Some(names) => {
                Some(names.iter().map(|name| self.find(&format!("{organization}/{name}"))).collect::<Result<_, _>>()?)
            }
            None => None,
        };
        self.change_installation(organization, |it| it.selected = selected).map(drop)
    }

    /// Suspends the installation or lets it go on.
    ///
    /// # Errors
    /// Where the App is not installed there.
    pub fn suspend(&self, organization: &str, suspended: bool) -> anyhow::Result<()> {
        let id = self.change_installation(organization, |it| it.suspended = suspended)?;
        self.tell_installation(id, if suspended { "suspend" } else { "unsuspend" });
        Ok(())
    }

    /// Removes the App from an organisation: its tokens end.
    ///
    /// # Errors
    /// Where the App is not installed there.
    pub fn uninstall(&self, organization: &str) -> anyhow::Result<()> {
        let id = self.change_installation(organization, |_| {})?;
        self.tell_installation(id, "deleted");
        self.shared.state().installations.remove(&id);
        Ok(())
    }

    /// The installation's id.
    ///
    /// # Errors
    /// Where the App is not installed there.
    pub fn installation_id(&self, organization: &str) -> anyhow::Result<u64> {
        self.change_installation(organization, |_| {})
    }

    /// Makes a user; gives the id.
    ///
    /// # Errors
    /// Where the login is taken.
    pub fn create_user(&self, login: &str) -> anyhow::Result<u64> {
        self.create_account(login, AccountKind::User)
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
        anyhow::ensure!(self.find(repository).is_err(), "the sandbox's GitHub already has {repository}");
        let owner = self.who(owner)?;
        let id = self.shared.state().next_id();
        self.shared.git.init(id, "main").await.map_err(broken)?;
        let now = self.shared.now();
        let made = Repository {
            id,
            owner,
            name: name.to_owned(),
            old_names: Vec::new(),
            private: true,
            archived: false,
            parent: None,
            default_branch: "main".to_owned(),
            description: None,
            created_at: now,
            updated_at: now,
            pushed_at: now,
            collaborators: BTreeMap::new(),
            issues: BTreeMap::new(),
            required_checks: Vec::new(),
        };
        self.shared.state().repositories.insert(id, made);
        self.shared.emit(&mut self.shared.state(), Event::new("repository", "created", id, owner));
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
        self.shared.add_key(id, title, key, true, by).map_err(refused)
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
