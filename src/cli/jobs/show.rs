//! Jobs and dead letters for the terminal and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::report::visible;
use crate::store::{JobRecord, StoredDelivery};

/// A table of jobs, newest first; a sentence where there are none.
pub(super) fn jobs_text(jobs: &[JobRecord]) -> String {
    if jobs.is_empty() {
        return "No jobs.\n".to_owned();
    }
    let mut text = format!("{:>8}  {:<8} {:<20} {:<20} {:>4}  SUBJECT\n", "JOB", "STATE", "KIND", "DUE", "RUNS");
    for job in jobs {
        let _ = writeln!(
            text,
            "{:>8}  {:<8} {:<20} {:<20} {:>4}  {}",
            job.id,
            job.state.as_str(),
            job.kind,
            job.run_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            job.attempts,
            visible(&job.subject)
        );
        if let Some(reason) = &job.reason {
            let _ = writeln!(text, "{:>10}{}", "", visible(&first_line(reason)));
        }
    }
    text
}

/// Everything about one job and the deliveries that it answers.
pub(super) fn job_text(job: &JobRecord, deliveries: &[StoredDelivery]) -> String {
    let mut text = format!("Job {}: {} ({})\n", job.id, visible(&job.kind), job.state.as_str());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<11}{}", visible(value));
    };
    line("subject", &job.subject);
    line("asked", &job.created_at.to_string());
    line("due", &job.run_at.to_string());
    line("runs", &job.attempts.to_string());
    if let (Some(owner), Some(until)) = (&job.lease_owner, job.lease_until) {
        line("leased", &format!("by {owner} until {until}"));
    }
    if let Some(finished) = job.finished_at {
        line("ended", &finished.to_string());
    }
    if let Some(reason) = &job.reason {
        line("reason", &reason.replace('\n', " · "));
    }
    line("told", &job.payload.to_string());
    for StoredDelivery { delivery, received_at } in deliveries {
        let action = delivery.action.as_deref().map_or_else(String::new, |action| format!(".{action}"));
        line("delivery", &format!("{} {}{action} at {received_at}", delivery.guid, delivery.event));
    }
    text
}

/// One job for scripts.
pub(super) fn job_json(job: &JobRecord) -> Value {
    json!({
        "id": job.id.get(),
        "kind": job.kind,
        "state": job.state.as_str(),
        "subject": job.subject,
        "repository": job.repository,
        "attempts": job.attempts,
        "run_at": job.run_at.to_string(),
        "created_at": job.created_at.to_string(),
        "finished_at": job.finished_at.map(|at| at.to_string()),
        "lease_owner": job.lease_owner,
        "lease_until": job.lease_until.map(|at| at.to_string()),
        "reason": job.reason,
        "payload": job.payload,
    })
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 160 { line.chars().take(159).chain(['…']).collect() } else { line.to_owned() }
}
