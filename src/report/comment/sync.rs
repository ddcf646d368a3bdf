//! What became of a merge in the cluster.

use crate::names::{ClusterName, CommitId};
use crate::report::comment::KeyReport;
use crate::report::markdown;

/// How much of a message of Flux or of the cluster is repeated, in bytes.
const MESSAGE_BYTES: usize = 8_000;

/// How far a sync is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SyncState {
    /// Flux was asked, nothing is fetched yet.
    Requested,
    /// The commit is fetched and being applied.
    Applying,
    /// The cluster does not answer; it is asked again.
    Unreachable {
        /// What happened.
        problem: String,
    },
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
        /// Which object says so: `Kind namespace/name`.
        object: String,
    },
    /// Nothing final within the time.
    TimedOut {
        /// The last thing that was seen.
        last: String,
    },
    /// The bot should follow this cluster and cannot.
    Unseen {
        /// What is in the way and how to remove it.
        problem: String,
    },
    /// The bot was not set up to follow this cluster.
    NotFollowed {
        /// Why, and what to do about it.
        why: String,
    },
}

impl SyncState {
    /// Whether nothing more will be reported.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Requested | Self::Applying | Self::Unreachable { .. })
    }

    /// Whether it is something bad that may still pass by itself.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Failed { .. } | Self::Unseen { .. })
    }

    /// One line of plain text, for a deployment's status. It repeats Flux's words.
    pub fn line(&self) -> String {
        match self {
            Self::Requested | Self::Applying => "Flux is fetching and applying".to_owned(),
            Self::Unreachable { .. } => "The cluster does not answer; it is asked again".to_owned(),
            Self::Applied { revision } => format!("Applied {}", revision.short()),
            Self::Failed { reason, message, object } => format!("{object}: {reason}: {message}"),
            Self::TimedOut { last } => format!("No result in time. Last seen: {last}"),
            Self::Unseen { problem } => format!("Bailiwick cannot see the cluster: {problem}"),
            Self::NotFollowed { why } => format!("Not followed: {why}"),
        }
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
        SyncState::Unreachable { .. } => format!("⏳ `{commit}`: {fetched}the cluster does not answer; I keep asking"),
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
        SyncState::TimedOut { .. } => format!("❌ `{commit}`: {fetched}no result after{ended}"),
        SyncState::Unseen { .. } => {
            format!("❌ `{commit}`: merged; I cannot look into this cluster, so I cannot say whether it is applied")
        }
        SyncState::NotFollowed { .. } => {
            format!("❔ `{commit}`: merged; I do not see this cluster, so I cannot say whether it is applied")
        }
    }
}

fn detail(state: &SyncState) -> Option<String> {
    let quoted = |text: &str| markdown::block(&markdown::cut(text, MESSAGE_BYTES), "");
    match state {
        SyncState::Failed { reason, message, object } => Some(format!(
            "{} says **{}**:\n\n{}\n\n{}\n\n{}I have stopped following this merge and report the next one.",
            markdown::code(object),
            markdown::escape(reason),
            quoted(message),
            remedy(reason, object),
            if reason == "Suspended" { "" } else { "Flux keeps trying; " },
        )),
        SyncState::TimedOut { last } => Some(format!(
            "The last thing that I saw:\n\n{}\n\nIt may still be applied: `flux get sources git -A` and `flux get kustomizations -A` \
             tell. I have stopped following this merge and report the next one.",
            quoted(last)
        )),
        SyncState::Unreachable { problem } => Some(quoted(problem)),
        SyncState::Unseen { problem } => {
            Some(format!("{}\n\nOnce that is mended, I report the next merge.", quoted(problem)))
        }
        // Our own words.
        SyncState::NotFollowed { why } => Some(why.clone()),
        SyncState::Requested | SyncState::Applying | SyncState::Applied { .. } => None,
    }
}

/// What people can do about a reason of Flux's (the condition reasons of source-controller and
/// kustomize-controller, `meta` and `source` API packages).
fn remedy(reason: &str, object: &str) -> String {
    let (kind, place) = object.split_once(' ').unwrap_or(("", object));
    let (namespace, name) = place.split_once('/').unwrap_or(("flux-system", place));
    let is_source = kind == "GitRepository";
    match reason {
        "Suspended" => {
            let what = if is_source { "source git" } else { "kustomization" };
            format!("To let it go on: {}.", markdown::code(&format!("flux resume {what} {name} -n {namespace}")))
        }
        "NoKustomization" => format!("Make one with {} in its `spec.sourceRef`.", markdown::code(object)),
        "AccessDenied" => {
            "Flux is set up to refuse sources of other namespaces: let the Kustomization name a source of its own."
                .to_owned()
        }
        "HealthCheckFailed" => {
            "The objects are in the cluster, but not all of them work: look at those that it names, and mend \
                                them with another pull request."
                .to_owned()
        }
        _ if is_source => {
            "Flux cannot fetch the admin repository: check the deploy key there, the Secret that the GitRepository \
                           names, and its address."
                .to_owned()
        }
        _ => "Mend it with another pull request.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comment::KeyState;

    const MERGED: &str = "1111111111111111111111111111111111111111";

    fn text(state: &SyncState, keys: &[KeyReport]) -> String {
        let (cluster, commit) = ("dev".parse().expect("a name"), MERGED.parse().expect("a commit"));
        let times = (Some(2), state.is_final().then_some(7));
        let report = SyncReport {
            cluster: &cluster,
            commit: &commit,
            state,
            fetched_after: times.0,
            ended_after: times.1,
            keys,
        };
        sync_comment(&report)
    }

    fn failed(object: &str, reason: &str, message: &str) -> SyncState {
        SyncState::Failed { reason: reason.to_owned(), message: message.to_owned(), object: object.to_owned() }
    }

    const SOURCE: &str = "GitRepository flux-system/flux-system";
    const SYNC: &str = "Kustomization flux-system/flux-system";

    #[test]
    fn every_state_says_what_is_and_what_to_do() {
        let later = "2222222222222222222222222222222222222222".parse().expect("a commit");
        let states = [
            SyncState::Requested,
            SyncState::Applying,
            SyncState::Unreachable { problem: "the cluster did not answer for GitRepository a/b".to_owned() },
            SyncState::Applied { revision: MERGED.parse().expect("a commit") },
            SyncState::Applied { revision: later },
            failed(SYNC, "BuildFailed", "kustomize build failed:\nno such file"),
            failed(SYNC, "ReconciliationFailed", "ClusterRole/x dry-run failed (Forbidden)"),
            failed(SYNC, "HealthCheckFailed", "timeout waiting for: [Deployment/a/b status: 'InProgress']"),
            failed(SYNC, "AccessDenied", "cross-namespace references have been blocked"),
            failed(SYNC, "Suspended", "spec.suspend is set"),
            failed(SOURCE, "Suspended", "spec.suspend is set"),
            failed(SOURCE, "GitOperationFailed", "ssh: handshake failed"),
            failed(SOURCE, "NoKustomization", "no Kustomization applies this source"),
            SyncState::TimedOut { last: format!("{SOURCE} holds main@sha1:0000") },
            SyncState::Unseen { problem: "the cluster has no GitRepository".to_owned() },
            SyncState::NotFollowed { why: "set `kubeconfig` for this cluster".to_owned() },
        ];
        let texts: Vec<_> = states.iter().map(|state| format!("{}\n[{}]", text(state, &[]), state.line())).collect();
        insta::assert_snapshot!(texts.join("\n────────\n"));
        for (state, text) in states.iter().zip(texts) {
            let green = text.contains('✅');
            assert_eq!(green, matches!(state, SyncState::Applied { .. }), "only what is applied is green: {text}");
        }
    }

    #[test]
    fn flux_quotes_a_repository_and_nothing_of_it_acts_in_the_comment() {
        let message = "error in @org/platform #1:\n```\n</details> <img src=x> ✅ applied\n```\n### Deploy keys";
        let text = text(&failed("Kustomization a/`b`", "@everyone **x**", message), &[]);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_key_has_its_line() {
        let states = [
            KeyState::WaitingForNamespace,
            KeyState::Registered { read_only: true },
            KeyState::Registered { read_only: false },
            KeyState::NoAdminRight,
            KeyState::DisabledByOrganisation,
            KeyState::InUseElsewhere,
            KeyState::ForeignSecret("Secret team2/flux-git-auth holds no key that I can read.".to_owned()),
            KeyState::TeamGone,
            KeyState::Failed("the namespace team2 did not appear within 15 minutes".to_owned()),
        ];
        let keys = states.map(|state| KeyReport {
            team: "team2".parse().expect("a name"),
            repository: "org/dev-team2".parse().expect("a name"),
            state,
        });
        insta::assert_snapshot!(text(&SyncState::Applied { revision: MERGED.parse().expect("a commit") }, &keys));
    }
}
