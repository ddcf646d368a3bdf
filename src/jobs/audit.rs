//! What the jobs write into the audit log. An entry is written before or right after the deed and before the
//! job ends, so that a run that is cut off is followed by one that writes it; the store keeps it from standing twice.

use super::{Context, JobError};
use crate::forge::event::{Account, CheckRunAction, CheckSuiteAction, Event};
use crate::names::{CommitId, IssueNumber, RepositoryId, RepositoryName};
use crate::store::{Action, Actor, AuditEntry, Lease};

/// Writes an entry for a step of the leased job.
pub(super) async fn write(context: &Context, lease: &Lease, step: &str, entry: &AuditEntry) -> Result<(), JobError> {
    context.store.record_audit(lease, step, entry).await?;
    Ok(())
}

/// Who pressed *Re-run*: the job was told of by deliveries, and each names its sender. GitHub shows the button
/// to those who may push, and sends the event to this App alone.
pub(super) async fn reruns(
    context: &Context,
    lease: &Lease,
    (repository, name, issue): (RepositoryId, RepositoryName, Option<IssueNumber>),
    head: &CommitId,
) -> Result<(), JobError> {
    for stored in context.store.deliveries_of(lease.job).await? {
        let delivery = stored.delivery;
        let Some(sender) = asked_again(&delivery.event, &delivery.body) else { continue };
        let step = format!("rerun/{}", delivery.guid);
        let entry = AuditEntry {
            repository_id: Some(repository),
            repository_name: Some(name.clone()),
            issue,
            head: Some(head.clone()),
            proof: Some("re-run button (signed delivery)".to_owned()),
            delivery: Some(delivery.guid),
            ..AuditEntry::new(Actor::Person { id: sender.id, login: sender.login }, Action::Rerun, super::CHECK_NAME)
        };
        write(context, lease, &step, &entry).await?;
    }
    Ok(())
}

/// The sender of an event by which somebody asks for a check again.
fn asked_again(event: &str, body: &[u8]) -> Option<Account> {
    match Event::parse(event, body).ok()? {
        Event::CheckRun(event)
            if matches!(event.action, CheckRunAction::Rerequested | CheckRunAction::RequestedAction) =>
        {
            event.sender
        }
        Event::CheckSuite(event) if event.action == CheckSuiteAction::Rerequested => event.sender,
        _ => None,
    }
}
