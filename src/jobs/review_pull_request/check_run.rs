//! The check run of one head: opened once, completed once, found again after a crash.

use serde_json::{Value, json};

use super::ReviewPullRequest;
use crate::finding::Severity;
use crate::forge::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRunUpdate, CheckState, Conclusion, NewCheckRun,
    PullRequest, Repo,
};
use crate::jobs::{Context, JobError};
use crate::names::{CheckRunId, CommitId, IssueNumber, RepositoryId};
use crate::report::{self, CheckRunReport};
use crate::store::{EffectState, Lease, Store};

/// The check that branch protection requires.
pub const CHECK_NAME: &str = "bailiwick/review";
const KIND: &str = "check-run";
const PREFIX: &str = "review/";

/// The pull request that a check run's external id names.
pub(in crate::jobs) fn pull_of(external_id: &str) -> Option<IssueNumber> {
    external_id.strip_prefix(PREFIX)?.parse().ok().map(IssueNumber::new)
}

/// Whether this head has a verdict.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::jobs) async fn is_done(
    store: &Store,
    repository: RepositoryId,
    head: &CommitId,
) -> Result<bool, JobError> {
    let value = store.effect_value(KIND, &key(repository, head)).await?;
    Ok(value.is_some_and(|value| value["conclusion"].is_string()))
}

fn key(repository: RepositoryId, head: &CommitId) -> String {
    format!("{repository}/{head}")
}

/// An open check run that waits for its verdict.
pub(super) struct Verdict {
    key: String,
    id: CheckRunId,
    /// Annotations that an earlier run, cut short, has sent already.
    annotated: usize,
}

impl Verdict {
    /// Opens the check run of the pull request's head. `None` where it has its verdict and nobody
    /// asked for another.
    pub(super) async fn begin(
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        (job, pull): (&ReviewPullRequest, &PullRequest),
    ) -> Result<Option<Self>, JobError> {
        let key = key(job.repository, &pull.head.sha);
        let external_id = format!("{PREFIX}{}", job.number);
        let open = match context.store.effect(lease, KIND, &key).await? {
            // A second pull request may bring the same head against another base.
            EffectState::Done(value) if value["conclusion"].is_string() => {
                if !job.again && value["pull"] == json!(job.number.get()) {
                    return Ok(None);
                }
                None
            }
            EffectState::Done(value) if lease.attempt == 1 => value["id"].as_u64().map(|id| (CheckRunId::new(id), 0)),
            EffectState::Done(_) | EffectState::Unfinished => {
                let found = repo.find_check_run(&pull.head.sha, CHECK_NAME, Some(&external_id)).await?;
                found.filter(|run| !run.is_completed()).map(|run| (run.id, run.annotations()))
            }
            EffectState::New => None,
        };
        let (id, annotated) = match open {
            Some(open) => open,
            None => (repo.create_check_run(&opening(context, pull, external_id)).await?.id, 0),
        };
        let value = json!({"id": id.get(), "pull": job.number.get()});
        context.store.effect_done(lease, KIND, &key, &value).await?;
        Ok(Some(Self { key, id, annotated }))
    }

    /// Completes it; further batches of annotations go first, so that a conclusion stands only over
    /// everything.
    pub(super) async fn complete(
        self,
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        report: CheckRunReport,
    ) -> Result<(), JobError> {
        let conclusion = conclusion(report.conclusion);
        let update = CheckRunUpdate {
            state: Some(CheckState::Completed { conclusion, at: context.clock.now() }),
            output: Some(CheckOutput {
                title: report.title,
                summary: report.summary,
                text: None,
                annotations: report.annotations.into_iter().map(annotation).collect(),
            }),
            already_annotated: self.annotated,
            ..CheckRunUpdate::default()
        };
        repo.update_check_run(self.id, &update).await?;
        let mut value = context.store.effect_value(KIND, &self.key).await?.unwrap_or(Value::Null);
        value["conclusion"] = json!(conclusion.as_str());
        Ok(context.store.effect_done(lease, KIND, &self.key, &value).await?)
    }
}

fn opening(context: &Context, pull: &PullRequest, external_id: String) -> NewCheckRun {
    NewCheckRun {
        name: CHECK_NAME.to_owned(),
        head: pull.head.sha.clone(),
        external_id: Some(external_id),
        details_url: None,
        started_at: Some(context.clock.now()),
        state: CheckState::InProgress,
        output: None,
        actions: vec![CheckAction {
            label: "Judge again".to_owned(),
            description: "Judges the head as it is now".to_owned(),
            identifier: "judge-again".to_owned(),
        }],
    }
}

const fn conclusion(conclusion: report::Conclusion) -> Conclusion {
    match conclusion {
        report::Conclusion::Success => Conclusion::Success,
        report::Conclusion::Failure => Conclusion::Failure,
        report::Conclusion::Neutral => Conclusion::Neutral,
        report::Conclusion::ActionRequired => Conclusion::ActionRequired,
    }
}

fn annotation(annotation: report::Annotation) -> Annotation {
    let same_line = annotation.start_line == annotation.end_line;
    Annotation {
        path: annotation.path,
        start_line: annotation.start_line,
        end_line: annotation.end_line,
        columns: annotation.start_column.filter(|_| same_line).map(|column| (column, column)),
        level: match annotation.level {
            Severity::Error => AnnotationLevel::Failure,
            Severity::Warning => AnnotationLevel::Warning,
            Severity::Note => AnnotationLevel::Notice,
        },
        title: Some(annotation.title),
        message: annotation.message,
        raw_details: None,
    }
}
