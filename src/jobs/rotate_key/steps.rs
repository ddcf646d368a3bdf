//! The steps of an exchange. Each looks first what is there.

use super::RotateKey;
use super::subject::{Place, Subject, subject};
use crate::cluster::{Cluster, KeyPair, Pair, PairChange, SecretData};
use crate::config::ClusterConfig;
use crate::forge::{Access, Repo};
use crate::jobs::keys::{self, Trouble};
use crate::jobs::register_deploy_key::first_fetch::{self, Fetch};
use crate::jobs::register_deploy_key::register::{give_back, is_read_only, register, state_of};
use crate::jobs::{Context, JobError};
use crate::names::{DeployKeyId, PublicKey};
use crate::report::comment::{KeyState, RotationStep, key_problem};
use crate::store::{Action, Actor, AuditEffect, AuditEntry, Lease};

/// What comes of one run.
pub(super) enum Turn {
    /// The step is done, and this one is next.
    Next(RotationStep),
    /// It has to be looked at again; this may be told meanwhile.
    Wait(Option<String>),
    /// Somebody has to do something first.
    Stopped(String),
    /// All is done.
    Done {
        /// What Flux has fetched with the new key.
        revision: String,
        /// The registrations that were removed.
        removed: Vec<DeployKeyId>,
    },
}

impl RotateKey {
    /// Takes the step that is next.
    pub(super) async fn turn(&mut self, context: &Context, lease: &Lease) -> Result<Turn, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let subject = match subject(context, config, &self.team).await? {
            Ok(subject) => subject,
            Err(problem) => return Ok(Turn::Stopped(problem)),
        };
        let Some(cluster) = context.cluster(&self.cluster) else {
            return Ok(Turn::Stopped(format!("the cluster {} is not reached any more", self.cluster)));
        };
        let place = self.place.get_or_insert_with(|| subject.place.clone()).clone();
        let there = cluster.secret(&place.secret.namespace, &place.secret.name).await?;
        let there = match usable(&place, there) {
            Ok(there) => there,
            Err(problem) => return Ok(Turn::Stopped(problem)),
        };
        let (new, old) = (self.new.clone(), self.old.clone());
        match (self.step, new) {
            (RotationStep::Prepare, _) | (_, None) => self.prepare(context, cluster, &place, &there).await,
            (RotationStep::Register, Some(new)) => self.register(context, lease, (config, &subject), &new).await,
            (RotationStep::Switch, Some(new)) => self.switch(cluster, &place, &there, &new).await,
            (RotationStep::Fetch, Some(_)) => self.fetch(context, cluster, (config, &place)).await,
            (RotationStep::Remove, Some(new)) => {
                let keys = Keys { new: &new, old: old.as_ref() };
                let removed = self.remove(context, lease, (config, &place), (&there, &keys)).await?;
                if removed.is_ok() && there.public_key(Pair::Old).is_some() {
                    let at = (&place.secret.namespace, &place.secret.name);
                    cluster.change_pairs(at, &there, &PairChange::Finish).await?;
                }
                let revision = self.fetched.clone().unwrap_or_default();
                Ok(removed.map_or_else(Turn::Stopped, |removed| Turn::Done { revision, removed }))
            }
        }
    }

    /// Makes a pair beside the present one, unless an exchange before this one has left one.
    async fn prepare(
        &mut self,
        context: &Context,
        cluster: &Cluster,
        place: &Place,
        there: &SecretData,
    ) -> Result<Turn, JobError> {
        let current = there.public_key(Pair::Current);
        let replaced = there.public_key(Pair::Old).filter(|old| Some(old) != current.as_ref());
        (self.new, self.old) = match (there.public_key(Pair::Next), replaced) {
            // It was switched to already, and Flux has not fetched with it yet.
            (_, Some(old)) => (current, Some(old)),
            (Some(next), None) => (Some(next), current),
            (None, None) => {
                let comment = format!("bailiwick {}/{}", self.cluster, self.team);
                let pair = KeyPair::generate(&*context.entropy, &comment).expect("names are printable ASCII");
                let change = PairChange::Prepare { identity: &pair.private_openssh, identity_pub: &pair.public_line };
                cluster.change_pairs((&place.secret.namespace, &place.secret.name), there, &change).await?;
                (Some(pair.public), current)
            }
        };
        Ok(Turn::Next(RotationStep::Register))
    }

    async fn register(
        &mut self,
        context: &Context,
        lease: &Lease,
        (config, subject): (&ClusterConfig, &Subject),
        new: &PublicKey,
    ) -> Result<Turn, JobError> {
        Ok(match register(context, lease, subject.wanted(config), new).await? {
            Ok((id, _)) => {
                self.registered = Some(id);
                Turn::Next(RotationStep::Switch)
            }
            Err(state) => Turn::Stopped(key_problem(&state, &subject.place.repository)),
        })
    }

    /// Lets the new pair take the old one's place, and asks Flux to fetch with it.
    async fn switch(
        &self,
        cluster: &Cluster,
        place: &Place,
        there: &SecretData,
        new: &PublicKey,
    ) -> Result<Turn, JobError> {
        if there.public_key(Pair::Current).as_ref() != Some(new) {
            if there.public_key(Pair::Next).as_ref() != Some(new) {
                return Ok(Turn::Stopped(changed(place)));
            }
            let at = (&place.secret.namespace, &place.secret.name);
            cluster.change_pairs(at, there, &PairChange::Switch).await?;
        }
        if let Some(id) = self.registered {
            first_fetch::ask_to_fetch(cluster, &place.source, id).await?;
        }
        Ok(Turn::Next(RotationStep::Fetch))
    }

    /// Looks whether Flux has fetched, for as long as a first fetch is waited for.
    async fn fetch(
        &mut self,
        context: &Context,
        cluster: &Cluster,
        (config, place): (&ClusterConfig, &Place),
    ) -> Result<Turn, JobError> {
        let Some(id) = self.registered else { return Ok(Turn::Next(RotationStep::Register)) };
        let now = context.clock.now().as_millisecond();
        let waited = now - *self.waiting_since.get_or_insert(now);
        let is_last = u128::try_from(waited).unwrap_or(0) >= context.timing.follow.as_millis();
        let said = |state: &KeyState| match state {
            KeyState::Unfetched { .. } => Some(key_problem(state, &place.repository)),
            _ => None,
        };
        Ok(match first_fetch::look(cluster, &place.source, (id, is_read_only(config))).await? {
            Fetch::Settled(KeyState::Fetched { revision, .. }) => {
                self.fetched = Some(revision);
                Turn::Next(RotationStep::Remove)
            }
            Fetch::Waiting(state) if !is_last => Turn::Wait(said(&state)),
            Fetch::Waiting(state) | Fetch::Settled(state) => Turn::Stopped(said(&state).unwrap_or_else(|| {
                format!("GitRepository {} did not answer within {} s", place.source, context.timing.follow.as_secs())
            })),
        })
    }

    /// Removes the registrations of the old key and of whatever key of ours this team had before.
    async fn remove(
        &self,
        context: &Context,
        lease: &Lease,
        (config, place): (&ClusterConfig, &Place),
        (there, keys): (&SecretData, &Keys<'_>),
    ) -> Result<Result<Vec<DeployKeyId>, String>, JobError> {
        if there.public_key(Pair::Current).as_ref() != Some(keys.new) {
            return Ok(Err(changed(place)));
        }
        let told = |state: KeyState| Ok(Err(key_problem(&state, &place.repository)));
        let repo = match context.repository_with(&place.repository, Access::KEYS).await {
            Ok(repo) => repo,
            Err(error) if error.is_absent() => return told(KeyState::NoAdminRight),
            Err(error) => return Err(error.into()),
        };
        let removed = self.remove_from(context, lease, (config, &repo), keys).await;
        give_back(&repo).await;
        match removed {
            Ok(removed) => Ok(Ok(removed)),
            Err(trouble) => told(state_of(trouble)?),
        }
    }

    async fn remove_from(
        &self,
        context: &Context,
        lease: &Lease,
        (config, repo): (&ClusterConfig, &Repo),
        keys: &Keys<'_>,
    ) -> Result<Vec<DeployKeyId>, Trouble> {
        let title = keys::title(&self.cluster, &self.team);
        let there = repo.deploy_keys().await?;
        // Without the new one the old one would be missed: somebody has removed it this moment.
        if !there.iter().any(|key| key.key().as_ref() == Some(keys.new)) {
            return Err(Trouble::Job(JobError::fail("somebody has removed the new key from the repository")));
        }
        let is_old = |body: Option<PublicKey>| body.is_some() && body.as_ref() == keys.old;
        let mut removed = Vec::new();
        for key in there {
            let body = key.key();
            if body.as_ref() == Some(keys.new) || !(key.title == title || is_old(body)) {
                continue;
            }
            let entry = AuditEntry {
                repository_id: repo.id(),
                repository_name: Some(repo.name().clone()),
                proof: Some(keys::proof(config)),
                reason: Some("another key has taken its place".to_owned()),
                effects: vec![AuditEffect::new("deploy_key", key.id)],
                ..AuditEntry::new(Actor::Bot, Action::KeyRemoved, keys::what(&self.cluster, &self.team))
            };
            context.store.record_audit(lease, &format!("key-removed/{}", key.id), &entry).await?;
            repo.remove_deploy_key(key.id).await?;
            removed.push(key.id);
        }
        Ok(removed)
    }
}

/// The two keys of an exchange.
struct Keys<'a> {
    new: &'a PublicKey,
    old: Option<&'a PublicKey>,
}

/// The Secret where it is one of ours with a key; else why nothing is exchanged.
fn usable(place: &Place, there: Option<SecretData>) -> Result<SecretData, String> {
    let secret = &place.secret;
    let Some(there) = there else {
        return Err(format!(
            "there is no Secret {secret}: I make one, with a new key, when I look after the team next"
        ));
    };
    if !there.is_ours() {
        return Err(format!(
            "I did not make the Secret {secret}, or it comes from Git: make the key anew where it comes from \
             (`bailiwick keys new` for one that lies encrypted in Git), or delete the Secret, and I make a pair of my own"
        ));
    }
    if there.public_key(Pair::Current).is_none() {
        return Err(format!("the Secret {secret} holds no key that I can read; delete it, and I make a new pair"));
    }
    Ok(there)
}

fn changed(place: &Place) -> String {
    format!("somebody has changed the keys in the Secret {} meanwhile", place.secret)
}
