//! Where somebody asked for a team: there people read, in one list, how far it is.

use serde_json::json;

use super::{Context, JobError, comments, keys};
use crate::config::AccessMode;
use crate::forge::Access;
use crate::names::{ClusterName, CommitId, IssueNumber, TeamName};
use crate::report::comment::{RequestReport, SyncState, request_comment};
use crate::store::{Lease, Store};

const KIND: &str = "team-request";

/// Remembers that a pull request brings a team that was asked for in an issue.
pub(super) async fn remember(
    store: &Store,
    (cluster, team): (&ClusterName, &TeamName),
    pull: IssueNumber,
    (issue, is_pull): (IssueNumber, bool),
) -> Result<(), JobError> {
    let value = json!({"team": team, "issue": issue.get(), "is_pull": is_pull});
    Ok(store.set_fact(KIND, &format!("{cluster}/{pull}"), &value).await?)
}

/// Brings the list up to date after news of a merge; nothing where the pull request brought no team that was asked for.
pub(super) async fn tell(
    context: &Context,
    lease: &Lease,
    (cluster, pull): (&ClusterName, IssueNumber),
    (commit, sync): (&CommitId, &SyncState),
) -> Result<(), JobError> {
    let Some(asked) = context.store.fact(KIND, &format!("{cluster}/{pull}")).await? else { return Ok(()) };
    let (Ok(team), Some(issue)) = (serde_json::from_value::<TeamName>(asked["team"].clone()), asked["issue"].as_u64())
    else {
        return Ok(());
    };
    let config = context.cluster_config(cluster)?;
    let keys = keys::reports(&context.store, cluster, pull).await?;
    let text = request_comment(&RequestReport {
        team: &team,
        cluster,
        pull,
        commit,
        sync,
        key: keys.iter().find(|key| key.team == team),
        has_keys: config.git_access.mode == AccessMode::DeployKey,
    });
    let access = if asked["is_pull"] == json!(true) { Access::COMMENT } else { Access::COMMENT_ON_ISSUES };
    let repo = context.repository_with(&config.admin_repository, access).await?;
    let at = (&repo, IssueNumber::new(issue));
    match comments::upsert(&context.store, lease, at, &format!("request/{cluster}/{team}"), &text).await {
        // A locked or deleted issue: the pull request tells the same.
        Err(JobError::Fail { reason }) => {
            tracing::warn!(cluster.name = %cluster, team.name = %team, "the list of a team's steps could not be written: {reason}");
            Ok(())
        }
        written => written,
    }
}
