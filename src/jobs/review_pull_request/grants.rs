//! The check run `bailiwick/grants`: whether enough people have approved what a change grants beyond a team.
//!
//! It is complete from the start, so it takes one request, and one more whenever an approval changes what it says. Like a
//! verdict it belongs to a head as a change of a base branch.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::about::{About, Place};
use super::check_run::{CHECK_NAME, conclusion, judged_head};
use super::part::Role;
use crate::forge::{CheckOutput, CheckRunUpdate, CheckState, ForgeError, NewCheckRun, PullRequest, Repo};
use crate::jobs::decisions::{Approval, Decisions};
use crate::jobs::{Context, JobError, hands};
use crate::names::CheckRunId;
use crate::report::{Approvals, Asked, CheckRunReport, grants_check, grants_unknown};
use crate::rules;
use crate::store::{EffectState, Lease, Store};

/// The check that branch protection requires where rights have to be approved.
pub const GRANTS_NAME: &str = "bailiwick/grants";

const KIND: &str = "grants-check";

/// What a change grants; the error says in a few words why that is not known.
pub(in crate::jobs) type Granted = Result<rules::Grants, String>;

/// Whether the check of a pull request's head is there.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn is_published(store: &Store, place: &Place, pull: &PullRequest) -> Result<bool, JobError> {
    Ok(shown(store, &place.key(&pull.head.sha, &pull.base.branch)).await?.is_some())
}

/// What is remembered of a check that is there.
async fn shown(store: &Store, key: &str) -> Result<Option<Value>, JobError> {
    Ok(store.effect_value(KIND, key).await?)
}

/// The check of one head.
pub(in crate::jobs) struct Grants<'a> {
    about: &'a About<'a>,
    required: usize,
}

impl<'a> Grants<'a> {
    /// The check, where the configuration asks for it. What is merged in a team's repository is applied with the
    /// team's own rights.
    pub(in crate::jobs) fn asked(context: &Context, role: &Role<'_>, about: &'a About<'a>) -> Option<Self> {
        let required = context.config.grants.filter(|_| role.is_admin())?.required;
        Some(Self { about, required })
    }

    /// How many people have to approve.
    pub(in crate::jobs) const fn required(&self) -> usize {
        self.required
    }

    /// Whether nothing was said yet: the configuration has not always asked.
    pub(in crate::jobs) async fn is_owed(&self, store: &Store) -> Result<bool, JobError> {
        Ok(shown(store, &self.key()).await?.is_none())
    }

    /// Whether the check has shown these grants.
    pub(in crate::jobs) async fn has_shown(&self, store: &Store, grants: &rules::Grants) -> Result<bool, JobError> {
        let shown = shown(store, &self.key()).await?;
        Ok(shown.is_some_and(|shown| shown["known"] == json!(true) && shown["gains"] == json!(grants.digest())))
    }

    /// Says what is granted, and who has approved it; returns how many that are.
    pub(in crate::jobs) async fn publish(
        &self,
        (context, lease, repo): (&Context, &Lease, &Repo),
        granted: &Granted,
    ) -> Result<usize, JobError> {
        let store = &context.store;
        let counted = match granted {
            Ok(grants) => self.counted(store, grants).await?,
            Err(_) => Vec::new(),
        };
        let report = self.report(granted, &counted);
        let (key, said) = (self.key(), said(&report, self.about));
        let mut value = json!({
            "said": said, "job": lease.job.get(), "known": granted.is_ok(),
            "gains": granted.as_ref().ok().map(rules::Grants::digest),
        });
        let id = match store.effect(lease, KIND, &key).await? {
            EffectState::New => None,
            EffectState::Unfinished => {
                let found = repo.find_check_run(self.about.head, &self.name(), None).await?;
                found.map(|run| run.id)
            }
            EffectState::Done(known) => {
                let by_this_job = known["job"] == json!(lease.job.get());
                // Whoever asks again has made GitHub forget the conclusion.
                let again = self.about.again && !by_this_job;
                if known["said"] == json!(said) && !again {
                    return Ok(counted.len());
                }
                known["id"].as_u64().map(CheckRunId::new).filter(|_| !again)
            }
        };
        value["id"] = json!(self.write((context, repo), id, report).await?.get());
        store.effect_done(lease, KIND, &key, &value).await?;
        Ok(counted.len())
    }

    fn report(&self, granted: &Granted, counted: &[Approval]) -> CheckRunReport {
        let on = if self.about.place.number().is_some() { Asked::Here(self.about.head) } else { Asked::Before };
        let by = counted.iter().map(|approval| &approval.login).collect();
        match granted {
            Ok(grants) => grants_check(grants, &Approvals { required: self.required, by, on }),
            Err(why) => grants_unknown(why),
        }
    }

    /// Completes the check run that is known, or makes one.
    async fn write(
        &self,
        (context, repo): (&Context, &Repo),
        known: Option<CheckRunId>,
        report: CheckRunReport,
    ) -> Result<CheckRunId, ForgeError> {
        let state = CheckState::Completed { conclusion: conclusion(report.conclusion), at: context.clock.now() };
        let output = CheckOutput { title: report.title, summary: report.summary, text: None, annotations: Vec::new() };
        if let Some(id) = known {
            let update =
                CheckRunUpdate { state: Some(state), output: Some(output.clone()), ..CheckRunUpdate::default() };
            match repo.update_check_run(id, &update).await {
                Err(error) if error.is_absent() => {}
                updated => return Ok(updated?.id),
            }
        }
        let new = NewCheckRun {
            name: self.name(),
            head: self.about.head.clone(),
            external_id: Some(self.about.place.external_id()),
            details_url: None,
            started_at: Some(context.clock.now()),
            state,
            output: Some(output),
            actions: Vec::new(),
        };
        Ok(repo.create_check_run(&new).await?.id)
    }

    /// The approvals that count: on a pull request those of this head and base, in a merge queue those of the head
    /// that was judged last; and only where they are for what is granted now.
    async fn counted(&self, store: &Store, grants: &rules::Grants) -> Result<Vec<Approval>, JobError> {
        let About { place, head, base, .. } = self.about;
        let Some(pull) = place.pull_number() else { return Ok(Vec::new()) };
        let (at, digest) = ((place.repository(), pull), grants.digest());
        let in_queue = place.number().is_none();
        let head = match in_queue {
            true => judged_head(store, at, base).await?,
            false => Some((*head).clone()),
        };
        // What is not known whole is not known to be the same.
        let Some(head) = head.filter(|_| digest.is_some() || !in_queue) else { return Ok(Vec::new()) };
        let hands = hands::of(store, at, &head).await?;
        let is_for = |approval: &Approval| {
            approval.head == head && approval.base == *base && approval.gains == digest && !hands.contains(&approval.by)
        };
        Ok(Decisions::of(store, at.0, at.1).await?.approvals.into_iter().filter(is_for).collect())
    }

    fn key(&self) -> String {
        self.about.place.key(self.about.head, self.about.base)
    }

    /// As the verdict's, so that another base branch has a check of its own.
    fn name(&self) -> String {
        self.about.name.replacen(CHECK_NAME, GRANTS_NAME, 1)
    }
}

/// One word for what a check run says, and of which pull request.
fn said(report: &CheckRunReport, about: &About<'_>) -> String {
    let CheckRunReport { conclusion, title, summary, .. } = report;
    let all = format!("{:?}", (about.place.external_id(), conclusion.as_str(), title, summary));
    hex::encode(Sha256::digest(all.as_bytes()))
}
