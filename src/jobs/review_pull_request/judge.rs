//! Judging the merge: the changed files of head laid over the tip of base.

use std::sync::Arc;

use super::super::{Context, JobError, admin, indexes};
use crate::config::ClusterConfig;
use crate::forge::{PullRequest, Repo};
use crate::git::{GitError, MergePreview, Mirror, Remote};
use crate::manifest::{self, ManifestFile};
use crate::names::{CommitId, RepoPath, RepositoryId};
use crate::report::{self, CheckRunReport, Conclusion, NotJudged, markdown};
use crate::rules::{self, Judgement, Policy, Review, Scope};
use crate::tenancy::{FileSummary, RepositoryIndex, Team};

/// A merge that can be judged.
pub(super) struct Merge {
    before: RepositoryIndex,
    after: RepositoryIndex,
    files: Vec<ManifestFile>,
    not_judged: Vec<NotJudged>,
    policy: Option<String>,
    base: CommitId,
    head: CommitId,
}

impl Merge {
    /// Fetches and reads the merge; the error is the answer where there is nothing to judge.
    pub(super) async fn of(
        context: &Context,
        repo: &Repo,
        pull: &PullRequest,
    ) -> Result<Result<Self, CheckRunReport>, JobError> {
        let (Some(base), Some(clone_url)) = (&pull.base.repo, pull.base.clone_url()) else {
            return Ok(Err(refusal("The base repository is gone", "There is nothing to merge into.")));
        };
        let mirror = context.mirrors.open(base.id)?;
        let token = repo.git_token().await?;
        let remote = Remote { clone_url, token: Some(&token) };
        let branch = pull.base.branch.parse().map_err(|error: crate::names::NameError| JobError::fail(error.to_string()))?;
        let Some(tip) = mirror.branch_tip(&remote, &branch).await? else {
            return Ok(Err(refusal("The base branch is gone", "Choose another base branch.")));
        };
        match admin::fetch(repo, &mirror, clone_url, &[tip.clone(), pull.head.sha.clone()]).await {
            Err(JobError::Fail { reason }) => return Ok(Err(refusal("The head cannot be read", &reason))),
            other => other?,
        }
        Self::read(context, base.id, mirror, (tip, pull.head.sha.clone())).await
    }

    async fn read(
        context: &Context,
        id: RepositoryId,
        mirror: Mirror,
        (tip, head): (CommitId, CommitId),
    ) -> Result<Result<Self, CheckRunReport>, JobError> {
        let base = mirror.snapshot(&tip)?;
        let before = context.indexes.of(id, &base).await?;
        let work = {
            let before = before.clone();
            move || -> Result<Result<Self, CheckRunReport>, GitError> {
                let policy = base.read(&admin::POLICY_FILE.parse().expect("a path inside the repository"))?;
                let policy = policy.and_then(|blob| String::from_utf8(blob.bytes?).ok());
                let preview = match mirror.preview_merge(&tip, &head) {
                    Ok(preview) => preview,
                    Err(error @ (GitError::TooLarge { .. } | GitError::Unrelated(..))) => {
                        return Ok(Err(refusal("Too much to judge", &error.to_string())));
                    }
                    Err(error) => return Err(error),
                };
                Ok(Ok(lay_over(before, preview, policy, (tip, head))))
            }
        };
        let read = tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))?;
        Ok(read?)
    }

    /// Judges it as a change of the admin repository of these clusters.
    pub(super) fn as_admin(self, context: &Context, clusters: &[&ClusterConfig]) -> CheckRunReport {
        let policy = match self.policy_of(context) {
            Ok(policy) => policy,
            Err(problem) => return refusal("The policy cannot be read", &problem),
        };
        let mut paths: Vec<&RepoPath> = clusters.iter().map(|cluster| &cluster.path).collect();
        paths.dedup();
        let judge = |path: &&RepoPath| {
            let before = self.before.with_cluster_path((*path).clone());
            let after = self.after.with_cluster_path((*path).clone());
            let review = Review { scope: Scope::Admin, before: &before, after: &after, files: &self.files };
            rules::judge(&review, &policy)
        };
        self.report(merged(paths.iter().map(judge)), "the admin repository")
    }

    /// Judges it as a change of these teams' repository.
    pub(super) fn as_team(self, context: &Context, teams: &[Team], policy: Option<&Policy>) -> CheckRunReport {
        let policy = policy.unwrap_or(&context.policy);
        let judge = |team: &Team| {
            let review =
                Review { scope: Scope::Team(team), before: &self.before, after: &self.after, files: &self.files };
            rules::judge(&review, policy)
        };
        let who = teams.first().map_or("a team".to_owned(), |team| format!("team {}", team.name));
        self.report(merged(teams.iter().map(judge)), &format!("the repository of {who}"))
    }

    fn policy_of(&self, context: &Context) -> Result<Policy, String> {
        let Some(text) = &self.policy else { return Ok(context.policy.clone()) };
        admin::policy(context, text).map_err(|error| error.to_string())
    }

    fn report(self, judgement: Judgement, what: &str) -> CheckRunReport {
        let mut report = report::check_run(&judgement, &self.not_judged);
        let place = format!(
            "Judged as {what}: `{}` merged into `{}`.\n\n",
            self.head.short(),
            self.base.short()
        );
        report.summary = markdown::cut(&format!("{place}{}", report.summary), report::SUMMARY_BYTES);
        report
    }
}

/// The index after the merge, and the files to judge.
fn lay_over(
    before: RepositoryIndex,
    preview: MergePreview,
    policy: Option<String>,
    (base, head): (CommitId, CommitId),
) -> Merge {
    let mut files = Vec::new();
    let mut summaries = Vec::new();
    for change in preview.changes {
        let Some(blob) = change.after else {
            summaries.push((change.path, None));
            continue;
        };
        if manifest::is_manifest(&change.path) {
            let file = indexes::read_blob(&change.path, &blob);
            summaries.push((change.path, Some(Arc::new(FileSummary::of(&file)))));
            files.push(file);
        } else {
            summaries.push((change.path, Some(Arc::new(FileSummary::other()))));
        }
    }
    let conflict = |path: RepoPath| NotJudged {
        what: path.to_string(),
        why: "it conflicts with the base branch: merge or rebase, then it is judged".to_owned(),
    };
    let odd = |path: String| NotJudged { what: path, why: "its name cannot be read: rename it".to_owned() };
    let conflicts = preview.conflicts.into_iter().map(conflict);
    let not_judged = conflicts.chain(preview.unreadable.into_iter().map(odd)).collect();
    let after = before.with(summaries);
    Merge { before, after, files, not_judged, policy, base, head }
}

/// Several judgements of the same files as one, without saying anything twice.
fn merged(judgements: impl Iterator<Item = Judgement>) -> Judgement {
    let mut judgements = judgements;
    let Some(mut all) = judgements.next() else { return Judgement::default() };
    for other in judgements {
        all.absorb(other);
    }
    all
}

/// An answer without a judgement: never green.
pub(super) fn refusal(title: &str, why: &str) -> CheckRunReport {
    CheckRunReport {
        conclusion: Conclusion::Failure,
        title: title.to_owned(),
        summary: format!("Nothing was judged. {}", markdown::escape(why)),
        annotations: Vec::new(),
    }
}

/// The answer for a repository that fits a cluster's pattern and belongs to no team yet. Nothing
/// is synced from there, so there is nothing to forbid.
pub(super) fn nobody() -> CheckRunReport {
    CheckRunReport {
        conclusion: Conclusion::Neutral,
        title: "No team owns this repository".to_owned(),
        summary: "No cluster's admin repository names this repository, so nothing is applied from here and nothing was \
                  judged. `/create-team` in the admin repository makes a team."
            .to_owned(),
        annotations: Vec::new(),
    }
}
