//! The check run of one head: opened once, completed once, found again after a crash.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ReviewPullRequest;
use crate::finding::Severity;
use crate::forge::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRun, CheckRunUpdate, CheckState, Conclusion,
    NewCheckRun, PullRequest, Repo,
};
use crate::jobs::{Context, JobError};
use crate::names::{CheckRunId, CommitId, IssueNumber, RepositoryId};
use crate::report::{self, CheckRunReport};
use crate::store::{EffectState, Lease, Store};

/// The check that branch protection requires.
pub const CHECK_NAME: &str = "bailiwick/review";

/// The check run's name for a base branch. GitHub keeps the runs of a commit apart by their names only, and
/// one commit may be the head of several pull requests: were they all called [`CHECK_NAME`], the harmless
/// merge into one branch would cover up the verdict on the other. That name belongs to the `first` branch that
/// is synced from a repository; any other branch is named too.
pub(super) fn check_name(base: &str, first: Option<&str>) -> String {
    if first == Some(base) { CHECK_NAME.to_owned() } else { format!("{CHECK_NAME} ({base})") }
}

const KIND: &str = "check-run";
const PREFIX: &str = "review/";
/// The fact that remembers the check run of a pull request that has no conclusion yet.
const OPEN: &str = "open-check-run";
/// The fact that remembers which head of a pull request was judged for which base.
const JUDGED: &str = "judged";

/// The pull request that a check run's external id names.
pub(in crate::jobs) fn pull_of(external_id: &str) -> Option<IssueNumber> {
    external_id.strip_prefix(PREFIX)?.parse().ok().map(IssueNumber::new)
}

/// Whether the pull request has a verdict on its head as a change of the base that it has now.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::jobs) async fn is_done(
    store: &Store,
    repository: RepositoryId,
    pull: &PullRequest,
) -> Result<bool, JobError> {
    let verdict = store.effect_value(KIND, &key(repository, pull)).await?;
    if !verdict.is_some_and(|verdict| verdict["conclusion"].is_string()) {
        return Ok(false);
    }
    Ok(store.fact(JUDGED, &slot(repository, pull.number)).await? == Some(judged_as(pull)))
}

/// The pull requests of a repository whose check run was opened and never completed.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::jobs) async fn unfinished(
    store: &Store,
    repository: RepositoryId,
) -> Result<BTreeSet<IssueNumber>, JobError> {
    let start = format!("{repository}/");
    let open = store.facts(OPEN).await?;
    let numbers = open.iter().filter_map(|(slot, _)| slot.strip_prefix(&start)?.parse().ok());
    Ok(numbers.map(IssueNumber::new).collect())
}

fn judged_as(pull: &PullRequest) -> Value {
    json!({"head": pull.head.sha, "base": pull.base.branch})
}

fn key(repository: RepositoryId, pull: &PullRequest) -> String {
    key_of(repository, &pull.head.sha, &pull.base.branch)
}

/// A verdict is one on a head as a change of a base.
fn key_of(repository: RepositoryId, head: &CommitId, base: &str) -> String {
    format!("{repository}/{head}/{base}")
}

/// An open check run that waits for its verdict.
pub(super) struct Verdict {
    key: String,
    slot: String,
    /// The head and the base that are judged.
    judged: Value,
    id: CheckRunId,
    /// What is remembered of it.
    value: Value,
    /// Annotations that an earlier run, cut short, has sent already.
    annotated: usize,
}

impl Verdict {
    /// Opens the check run of the pull request's head, or takes up the one that a run before this
    /// one has opened. `None` where it has its verdict and nobody asked for another.
    pub(super) async fn begin(
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        (job, pull, name): (&ReviewPullRequest, &PullRequest, &str),
    ) -> Result<Option<Self>, JobError> {
        let (store, key) = (&context.store, key(job.repository, pull));
        let external_id = format!("{PREFIX}{}", job.number);
        let (slot, judged) = (slot(job.repository, job.number), judged_as(pull));
        let sought = Sought { head: &pull.head.sha, name, external_id: &external_id };
        let mut value = json!({"pull": job.number.get(), "job": lease.job.get()});
        let earlier = match store.effect(lease, KIND, &key).await? {
            EffectState::New => None,
            EffectState::Unfinished => sought.newest_open(repo).await?,
            EffectState::Done(known) if known["conclusion"].is_string() => {
                if stands(&known, job, lease) {
                    store.set_fact(JUDGED, &slot, &judged).await?;
                    return Ok(None);
                }
                // The intent, so that a check run which is opened and not recorded is found again.
                store.effect_done(lease, KIND, &key, &value).await?;
                None
            }
            EffectState::Done(known) => match known["id"].as_u64().map(CheckRunId::new) {
                None => sought.newest_open(repo).await?,
                // Whoever asks again is not content with what another job has completed.
                Some(id) => repo
                    .check_run(id)
                    .await?
                    .filter(|run| !run.is_completed() || !job.again || known["job"] == json!(lease.job.get())),
            },
        };
        // Completed last of all: whatever was cut afterwards, the verdict stands.
        if let Some(run) = earlier.as_ref().filter(|run| run.is_completed()) {
            value["id"] = json!(run.id.get());
            value["conclusion"] = json!(run.conclusion);
            store.effect_done(lease, KIND, &key, &value).await?;
            store.set_fact(JUDGED, &slot, &judged).await?;
            return Ok(None);
        }
        let (id, annotated) = match earlier {
            Some(run) => (run.id, run.annotations()),
            None => {
                // Before it is opened: the head may be another one when the next run looks.
                store.set_fact(OPEN, &slot, &open_as(pull, name, None)).await?;
                (repo.create_check_run(&opening(context, &sought)).await?.id, 0)
            }
        };
        value["id"] = json!(id.get());
        store.effect_done(lease, KIND, &key, &value).await?;
        store.set_fact(OPEN, &slot, &open_as(pull, name, Some(id))).await?;
        Ok(Some(Self { key, slot, judged, id, value, annotated }))
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
        let mut value = self.value;
        value["conclusion"] = json!(conclusion.as_str());
        context.store.effect_done(lease, KIND, &self.key, &value).await?;
        context.store.set_fact(JUDGED, &self.slot, &self.judged).await?;
        Ok(context.store.remove_fact(OPEN, &self.slot).await?)
    }

    /// Completes it without a verdict: the next event of the pull request tries again.
    pub(super) async fn give_up(
        mut self,
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        report: CheckRunReport,
    ) -> Result<(), JobError> {
        self.value["given_up"] = json!(true);
        self.complete(context, lease, repo, report).await
    }
}

/// Whether a verdict that was given needs no other. A second pull request may bring the same head.
fn stands(known: &Value, job: &ReviewPullRequest, lease: &Lease) -> bool {
    let by_this_job = known["job"] == json!(lease.job.get());
    let of_this_pull = known["pull"] == json!(job.number.get());
    of_this_pull && (by_this_job || !job.again && known["given_up"] != json!(true))
}

/// Which check run is looked for.
struct Sought<'a> {
    head: &'a CommitId,
    name: &'a str,
    external_id: &'a str,
}

impl Sought<'_> {
    async fn newest_open(&self, repo: &Repo) -> Result<Option<CheckRun>, JobError> {
        let found = repo.find_check_run(self.head, self.name, Some(self.external_id)).await?;
        Ok(found.filter(|run| !run.is_completed()))
    }
}

fn open_as(pull: &PullRequest, name: &str, id: Option<CheckRunId>) -> Value {
    json!({"head": pull.head.sha, "base": pull.base.branch, "name": name, "id": id.map(CheckRunId::get)})
}

/// The name of the check run that is open for a pull request, where one is.
pub(super) async fn open_name(
    store: &Store,
    repository: RepositoryId,
    number: IssueNumber,
) -> Result<Option<String>, JobError> {
    let open = store.fact(OPEN, &slot(repository, number)).await?;
    Ok(open.and_then(|open| open["name"].as_str().map(str::to_owned)))
}

/// Ends the check run that an earlier run has opened on another head, or for another base, and never
/// completed: the pull request was pushed to, sent elsewhere or closed, and nobody will judge that. `now` is
/// the head and the base branch that are to be judged.
pub(super) async fn abandon_other(
    context: &Context,
    lease: &Lease,
    repo: &Repo,
    (job, now): (&ReviewPullRequest, Option<(&CommitId, &str)>),
) -> Result<(), JobError> {
    let (store, slot) = (&context.store, slot(job.repository, job.number));
    let Some(open) = store.fact(OPEN, &slot).await? else { return Ok(()) };
    let old = open["head"].as_str().and_then(|old| old.parse::<CommitId>().ok());
    let (Some(old), Some(base), Some(name)) = (old, open["base"].as_str(), open["name"].as_str()) else {
        return Ok(store.remove_fact(OPEN, &slot).await?);
    };
    if now == Some((&old, base)) {
        return Ok(());
    }
    let external_id = format!("{PREFIX}{}", job.number);
    let run = match open["id"].as_u64() {
        Some(id) => repo.check_run(CheckRunId::new(id)).await?,
        // Whether it was opened is not recorded.
        None => match (Sought { head: &old, name, external_id: &external_id }).newest_open(repo).await {
            // A commit that the forge has dropped has no check runs either.
            Err(JobError::Fail { .. }) => None,
            found => found?,
        },
    };
    // One that is completed has its verdict, and only that is not recorded.
    if !run.as_ref().is_some_and(CheckRun::is_completed) {
        if let Some(run) = run {
            cancel(context, repo, run.id).await?;
        }
        // Whoever pushes that commit again wants it judged.
        store.forget_effect(lease, KIND, &key_of(job.repository, &old, base)).await?;
    }
    Ok(store.remove_fact(OPEN, &slot).await?)
}

async fn cancel(context: &Context, repo: &Repo, id: CheckRunId) -> Result<(), JobError> {
    let update = CheckRunUpdate {
        state: Some(CheckState::Completed { conclusion: Conclusion::Cancelled, at: context.clock.now() }),
        output: Some(CheckOutput {
            title: "Overtaken".to_owned(),
            summary: "This commit was replaced, or the pull request closed, before it was judged.".to_owned(),
            text: None,
            annotations: Vec::new(),
        }),
        ..CheckRunUpdate::default()
    };
    match repo.update_check_run(id, &update).await {
        Err(error) if !error.is_absent() => Err(error.into()),
        _ => Ok(()),
    }
}

fn slot(repository: RepositoryId, number: IssueNumber) -> String {
    format!("{repository}/{number}")
}

fn opening(context: &Context, sought: &Sought<'_>) -> NewCheckRun {
    NewCheckRun {
        name: sought.name.to_owned(),
        head: sought.head.clone(),
        external_id: Some(sought.external_id.to_owned()),
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
