//! Deploy keys: one key opens one repository, and cannot be changed.

use std::path::PathBuf;

use super::super::answer::{Answer, Outcome, Problem};
use super::super::events::Event;
use super::super::model::DeployKey;
use super::super::shared::Shared;
use crate::names::PublicKey;

/// The key types that GitHub takes.
const TYPES: [&str; 6] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
];

/// A deploy key to register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewKey<'a> {
    pub(crate) title: &'a str,
    pub(crate) key: &'a str,
    pub(crate) read_only: bool,
}

impl Shared {
    /// Registers a deploy key; gives its id.
    pub(crate) fn add_key(&self, repository: u64, new: NewKey<'_>, by: u64) -> Outcome<u64> {
        let refuse = |field, message: &str| {
            let message = Some(message.to_owned());
            Answer::invalid(vec![Problem { resource: "PublicKey", code: "custom", field, message }])
        };
        let malformed = "key is invalid. You must supply a key in OpenSSH public key format";
        let parsed: PublicKey = new.key.parse().map_err(|_| refuse(Some("key"), malformed))?;
        let key = parsed.to_string();
        if !TYPES.contains(&key.split(' ').next().unwrap_or_default()) {
            return Err(refuse(Some("key"), malformed));
        }
        let mut state = self.state();
        let found = state.repositories.get(&repository).ok_or_else(Answer::not_found)?;
        if state.organization(found.owner).is_some_and(|it| !it.deploy_keys_enabled) {
            return Err(refuse(None, "Deploy keys are disabled for this repository"));
        }
        if state.deploy_keys.values().any(|it| it.key == key) {
            return Err(refuse(Some("key"), "key is already in use"));
        }
        let (id, title, created_at) = (state.next_id(), new.title.to_owned(), self.now());
        let read_only = new.read_only;
        let key = DeployKey { id, repository, title, key, read_only, created_at, added_by: by, last_used: None };
        let shown = {
            state.deploy_keys.insert(id, key);
            state.deploy_keys.get(&id).map(|key| self.show(&state).deploy_key(key)).unwrap_or_default()
        };
        let event = Event::new("deploy_key", "created", repository, by).with("key", shown);
        self.emit(&mut state, event);
        Ok(id)
    }

    /// Removes a deploy key.
    pub(crate) fn remove_key(&self, repository: u64, id: u64, by: u64) -> Outcome<()> {
        let mut state = self.state();
        let key = state.deploy_keys.get(&id).filter(|key| key.repository == repository);
        let shown = self.show(&state).deploy_key(key.ok_or_else(Answer::not_found)?);
        state.deploy_keys.remove(&id);
        let event = Event::new("deploy_key", "deleted", repository, by).with("key", shown);
        self.emit(&mut state, event);
        Ok(())
    }

    /// Where somebody with this key may fetch from, or what an SSH client is told.
    pub(crate) fn path_for_key(&self, owner: &str, name: &str, key: &PublicKey) -> Result<PathBuf, String> {
        let now = self.now();
        let mut state = self.state();
        let repository = state.repository(owner, name).map(|it| (it.id, it.owner));
        let key = state.deploy_keys.values_mut().find(|it| it.key == key.to_string());
        let Some(key) = key else {
            return Err("ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], \
                        no supported methods remain"
                .to_owned());
        };
        match repository {
            Some((id, owner)) if id == key.repository => {
                key.last_used = Some(now);
                if state.organization(owner).is_some_and(|it| !it.deploy_keys_enabled) {
                    return Err("ERROR: Deploy keys are disabled for this repository.".to_owned());
                }
                Ok(self.git.dir(id))
            }
            // A key of another repository is told the same as if there were none.
            _ => Err("ERROR: Repository not found.".to_owned()),
        }
    }
}
