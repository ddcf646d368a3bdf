//! What a command leaves in the audit log: before anything is done who gave it and with which right, and
//! afterwards what came of it.

use super::rights::Right;
use super::{Call, RunCommand};
use crate::command::{Command, Waive};
use crate::jobs::{Context, JobError, audit};
use crate::names::{CommitId, DeployKeyId};
use crate::store::{Action, Actor, AuditEffect, AuditEntry, Decision, Lease};

impl RunCommand {
    fn entry(&self, action: Action, what: String) -> AuditEntry {
        let actor = Actor::Person { id: self.author, login: self.login.clone() };
        AuditEntry {
            repository_id: Some(self.repository),
            repository_name: Some(self.repository_name.clone()),
            issue: Some(self.issue),
            ..AuditEntry::new(actor, action, what)
        }
    }

    /// The commands of this comment were given up.
    pub(super) async fn record_given_up(&self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        let what = format!("the commands of comment {}", self.comment);
        let reason = Some(reason.to_owned());
        let entry = AuditEntry { decision: Decision::Failed, reason, ..self.entry(Action::Command, what) };
        audit::write(context, lease, "given-up", &entry).await
    }
}

impl Call<'_> {
    /// Who gave the command, and what was decided.
    pub(super) async fn record_decision(&self, command: &Command, right: &Right) -> Result<(), JobError> {
        let plan_only = command.is_plan_only();
        let (decision, proof, reason) = match right {
            Right::Denied { reason, .. } => (Decision::Denied, None, Some(reason.clone())),
            Right::Granted { proof, found } if plan_only => (Decision::PlanOnly, Some(proof.clone()), found.clone()),
            Right::Granted { proof, found } => (Decision::Allowed, Some(proof.clone()), found.clone()),
        };
        let entry = self.job.entry(Action::Command, command.to_string());
        self.record("command", AuditEntry { decision, proof, reason, ..entry }).await
    }

    /// A team was proposed: as this commit, with these effects.
    pub(super) async fn record_team(
        &self,
        what: String,
        head: CommitId,
        effects: Vec<AuditEffect>,
    ) -> Result<(), JobError> {
        self.record_proposal("team", Action::TeamCreation, what, (head, effects)).await
    }

    /// That a team leaves was proposed: as this commit, with these effects.
    pub(super) async fn record_removal(
        &self,
        what: String,
        head: CommitId,
        effects: Vec<AuditEffect>,
    ) -> Result<(), JobError> {
        self.record_proposal("removal", Action::TeamRemoval, what, (head, effects)).await
    }

    /// That a team leaves was not proposed, although the person may.
    pub(super) async fn record_no_removal(&self, what: String, reason: &str) -> Result<(), JobError> {
        let (proof, reason) = (self.proof.clone(), Some(reason.to_owned()));
        let entry = self.job.entry(Action::TeamRemoval, what);
        self.record("removal", AuditEntry { decision: Decision::Denied, proof, reason, ..entry }).await
    }

    /// A deploy key of a team that has left is removed.
    pub(super) async fn record_key_removal(&self, what: String, id: DeployKeyId) -> Result<(), JobError> {
        let (proof, effects) = (self.proof.clone(), vec![AuditEffect::new("deploy_key", id)]);
        let entry = AuditEntry { proof, effects, ..self.job.entry(Action::KeyRemoved, what) };
        self.record(&format!("key-removed/{id}"), entry).await
    }

    /// Objects of this head of a team's pull request were proposed to the admins, with these effects.
    pub(super) async fn record_promotion(
        &self,
        what: String,
        head: CommitId,
        effects: Vec<AuditEffect>,
    ) -> Result<(), JobError> {
        self.record_proposal("promotion", Action::Promotion, what, (head, effects)).await
    }

    /// So many findings on this head were waived.
    pub(super) async fn record_waiver(&self, command: &Waive, head: CommitId, number: usize) -> Result<(), JobError> {
        let (proof, reason) = (self.proof.clone(), Some(command.reason.clone()));
        let effects = vec![AuditEffect::new("findings", number)];
        let entry = self.job.entry(Action::Waiver, format!("{} on {}", command.rule, command.object()));
        self.record("waiver", AuditEntry { head: Some(head), proof, reason, effects, ..entry }).await
    }

    /// What this head grants was approved, or by somebody who may not; or the approval was taken back.
    pub(super) async fn record_approval(
        &self,
        (what, head): (&str, &CommitId),
        refused: Option<&str>,
    ) -> Result<(), JobError> {
        let decision = if refused.is_some() { Decision::Denied } else { Decision::Allowed };
        let (proof, reason) = (self.proof.clone(), refused.map(str::to_owned));
        let entry = self.job.entry(Action::Approval, what.to_owned());
        self.record("approval", AuditEntry { decision, head: Some(head.clone()), proof, reason, ..entry }).await
    }

    async fn record_proposal(
        &self,
        step: &str,
        action: Action,
        what: String,
        (head, effects): (CommitId, Vec<AuditEffect>),
    ) -> Result<(), JobError> {
        let proof = self.proof.clone();
        let entry = AuditEntry { head: Some(head), proof, effects, ..self.job.entry(action, what) };
        self.record(step, entry).await
    }

    /// A team was not proposed, although the person may.
    pub(super) async fn record_no_team(&self, what: String, reason: &str) -> Result<(), JobError> {
        let (proof, reason) = (self.proof.clone(), Some(reason.to_owned()));
        let entry = self.job.entry(Action::TeamCreation, what);
        self.record("team", AuditEntry { decision: Decision::Denied, proof, reason, ..entry }).await
    }

    async fn record(&self, step: &str, entry: AuditEntry) -> Result<(), JobError> {
        audit::write(self.context, self.lease, &format!("{}/{step}", self.place), &entry).await
    }
}
