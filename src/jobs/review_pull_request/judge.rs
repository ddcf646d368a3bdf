//! Judging the merge: the changed files of head laid over the tip of base.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use tracing::Instrument as _;

use super::super::{Context, JobError, admin, indexes};
use super::judged::Judged;
use super::part::Owner;
use super::{definitions, team_users, trials};
use crate::config::ClusterConfig;
use crate::forge::{PullRequest, Repo};
use crate::git::{Blob, GitError, MergeChange, MergePreview, Mirror, Snapshot};
use crate::manifest::{self, EntryRole, ManifestFile};
use crate::names::{BranchName, CommitId, KubernetesVersion, NameError, RepoPath, RepositoryId};
use crate::report::{CheckRunReport, Conclusion, NotJudged, markdown};
use crate::rules::{Change, Changed, Judgement, OwnPolicy, Policy, Scope, View};
use crate::tenancy::{FileSummary, RepositoryIndex, Team};

/// How many bytes of manifests one pull request may change, or make Flux apply: read, they take some
/// twenty times that.
const MOST_BYTES: usize = 8 << 20;

/// Whose eyes a merge is seen with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Eyes {
    /// The path that a cluster syncs from its admin repository.
    pub(super) path: Option<RepoPath>,
    /// The directories of a team's repository that Flux applies.
    pub(super) roots: Option<Vec<String>>,
    /// The cluster's version of Kubernetes.
    pub(super) kubernetes: Option<KubernetesVersion>,
}

/// What a repository holds before the merge, to somebody's eyes.
struct Before {
    index: RepositoryIndex,
    roots: Option<Vec<String>>,
    kubernetes: Option<KubernetesVersion>,
}

/// A merge that somebody may make.
pub(in crate::jobs) struct Proposal {
    /// The repository that it is made in.
    pub(in crate::jobs) repository: RepositoryId,
    /// Where that is fetched from.
    pub(in crate::jobs) clone_url: String,
    /// The branch that it goes into.
    pub(in crate::jobs) branch: BranchName,
    /// The commit that it goes onto; `None` for wherever the branch is.
    pub(in crate::jobs) onto: Option<CommitId>,
    /// What is merged.
    pub(in crate::jobs) head: CommitId,
    /// The refs through which all of it can be fetched.
    pub(in crate::jobs) refs: Vec<String>,
    /// Whether who proposes it may be somebody who cannot push to the repository.
    pub(in crate::jobs) from_fork: bool,
}

impl Proposal {
    /// What a pull request proposes; the inner error is the answer where there is nothing to judge.
    pub(in crate::jobs) fn of(pull: &PullRequest) -> Result<Result<Self, CheckRunReport>, JobError> {
        let (Some(base), Some(clone_url)) = (&pull.base.repo, pull.base.clone_url()) else {
            return Ok(Err(refusal("The base repository is gone", "There is nothing to merge into.")));
        };
        Ok(Ok(Self {
            repository: base.id,
            clone_url: clone_url.to_owned(),
            branch: pull.base.branch.parse().map_err(|error: NameError| JobError::fail(error.to_string()))?,
            onto: None,
            head: pull.head.sha.clone(),
            refs: pull.refs(),
            from_fork: pull.from_fork(),
        }))
    }
}

/// A merge that can be judged.
pub(super) struct Merge {
    pub(super) change: Change,
    pub(super) not_judged: Vec<NotJudged>,
    policy: Option<Result<String, String>>,
    pub(super) base: CommitId,
    pub(super) head: CommitId,
}

impl Merge {
    /// Fetches and reads the merge; the error is the answer where there is nothing to judge.
    pub(super) async fn of(
        context: &Context,
        repo: &Repo,
        Proposal { repository, clone_url, branch, onto, head, refs, .. }: Proposal,
        eyes: Vec<Eyes>,
    ) -> Result<Result<Self, CheckRunReport>, JobError> {
        let mirror = context.mirrors.open(repository);
        let Some(branch_tip) = admin::branch_tip(repo, &mirror, &clone_url, &branch).await? else {
            return Ok(Err(refusal("The base branch is gone", "Choose another base branch.")));
        };
        let tip = onto.unwrap_or_else(|| branch_tip.clone());
        let wants = [tip.clone(), head.clone(), branch_tip.clone()];
        match admin::fetch(repo, &mirror, &clone_url, (&wants, &refs)).await {
            Err(JobError::Fail { reason }) => return Ok(Err(refusal("The head cannot be read", &reason))),
            other => other?,
        }
        let mut before = Vec::with_capacity(eyes.len());
        let snapshot = mirror.snapshot(&tip).await?;
        // A merge queue may hold another policy before this merge: nobody has merged that yet.
        let rules = mirror.snapshot(&branch_tip).await?;
        for Eyes { path, roots, kubernetes } in eyes {
            let index = context.indexes.of(repository, path.as_ref(), &snapshot);
            let before_it = index.instrument(tracing::debug_span!("index")).await?;
            before.push(Before { index: before_it, roots, kubernetes });
        }
        Self::read(before, (snapshot, rules), mirror, head).await
    }

    async fn read(
        before: Vec<Before>,
        (base, rules): (Snapshot, Snapshot),
        mirror: Mirror,
        head: CommitId,
    ) -> Result<Result<Self, CheckRunReport>, JobError> {
        let span = tracing::debug_span!("merge");
        let work = move || -> Result<Result<Self, CheckRunReport>, GitError> {
            let _merging = span.entered();
            let policy = admin::policy_text(&rules)?;
            let preview = match mirror.preview_merge(base.commit(), &head) {
                Ok(preview) => preview,
                Err(error @ GitError::TooLarge { .. }) => {
                    return Ok(Err(refusal("Too much to judge", &error.to_string())));
                }
                Err(error @ (GitError::Unrelated(..) | GitError::Crossing(..))) => {
                    return Ok(Err(refusal("The merge cannot be judged", &error.to_string())));
                }
                Err(error) => return Err(error),
            };
            let bytes =
                |change: &MergeChange| change.after.as_ref().map_or(0, |blob| blob.bytes.as_ref().map_or(0, Vec::len));
            let manifests = preview.changes.iter().filter(|change| manifest::is_read(&change.path));
            let bytes = manifests.map(bytes).sum::<usize>();
            if bytes > MOST_BYTES {
                return Ok(Err(refusal("Too much to judge", TOO_MUCH)));
            }
            match lay_over(before, preview, &base, bytes) {
                Ok((change, not_judged)) => {
                    Ok(Ok(Self { change, not_judged, policy, base: base.commit().clone(), head }))
                }
                Err(Stopped::TooMuch) => Ok(Err(refusal("Too much to judge", TOO_MUCH))),
                Err(Stopped::Git(error)) => Err(error),
            }
        };
        let read = tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))?;
        Ok(read?)
    }

    /// Judges it as a change of the admin repository of these clusters, in the order of their eyes.
    pub(super) async fn for_admin(
        mut self,
        context: &Context,
        clusters: &[&ClusterConfig],
        from_fork: bool,
    ) -> Result<Result<Judged, CheckRunReport>, JobError> {
        let policy = match self.policy_of(context) {
            Ok(policy) => policy,
            Err(problem) => return Ok(Err(refusal("The policy cannot be read", &problem))),
        };
        let own = self.own_policy(context, &policy);
        team_users::look(context, &mut self.change).await;
        self.change = trials::run(context, self.change, clusters, from_fork).await?;
        let scopes = vec![(None, policy); self.change.views()];
        self.judge(scopes, own, "the admin repository".to_owned()).await.map(Ok)
    }

    /// Judges it as a change of these teams' repository, each by the policy and the definitions of its own
    /// cluster.
    pub(super) async fn for_team(mut self, owners: Vec<Owner>) -> Result<Result<Judged, CheckRunReport>, JobError> {
        let what =
            owners.first().map_or("a team".to_owned(), |owner| format!("the repository of team {}", owner.team.name));
        let mut scopes = Vec::with_capacity(owners.len());
        for (view, Owner { team, policy, admin, .. }) in owners.into_iter().enumerate() {
            match definitions::of(&self.change, admin).await? {
                Ok(elsewhere) => self.change.define_elsewhere(view, elsewhere),
                Err(too_much) => return Ok(Err(refusal("Too much to judge", &too_much))),
            }
            scopes.push((Some(team), policy));
        }
        // The policy is not the team's to mend.
        self.judge(scopes, None, what).await.map(Ok)
    }

    /// Several views of the same files, each by its scope, as one judgement, away from the threads that
    /// answer webhooks: a large change takes its time.
    async fn judge(
        self,
        scopes: Vec<(Option<Team>, Policy)>,
        own: Option<OwnPolicy>,
        what: String,
    ) -> Result<Judged, JobError> {
        let span = tracing::debug_span!("judge");
        let work = move || {
            let _judging = span.entered();
            let mut all: Option<Judgement> = None;
            for (view, (team, policy)) in scopes.iter().enumerate() {
                let scope = team.as_ref().map_or(Scope::Admin, Scope::Team);
                let one = self.change.judge(view, scope, policy);
                match &mut all {
                    Some(all) => all.absorb(one),
                    None => all = Some(one),
                }
            }
            let mut judgement = all.unwrap_or_default();
            if let (Some(own), Some((_, policy))) = (&own, scopes.first()) {
                judgement.absorb(self.change.judge_policy(0, (Scope::Admin, policy), own, &judgement));
            }
            Judged { merge: self, judgement, what }
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))
    }

    /// The repository's own policy, as the change finds and leaves it; `holds` is the one by which it is judged.
    fn own_policy(&self, context: &Context, holds: &Policy) -> Option<OwnPolicy> {
        let before = self.policy.as_ref().map(|_| holds.clone());
        let after = match self.change.file(&admin::policy_path()) {
            Some(changed) => admin::policy_of(context, changed?),
            None => Ok(before.clone()?),
        };
        Some(OwnPolicy { after, before: Some(before.unwrap_or_default()), unbuilt: false })
    }

    fn policy_of(&self, context: &Context) -> Result<Policy, String> {
        match &self.policy {
            None => Ok(context.policy.clone()),
            Some(Ok(text)) => admin::policy(context, text).map_err(|error| error.to_string()),
            Some(Err(problem)) => Err(problem.clone()),
        }
    }
}

const TOO_MUCH: &str = "It changes more than 8 MiB of manifests, or makes Flux apply as much: split it into several \
                        pull requests.";

/// Why a merge was not put together.
enum Stopped {
    TooMuch,
    Git(GitError),
}

/// The change that the merge is, and what of it cannot be judged.
fn lay_over(
    before: Vec<Before>,
    preview: MergePreview,
    base: &Snapshot,
    mut bytes: usize,
) -> Result<(Change, Vec<NotJudged>), Stopped> {
    // A file of any name is a manifest where a kustomization lists it; what the change lists is read
    // where it is reached.
    let mut listed: HashSet<RepoPath> = HashSet::new();
    let applied = |role| matches!(role, EntryRole::Resource | EntryRole::Patch);
    for Before { index, .. } in &before {
        let names = |path: &&RepoPath| index.referrers_of(path).any(|(_, role)| applied(role));
        listed.extend(preview.changes.iter().map(|change| &change.path).filter(names).cloned());
    }
    let not_judged = not_judged(preview.conflicts, preview.unreadable);
    let paths: BTreeSet<RepoPath> = preview.changes.iter().map(|change| change.path.clone()).collect();
    let old = as_it_was(&paths, &listed, base)?;
    let mut files = Vec::new();
    let mut summaries = Vec::new();
    let mut others = BTreeMap::new();
    for change in preview.changes {
        let Some(blob) = change.after else {
            summaries.push((change.path, None));
            continue;
        };
        let named = manifest::is_read(&change.path);
        if named || listed.contains(&change.path) && is_text(&blob) {
            // Those that are named as manifests are in the sum already.
            bytes += if named { 0 } else { blob.bytes.as_ref().map_or(0, Vec::len) };
            if bytes > MOST_BYTES {
                return Err(Stopped::TooMuch);
            }
            let file = indexes::read_blob(&change.path, &blob);
            summaries.push((change.path, Some(Arc::new(FileSummary::of(&file)))));
            files.push(file);
        } else {
            summaries.push((change.path.clone(), Some(Arc::new(FileSummary::other()))));
            others.insert(change.path, blob);
        }
    }
    let lay = |Before { index, roots, kubernetes }: Before| {
        let after = index.with(summaries.iter().cloned());
        View { before: index, after, roots, kubernetes }
    };
    let views = before.into_iter().map(lay).collect();
    let mut change = Change::new(views, Changed { files, old, paths }, |path| {
        let blob = match others.remove(path) {
            Some(blob) => Some(blob),
            None => base.read(path).map_err(Stopped::Git)?,
        };
        bytes += blob.as_ref().and_then(|blob| blob.bytes.as_ref()).map_or(0, Vec::len);
        if bytes > MOST_BYTES {
            return Err(Stopped::TooMuch);
        }
        Ok(blob.map(|blob| indexes::read_blob(path, &blob)))
    })?;
    change.look_at_users(|path| {
        let blob = base.read(path).map_err(Stopped::Git)?;
        Ok(blob.map(|blob| indexes::read_blob(path, &blob)))
    })?;
    Ok((change, not_judged))
}

/// The changed and deleted manifests as the base has them.
fn as_it_was(
    changed: &BTreeSet<RepoPath>,
    listed: &HashSet<RepoPath>,
    base: &Snapshot,
) -> Result<Vec<ManifestFile>, Stopped> {
    let mut bytes = 0;
    let mut old = Vec::new();
    for path in changed.iter().filter(|path| manifest::is_read(path) || listed.contains(*path)) {
        let Some(blob) = base.read(path).map_err(Stopped::Git)? else { continue };
        bytes += blob.bytes.as_ref().map_or(0, Vec::len);
        if bytes > MOST_BYTES {
            return Err(Stopped::TooMuch);
        }
        old.push(indexes::read_blob(path, &blob));
    }
    Ok(old)
}

fn not_judged(conflicts: Vec<RepoPath>, unreadable: Vec<String>) -> Vec<NotJudged> {
    let conflict = |path: RepoPath| NotJudged {
        what: path.to_string(),
        why: "it conflicts with the base branch: merge or rebase, then it is judged".to_owned(),
    };
    let odd = |path: String| NotJudged { what: path, why: "its name cannot be read: rename it".to_owned() };
    conflicts.into_iter().map(conflict).chain(unreadable.into_iter().map(odd)).collect()
}

/// Whether a file may be YAML at all: what a kustomization takes as data need not be.
fn is_text(blob: &Blob) -> bool {
    blob.bytes.as_ref().is_none_or(|bytes| std::str::from_utf8(bytes).is_ok())
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

/// The answer where a review was given up: not green, and with what a person may do.
pub(in crate::jobs) fn given_up(what: &str, remedy: &str, reason: &str) -> CheckRunReport {
    CheckRunReport {
        conclusion: Conclusion::Failure,
        title: "Could not be judged".to_owned(),
        summary: format!("I gave up, so nothing is known about {what}.\n\n{}\n\n{remedy}", markdown::code(reason)),
        annotations: Vec::new(),
    }
}

/// The answer for a repository that fits a cluster's pattern and belongs to no team yet. It must not
/// let anything pass: what is merged now is applied once a team is made from the repository.
pub(super) fn nobody() -> CheckRunReport {
    CheckRunReport {
        conclusion: Conclusion::ActionRequired,
        title: "No team owns this repository".to_owned(),
        summary:
            "No cluster's admin repository names this repository, so nothing is applied from here and nothing was \
                  judged. `/create-team` in the admin repository makes a team; then comment `/check` here."
                .to_owned(),
        annotations: Vec::new(),
    }
}
