//! A merge that was judged: what was found, and what the check run says of it.

use super::grants::Granted;
use super::judge::Merge;
use crate::finding::Finding;
use crate::jobs::JobError;
use crate::names::{CommitId, Login};
use crate::report::{self, CheckRunReport, markdown};
use crate::rules::{self, Judgement, Waiver};

/// A merge with its judgement.
pub(in crate::jobs) struct Judged {
    pub(super) merge: Merge,
    pub(super) judgement: Judgement,
    /// As what it was judged.
    pub(super) what: String,
}

impl Judged {
    /// The head that was judged.
    pub(in crate::jobs) const fn head(&self) -> &CommitId {
        &self.merge.head
    }

    /// What was found, by the policy.
    pub(in crate::jobs) fn findings(&self) -> &[Finding] {
        &self.judgement.findings
    }

    /// What the change grants beyond teams. The error is there where not everything was judged: what nobody has read
    /// may grant anything.
    pub(in crate::jobs) fn grants(&self) -> Granted {
        let unreadable =
            self.judgement.findings.iter().find(|finding| finding.rule.as_str() == rules::yaml::UNREADABLE);
        if let Some(finding) = unreadable {
            return Err(format!("{} cannot be read", finding.location.file));
        }
        if let Some(left_out) = self.merge.not_judged.first() {
            return Err(format!("{}: {}", left_out.what, left_out.why));
        }
        Ok(self.merge.change.grants(&self.judgement))
    }

    /// The waiver of one of the findings; `None` where no object can be told by which it is bound.
    pub(in crate::jobs) fn waiver(&self, finding: &Finding, by: &Login, reason: &str) -> Option<Waiver> {
        Some(Waiver {
            rule: finding.rule.to_string(),
            fingerprint: rules::fingerprint(finding),
            content: self.merge.change.content_of(finding.object.as_ref()?)?,
            by: by.clone(),
            reason: reason.to_owned(),
        })
    }

    /// What the check run says of it, with these waivers.
    pub(in crate::jobs) async fn report(mut self, waivers: Vec<Waiver>) -> Result<CheckRunReport, JobError> {
        let work = move || {
            let Merge { change, not_judged, base, head, .. } = &self.merge;
            self.judgement.waive(&waivers, |object| change.content_of(object));
            let mut report = report::check_run(&self.judgement, not_judged);
            let place = format!("Judged as {}: `{}` merged into `{}`.\n\n", self.what, head.short(), base.short());
            report.summary = markdown::cut(&format!("{place}{}", report.summary), report::SUMMARY_BYTES);
            report
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))
    }
}
