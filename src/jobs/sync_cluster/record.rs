//! What the store remembers of one commit on its way into one cluster. It is kept beside the job and
//! not in it: a merge comes with several events, and whichever job runs goes on where the last look
//! stopped.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::jobs::{JobError, Timing};
use crate::names::{ClusterName, CommitId, IssueNumber};
use crate::report::comment::SyncState;
use crate::store::Store;

use super::decide::View;

const KIND: &str = "sync";
/// Which commit a pull request became.
const PULL: &str = "sync-of-pull";

/// What earlier looks saw. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// When the job ran first.
    pub(super) started_at: i64,
    /// The pull request that it merged, where known.
    pub(super) pull: Option<IssueNumber>,
    /// Whether the forge was asked for it.
    pub(super) pull_looked_up: bool,
    /// Whether Flux was asked to fetch.
    pub(super) requested: bool,
    /// How often the cluster was looked at.
    pub(super) looks: u32,
    /// Since when there is trouble without a break.
    pub(super) trouble_since: Option<i64>,
    /// Seconds until it was fetched, once it is.
    pub(super) fetched_after: Option<i64>,
    /// Seconds until the end, once it is reached.
    pub(super) ended_after: Option<i64>,
    /// What people are to know.
    pub(super) state: SyncState,
    /// What they were told.
    pub(super) told: Option<SyncState>,
    /// Whether nothing is left to do.
    pub(super) closed: bool,
}

impl Record {
    fn new(now: Timestamp) -> Self {
        Self {
            started_at: now.as_millisecond(),
            pull: None,
            pull_looked_up: false,
            requested: false,
            looks: 0,
            trouble_since: None,
            fetched_after: None,
            ended_after: None,
            state: SyncState::Requested,
            told: None,
            closed: false,
        }
    }

    /// What is known of a commit in a cluster; a new record where nothing is.
    pub(super) async fn of(
        store: &Store,
        cluster: &ClusterName,
        commit: &CommitId,
        now: Timestamp,
    ) -> Result<Self, JobError> {
        let known = store.fact(KIND, &format!("{cluster}/{commit}")).await?;
        // A record of another release is no reason to stop: the cluster is looked at anew.
        let known = known.and_then(|value| serde_json::from_value(value).ok());
        Ok(known.unwrap_or_else(|| Self::new(now)))
    }

    /// Whether anything is known of a commit in a cluster.
    pub(super) async fn exists(store: &Store, cluster: &ClusterName, commit: &CommitId) -> Result<bool, JobError> {
        Ok(store.fact(KIND, &format!("{cluster}/{commit}")).await?.is_some())
    }

    /// The record of the commit that a pull request became.
    pub(super) async fn of_pull(
        store: &Store,
        cluster: &ClusterName,
        pull: IssueNumber,
    ) -> Result<Option<(CommitId, Self)>, JobError> {
        let Some(commit) = store.fact(PULL, &format!("{cluster}/{pull}")).await? else { return Ok(None) };
        let Ok(commit) = serde_json::from_value::<CommitId>(commit) else { return Ok(None) };
        let known = store.fact(KIND, &format!("{cluster}/{commit}")).await?;
        Ok(known.and_then(|value| Some((commit, serde_json::from_value(value).ok()?))))
    }

    /// Remembers it.
    pub(super) async fn save(&self, store: &Store, cluster: &ClusterName, commit: &CommitId) -> Result<(), JobError> {
        store.set_fact(KIND, &format!("{cluster}/{commit}"), &json!(self)).await?;
        match self.pull {
            Some(pull) if self.told.is_none() => {
                Ok(store.set_fact(PULL, &format!("{cluster}/{pull}"), &json!(commit)).await?)
            }
            _ => Ok(()),
        }
    }

    /// Whether people do not know yet what is known here. Another wording of "it does not answer" is
    /// no news, and before Flux was asked there is nothing to tell.
    pub(super) fn has_news(&self) -> bool {
        match (&self.state, &self.told) {
            (SyncState::Requested, _) if !self.requested => false,
            (SyncState::Unreachable { .. }, Some(SyncState::Unreachable { .. })) => false,
            (state, told) => told.as_ref() != Some(state),
        }
    }

    /// Takes in what a look saw. Trouble counts only when it lasts, and there is an end when time is up.
    pub(super) fn settle(&mut self, now: Timestamp, view: View, timing: Timing) {
        let now = now.as_millisecond();
        self.looks = self.looks.saturating_add(1);
        if view.fetched && self.fetched_after.is_none() {
            self.fetched_after = Some((now - self.started_at) / 1000);
        }
        self.trouble_since = view.state.is_trouble().then(|| self.trouble_since.unwrap_or(now));
        let lasted = |since: i64, limit: Duration| u128::try_from(now - since).unwrap_or(0) >= limit.as_millis();
        let time_is_up = lasted(self.started_at, timing.follow);
        let passing = self.trouble_since.is_some_and(|since| !lasted(since, timing.failure_lasts));
        self.state = match view.state {
            state if state.is_final() && !passing => state,
            _ if time_is_up => SyncState::TimedOut { last: view.seen },
            _ if passing => self.told.clone().unwrap_or(SyncState::Requested),
            state => state,
        };
        if self.state.is_final() {
            self.ended_after = Some((now - self.started_at) / 1000);
        }
    }

    /// The pause until the next look: short at first, then longer: a healthy sync takes seconds, a
    /// slow one minutes.
    pub(super) fn pause(&self, timing: Timing) -> Duration {
        timing.pause * (self.looks / 5 + 1).min(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        follow: Duration::from_secs(60),
        failure_lasts: Duration::from_secs(10),
        pause: Duration::from_secs(1),
        refresh: Duration::from_secs(600),
        recover: Duration::from_secs(300),
        poll: Duration::from_secs(5),
    };

    fn failing() -> SyncState {
        let text = |text: &str| text.to_owned();
        SyncState::Failed { reason: text("BuildFailed"), message: text("no"), object: text("Kustomization a/b") }
    }

    fn away() -> SyncState {
        SyncState::Unreachable { problem: "connection refused".to_owned() }
    }

    /// The states that people would be told of after looks at these seconds.
    fn told(looks: &[(i64, SyncState)]) -> Vec<SyncState> {
        let mut record = Record::new(Timestamp::UNIX_EPOCH);
        record.requested = true;
        let mut told = Vec::new();
        for (second, state) in looks {
            let now = Timestamp::from_second(*second).expect("a time");
            record.settle(now, View { state: state.clone(), fetched: false, seen: "the last look".to_owned() }, TIMING);
            if record.has_news() {
                told.push(record.state.clone());
                record.told = Some(record.state.clone());
            }
        }
        told
    }

    #[test]
    fn trouble_counts_when_it_lasts_without_a_break() {
        let applying = SyncState::Applying;
        let broken_off =
            [(1, applying.clone()), (2, failing()), (11, failing()), (12, applying.clone()), (13, failing())];
        assert_eq!(told(&broken_off), std::slice::from_ref(&applying));
        let lasting = [(1, applying.clone()), (2, failing()), (12, failing())];
        assert_eq!(told(&lasting), [applying, failing()]);
    }

    #[test]
    fn a_cluster_that_does_not_answer_is_told_once_and_given_up_when_the_time_is_up() {
        let last = SyncState::TimedOut { last: "the last look".to_owned() };
        let other = SyncState::Unreachable { problem: "503".to_owned() };
        let looks = [(1, away()), (11, away()), (20, other), (59, away()), (60, away())];
        assert_eq!(told(&looks), [SyncState::Requested, away(), last.clone()]);
        assert_eq!(told(&[(1, SyncState::Applying), (61, SyncState::Applying)]), [SyncState::Applying, last]);
    }

    #[test]
    fn nothing_is_told_before_flux_was_asked() {
        let mut record = Record::new(Timestamp::UNIX_EPOCH);
        let view = View { state: away(), fetched: false, seen: String::new() };
        record.settle(Timestamp::UNIX_EPOCH, view, TIMING);
        assert!(!record.has_news());
    }

    #[test]
    fn looks_become_rarer() {
        let mut record = Record::new(Timestamp::UNIX_EPOCH);
        let mut pauses = Vec::new();
        for looks in [0, 4, 5, 10, 45, 1000] {
            record.looks = looks;
            pauses.push(record.pause(TIMING).as_secs());
        }
        assert_eq!(pauses, [1, 1, 2, 3, 10, 10]);
    }
}
