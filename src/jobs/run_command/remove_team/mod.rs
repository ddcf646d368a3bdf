//! `/remove-team TEAM`: a team leaves in two pull requests, one after the other.
//!
//! How far it is, the tip of the tracked branch says: as long as something there makes Flux apply the team, the first step
//! is next; as long as something else of the team is there, the second one is, once the first one is proven applied; and
//! after that the deploy key goes. Each step's branch belongs to the bot, so writing the command twice brings the same pull
//! request up to date.

mod key;
mod past;
mod proof;

use self::past::Past;
use super::Call;
use super::propose::{commit, files, open_or_update};
use crate::command::RemoveTeam;
use crate::config::ClusterConfig;
use crate::forge::{Access, NewCommit, NewPull};
use crate::jobs::admin::Base;
use crate::jobs::{JobError, admin, hands};
use crate::names::IssueNumber;
use crate::report::comment::{self, RemovalStep};
use crate::scaffold::ChangeSet;
use crate::scaffold::remove::{Removal, RemoveError, RemoveRequest};
use crate::store::{AuditEffect, EffectState};

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &RemoveTeam) -> Result<String, JobError> {
    let Some(cluster) = call.clusters.first() else {
        return Ok(comment::not_here("remove-team", "Write it in the admin repository of a cluster."));
    };
    let base = admin::tip(call.context, cluster).await?;
    let past = Past::of(call, &command.team).await?;
    let request = request(call, command, cluster, &past);
    let removal = match admin::plan_removal(&base, cluster, &request).await? {
        Ok(removal) => removal,
        Err(RemoveError::Unknown { .. }) if past.is_over() => {
            return key::remove(call, command, (cluster, &base), &past).await;
        }
        Err(refusal) => {
            let reason = refusal.to_string();
            call.record_no_removal(what(command, cluster), &reason).await?;
            return Ok(comment::remove_team_refused(&reason));
        }
    };
    if command.plan {
        return Ok(comment::remove_team_plan(&command.team, &removal.to_string()));
    }
    let leaves = Leaves { call, command, cluster, base: &base, removal: &removal, past: &past };
    if !removal.first.files.is_empty() {
        return leaves.propose(RemovalStep::First, &removal.first).await;
    }
    if past.second_open().is_none()
        && !command.without_proof
        && let Err(missing) = proof::of(call, cluster, &past).await?
    {
        call.record_no_removal(what(command, cluster), &missing).await?;
        return Ok(comment::remove_team_unproven(&removal, past.merged().as_ref(), &missing));
    }
    leaves.propose(RemovalStep::Second, &removal.second).await
}

fn request(call: &Call<'_>, command: &RemoveTeam, cluster: &ClusterConfig, past: &Past) -> RemoveRequest {
    let repository = past.repository().unwrap_or_else(|| cluster.team_repository.for_team(&command.team));
    let url = |repository| call.context.team_git_url(cluster, repository).parse().ok();
    RemoveRequest {
        team: command.team.clone(),
        was_team: past.merged().is_some() || command.without_proof,
        git_url: url(&repository),
        own_url: url(&cluster.admin_repository),
    }
}

/// For the audit log.
fn what(command: &RemoveTeam, cluster: &ClusterConfig) -> String {
    format!("team {} in cluster {}", command.team, cluster.name)
}

/// A team that leaves.
struct Leaves<'a> {
    call: &'a Call<'a>,
    command: &'a RemoveTeam,
    cluster: &'a ClusterConfig,
    base: &'a Base,
    removal: &'a Removal,
    past: &'a Past,
}

impl Leaves<'_> {
    /// Commits a step and opens its pull request, or brings the open one up to date.
    async fn propose(&self, step: RemovalStep, changes: &ChangeSet) -> Result<String, JobError> {
        let Self { call, command, cluster, removal, .. } = self;
        let store = &call.context.store;
        let at = (call.job.repository, call.job.repository_name.clone());
        let repo = call.context.forge.repo(call.job.installation, at, Access::PROPOSE);
        let branch = past::branch(step, &command.team)?;
        let key = format!("{}/{}/{}", call.job.repository, step.as_str(), command.team);
        let seen_before = !matches!(store.effect(call.lease, "remove-team", &key).await?, EffectState::New);
        let title = comment::remove_team_title(&command.team, step);
        let new = NewCommit {
            branch: branch.clone(),
            expected: None,
            parent: self.base.commit.clone(),
            parent_tree: None,
            message: format!("{title}\n\nAsked for in #{} by a comment.", call.job.issue),
            files: files(changes),
        };
        let commit = commit(&repo, new, seen_before).await?;
        let own = past::objects(call.context, removal).await?;
        let others = call.clusters.get(1..).unwrap_or_default();
        let body = comment::remove_team_body(&comment::Leaving {
            removal,
            step,
            clusters: (cluster, others),
            requested_in: call.job.issue,
            own: own.as_deref(),
            proven: step == RemovalStep::First || !command.without_proof,
        });
        let new = NewPull { title, body, head: branch, base: cluster.branch.clone() };
        let (number, updated) = open_or_update(&repo, new, seen_before).await?;
        hands::asked(store, (call.job.repository, number), call.job.author).await?;
        if step == RemovalStep::First {
            self.past.remember(call, removal, number).await?;
        }
        store.effect_done(call.lease, "remove-team", &key, &serde_json::json!({"pull": number.get()})).await?;
        self.record(step, number, commit.to_string()).await?;
        Ok(comment::remove_team_opened(removal, step, number, updated))
    }

    async fn record(&self, step: RemovalStep, number: IssueNumber, commit: String) -> Result<(), JobError> {
        let effects = vec![
            AuditEffect::new("commit", &commit),
            AuditEffect::new("pull_request", format!("{}#{number}", self.call.job.repository_name)),
        ];
        let what = format!("{}, {} step", what(self.command, self.cluster), step.as_str());
        self.call.record_removal(what, self.base.commit.clone(), effects).await
    }
}
