//! Exchanges a team's deploy key: a new pair is made beside the old one and registered before anything is switched to
//! it, and the old key goes only when Flux has fetched with the new one.
//!
//! The Secret remembers both pairs, the job the public halves: wherever a run is cut, the next one finds the pair that
//! was made, and makes no other. A fetch that never comes leaves both keys registered and both pairs in the Secret;
//! nothing is put back, because why it does not come (a forge that is down, a source that is suspended) is seldom the
//! key, and the same command goes on from there.

mod steps;
mod subject;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::steps::Turn;
use self::subject::Place;
pub(super) use self::subject::subject;
use super::run_command::RunCommand;
use super::{Context, JobError, Next, Task, audit, comments, keys};
use crate::names::{ClusterName, DeployKeyId, IssueNumber, PublicKey, TeamName};
use crate::report::comment::{self, KeyReport, KeyState, Rotation, RotationStep};
use crate::store::{
    Action, Actor, AuditEffect, AuditEntry, Decision, JobFilter, JobState, Lease, Priority, Store, StoreError,
};

/// One team's key in one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RotateKey {
    /// The cluster whose Flux fetches.
    pub cluster: ClusterName,
    /// The team.
    pub team: TeamName,
    /// Who is answered; nobody where it was asked for at the command line.
    asked: Option<Asked>,
    #[serde(default)]
    step: RotationStep,
    /// Where the key is; known from the first step on.
    #[serde(default)]
    place: Option<Place>,
    #[serde(default)]
    new: Option<PublicKey>,
    #[serde(default)]
    old: Option<PublicKey>,
    #[serde(default)]
    registered: Option<DeployKeyId>,
    /// What Flux has fetched with the new key.
    #[serde(default)]
    fetched: Option<String>,
    #[serde(default)]
    waiting_since: Option<i64>,
    #[serde(default)]
    looks: u32,
}

/// The comment that asked for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The comment and its page.
    pub(super) command: RunCommand,
    /// Which comment of the bot's has the answer.
    pub(super) purpose: String,
}

impl RotateKey {
    /// An exchange that has not begun, asked for at the command line.
    pub const fn new(cluster: ClusterName, team: TeamName) -> Self {
        Self {
            cluster,
            team,
            asked: None,
            step: RotationStep::Prepare,
            place: None,
            new: None,
            old: None,
            registered: None,
            fetched: None,
            waiting_since: None,
            looks: 0,
        }
    }

    /// The same, asked for by a comment.
    pub(super) fn asked_by(cluster: ClusterName, team: TeamName, asked: Asked) -> Self {
        Self { asked: Some(asked), ..Self::new(cluster, team) }
    }

    /// The exchange of this key that is on its way, and where people read of it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn on_its_way(
        store: &Store,
        cluster: &ClusterName,
        team: &TeamName,
    ) -> Result<Option<Option<IssueNumber>>, StoreError> {
        // In one question: it waits and runs by turns.
        let jobs = store.jobs(&JobFilter { kind: Some(Self::KIND.to_owned()), ..JobFilter::default() }).await?;
        let jobs = jobs.into_iter().filter(|job| matches!(job.state, JobState::Waiting | JobState::Running));
        let mut jobs = jobs.filter_map(|job| serde_json::from_value::<Self>(job.payload).ok());
        let found = jobs.find(|job| job.cluster == *cluster && job.team == *team);
        Ok(found.map(|job| job.asked.map(|asked| asked.command.issue)))
    }
}

/// What the exchange of a team's key would do, step by step; the inner error says why there is none.
///
/// # Errors
/// The cluster is not in the configuration, or the admin repositories cannot be read now.
pub async fn rotation_steps(
    context: &Context,
    cluster: &ClusterName,
    team: &TeamName,
) -> Result<Result<Vec<String>, String>, JobError> {
    let config = context.cluster_config(cluster)?;
    Ok(subject(context, config, team).await?.map(|subject| subject.told(config, |rotation| rotation.steps())))
}

#[async_trait]
impl Task for RotateKey {
    const KIND: &'static str = "rotate_key";
    const PRIORITY: Priority = Priority::Command;

    /// The same as of the job that looks after keys: the two must not meet.
    fn subject(&self) -> String {
        format!("cluster/{}", self.cluster)
    }

    fn key(&self) -> String {
        format!("rotate-key/{}/{}", self.cluster, self.team)
    }

    async fn run(mut self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let turn = match self.turn(context, lease).await {
            Err(JobError::Fail { reason }) => Turn::Stopped(reason),
            turn => turn?,
        };
        let now = context.clock.now();
        match turn {
            Turn::Next(step) => {
                (self.step, self.waiting_since, self.looks) = (step, None, 0);
                self.tell(context, lease, |rotation| comment::rotation_running(rotation, step, None)).await?;
                Ok(Next::Again(now, self))
            }
            Turn::Wait(note) => {
                let (step, note) = (self.step, note.as_deref());
                self.tell(context, lease, |rotation| comment::rotation_running(rotation, step, note)).await?;
                self.looks = self.looks.saturating_add(1);
                Ok(Next::Again(now + context.timing.pause * self.looks.saturating_mul(2).min(60), self))
            }
            Turn::Done { revision, removed } => self.done(context, lease, &revision, &removed).await,
            Turn::Stopped(problem) => {
                self.stopped(context, lease, &problem).await?;
                match &self.asked {
                    Some(_) => Ok(Next::done()),
                    // Nobody reads a comment: the dead letter says it.
                    None => Err(JobError::fail(problem)),
                }
            }
        }
    }

    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        self.stopped(context, lease, reason).await
    }
}

impl RotateKey {
    async fn done(
        self,
        context: &Context,
        lease: &Lease,
        revision: &str,
        removed: &[DeployKeyId],
    ) -> Result<Next<Self>, JobError> {
        tracing::info!(cluster.name = %self.cluster, team.name = %self.team, "a deploy key was exchanged");
        let read_only = super::register_deploy_key::register::is_read_only(context.cluster_config(&self.cluster)?);
        if let Some(place) = &self.place {
            let (team, repository) = (self.team.clone(), place.repository.clone());
            let state = KeyState::Fetched { read_only, revision: revision.to_owned() };
            keys::record(&context.store, &self.cluster, None, &KeyReport { team, repository, state }).await?;
        }
        let effects = self.registered.iter().map(|id| AuditEffect::new("deploy_key", id));
        let effects = effects.chain(removed.iter().map(|id| AuditEffect::new("deploy_key_removed", id))).collect();
        audit::write(context, lease, "rotated", &AuditEntry { effects, ..self.entry(context)? }).await?;
        self.tell(context, lease, |rotation| comment::rotation_done(rotation, revision)).await?;
        Ok(Next::done())
    }

    async fn stopped(&self, context: &Context, lease: &Lease, problem: &str) -> Result<(), JobError> {
        let step = self.step;
        tracing::warn!(cluster.name = %self.cluster, team.name = %self.team, key.step = ?step, "the exchange of a deploy key has stopped: {problem}");
        let reason = Some(problem.to_owned());
        let entry = AuditEntry { decision: Decision::Failed, reason, ..self.entry(context)? };
        audit::write(context, lease, "rotated", &entry).await?;
        if self.place.is_none() {
            return self.answer(context, lease, &comment::rotation_refused(problem)).await;
        }
        self.tell(context, lease, |rotation| comment::rotation_stopped(rotation, step, problem)).await
    }

    fn entry(&self, context: &Context) -> Result<AuditEntry, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let command = self.asked.as_ref().map(|asked| &asked.command);
        Ok(AuditEntry {
            repository_id: command.map(|command| command.repository),
            repository_name: command.map(|command| command.repository_name.clone()),
            issue: command.map(|command| command.issue),
            proof: Some(keys::proof(config)),
            ..AuditEntry::new(Actor::Bot, Action::KeyRotation, keys::what(&self.cluster, &self.team))
        })
    }

    /// Lets people read how far it is, once it is known what is exchanged.
    async fn tell(
        &self,
        context: &Context,
        lease: &Lease,
        words: impl FnOnce(&Rotation<'_>) -> String + Send,
    ) -> Result<(), JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let Some(text) = self.place.as_ref().map(|place| place.told((config, &self.team), words)) else {
            return Ok(());
        };
        self.answer(context, lease, &text).await
    }

    /// Writes the answer. One that is refused (an issue that was deleted) must not leave the exchange half done.
    async fn answer(&self, context: &Context, lease: &Lease, text: &str) -> Result<(), JobError> {
        let Some(Asked { command, purpose }) = &self.asked else { return Ok(()) };
        let repo = command.repo(context);
        match comments::upsert(&context.store, lease, (&repo, command.issue), purpose, text).await {
            Err(JobError::Fail { reason }) => {
                tracing::warn!(team.name = %self.team, "people could not be told of their new deploy key: {reason}");
                Ok(())
            }
            written => written,
        }
    }
}
