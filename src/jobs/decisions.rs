//! What people have decided on a pull request: findings that they let pass.
//!
//! One record per pull request. It is written by commands only, which follow one another in a repository, and under
//! their lease; reviews read it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::JobError;
use crate::names::{IssueNumber, RepositoryId};
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
}

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
}

fn key(repository: RepositoryId, pull: IssueNumber) -> String {
    format!("{repository}/{pull}")
}
