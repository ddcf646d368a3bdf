//! What became of a merge in the cluster.

use std::time::Duration;

use super::remedy::remedy;
use crate::names::{ClusterName, CommitId};
use crate::redact::redacted;
use crate::report::comment::KeyReport;
use crate::report::markdown;

/// How much of a message of Flux or of the cluster is repeated, in bytes.
const MESSAGE_BYTES: usize = 8_000;
/// How many objects that wait for a failed one are named.
const WAITING_SHOWN: usize = 10;

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
        /// What waits for that object, by `dependsOn`.
        #[serde(default)]
        waiting: Vec<String>,
        /// Whether Flux tries again by itself.
        #[serde(default = "yes")]
        retried: bool,
    },
    /// Nothing final within the time.
    TimedOut {
        /// The last thing that was seen.
        last: String,
    },
    /// Nothing in the cluster syncs the admin repository.
    NoSource {
        /// What was looked for and found, see [`crate::report::comment::no_source`].
        problem: String,
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

/// What records of earlier releases mean: they knew no other failures.
const fn yes() -> bool {
    true
}

impl SyncState {
    /// Whether it is a failure that people are told of. Flux, or somebody, may still mend it.
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::NoSource { .. } | Self::Unseen { .. })
    }

    /// Whether it is something bad that may still pass by itself.
    pub const fn is_trouble(&self) -> bool {
        self.is_failure() || matches!(self, Self::Unreachable { .. })
    }

    /// One line of plain text, for a deployment's status. It repeats Flux's words.
    pub fn line(&self) -> String {
        let line = match self {
            Self::Requested | Self::Applying => "Flux is fetching and applying".to_owned(),
            Self::Unreachable { .. } => "The cluster does not answer; it is asked again".to_owned(),
            Self::Applied { revision } => format!("Applied {}", revision.short()),
            Self::Failed { reason, message, object, .. } => format!("{object}: {reason}: {message}"),
            Self::TimedOut { last } => format!("No result in time. Last seen: {last}"),
            Self::NoSource { problem } => format!("Nothing in the cluster syncs this: {problem}"),
            Self::Unseen { problem } => format!("Bailiwick cannot see the cluster: {problem}"),
            Self::NotFollowed { why } => format!("Not followed: {why}"),
        };
        redacted(&line)
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
    /// The failure that people were told of before.
    pub failed_first: Option<&'a SyncState>,
    /// How long after the merge the bot goes on looking; `None` where it has stopped.
    pub following: Option<Duration>,
    /// Whether only what `flux bootstrap` makes was looked at, because the bot may not list more.
    pub narrow: bool,
    /// Seconds from the request to the fetch, once fetched.
    pub fetched_after: Option<i64>,
    /// Seconds from the request to the end, once ended.
    pub ended_after: Option<i64>,
    /// The deploy keys of the teams that the merge touched.
    pub keys: &'a [KeyReport],
}

impl SyncReport<'_> {
    /// One line of plain text, for a deployment's status. It repeats Flux's words.
    pub fn line(&self) -> String {
        let line = self.state.line();
        match (self.state, self.failed_first) {
            (SyncState::Applied { .. }, Some(SyncState::Failed { .. })) => format!("{line}; it had failed first"),
            _ => line,
        }
    }
}

/// The one comment about a merge.
pub fn sync_comment(report: &SyncReport<'_>) -> String {
    let mut text = format!("### Cluster {}\n\n{}\n", report.cluster, state_line(report));
    if let Some(detail) = detail(report) {
        text.push_str(&format!("\n{detail}\n"));
    }
    if report.narrow {
        text.push_str(&format!("\n{NARROW}\n"));
    }
    if !report.keys.is_empty() {
        text.push_str("\n### Deploy keys\n\n");
        for key in report.keys {
            text.push_str(&format!("- {}\n", key.line()));
        }
    }
    text
}

const NARROW: &str = "I may not list Flux's objects in all namespaces, so I look at the GitRepository and the Kustomization \
                      `flux-system/flux-system` only. Grant `list` on `gitrepositories.source.toolkit.fluxcd.io` and \
                      `kustomizations.kustomize.toolkit.fluxcd.io` to let me follow the others too.";

fn state_line(report: &SyncReport<'_>) -> String {
    let commit = report.commit.short();
    let fetched = report.fetched_after.map_or(String::new(), |seconds| format!("fetched {seconds} s · "));
    let ended = report.ended_after.map_or(String::new(), |seconds| format!(" {seconds} s"));
    match report.state {
        SyncState::Requested => format!("⏳ `{commit}`: Flux was asked to fetch it"),
        SyncState::Applying => format!("⏳ `{commit}`: {fetched}applying"),
        SyncState::Unreachable { .. } => format!("⏳ `{commit}`: {fetched}the cluster does not answer; I keep asking"),
        SyncState::Applied { revision } => format!("✅ `{commit}`: {fetched}{}", applied(report, revision)),
        SyncState::Failed { .. } => format!("❌ `{commit}`: {fetched}not applied"),
        SyncState::TimedOut { .. } => format!("❌ `{commit}`: {fetched}no result after{ended}"),
        SyncState::NoSource { .. } => format!("❌ `{commit}`: merged; I found nothing in this cluster that applies it"),
        SyncState::Unseen { .. } => {
            format!("❌ `{commit}`: merged; I cannot look into this cluster, so I cannot say whether it is applied")
        }
        SyncState::NotFollowed { .. } => {
            format!("❔ `{commit}`: merged; I do not see this cluster, so I cannot say whether it is applied")
        }
    }
}

fn applied(report: &SyncReport<'_>, revision: &CommitId) -> String {
    let after = report.ended_after.map(time);
    let first = match report.failed_first {
        None => None,
        Some(SyncState::Failed { .. }) => Some("failed first"),
        Some(_) => Some("not to be followed at first"),
    };
    let applied = match (first, after) {
        (Some(first), Some(after)) => format!("{first}, then applied after {after}"),
        (Some(first), None) => format!("{first}, then applied"),
        (None, Some(after)) => format!("applied {after}"),
        (None, None) => "applied".to_owned(),
    };
    if revision == report.commit {
        return applied;
    }
    format!("{applied}, by the later commit `{}` that contains it", revision.short())
}

/// Seconds as people say them: `90 s`, `3 min`.
fn time(seconds: i64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", (seconds + 30) / 60) }
}

fn quoted(text: &str) -> String {
    markdown::block(&markdown::cut(text, MESSAGE_BYTES), "")
}

fn detail(report: &SyncReport<'_>) -> Option<String> {
    match report.state {
        SyncState::Failed { .. } => failure(report.state, report.following),
        SyncState::TimedOut { last } => Some(format!(
            "The last thing that I saw:\n\n{}\n\nIt may still be applied: `flux get sources git -A` and `flux get kustomizations -A` \
             tell. I have stopped following this merge and report the next one.",
            quoted(last)
        )),
        SyncState::Unreachable { problem } => Some(quoted(problem)),
        SyncState::NoSource { problem } | SyncState::Unseen { problem } => {
            let closing = match report.following {
                Some(all) => format!(
                    "I keep looking for {} after the merge; once that is mended, I say here how it went.",
                    span(all)
                ),
                None => "Once that is mended, I report the next merge.".to_owned(),
            };
            Some(format!("{}\n\n{closing}", quoted(problem)))
        }
        // Our own words.
        SyncState::NotFollowed { why } => Some(why.clone()),
        SyncState::Applied { .. } => match report.failed_first {
            Some(SyncState::Failed { reason, object, .. }) => {
                Some(format!("Before that, {} said **{}**.", markdown::code(object), markdown::escape(reason)))
            }
            _ => None,
        },
        SyncState::Requested | SyncState::Applying => None,
    }
}

fn failure(state: &SyncState, following: Option<Duration>) -> Option<String> {
    let SyncState::Failed { reason, message, object, waiting, retried } = state else { return None };
    let mut text = format!(
        "{} says **{}**:\n\n{}\n\n{}",
        markdown::code(object),
        markdown::escape(reason),
        quoted(message),
        remedy(reason, object, *retried),
    );
    if !waiting.is_empty() {
        let names: Vec<_> = waiting.iter().take(WAITING_SHOWN).map(|name| markdown::code(name)).collect();
        let more = match waiting.len().saturating_sub(WAITING_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        text.push_str(&format!("\n\nWhat waits for it: {}{more}.", names.join(", ")));
    }
    let closing = match (following, *retried) {
        (Some(all), true) => {
            format!(
                "Flux keeps trying, and I keep looking for {} after the merge: I correct this when it is applied.",
                span(all)
            )
        }
        (Some(all), false) => {
            format!("I keep looking for {} after the merge: I correct this when it is applied.", span(all))
        }
        (None, true) => "Flux keeps trying; I have stopped following this merge and report the next one.".to_owned(),
        (None, false) => "I have stopped following this merge and report the next one.".to_owned(),
    };
    Some(format!("{text}\n\n{closing}"))
}

fn span(all: Duration) -> String {
    time(i64::try_from(all.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comment::KeyState;

    const MERGED: &str = "1111111111111111111111111111111111111111";

    fn text(state: &SyncState, keys: &[KeyReport]) -> String {
        let (cluster, commit) = ("dev".parse().expect("a name"), MERGED.parse().expect("a commit"));
        let ended = !matches!(state, SyncState::Requested | SyncState::Applying | SyncState::Unreachable { .. });
        let report = SyncReport {
            cluster: &cluster,
            commit: &commit,
            state,
            failed_first: None,
            following: None,
            narrow: false,
            fetched_after: Some(2),
            ended_after: ended.then_some(7),
            keys,
        };
        sync_comment(&report)
    }

    fn failed(object: &str, reason: &str, message: &str) -> SyncState {
        let text = str::to_owned;
        let (reason, message, object) = (text(reason), text(message), text(object));
        SyncState::Failed { retried: reason != "Suspended", reason, message, object, waiting: Vec::new() }
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
            failed(SYNC, "DependencyNotReady", "dependency 'flux-system/crds' is not ready"),
            SyncState::NoSource { problem: "there is no GitRepository for org/dev-cluster".to_owned() },
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

    /// While the bot goes on looking, and what is said once a failure has passed.
    #[test]
    fn a_failure_that_may_still_pass_and_one_that_did() {
        let (cluster, commit): (ClusterName, CommitId) =
            ("dev".parse().expect("a name"), MERGED.parse().expect("a commit"));
        let applied = |digit: &str| SyncState::Applied { revision: digit.repeat(40).parse().expect("a commit") };
        let build = failed(SYNC, "BuildFailed", "no such file");
        let SyncState::Failed { reason, message, object, .. } = build.clone() else { unreachable!("made one above") };
        let waiting = vec!["Kustomization flux-system/apps".to_owned(), "Kustomization flux-system/tenants".to_owned()];
        let blocking = SyncState::Failed { reason, message, object, waiting, retried: true };
        let suspended = failed(SYNC, "Suspended", "spec.suspend is set");
        let unseen = SyncState::Unseen { problem: "grant `get`".to_owned() };
        let rows = [
            (blocking.clone(), None, None),
            (suspended, None, None),
            (unseen.clone(), None, None),
            (applied("1"), Some(&build), Some(187)),
            (applied("2"), Some(&blocking), Some(119)),
            (applied("1"), Some(&unseen), Some(7)),
        ];
        let texts = rows.map(|(state, failed_first, ended_after)| {
            let following = ended_after.is_none().then_some(Duration::from_secs(900));
            let (cluster, commit, state) = (&cluster, &commit, &state);
            let (narrow, fetched_after, keys) = (ended_after == Some(7), Some(2), &[][..]);
            let report = SyncReport {
                cluster,
                commit,
                state,
                failed_first,
                following,
                narrow,
                fetched_after,
                ended_after,
                keys,
            };
            format!("{}\n[{}]", sync_comment(&report), report.line())
        });
        insta::assert_snapshot!(texts.join("\n────────\n"));
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
            KeyState::Fetched { read_only: true, revision: "main@sha1:1f2e3d".to_owned() },
            KeyState::Unfetched { read_only: true, problem: "GitOperationFailed: *handshake* failed".to_owned() },
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
