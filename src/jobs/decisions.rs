//! What people have decided on a pull request: findings that they let pass, and rights that they approve.
//!
//! One record per pull request. It is written by commands only, which follow one another in a repository, and under
//! their lease; reviews read it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::JobError;
use crate::names::{CommitId, IssueNumber, Login, RepositoryId, UserId};
use crate::rules::Waiver;
use crate::store::{Lease, Store};

const KIND: &str = "decisions";

/// Findings that may be waived on one pull request: more than that is a matter for the policy.
pub(super) const MOST_WAIVERS: usize = 200;

/// What was decided on one pull request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Decisions {
    /// Findings that may stay.
    #[serde(default)]
    pub(super) waivers: Vec<Waiver>,
    /// What was approved, the latest last.
    #[serde(default)]
    pub(super) approvals: Vec<Approval>,
}

/// That a person approves what a head grants beyond teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Approval {
    /// Who: a name may change, and belong to somebody else then.
    pub(super) by: UserId,
    /// The name at that time.
    pub(super) login: Login,
    /// The head of the pull request.
    pub(super) head: CommitId,
    /// The branch that it goes into.
    pub(super) base: String,
    /// What was granted, in one word; `None` where that was not known whole.
    pub(super) gains: Option<String>,
}

/// Approvals that are kept of one pull request; the oldest, which are of heads long gone, go first.
const MOST_APPROVALS: usize = 100;

impl Decisions {
    /// Those of a pull request; none where nothing was decided.
    pub(super) async fn of(store: &Store, repository: RepositoryId, pull: IssueNumber) -> Result<Self, JobError> {
        let Some(value) = store.effect_value(KIND, &key(repository, pull)).await? else { return Ok(Self::default()) };
        serde_json::from_value(value).map_err(|error| JobError::fail(format!("the decisions on #{pull}: {error}")))
    }

    /// Writes them down.
    pub(super) async fn keep(
        &self,
        store: &Store,
        lease: &Lease,
        (repository, pull): (RepositoryId, IssueNumber),
    ) -> Result<(), JobError> {
        Ok(store.effect_done(lease, KIND, &key(repository, pull), &json!(self)).await?)
    }

    /// Adds a waiver in place of one that is for the same finding on the same object.
    pub(super) fn waive(&mut self, waiver: Waiver) {
        self.waivers.retain(|known| known.fingerprint != waiver.fingerprint || known.content != waiver.content);
        self.waivers.push(waiver);
    }

    /// Adds an approval in place of any other that the same person has given.
    pub(super) fn approve(&mut self, approval: Approval) {
        self.withdraw(approval.by);
        self.approvals.push(approval);
        let spare = self.approvals.len().saturating_sub(MOST_APPROVALS);
        self.approvals.drain(..spare);
    }

    /// Takes back what a person has approved; returns whether there was anything.
    pub(super) fn withdraw(&mut self, by: UserId) -> bool {
        let before = self.approvals.len();
        self.approvals.retain(|known| known.by != by);
        self.approvals.len() < before
    }
}

fn key(repository: RepositoryId, pull: IssueNumber) -> String {
    format!("{repository}/{pull}")
}
