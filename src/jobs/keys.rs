//! What the store remembers of deploy keys, and registering one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::JobError;
use crate::config::ClusterConfig;
use crate::forge::{KeyError, Repo};
use crate::names::{ClusterName, DeployKeyId, IssueNumber, PublicKey, RepositoryName, TeamName};
use crate::report::comment::KeyReport;
use crate::store::{Action, Actor, AuditEffect, AuditEntry, EffectState, Lease, Store, StoreError};
use crate::tenancy::Team;

const KIND: &str = "deploy-key";
/// How many repositories that a team had before are remembered.
const MOST_FORMER: usize = 5;
/// The effect that remembers which registrations stand in the audit log.
const RECORDED: &str = "audited-key";

/// A key to be registered.
pub(super) struct Registration<'a> {
    /// The team's repository.
    pub(super) repo: &'a Repo,
    /// The key's title there.
    pub(super) title: String,
    /// The public half.
    pub(super) key: &'a PublicKey,
    /// Whether it may only read.
    pub(super) read_only: bool,
    /// Whose key it is, and for what: for the audit log.
    pub(super) what: String,
    /// Why the bot may: for the audit log.
    pub(super) proof: String,
}

/// Why a key is not registered: what the forge says of it, or what keeps the job from going on.
#[derive(Debug)]
pub(super) enum Trouble {
    Key(KeyError),
    Job(JobError),
}

impl From<KeyError> for Trouble {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Job(error.into())
    }
}

impl Registration<'_> {
    /// Registers the key unless a key with this body is there. A key with this body but other rights is
    /// replaced: GitHub's keys cannot be changed. Returns the registration's number.
    pub(super) async fn ensure(&self, store: &Store, lease: &Lease) -> Result<DeployKeyId, Trouble> {
        let mut there = self.repo.deploy_keys().await?;
        there.retain(|known| known.key().as_ref() == Some(self.key));
        if there.iter().any(|known| !known.enabled) {
            return Err(KeyError::Disabled { repository: self.repo.name().to_string() }.into());
        }
        if let Some(known) = there.iter().find(|known| known.read_only == self.read_only) {
            self.record_once(store, lease, known.id, (Action::KeyRegistered, ", found there")).await?;
            return Ok(known.id);
        }
        let action = if there.is_empty() { Action::KeyRegistered } else { Action::KeyReplaced };
        for known in there {
            let effects = vec![AuditEffect::new("deploy_key", known.id)];
            let entry = AuditEntry { effects, ..self.entry(Action::KeyRemoved) };
            store.record_audit(lease, &format!("key-removed/{}", known.id), &entry).await?;
            self.repo.remove_deploy_key(known.id).await?;
        }
        let id = self.repo.add_deploy_key(&self.title, self.key, self.read_only).await?.id;
        self.record_once(store, lease, id, (action, "")).await?;
        Ok(id)
    }

    /// A run that was cut between the deed and its record is followed by one that finds the key there: the
    /// registration is written down by whichever comes first, and once.
    async fn record_once(
        &self,
        store: &Store,
        lease: &Lease,
        id: DeployKeyId,
        (action, found): (Action, &str),
    ) -> Result<(), StoreError> {
        let key = format!("{}/{id}", self.repo.name().as_str().to_ascii_lowercase());
        if matches!(store.effect(lease, RECORDED, &key).await?, EffectState::Done(_)) {
            return Ok(());
        }
        let rights = if self.read_only { "read-only" } else { "read and write" };
        let effects = vec![AuditEffect::new("deploy_key", id)];
        let entry = AuditEntry { effects, reason: Some(format!("{rights}{found}")), ..self.entry(action) };
        store.record_audit(lease, "key-registered", &entry).await?;
        store.effect_done(lease, RECORDED, &key, &json!({})).await
    }

    fn entry(&self, action: Action) -> AuditEntry {
        AuditEntry {
            repository_id: self.repo.id(),
            repository_name: Some(self.repo.name().clone()),
            proof: Some(self.proof.clone()),
            ..AuditEntry::new(Actor::Bot, action, self.what.clone())
        }
    }
}

/// The title of a team's key.
pub(super) fn title(cluster: &ClusterName, team: &TeamName) -> String {
    format!("bailiwick: cluster {cluster}, team {team}")
}

/// The team whose key this title names, where it is one of ours for this cluster.
pub(super) fn team_of_title(cluster: &ClusterName, title: &str) -> Option<TeamName> {
    title.strip_prefix(&format!("bailiwick: cluster {cluster}, team "))?.parse().ok()
}

/// Whose key it is, for the audit log.
pub(super) fn what(cluster: &ClusterName, team: &TeamName) -> String {
    format!("team {team} in cluster {cluster}")
}

/// Why the bot may touch the keys of a cluster's teams, for the audit log.
pub(super) fn proof(cluster: &ClusterConfig) -> String {
    format!("team of {} (live)", cluster.admin_repository)
}

/// On which repositories the keys of a cluster's teams are or were registered, as far as the bot remembers.
pub(super) async fn remembered(
    store: &Store,
    cluster: &ClusterName,
) -> Result<Vec<(TeamName, RepositoryName)>, StoreError> {
    let start = format!("{cluster}/");
    let mut all = Vec::new();
    for (_, value) in store.facts(KIND).await?.into_iter().filter(|(key, _)| key.starts_with(&start)) {
        let Ok(KeyReport { team, repository, .. }) = serde_json::from_value(value["report"].clone()) else { continue };
        all.extend(former(&value).into_iter().map(|repository| (team.clone(), repository)));
        all.push((team, repository));
    }
    Ok(all)
}

/// The repositories that a team had before.
fn former(value: &Value) -> Vec<RepositoryName> {
    serde_json::from_value(value["former"].clone()).unwrap_or_default()
}

/// Forgets that a team's key was registered on a repository, because none is there; and the team with its last one,
/// where it is gone.
pub(super) async fn forget(
    store: &Store,
    cluster: &ClusterName,
    (team, is_gone): (&TeamName, bool),
    repository: &RepositoryName,
) -> Result<(), StoreError> {
    let key = format!("{cluster}/{team}");
    let Some(mut value) = store.fact(KIND, &key).await? else { return Ok(()) };
    let mut others = former(&value);
    let before = others.len();
    others.retain(|other| !other.is(repository));
    let report = serde_json::from_value::<KeyReport>(value["report"].clone()).ok();
    if is_gone && others.is_empty() && report.is_none_or(|report| report.repository.is(repository)) {
        return store.remove_fact(KIND, &key).await;
    }
    if others.len() == before {
        return Ok(());
    }
    value["former"] = json!(others);
    store.set_fact(KIND, &key, &value).await
}

/// Remembers how far a team's key is, and in which pull request people read about it.
pub(super) async fn record(
    store: &Store,
    cluster: &ClusterName,
    pull: Option<IssueNumber>,
    report: &KeyReport,
) -> Result<(), JobError> {
    let key = format!("{cluster}/{}", report.team);
    let known = store.fact(KIND, &key).await?.unwrap_or_default();
    let pull = pull.map(IssueNumber::get).or_else(|| known["pull"].as_u64());
    let mut others = former(&known);
    let before = serde_json::from_value::<KeyReport>(known["report"].clone()).ok().map(|report| report.repository);
    others.extend(before);
    // What it had before the last few is found by nobody who does not look there.
    others.retain(|other| !other.is(&report.repository));
    others.dedup();
    let others = others.split_off(others.len().saturating_sub(MOST_FORMER));
    Ok(store.set_fact(KIND, &key, &json!({"report": report, "pull": pull, "former": others})).await?)
}

/// The keys that the comment of a pull request tells of.
pub(super) async fn reports(
    store: &Store,
    cluster: &ClusterName,
    pull: IssueNumber,
) -> Result<Vec<KeyReport>, JobError> {
    let start = format!("{cluster}/");
    let known = store.facts(KIND).await?;
    let of_this =
        known.into_iter().filter(|(key, value)| key.starts_with(&start) && value["pull"] == json!(pull.get()));
    Ok(of_this.filter_map(|(_, value)| serde_json::from_value(value["report"].clone()).ok()).collect())
}

/// Those of the teams whose keys nobody has looked after yet.
pub(super) async fn unknown(store: &Store, cluster: &ClusterName, mut teams: Vec<Team>) -> Result<Vec<Team>, JobError> {
    let start = format!("{cluster}/");
    let known = store.facts(KIND).await?;
    let known: BTreeSet<&str> = known.iter().filter_map(|(key, _)| key.strip_prefix(&start)).collect();
    teams.retain(|team| !known.contains(team.name.as_str()));
    Ok(teams)
}

/// The pull request that told of a team's key, and whether the key is registered.
pub(super) async fn known(
    store: &Store,
    cluster: &ClusterName,
    team: &TeamName,
) -> Result<Option<(KeyReport, Option<IssueNumber>)>, JobError> {
    let value = store.fact(KIND, &format!("{cluster}/{team}")).await?;
    Ok(value.and_then(|value| {
        let report = serde_json::from_value(value["report"].clone()).ok()?;
        Some((report, value["pull"].as_u64().map(IssueNumber::new)))
    }))
}
