//! The check run of one head: opened once, completed once, found again after a crash.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::about::{About, Place, groups};
use crate::finding::Severity;
use crate::forge::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRun, CheckRunUpdate, CheckState, Conclusion,
    NewCheckRun, PullRequest, Repo,
};
use crate::jobs::review_merge_group::ReviewMergeGroup;
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
/// When a verdict on the head was first there to be seen, in milliseconds.
const SEEN: &str = "seen";
/// The fact that remembers the check run of a pull request or a group that has no conclusion yet.
const OPEN: &str = "open-check-run";
/// The fact that remembers which head of a pull request was judged for which base.
const JUDGED: &str = "judged";

/// Whether the pull request has a verdict on its head as a change of the base that it has now.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn is_judged(store: &Store, repository: RepositoryId, pull: &PullRequest) -> Result<bool, JobError> {
    let place = Place::pull(repository, pull.number);
    let verdict = store.effect_value(KIND, &place.key(&pull.head.sha, &pull.base.branch)).await?;
    if !verdict.is_some_and(|verdict| verdict["conclusion"].is_string()) {
        return Ok(false);
    }
    Ok(store.fact(JUDGED, &place.slot()).await? == Some(judged_as(&pull.head.sha, &pull.base.branch)))
}

/// The head of a pull request that was judged last, as a change of the base; `None` where none was.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn judged_head(
    store: &Store,
    (repository, pull): (RepositoryId, IssueNumber),
    base: &str,
) -> Result<Option<CommitId>, JobError> {
    let judged = store.fact(JUDGED, &Place::pull(repository, pull).slot()).await?;
    let judged = judged.filter(|judged| judged["base"].as_str() == Some(base));
    Ok(judged.and_then(|judged| judged["head"].as_str()?.parse().ok()))
}

/// Since when people may have seen the verdict on a head as a change of a base; `None` where there is none.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::jobs) async fn seen_since(
    store: &Store,
    place: &Place,
    (head, base): (&CommitId, &str),
) -> Result<Option<Timestamp>, JobError> {
    let verdict = store.effect_value(KIND, &place.key(head, base)).await?;
    let seen = verdict.and_then(|verdict| verdict[SEEN].as_i64());
    Ok(seen.and_then(|seen| Timestamp::from_millisecond(seen).ok()))
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

/// The groups of a repository's merge queue whose check run was opened and never completed.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::jobs) async fn unfinished_groups(
    store: &Store,
    repository: RepositoryId,
) -> Result<Vec<ReviewMergeGroup>, JobError> {
    let start = groups(repository);
    let open = store.facts(OPEN).await?.into_iter().filter(|(slot, _)| slot.starts_with(&start));
    Ok(open.filter_map(|(_, mut open)| serde_json::from_value(open["job"].take()).ok()).collect())
}

fn judged_as(head: &CommitId, base: &str) -> Value {
    json!({"head": head, "base": base})
}

/// An open check run that waits for its verdict.
pub(in crate::jobs) struct Verdict {
    key: String,
    slot: String,
    /// The head and the base that are judged, where that is remembered.
    judged: Option<Value>,
    id: CheckRunId,
    /// What is remembered of it.
    value: Value,
    /// Annotations that an earlier run, cut short, has sent already.
    annotated: usize,
}

impl Verdict {
    /// Opens the check run of the head, or takes up the one that a run before this one has opened. `None`
    /// where it has its verdict and nobody asked for another.
    pub(in crate::jobs) async fn begin(
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        about: &About<'_>,
    ) -> Result<Option<Self>, JobError> {
        let About { place, head, base, name, .. } = *about;
        let (store, slot, key) = (&context.store, place.slot(), place.key(head, base));
        let external_id = place.external_id();
        // A group is judged once and gone; a pull request may come to a verdict that was given before.
        let judged = place.number().map(|_| judged_as(head, base));
        let sought = Sought { head, name, external_id: &external_id };
        let mut value = json!({"pull": place.number(), "job": lease.job.get()});
        let state = store.effect(lease, KIND, &key).await?;
        if let EffectState::Done(known) = &state {
            value[SEEN] = known[SEEN].clone();
        }
        let earlier = match state {
            EffectState::New => None,
            EffectState::Unfinished => sought.newest_open(repo).await?,
            EffectState::Done(known) if known["conclusion"].is_string() => {
                if stands(&known, about, lease) {
                    remember(store, &slot, judged.as_ref()).await?;
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
                    .filter(|run| !run.is_completed() || !about.again || known["job"] == json!(lease.job.get())),
            },
        };
        // Completed last of all: whatever was cut afterwards, the verdict stands.
        if let Some(run) = earlier.as_ref().filter(|run| run.is_completed()) {
            value["id"] = json!(run.id.get());
            value["conclusion"] = json!(run.conclusion);
            store.effect_done(lease, KIND, &key, &value).await?;
            remember(store, &slot, judged.as_ref()).await?;
            return Ok(None);
        }
        let (id, annotated) = match earlier {
            Some(run) => (run.id, run.annotations()),
            None => {
                // Before it is opened: the head may be another one when the next run looks.
                store.set_fact(OPEN, &slot, &open_as(about, None)).await?;
                (repo.create_check_run(&opening(context, &sought)).await?.id, 0)
            }
        };
        value["id"] = json!(id.get());
        store.effect_done(lease, KIND, &key, &value).await?;
        store.set_fact(OPEN, &slot, &open_as(about, Some(id))).await?;
        Ok(Some(Self { key, slot, judged, id, value, annotated }))
    }

    /// Completes it; further batches of annotations go first, so that a conclusion stands only over
    /// everything.
    pub(in crate::jobs) async fn complete(
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
        if value[SEEN].is_null() && value["given_up"] != json!(true) {
            value[SEEN] = json!(context.clock.now().as_millisecond());
        }
        context.store.effect_done(lease, KIND, &self.key, &value).await?;
        remember(&context.store, &self.slot, self.judged.as_ref()).await?;
        Ok(context.store.remove_fact(OPEN, &self.slot).await?)
    }

    /// Completes it without a verdict: the next event tries again.
    pub(in crate::jobs) async fn give_up(
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

/// Remembers which head was judged for which base.
async fn remember(store: &Store, slot: &str, judged: Option<&Value>) -> Result<(), JobError> {
    match judged {
        Some(judged) => Ok(store.set_fact(JUDGED, slot, judged).await?),
        None => Ok(()),
    }
}

/// Whether a verdict that was given needs no other. A second pull request may bring the same head.
fn stands(known: &Value, about: &About<'_>, lease: &Lease) -> bool {
    let by_this_job = known["job"] == json!(lease.job.get());
    let of_this_place = known["pull"] == json!(about.place.number());
    of_this_place && (by_this_job || !about.again && known["given_up"] != json!(true))
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

fn open_as(about: &About<'_>, id: Option<CheckRunId>) -> Value {
    let (id, job) = (id.map(CheckRunId::get), about.place.resume());
    json!({"head": about.head, "base": about.base, "name": about.name, "id": id, "job": job})
}

/// The name of the check run that is open there, where one is.
pub(in crate::jobs) async fn open_name(store: &Store, place: &Place) -> Result<Option<String>, JobError> {
    let open = store.fact(OPEN, &place.slot()).await?;
    Ok(open.and_then(|open| open["name"].as_str().map(str::to_owned)))
}

/// Ends the check run that an earlier run has opened on another head, or for another base, and never
/// completed: the pull request was pushed to, sent elsewhere or closed, the group left the merge queue, and
/// nobody will judge that. `now` is the head and the base branch that are to be judged.
pub(in crate::jobs) async fn abandon_other(
    context: &Context,
    lease: &Lease,
    repo: &Repo,
    (place, now): (&Place, Option<(&CommitId, &str)>),
) -> Result<(), JobError> {
    let (store, slot) = (&context.store, place.slot());
    let Some(open) = store.fact(OPEN, &slot).await? else { return Ok(()) };
    let old = open["head"].as_str().and_then(|old| old.parse::<CommitId>().ok());
    let (Some(old), Some(base), Some(name)) = (old, open["base"].as_str(), open["name"].as_str()) else {
        return Ok(store.remove_fact(OPEN, &slot).await?);
    };
    if now == Some((&old, base)) {
        return Ok(());
    }
    let external_id = place.external_id();
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
            cancel(context, repo, run.id, place.overtaken()).await?;
        }
        // Whoever pushes that commit again wants it judged.
        store.forget_effect(lease, KIND, &place.key(&old, base)).await?;
    }
    Ok(store.remove_fact(OPEN, &slot).await?)
}

async fn cancel(context: &Context, repo: &Repo, id: CheckRunId, why: &str) -> Result<(), JobError> {
    let update = CheckRunUpdate {
        state: Some(CheckState::Completed { conclusion: Conclusion::Cancelled, at: context.clock.now() }),
        output: Some(CheckOutput {
            title: "Overtaken".to_owned(),
            summary: why.to_owned(),
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

pub(super) const fn conclusion(conclusion: report::Conclusion) -> Conclusion {
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
