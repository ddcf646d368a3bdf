//! How far a team is that somebody asked for: the list that is kept up to date where it was asked for.

use super::key::{KeyReport, KeyState};
use super::sync::SyncState;
use crate::names::{ClusterName, CommitId, IssueNumber, TeamName};
use crate::report::markdown;

/// What is known of the team.
#[derive(Debug)]
pub struct RequestReport<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// The cluster.
    pub cluster: &'a ClusterName,
    /// The pull request that brought it.
    pub pull: IssueNumber,
    /// What that was merged as.
    pub commit: &'a CommitId,
    /// How far the cluster is with it.
    pub sync: &'a SyncState,
    /// Its deploy key; `None` where nobody has looked after it yet.
    pub key: Option<&'a KeyReport>,
    /// Whether the bot looks after keys in this cluster.
    pub has_keys: bool,
}

/// One step: done, not yet, or not without somebody's help.
enum Step {
    Done(String),
    Open(String),
    Stuck(String),
}

impl Step {
    fn line(&self) -> String {
        match self {
            Self::Done(words) => format!("- [x] {words}\n"),
            Self::Open(words) => format!("- [ ] {words}\n"),
            Self::Stuck(words) => format!("- [ ] ❌ {words}\n"),
        }
    }
}

/// The list, and what is left to do.
pub fn request_comment(report: &RequestReport<'_>) -> String {
    let RequestReport { team, cluster, pull, commit, .. } = report;
    let mut steps = vec![Step::Done(format!("#{pull} is merged as `{}`", commit.short())), applied(report)];
    steps.extend(key_steps(report));
    let lines: String = steps.iter().map(Step::line).collect();
    let is_stuck = steps.iter().any(|step| matches!(step, Step::Stuck(_)));
    let is_done = steps.iter().all(|step| matches!(step, Step::Done(_)));
    let head = match (is_done, is_stuck) {
        (true, _) => format!("**{team}** is ready on {cluster}."),
        (_, true) => format!("**{team}** is not ready on {cluster}: it needs somebody's help."),
        _ => format!("**{team}** is on its way to {cluster}."),
    };
    let rest = match (is_done, report.has_keys) {
        (true, true) => "\nWhat the team pushes to its repository, Flux applies in the team's namespace.\n".to_owned(),
        (true, false) => "\nI look after no deploy key here (`git_access.mode`): whether Flux can fetch the team's repository I do not \
                          know.\n"
            .to_owned(),
        (false, _) => format!("\nThe details stand in #{pull}. I keep this list up to date.\n"),
    };
    format!("### {head}\n\n{lines}{rest}")
}

fn applied(report: &RequestReport<'_>) -> Step {
    let cluster = report.cluster;
    match report.sync {
        SyncState::Applied { revision } => Step::Done(format!("{cluster} has applied it, at `{}`", revision.short())),
        SyncState::Requested | SyncState::Applying | SyncState::Unreachable { .. } => {
            Step::Open(format!("{cluster} applies it"))
        }
        stuck => Step::Stuck(format!("{cluster} does not apply it: {}", markdown::escape(&stuck.line()))),
    }
}

/// Namespace, registration and first fetch.
fn key_steps(report: &RequestReport<'_>) -> Vec<Step> {
    if !report.has_keys {
        return Vec::new();
    }
    let team = report.team;
    let namespace = format!("the namespace `{team}` is there");
    let registered = "its deploy key is registered".to_owned();
    let fetched = "Flux fetches its repository".to_owned();
    let Some(KeyReport { repository, state, .. }) = report.key else {
        return [namespace, registered, fetched].into_iter().map(Step::Open).collect();
    };
    let with_key = |read_only: &bool| {
        let access = if *read_only { "read-only" } else { "with write access" };
        Step::Done(format!("its deploy key is registered on `{repository}`, {access}"))
    };
    let last = match state {
        KeyState::WaitingForNamespace => {
            return [namespace, registered, fetched].into_iter().map(Step::Open).collect();
        }
        KeyState::Registered { read_only } => [with_key(read_only), Step::Open(fetched)],
        KeyState::Fetched { read_only, revision } => {
            [with_key(read_only), Step::Done(format!("Flux has fetched its repository: {}", markdown::code(revision)))]
        }
        KeyState::Unfetched { read_only, problem } => [
            with_key(read_only),
            Step::Stuck(format!("Flux does not fetch its repository: {}", markdown::escape(problem))),
        ],
        _ => [Step::Stuck(report.key.map(KeyReport::words).unwrap_or_default()), Step::Open(fetched)],
    };
    // These may be found before anybody looks for the namespace.
    let is_there = !matches!(state, KeyState::NotTheTeams(_) | KeyState::TeamGone | KeyState::Failed(_));
    is_there.then_some(Step::Done(namespace)).into_iter().chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::{RequestReport, request_comment};
    use crate::report::comment::{KeyReport, KeyState, SyncState};

    const MERGED: &str = "4f1a5c54f1a5c54f1a5c54f1a5c54f1a5c54f1a5";

    fn text(sync: &SyncState, state: Option<KeyState>, has_keys: bool) -> String {
        let (team, cluster) = ("team2".parse().expect("a name"), "dev".parse().expect("a name"));
        let repository = "org/dev-team2".parse().expect("a name");
        let key = state.map(|state| KeyReport { team: "team2".parse().expect("a name"), repository, state });
        request_comment(&RequestReport {
            team: &team,
            cluster: &cluster,
            pull: crate::names::IssueNumber::new(12),
            commit: &MERGED.parse().expect("a commit"),
            sync,
            key: key.as_ref(),
            has_keys,
        })
    }

    #[test]
    fn each_state_has_its_list() {
        let applied = SyncState::Applied { revision: MERGED.parse().expect("a commit") };
        let failed = SyncState::Unseen { problem: "the API server *said* no".to_owned() };
        let mut all =
            vec![text(&SyncState::Requested, None, true), text(&failed, None, true), text(&applied, None, false)];
        for state in [
            KeyState::WaitingForNamespace,
            KeyState::Registered { read_only: true },
            KeyState::Fetched { read_only: true, revision: "main@sha1:1f2e3d".to_owned() },
            KeyState::Unfetched { read_only: false, problem: "GitOperationFailed: no".to_owned() },
            KeyState::NoAdminRight,
            KeyState::Failed("the namespace team2 did not appear within 900 s".to_owned()),
        ] {
            all.push(text(&applied, Some(state), true));
        }
        insta::assert_snapshot!(all.join("\n---\n"));
    }
}
