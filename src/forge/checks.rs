use jiff::Timestamp;
use serde::Deserialize;

use crate::names::{CheckRunId, CommitId, RepoPath};

/// A check run to start. Limits: docs.github.com, REST, "Create a check run".
#[derive(Debug, Clone)]
pub struct NewCheckRun {
    /// Its name: what branch protection can require.
    pub name: String,
    /// The commit it is about.
    pub head: CommitId,
    /// Our own reference, to find it again.
    pub external_id: Option<String>,
    /// Where to read more.
    pub details_url: Option<String>,
    /// When the work began.
    pub started_at: Option<Timestamp>,
    /// How far it is.
    pub state: CheckState,
    /// What to show.
    pub output: Option<CheckOutput>,
    /// At most three buttons.
    pub actions: Vec<CheckAction>,
}

/// What to change of a check run; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct CheckRunUpdate {
    /// How far it is.
    pub state: Option<CheckState>,
    /// What to show. Title, summary and text replace the old ones, annotations are added to them.
    pub output: Option<CheckOutput>,
    /// How many of the output's annotations an earlier, interrupted attempt has delivered
    /// ([`CheckRun::annotations`]): they are not sent again.
    pub already_annotated: usize,
    /// At most three buttons; replaces the old ones.
    pub actions: Option<Vec<CheckAction>>,
    /// Where to read more.
    pub details_url: Option<String>,
}

/// How far a check run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// Waiting for its turn.
    Queued,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed {
        /// With what result.
        conclusion: Conclusion,
        /// When.
        at: Timestamp,
    },
}

/// The result of a check run. `Neutral` and `Skipped` let a required check pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Fine.
    Success,
    /// Something is wrong in the change.
    Failure,
    /// Nothing to say either way.
    Neutral,
    /// Given up, as for a head that was overtaken.
    Cancelled,
    /// Nothing to check.
    Skipped,
    /// It took too long.
    TimedOut,
    /// A person has to do something first.
    ActionRequired,
}

impl Conclusion {
    /// GitHub's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::TimedOut => "timed_out",
            Self::ActionRequired => "action_required",
        }
    }
}

/// What a check run shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutput {
    /// One line.
    pub title: String,
    /// Markdown, at most [`super::SUMMARY_LIMIT`] characters.
    pub summary: String,
    /// More Markdown, at most [`super::SUMMARY_LIMIT`] characters.
    pub text: Option<String>,
    /// Notes on lines, any number.
    pub annotations: Vec<Annotation>,
}

/// A note on lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Which file.
    pub path: RepoPath,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// First and last column, from 1; sent only where both lines are the same, as GitHub wants it.
    pub columns: Option<(u32, u32)>,
    /// How bad it is.
    pub level: AnnotationLevel,
    /// At most 255 characters.
    pub title: Option<String>,
    /// At most 64 KB.
    pub message: String,
    /// At most 64 KB.
    pub raw_details: Option<String>,
}

/// How bad an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    /// To know.
    Notice,
    /// To look at.
    Warning,
    /// To put right.
    Failure,
}

/// A button on a check run; pressing it sends `check_run.requested_action` with the identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAction {
    /// At most 20 characters.
    pub label: String,
    /// At most 40 characters.
    pub description: String,
    /// At most 20 characters.
    pub identifier: String,
}

/// A check run as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: CheckRunId,
    /// Its name.
    pub name: String,
    /// The commit it is about.
    #[serde(rename = "head_sha")]
    pub head: CommitId,
    /// Our own reference.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `queued`, `in_progress`, `completed` and others.
    pub status: String,
    /// GitHub's word for the result, once completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Its page for people.
    #[serde(default)]
    pub html_url: Option<String>,
    #[serde(default)]
    output: Shown,
    #[serde(default)]
    pub(super) app: Option<super::comments::ById>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Shown {
    #[serde(default)]
    annotations_count: usize,
}

impl CheckRun {
    /// How many annotations it has.
    pub fn annotations(&self) -> usize {
        self.output.annotations_count
    }

    /// Whether it is done.
    pub fn is_completed(&self) -> bool {
        self.status == "completed"
    }
}
