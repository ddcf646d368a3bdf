//! One review from opening the check run to its verdict.

use super::about::About;
use super::check_run::Verdict;
use super::grants::Grants;
use super::judge::Proposal;
use super::part::Role;
use crate::forge::Repo;
use crate::jobs::{Context, JobError};
use crate::report::CheckRunReport;
use crate::rules::Waiver;
use crate::store::Lease;

/// What is judged, and as what.
pub(in crate::jobs) struct Merging<'a> {
    /// What the repository is.
    pub(in crate::jobs) role: Role<'a>,
    /// The merge; the error is the answer where there is nothing to judge.
    pub(in crate::jobs) proposal: Result<Proposal, CheckRunReport>,
    /// What people let pass on the pull request.
    pub(in crate::jobs) waivers: Vec<Waiver>,
}

/// Judges the merge where it has no verdict yet, or somebody asked for another, and says what it grants. That comes
/// first: whoever sees the verdict can see what there is to approve.
pub(in crate::jobs) async fn carry_out(
    context: &Context,
    lease: &Lease,
    (repo, about): (&Repo, &About<'_>),
    Merging { role, proposal, waivers }: Merging<'_>,
) -> Result<(), JobError> {
    let verdict = Verdict::begin(context, lease, repo, about).await?;
    let grants = Grants::asked(context, &role, about);
    let owed = match &grants {
        Some(grants) => grants.is_owed(&context.store).await?,
        None => false,
    };
    if verdict.is_none() && !owed {
        return Ok(());
    }
    let judged = match proposal {
        Ok(proposal) => role.judged(context, repo, proposal).await?,
        Err(report) => Err(report),
    };
    if let Some(grants) = grants {
        let granted = match &judged {
            Ok(judged) => judged.grants(),
            Err(report) => Err(report.title.clone()),
        };
        grants.publish((context, lease, repo), &granted).await?;
    }
    let Some(verdict) = verdict else { return Ok(()) };
    let report = match judged {
        Ok(judged) => judged.report(waivers).await?,
        Err(report) => report,
    };
    verdict.complete(context, lease, repo, report).await
}
