//! The App in organisations: installed, restricted, suspended, removed.

use anyhow::Context as _;
use serde_json::json;

use super::super::GitHub;
use super::super::access::Level;
use super::super::events::Event;
use super::super::limits::Payer;
use super::super::model::{Installation, Registration};

/// What the App asks for at first.
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

impl Registration {
    /// What Bailiwick's documentation tells people to ask for.
    pub(crate) fn documented() -> Self {
        Self {
            permissions: PERMISSIONS.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect(),
            events: EVENTS.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

impl GitHub {
    /// Changes what the App asks for (`None`: no more), as its owner does in its settings. Installations keep
    /// what they have until somebody accepts the change: see [`Self::set_permission`].
    pub fn ask_for_permission(&self, name: &str, level: Option<Level>) {
        let permissions = &mut self.shared.state().registration.permissions;
        match level {
            Some(level) => drop(permissions.insert(name.to_owned(), level)),
            None => drop(permissions.remove(name)),
        }
    }

    /// Subscribes the App to an event, or ends that, for all installations.
    pub fn subscribe(&self, event: &str, wanted: bool) {
        let mut state = self.shared.state();
        let state = &mut *state;
        let installed = state.installations.values_mut().map(|it| &mut it.events);
        for events in installed.chain([&mut state.registration.events]) {
            if wanted {
                events.insert(event.to_owned());
            } else {
                events.remove(event);
            }
        }
    }

    /// Uses up the hour's requests of the App in an organisation, but for so many.
    ///
    /// # Errors
    /// Where the App is not installed there.
    pub fn use_up_budget(&self, organization: &str, left: u64) -> anyhow::Result<()> {
        let id = self.installation_id(organization)?;
        self.shared.limits.leave(Payer::Installation(id), left, self.shared.now());
        Ok(())
    }

    /// Installs the App in an organisation on all repositories; gives the installation's id.
    ///
    /// # Errors
    /// Where there is no such organisation.
    pub fn install(&self, organization: &str) -> anyhow::Result<u64> {
        let account = self.who(organization)?;
        let mut state = self.shared.state();
        let id = state.next_id();
        let Registration { permissions, events } = state.registration.clone();
        let installation = Installation {
            id,
            account,
            permissions,
            events,
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
}
