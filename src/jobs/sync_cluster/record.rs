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
use super::find::Found;

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
    /// What applies the repository in the cluster, once it is found.
    #[serde(default)]
    pub(super) found: Option<Found>,
    /// How often the cluster was looked at.
    pub(super) looks: u32,
    /// Since when there is trouble without a break.
    pub(super) trouble_since: Option<i64>,
    /// What the last look saw, and since when every look has seen it.
    #[serde(default)]
    pub(super) seen: Option<(SyncState, i64)>,
    /// Which object failed last, for which reason, and since when no other failure has come between.
    #[serde(default)]
    pub(super) failing: Option<Failing>,
    /// Seconds until it was fetched, once it is.
    pub(super) fetched_after: Option<i64>,
    /// Seconds until the end, once it is reached.
    pub(super) ended_after: Option<i64>,
    /// What people are to know.
    pub(super) state: SyncState,
    /// What they were told.
    pub(super) told: Option<SyncState>,
    /// The first failure that they were told of.
    #[serde(default)]
    pub(super) failed_first: Option<SyncState>,
    /// Whether nobody looks at the cluster for it any more.
    #[serde(default)]
    pub(super) over: bool,
    /// Whether they were told so.
    #[serde(default)]
    pub(super) told_over: bool,
    /// Whether nothing is left to do.
    pub(super) closed: bool,
}

/// A failure as it is known again: Flux tries again in between, and is "in progress" then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failing {
    object: String,
    reason: String,
    since: i64,
}

impl Record {
    fn new(now: Timestamp) -> Self {
        Self {
            started_at: now.as_millisecond(),
            pull: None,
            pull_looked_up: false,
            requested: false,
            found: None,
            looks: 0,
            trouble_since: None,
            seen: None,
            failing: None,
            fetched_after: None,
            ended_after: None,
            state: SyncState::Requested,
            told: None,
            failed_first: None,
            over: false,
            told_over: false,
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
    /// no news, and before Flux was asked there is nothing to tell. That nobody looks any more at what has
    /// failed is news.
    pub(super) fn has_news(&self) -> bool {
        match (&self.state, &self.told) {
            (SyncState::Requested, _) if !self.requested => false,
            (SyncState::Unreachable { .. }, Some(SyncState::Unreachable { .. })) => false,
            (state, told) => told.as_ref() != Some(state) || (self.over && !self.told_over && state.is_failure()),
        }
    }

    /// Remembers that people were told what is known.
    pub(super) fn was_told(&mut self) {
        self.told = Some(self.state.clone());
        self.told_over = self.over;
        if self.state.is_failure() && self.failed_first.is_none() {
            self.failed_first = Some(self.state.clone());
        }
    }

    /// Nobody looks any more: this is the last word.
    pub(super) fn end(&mut self, state: SyncState) {
        self.state = state;
        self.over = true;
    }

    /// Takes in what a look saw. The end comes with success, or when the time is up.
    pub(super) fn settle(&mut self, now: Timestamp, view: View, timing: Timing) {
        let now = now.as_millisecond();
        self.looks = self.looks.saturating_add(1);
        if view.fetched && self.fetched_after.is_none() {
            self.fetched_after = Some((now - self.started_at) / 1000);
        }
        self.trouble_since = view.state.is_trouble().then(|| self.trouble_since.unwrap_or(now));
        if self.seen.as_ref().is_none_or(|(state, _)| *state != view.state) {
            self.seen = Some((view.state.clone(), now));
        }
        if let SyncState::Failed { object, reason, .. } = &view.state
            && self.failing.as_ref().is_none_or(|failing| failing.object != *object || failing.reason != *reason)
        {
            self.failing = Some(Failing { object: object.clone(), reason: reason.clone(), since: now });
        }
        let time_is_up = lasted(self.started_at, now, timing.follow);
        self.over = time_is_up || matches!(view.state, SyncState::Applied { .. });
        self.state = self.next(now, view, timing);
        if self.over {
            self.ended_after = Some((now - self.started_at) / 1000);
        }
    }

    /// What people are to know after a look. A failure counts when it lasts; once it was told, only
    /// success takes it back, or another failure that lasts too: that Flux tries again is no news.
    fn next(&self, now: i64, view: View, timing: Timing) -> SyncState {
        let before = &self.state;
        let lasts = self.since(&view.state).is_some_and(|since| lasted(since, now, timing.failure_lasts));
        match view.state {
            applied @ SyncState::Applied { .. } => applied,
            failure if failure.is_failure() && lasts => failure,
            _ if matches!(before, SyncState::Failed { .. }) => before.clone(),
            state if state.is_trouble() && before.is_failure() => before.clone(),
            _ if self.over => SyncState::TimedOut { last: view.seen },
            state if state.is_trouble() && !lasts => before.clone(),
            state => state,
        }
    }

    /// Since when there is this trouble. A first failure counts from the first trouble on; an attempt of
    /// Flux's that is under way does not break it. One that takes another's place counts by itself.
    fn since(&self, trouble: &SyncState) -> Option<i64> {
        let stands = self.seen.as_ref().map(|(_, since)| *since);
        let SyncState::Failed { object, reason, .. } = trouble else {
            return if self.state.is_failure() { stands } else { self.trouble_since };
        };
        let failing = self.failing.as_ref().map(|failing| failing.since);
        match &self.state {
            // Only its words have changed.
            SyncState::Failed { object: told, reason: why, .. } if told == object && why == reason => stands,
            before if before.is_failure() => failing,
            _ => self.trouble_since.min(failing),
        }
    }

    /// When to look again: soon at first, then later: a healthy sync takes seconds, a slow one minutes.
    /// After a failure there is no hurry. The last look is when the time is up.
    pub(super) fn next_look(&self, now: Timestamp, timing: Timing) -> Timestamp {
        let pause = match self.state.is_failure() {
            true => timing.failed_pause,
            false => timing.pause * (self.looks / 5 + 1).min(10),
        };
        let end = Timestamp::from_millisecond(self.started_at).unwrap_or(now) + timing.follow;
        (now + pause).min(end).max(now)
    }
}

/// Whether something has lasted that long.
fn lasted(since: i64, now: i64, limit: Duration) -> bool {
    u128::try_from(now - since).unwrap_or(0) >= limit.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        follow: Duration::from_secs(60),
        failure_lasts: Duration::from_secs(10),
        pause: Duration::from_secs(1),
        failed_pause: Duration::from_secs(15),
        refresh: Duration::from_secs(600),
        recover: Duration::from_secs(300),
        poll: Duration::from_secs(5),
    };

    fn failing_with(reason: &str) -> SyncState {
        let text = |text: &str| text.to_owned();
        let (reason, message, object) = (text(reason), text("no"), text("Kustomization a/b"));
        SyncState::Failed { reason, message, object, waiting: Vec::new(), retried: true }
    }

    fn failing() -> SyncState {
        failing_with("BuildFailed")
    }

    fn applied() -> SyncState {
        SyncState::Applied { revision: "1111111111111111111111111111111111111111".parse().expect("a commit") }
    }

    fn away() -> SyncState {
        SyncState::Unreachable { problem: "connection refused".to_owned() }
    }

    /// The states that people would be told of after looks at these seconds, and the record after them.
    fn followed(looks: &[(i64, SyncState)]) -> (Vec<SyncState>, Record) {
        let mut record = Record::new(Timestamp::UNIX_EPOCH);
        record.requested = true;
        let mut told = Vec::new();
        for (second, state) in looks {
            assert!(!record.over, "nobody looks any more at {second} s");
            let now = Timestamp::from_second(*second).expect("a time");
            record.settle(now, View { state: state.clone(), fetched: false, seen: "the last look".to_owned() }, TIMING);
            if record.has_news() {
                told.push(record.state.clone());
                record.was_told();
            }
        }
        (told, record)
    }

    fn told(looks: &[(i64, SyncState)]) -> Vec<SyncState> {
        followed(looks).0
    }

    #[test]
    fn trouble_counts_when_it_lasts_without_a_break() {
        let applying = SyncState::Applying;
        let passing =
            [(1, applying.clone()), (2, failing()), (11, failing()), (12, applying.clone()), (30, applying.clone())];
        assert_eq!(told(&passing), std::slice::from_ref(&applying));
        let broken_off = [(1, applying.clone()), (2, away()), (11, away()), (12, applying.clone()), (13, away())];
        assert_eq!(told(&broken_off), std::slice::from_ref(&applying));
        let lasting = [(1, applying.clone()), (2, failing()), (12, failing())];
        assert_eq!(told(&lasting), [applying, failing()]);
    }

    /// Flux is "in progress" with every attempt, for minutes where it waits for health.
    #[test]
    fn an_attempt_in_between_does_not_make_a_failure_pass() {
        let applying = SyncState::Applying;
        let tries = [(2, failing()), (4, applying.clone()), (8, failing()), (9, applying.clone()), (13, failing())];
        assert_eq!(told(&tries), [SyncState::Requested, applying.clone(), failing()]);
        let other = || failing_with("HealthCheckFailed");
        let steps = [(2, failing()), (4, applying.clone()), (13, other()), (14, applying.clone()), (22, other())];
        assert_eq!(told(&steps), [SyncState::Requested, applying], "each of them passed");
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
    fn a_failure_that_was_told_is_taken_back_by_success_only() {
        let applying = SyncState::Applying;
        let looks =
            [(1, failing()), (11, failing()), (20, applying.clone()), (21, away()), (40, away()), (41, failing())];
        let (said, record) = followed(&looks);
        assert_eq!(said, [SyncState::Requested, failing()], "that Flux tries again is no news");
        assert!(!record.over);
        let recovers = [&looks[..], &[(50, applied())]].concat();
        let (said, record) = followed(&recovers);
        assert_eq!(said, [SyncState::Requested, failing(), applied()]);
        assert_eq!((record.over, record.ended_after, record.failed_first), (true, Some(50), Some(failing())));
    }

    #[test]
    fn a_failure_that_stays_is_the_last_word() {
        let (said, record) = followed(&[(1, failing()), (11, failing()), (59, failing()), (60, SyncState::Applying)]);
        assert_eq!(said, [SyncState::Requested, failing(), failing()], "the second time, that nobody looks any more");
        assert!(record.over && record.told_over);
    }

    #[test]
    fn another_failure_is_told_when_it_lasts_too() {
        let other = || failing_with("HealthCheckFailed");
        let flapping =
            [(1, failing()), (11, failing()), (12, other()), (20, failing()), (21, other()), (29, failing())];
        assert_eq!(told(&flapping), [SyncState::Requested, failing()]);
        let lasting = [(1, failing()), (11, failing()), (12, other()), (22, other())];
        assert_eq!(told(&lasting), [SyncState::Requested, failing(), other()]);
    }

    /// A right that was missing is there now: that is no success yet, and no failure any more.
    #[test]
    fn a_cluster_that_can_be_seen_again_is_followed() {
        let unseen = || SyncState::Unseen { problem: "grant `get`".to_owned() };
        let looks = [(1, unseen()), (11, unseen()), (20, SyncState::Requested), (21, SyncState::Applying)];
        let said = told(&looks);
        assert_eq!(said, [SyncState::Requested, unseen(), SyncState::Requested, SyncState::Applying]);
    }

    #[test]
    fn looks_become_rarer() {
        let mut record = Record::new(Timestamp::UNIX_EPOCH);
        let mut pause = |looks, state| {
            (record.looks, record.state) = (looks, state);
            let now = Timestamp::from_second(20).expect("a time");
            record.next_look(now, TIMING).duration_since(now).as_secs()
        };
        let pauses = [0, 4, 5, 10, 45, 1000].map(|looks| pause(looks, SyncState::Applying));
        assert_eq!(pauses, [1, 1, 2, 3, 10, 10]);
        assert_eq!(pause(0, failing()), 15, "a failure was told");
        record.started_at = -30_000;
        assert_eq!(record.next_look(Timestamp::from_second(20).expect("a time"), TIMING).as_second(), 30, "the end");
    }
}
