//! What the clusters say of the definitions that a change of the admin repository makes or changes, in a dry run.
//!
//! A dry run stores nothing, but it costs the API server something and runs admission webhooks with what stands in the
//! definition. So it is for those who may push to the admin repository: of a fork's pull request nothing is sent. A merge
//! queue's group is tried, because only those people put something into the queue.

use super::super::{Context, JobError, chain};
use crate::cluster::{Cluster, ClusterError, DryRun};
use crate::config::{ClusterConfig, DryRuns};
use crate::rules::{Answer, Candidate, Change, Spot, Trials};

/// So many definitions are tried on one cluster for one review; each may take ten seconds.
const MOST: usize = 20;

/// Asks the cluster of each view that is to be asked. What cannot be asked is told to the change: a cluster that is away
/// must not keep the admins from a verdict.
pub(super) async fn run(
    context: &Context,
    mut change: Change,
    clusters: &[&ClusterConfig],
    from_fork: bool,
) -> Result<Change, JobError> {
    for (view, config) in clusters.iter().enumerate() {
        if config.dry_run != Some(DryRuns::Definitions) {
            continue;
        }
        // Comparing large definitions takes its time.
        let chosen = tokio::task::spawn_blocking(move || (change.to_try(view, MOST), change));
        let candidates;
        (candidates, change) = chosen.await.map_err(|error| JobError::retry(error.to_string()))?;
        if candidates.is_empty() {
            continue;
        }
        let answers = match context.cluster(&config.name) {
            _ if from_fork => all(candidates, &untried("the pull request comes from a fork", true)),
            None => all(candidates, &untried("the bot has no access to it", false)),
            Some(cluster) => ask(cluster, candidates).await,
        };
        change.tell_trials(view, Trials::new(config.name.clone(), answers));
    }
    Ok(change)
}

fn untried(why: impl Into<String>, expected: bool) -> Answer {
    Answer::Untried { why: why.into(), expected }
}

fn all(candidates: Vec<Candidate>, answer: &Answer) -> Vec<(Spot, Answer)> {
    candidates.into_iter().map(|candidate| (candidate.spot, answer.clone())).collect()
}

/// Asks about one after the other. A cluster that is away, or forbids it, is not asked again in this review.
async fn ask(cluster: &Cluster, candidates: Vec<Candidate>) -> Vec<(Spot, Answer)> {
    let (mut answers, mut away) = (Vec::with_capacity(candidates.len()), None);
    for Candidate { spot, object } in candidates {
        let answer = match (object, &away) {
            (Err(answer), _) => answer,
            (Ok(_), Some(why)) => untried(String::clone(why), false),
            (Ok(object), None) => match cluster.dry_run(&object).await {
                Ok(verdict) => told(verdict),
                Err(error) => {
                    tracing::warn!("a definition was not tried on the cluster: {}", chain(&error));
                    let (why, about_one) = why(&error);
                    away = Some(why.clone()).filter(|_| !about_one);
                    untried(why, false)
                }
            },
        };
        answers.push((spot, answer));
    }
    answers
}

/// In few words, without the cluster's address: whoever sees the pull request reads them. And whether it is about one
/// definition, so that the next one may fare better.
fn why(error: &ClusterError) -> (String, bool) {
    match error {
        ClusterError::Unavailable { .. } => ("it did not answer".to_owned(), false),
        ClusterError::Unauthorized => ("it refuses the bot's credentials".to_owned(), false),
        ClusterError::Forbidden { verb, resource, .. } => (format!("it forbids the bot to {verb} {resource}"), false),
        ClusterError::Invalid { problem, .. } => (problem.clone(), true),
        ClusterError::Conflict { .. } => ("it was changed there meanwhile, or names another version".to_owned(), true),
        ClusterError::NotFound { .. } | ClusterError::KindMissing { .. } | ClusterError::Access { .. } => {
            ("it serves no definitions".to_owned(), false)
        }
    }
}

fn told(verdict: DryRun) -> Answer {
    match verdict {
        DryRun::Accepted { warnings } => Answer::Accepted { warnings },
        DryRun::Refused(refused) => Answer::Refused {
            message: refused.message,
            causes: refused.causes.into_iter().map(|cause| (cause.field, cause.message)).collect(),
        },
    }
}
