//! The values that go into the store and come out of it.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::names::{DeliveryId, InstallationId, RepositoryId};
use crate::redact::redact;

/// The longest reason that is kept, in bytes: reasons repeat text from outside.
pub(super) const MAX_REASON: usize = 2_000;

/// A verified webhook request, about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// `X-GitHub-Delivery`, the same for every redelivery of one event.
    pub guid: DeliveryId,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`, where it has one.
    pub action: Option<String>,
    /// The body exactly as it was signed.
    pub body: Vec<u8>,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository that it is about.
    pub repository: Option<RepositoryId>,
}

/// A delivery as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// What was stored.
    pub delivery: NewDelivery,
    /// When.
    pub received_at: Timestamp,
}

/// What became of a delivery that was handed to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It and its jobs are stored.
    New,
    /// Its GUID is known: nothing was stored again.
    Duplicate {
        /// Whether a job that the first copy asked for is not done yet (waiting, running or dead).
        unfinished: bool,
    },
}

/// Who goes first when several jobs are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// A person is waiting for the answer.
    Command,
    /// What an event asked for.
    #[default]
    Normal,
    /// Repairs and housekeeping.
    Sweep,
}

impl Priority {
    pub(super) const fn rank(self) -> i64 {
        match self {
            Self::Command => 0,
            Self::Normal => 1,
            Self::Sweep => 2,
        }
    }

    pub(super) const fn from_rank(rank: i64) -> Self {
        match rank {
            ..=0 => Self::Command,
            1 => Self::Normal,
            2.. => Self::Sweep,
        }
    }
}

/// A job to be done. Jobs may run twice: what they do must bear it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which handler runs it.
    pub kind: String,
    /// What it works on (a pull request, a team's key, a cluster): two jobs of one subject never
    /// run at the same time, whatever their kinds.
    pub subject: String,
    /// A waiting job of the same kind with the same key is merged with this one.
    pub merge_key: String,
    /// What the handler needs to know.
    pub payload: Value,
    /// Who goes first.
    pub priority: Priority,
    /// The repository that caused it.
    pub repository: Option<RepositoryId>,
    /// Not before this time; at once where absent.
    pub run_at: Option<Timestamp>,
}

impl NewJob {
    /// A job of normal priority, due at once, merged with waiting ones of its kind and subject.
    pub fn new(kind: impl Into<String>, subject: impl Into<String>, payload: Value) -> Self {
        let subject = subject.into();
        Self {
            kind: kind.into(),
            merge_key: subject.clone(),
            subject,
            payload,
            priority: Priority::Normal,
            repository: None,
            run_at: None,
        }
    }

    /// Merged only with waiting jobs that have this key.
    #[must_use]
    pub fn merged_by(self, merge_key: impl Into<String>) -> Self {
        Self { merge_key: merge_key.into(), ..self }
    }

    /// With this priority.
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Caused by this repository.
    #[must_use]
    pub fn from_repository(self, repository: RepositoryId) -> Self {
        Self { repository: Some(repository), ..self }
    }

    /// Not before `run_at`.
    #[must_use]
    pub fn not_before(self, run_at: Timestamp) -> Self {
        Self { run_at: Some(run_at), ..self }
    }
}

/// The number of a job, never handed out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(super) i64);

impl JobId {
    /// The job of this number, if there is one.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The bare number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The right to run one job, until it is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Which handler runs it.
    pub kind: String,
    /// What it works on.
    pub subject: String,
    /// What the handler needs to know.
    pub payload: Value,
    /// Who goes first.
    pub priority: Priority,
    /// The repository that caused it.
    pub repository: Option<RepositoryId>,
    /// 1 for the first try; a run that rescheduled itself starts to count anew.
    pub attempt: u32,
    /// Grows each time the job is leased: an older one is refused.
    pub fence: i64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Due now or later.
    Waiting,
    /// Leased.
    Running,
    /// Finished.
    Done,
    /// Given up: the dead letter.
    Dead,
}

impl JobState {
    /// The state's name, as in the database and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Dead].into_iter().find(|state| state.as_str() == text)
    }
}

/// A job as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// The job.
    pub id: JobId,
    /// Which handler runs it.
    pub kind: String,
    /// What it works on.
    pub subject: String,
    /// With what it is merged.
    pub merge_key: String,
    /// What the handler is told.
    pub payload: Value,
    /// Who goes first.
    pub priority: Priority,
    /// The repository that caused it.
    pub repository: Option<RepositoryId>,
    /// Where it stands.
    pub state: JobState,
    /// Runs in a row that have begun and not succeeded.
    pub attempts: u32,
    /// Not before this time.
    pub run_at: Timestamp,
    /// Its place in line among those of its priority.
    pub turn: i64,
    /// Who has leased it: `<worker>@<process>`.
    pub lease_owner: Option<String>,
    /// Until when the lease holds unless it is renewed.
    pub lease_until: Option<Timestamp>,
    /// How often it was leased.
    pub fence: i64,
    /// Why it was put off or given up.
    pub reason: Option<String>,
    /// When it was asked for first.
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
}

/// Which jobs to list; absent fields do not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this subject.
    pub subject: Option<String>,
    /// Only caused by this repository.
    pub repository: Option<RepositoryId>,
    /// At most so many, the newest; 1,000 where absent.
    pub limit: Option<u32>,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Due now or later.
    pub waiting: u64,
    /// Leased.
    pub running: u64,
    /// Finished and not yet pruned.
    pub done: u64,
    /// Given up.
    pub dead: u64,
}

/// What is known of something done to the outside world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectState {
    /// Nobody began it: the intent is stored now, go and do it.
    New,
    /// Somebody began it and did not say how it ended: look whether it happened before doing it.
    Unfinished,
    /// It was done, with this result.
    Done(Value),
}

/// How much was pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Finished jobs.
    pub jobs: u64,
    /// Deliveries that no remaining job answers.
    pub deliveries: u64,
}

/// A reason fit for storing: without secrets, at most [`MAX_REASON`] bytes, and nothing but printable characters and
/// line ends (PostgreSQL's text refuses NUL, terminals obey escape sequences).
pub(super) fn reason_for_storage(reason: &str) -> String {
    let mut kept = String::new();
    for character in redact(reason).chars() {
        let shown = if character.is_control() && character != '\n' { '\u{fffd}' } else { character };
        if kept.len() + shown.len_utf8() > MAX_REASON - '…'.len_utf8() {
            kept.push('…');
            break;
        }
        kept.push(shown);
    }
    kept
}
