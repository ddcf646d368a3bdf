//! Finds the deliveries that did not reach us in GitHub's own list, and takes them in like webhooks.
//!
//! GitHub never delivers a failed webhook again by itself. With `github.webhook: push` this is the net
//! under the receiver, at start and every few minutes; with `pull` it is the only way in, and looks as
//! often as the App's budget of requests allows ([`pace`]). Which entries want something is decided by
//! [`wanted()`]; they are fetched and go through [`take_in()`] under their GUID, so that a later redelivery is
//! a duplicate. What cannot be fetched any more GitHub is asked to deliver again, once; what it does not
//! deliver either is left to the refresh, which compares the present state and needs no event.
//!
//! A command is run only within an hour of its comment: whoever wrote it has long seen that nobody
//! reacted, may have done the work by hand, and would be surprised.

mod pace;
mod progress;
mod wanted;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::pace::{Bounds, Budget, Found};
use self::progress::Progress;
use self::wanted::{Rules, Wanted, wanted};
use super::{Context, Incoming, JobError, Next, TakeInError, Taken, Task, jobs_for, take_in};
use crate::config::WebhookMode;
use crate::forge::event::Event;
use crate::forge::{Access, Attempt, DeliveryPage, ForgeError, VerifiedDelivery};
use crate::names::RepositoryId;
use crate::store::{Lease, Priority};

/// After this time a command is not run any more.
const COMMAND_AGE: SignedDuration = SignedDuration::from_hours(1);
/// How many pages of the gap one run walks: what is new must not wait for what is old.
const PAGES_AT_ONCE: usize = 20;
/// How often one delivery is asked for in vain, while others can be had, before it counts as gone.
const TRIES: u32 = 10;
/// So many that cannot be fetched, one after the other, are an outage.
const OUTAGE: u32 = 3;
/// How much slower pull mode gets when it is quiet.
const SLOWEST: u32 = 12;

/// One look at the list of deliveries. It schedules itself again; there is one for the App.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Recover {}

#[async_trait]
impl Task for Recover {
    const KIND: &'static str = "recover";
    const PRIORITY: Priority = Priority::Sweep;
    const ENDLESS: bool = true;

    fn subject(&self) -> String {
        "recover".to_owned()
    }

    fn key(&self) -> String {
        self.subject()
    }

    async fn run(self, context: &Context, _lease: &Lease) -> Result<Next<Self>, JobError> {
        let progress = Progress::load(&context.store, context.clock.now()).await?;
        let mode = context.config.github.webhook;
        let mut look = Look { context, mode, progress, found: Found::Nothing, failures: 0 };
        let result = look.run().await;
        if result.is_err() {
            look.found = Found::Nothing;
        }
        let pause = look.pause();
        let Look { mut progress, .. } = look;
        progress.set_pause(pause);
        progress.save(&context.store).await?;
        let soon = context.clock.now() + pause;
        Ok(Next::Again(
            match result {
                Ok(()) => soon,
                // An outage must not end the looks: the next one goes on where this one stopped.
                Err(error) => {
                    tracing::warn!("a look for missed deliveries was cut short: {error}");
                    error.retry_at().map_or(soon, |at| at.max(soon))
                }
            },
            self,
        ))
    }
}

/// One run.
struct Look<'a> {
    context: &'a Context,
    mode: WebhookMode,
    progress: Progress,
    found: Found,
    /// How many deliveries could not be fetched, one after the other.
    failures: u32,
}

/// Whether a page was seen to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Whole,
    /// The budget ended before the page did, or something has to be fetched again.
    Part,
}

impl Look<'_> {
    /// What is new first, then what is left of earlier.
    async fn run(&mut self) -> Result<(), JobError> {
        let floor = self.progress.top(self.now());
        let Some(page) = self.page(None).await? else { return Ok(()) };
        if self.see(&page, floor).await? == Seen::Part {
            return Ok(());
        }
        self.progress.saw_top(&page, floor);
        for _ in 0..PAGES_AT_ONCE {
            self.progress.save(&self.context.store).await?;
            let Some((cursor, floor)) = self.progress.gap(self.now()) else { return Ok(()) };
            let Some(page) = self.page(Some(&cursor)).await? else { break };
            if self.see(&page, floor).await? == Seen::Part {
                break;
            }
            self.progress.saw_gap(&page, floor);
        }
        if self.progress.gap(self.now()).is_some() {
            self.found = Found::More;
        }
        Ok(())
    }

    /// A page of the list; `None` where the budget does not allow it now, or the cursor is too old.
    async fn page(&mut self, cursor: Option<&str>) -> Result<Option<DeliveryPage>, JobError> {
        if !self.may_ask() {
            return Ok(None);
        }
        match self.context.forge.delivery_attempts(cursor).await {
            Ok(mut page) => {
                let now = self.now();
                self.progress.budget = match page.quota {
                    Some(quota) => Some(Budget::after(self.progress.budget, quota, now)),
                    None => None,
                };
                // A server that does not know cursors would send the same page for ever.
                page.next = page.next.filter(|next| Some(next.as_str()) != cursor);
                Ok(Some(page))
            }
            Err(error) if cursor.is_some() && (error.is_absent() || matches!(error, ForgeError::Validation { .. })) => {
                tracing::warn!("the list of deliveries is walked again from its top: {error}");
                self.progress.lost_gap();
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Does what the entries of a page since `floor` want.
    async fn see(&mut self, page: &DeliveryPage, floor: Timestamp) -> Result<Seen, JobError> {
        let guids: Vec<_> = page.attempts.iter().map(|attempt| attempt.guid.clone()).collect();
        let stored = self.context.store.known_deliveries(&guids).await?;
        let pushes = page.attempts.iter().any(|it| it.event == "push" && !stored.contains_key(&it.guid));
        let admins = if pushes { self.admins().await } else { None };
        let rules = Rules { mode: self.mode, stored: &stored, admins: admins.as_ref(), progress: &self.progress };
        let mut seen = Seen::Whole;
        for wanted in wanted(&page.attempts, floor, &rules) {
            self.found = Found::News;
            if !self.may_ask() {
                return Ok(Seen::Part);
            }
            match self.fetch(&wanted).await? {
                Seen::Whole => self.failures = 0,
                Seen::Part => seen = Seen::Part,
            }
        }
        Ok(seen)
    }

    /// Fetches a delivery and takes it in; one that cannot be fetched now does not hold up the others.
    async fn fetch(&mut self, wanted: &Wanted) -> Result<Seen, JobError> {
        self.spend();
        match self.context.forge.delivery(wanted.attempt.id).await {
            Ok(Some(delivery)) => self.take_in(wanted, delivery).await?,
            Ok(None) => self.ask_again(&wanted.attempt).await?,
            Err(error @ ForgeError::Unavailable { .. }) => {
                self.failures += 1;
                if self.failures >= OUTAGE {
                    return Err(error.into());
                }
                if self.progress.failed(&wanted.attempt) < TRIES {
                    return Ok(Seen::Part);
                }
                self.ask_again(&wanted.attempt).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Seen::Whole)
    }

    async fn take_in(&mut self, wanted: &Wanted, delivery: VerifiedDelivery) -> Result<(), JobError> {
        let attempt = &wanted.attempt;
        tracing::info!(
            delivery.id = %attempt.guid, delivery.event = attempt.event, delivery.action = attempt.action,
            arrived = attempt.arrived(), missed = wanted.missed, "a delivery is fetched from GitHub's list"
        );
        let (config, now) = (&self.context.config, self.now());
        let plan = move |event: &Event| if is_late(event, now) { Vec::new() } else { jobs_for(config, event) };
        let incoming = Incoming { guid: attempt.guid.clone(), event: &attempt.event, delivery };
        match take_in(&self.context.store, &plan, incoming).await {
            Ok(Taken::New | Taken::Duplicate { .. } | Taken::Ignored) => {}
            Err(TakeInError::Misfit(error)) => {
                tracing::warn!(delivery.id = %attempt.guid, delivery.event = attempt.event, "a delivery cannot be read: {error}");
            }
            Err(TakeInError::Store(error)) => return Err(error.into()),
        }
        self.progress.handle(attempt);
        Ok(())
    }

    /// Asks for a redelivery, once for each GUID.
    async fn ask_again(&mut self, attempt: &Attempt) -> Result<(), JobError> {
        if self.progress.handled(&attempt.guid).is_some_and(|before| before.asked) {
            tracing::warn!(delivery.id = %attempt.guid, "a missed delivery cannot be had; the refresh sees what came of it");
            self.progress.handle(attempt);
            return Ok(());
        }
        self.spend();
        match self.context.forge.redeliver(attempt.id).await {
            Ok(()) => tracing::info!(delivery.id = %attempt.guid, "GitHub is asked to deliver again"),
            Err(error) if error.is_temporary() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(delivery.id = %attempt.guid, "a missed delivery cannot be had again: {error}");
            }
        }
        self.progress.ask(attempt, self.now());
        Ok(())
    }

    /// The admin repositories; `None` where one cannot be asked for now.
    async fn admins(&self) -> Option<BTreeSet<RepositoryId>> {
        let mut admins = BTreeSet::new();
        for cluster in &self.context.config.clusters {
            let known = self.context.repository_facts(&cluster.admin_repository, Access::METADATA).await;
            admins.insert(known.ok()?.1.id);
        }
        Some(admins)
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    fn may_ask(&self) -> bool {
        pace::may_ask(self.progress.budget.as_ref(), self.now())
    }

    fn spend(&mut self) {
        self.progress.budget = self.progress.budget.map(Budget::spent);
    }

    fn pause(&self) -> std::time::Duration {
        let timing = self.context.timing;
        let bounds = match self.mode {
            WebhookMode::Push if self.found != Found::More => Bounds { least: timing.recover, most: timing.recover },
            WebhookMode::Push | WebhookMode::Pull => {
                Bounds { least: timing.poll, most: timing.poll.saturating_mul(SLOWEST) }
            }
        };
        pace::pause(bounds, self.progress.pause(), self.found, (self.progress.budget.as_ref(), self.now()))
    }
}

/// Whether a comment is too old to be obeyed; one that does not say how old it is, is.
fn is_late(event: &Event, now: Timestamp) -> bool {
    let Event::IssueComment(comment) = event else { return false };
    comment.written_at.is_none_or(|written| now.duration_since(written) > COMMAND_AGE)
}

#[cfg(test)]
mod tests;
