//! What became of a merge in the cluster.

use crate::names::{ClusterName, CommitId};
use crate::report::comment::KeyReport;
use crate::report::markdown;

/// How far a sync is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SyncState {
    /// Flux was asked, nothing is fetched yet.
    Requested,
    /// The commit is fetched and being applied.
    Applying,
    /// Applied: by this commit or by a later one that contains it.
    Applied {
        /// The commit that the cluster reports.
        revision: CommitId,
    },
    /// Flux says no.
    Failed {
        /// The reason as Flux names it, such as `BuildFailed`.
        reason: String,
        /// Flux's message.
        message: String,
        /// Which object says so.
        object: String,
    },
    /// Nothing final within the time.
    TimedOut {
        /// The last thing that was seen.
        last: String,
    },
    /// The bot cannot follow this cluster.
    NotFollowed {
        /// Why, and what to do about it.
        why: String,
    },
}

impl SyncState {
    /// Whether nothing more will be reported.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Requested | Self::Applying)
    }
}

/// One cluster's line in the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport<'a> {
    /// The cluster.
    pub cluster: &'a ClusterName,
    /// The merged commit.
    pub commit: &'a CommitId,
    /// How far it is.
    pub state: &'a SyncState,
    /// Seconds from the request to the fetch, once fetched.
    pub fetched_after: Option<i64>,
    /// Seconds from the request to the end, once ended.
    pub ended_after: Option<i64>,
    /// The deploy keys of the teams that the merge touched.
    pub keys: &'a [KeyReport],
}

/// The one comment about a merge.
pub fn sync_comment(report: &SyncReport<'_>) -> String {
    let mut text = format!("### Cluster {}\n\n{}\n", report.cluster, state_line(report));
    if let Some(detail) = detail(report.state) {
        text.push_str(&format!("\n{detail}\n"));
    }
    if !report.keys.is_empty() {
        text.push_str("\n### Deploy keys\n\n");
        for key in report.keys {
            text.push_str(&format!("- {}\n", key.line()));
        }
    }
    text
}

fn state_line(report: &SyncReport<'_>) -> String {
    let commit = report.commit.short();
    let fetched = report.fetched_after.map_or(String::new(), |seconds| format!("fetched {seconds} s · "));
    let ended = report.ended_after.map_or(String::new(), |seconds| format!(" {seconds} s"));
    match report.state {
        SyncState::Requested => format!("⏳ `{commit}`: Flux was asked to fetch it"),
        SyncState::Applying => format!("⏳ `{commit}`: {fetched}applying"),
        SyncState::Applied { revision } if revision == report.commit => {
            format!("✅ `{commit}`: {fetched}applied{ended}")
        }
        SyncState::Applied { revision } => {
            format!(
                "✅ `{commit}`: {fetched}applied{ended}, by the later commit `{}` that contains it",
                revision.short()
            )
        }
        SyncState::Failed { .. } => format!("❌ `{commit}`: {fetched}not applied"),
        SyncState::TimedOut { .. } => format!("❌ `{commit}`: {fetched}no result within{ended}"),
        SyncState::NotFollowed { .. } => {
            format!("❔ `{commit}`: merged; I cannot see this cluster, so I cannot say whether it is applied")
        }
    }
}

fn detail(state: &SyncState) -> Option<String> {
    match state {
        SyncState::Failed { reason, message, object } => Some(format!(
            "{} says **{}**:\n\n{}\n\nFix it with another pull request; Flux keeps trying, and I report the next merge again.",
            markdown::escape(object),
            markdown::escape(reason),
            markdown::block(&markdown::cut(message, 8_000), "")
        )),
        SyncState::TimedOut { last } => Some(format!(
            "The last thing that I saw:\n\n{}\n\nIt may still be applied; I have stopped following it.",
            markdown::code(&markdown::cut(last, 8_000))
        )),
        SyncState::NotFollowed { why } => Some(markdown::escape(why)),
        _ => None,
    }
}
