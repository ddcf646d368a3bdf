//! How far the list of deliveries was seen: a fact in the store, written after every page. Losing it, or
//! the last part of it, means to look at some entries again; nothing is done twice for that.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pace::Budget;
use crate::forge::{Attempt, DeliveryPage};
use crate::jobs::JobError;
use crate::names::DeliveryId;
use crate::store::Store;

const KIND: &str = "recover";
const KEY: &str = "deliveries";

/// How far back the list is walked. GitHub keeps it for three days; an enterprise server keeps it for
/// longer, but what is older than that is better seen by comparing the present state.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_hours(3 * 24);
/// What happened before the very first look, and how long before: the server was being set up.
const FIRST: SignedDuration = SignedDuration::from_hours(1);
/// Entries may come into the list a little out of order: the end of the last look is seen again.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// What was seen. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// When the list was looked at first.
    pub(super) born: i64,
    /// The newest entry of the last look; everything older was seen, but for the gap.
    until: i64,
    /// The part that is still to be walked.
    gap: Option<Gap>,
    /// Deliveries that were looked at and left no trace in the store, and those that may come up again.
    handled: BTreeMap<DeliveryId, Handled>,
    /// Attempts that could not be fetched, and how often.
    failing: BTreeMap<u64, u32>,
    /// The App's budget.
    pub(super) budget: Option<Budget>,
    /// The last pause.
    pause: u64,
}

/// Entries that one look had no time for: older than the cursor and newer than the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    cursor: String,
    down_to: i64,
}

/// What was done about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handled {
    /// The newest attempt that was looked at.
    pub(super) attempt: u64,
    /// When it was made, or when a redelivery was asked for.
    pub(super) at: i64,
    /// Whether a redelivery was asked for.
    pub(super) asked: bool,
}

impl Progress {
    pub(super) fn new(now: Timestamp) -> Self {
        let until = now.checked_sub(FIRST).unwrap_or_default().as_millisecond();
        let born = now.as_millisecond();
        let (handled, failing) = (BTreeMap::new(), BTreeMap::new());
        Self { born, until, gap: None, handled, failing, budget: None, pause: 0 }
    }

    pub(super) async fn load(store: &Store, now: Timestamp) -> Result<Self, JobError> {
        let known = store.fact(KIND, KEY).await?;
        // A record of another release is no reason to stop: the list is looked at anew.
        Ok(known.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_else(|| Self::new(now)))
    }

    pub(super) async fn save(&self, store: &Store) -> Result<(), JobError> {
        Ok(store.set_fact(KIND, KEY, &json!(self)).await?)
    }

    /// From when on entries are wanted at the top of the list.
    pub(super) fn top(&self, now: Timestamp) -> Timestamp {
        later(self.until - OVERLAP.as_millis() as i64, now)
    }

    /// Where the gap goes on and from when on its entries are wanted.
    pub(super) fn gap(&self, now: Timestamp) -> Option<(String, Timestamp)> {
        self.gap.as_ref().map(|gap| (gap.cursor.clone(), later(gap.down_to, now)))
    }

    /// The page at the top was seen down to `floor`, or as far as it goes.
    pub(super) fn saw_top(&mut self, page: &DeliveryPage, floor: Timestamp) {
        let newest = page.attempts.iter().map(|attempt| attempt.delivered_at.as_millisecond()).max();
        self.until = self.until.max(newest.unwrap_or(self.until));
        if let Some(cursor) = beyond(page, floor) {
            // A gap that is there already reaches further down; what lies between is seen again.
            let down_to = self.gap.take().map_or(floor.as_millisecond(), |gap| gap.down_to);
            self.gap = Some(Gap { cursor, down_to });
        }
        self.forget(i64::MAX);
    }

    /// A page of the gap was seen down to `floor`, or as far as it goes.
    pub(super) fn saw_gap(&mut self, page: &DeliveryPage, floor: Timestamp) {
        let down_to = floor.as_millisecond();
        self.gap = beyond(page, floor).map(|cursor| Gap { cursor, down_to });
        let oldest = page.attempts.iter().map(|attempt| attempt.delivered_at.as_millisecond()).min();
        self.forget(oldest.unwrap_or(i64::MAX));
    }

    /// The forge does not know the gap's cursor any more: the list is walked again from its top.
    pub(super) fn lost_gap(&mut self) {
        if let Some(gap) = self.gap.take() {
            self.until = self.until.min(gap.down_to);
        }
    }

    /// Forgets what cannot come up again: it is older than the next look goes, and was made after `oldest`.
    fn forget(&mut self, oldest: i64) {
        if self.gap.is_none() {
            self.failing.clear();
        }
        let top = self.until - OVERLAP.as_millis() as i64;
        let asked_since = self.until - WINDOW.as_millis() as i64;
        self.handled
            .retain(|_, it| it.at >= top || it.at < oldest && self.gap.is_some() || it.asked && it.at >= asked_since);
    }

    /// What was done about a delivery.
    pub(super) fn handled(&self, guid: &DeliveryId) -> Option<&Handled> {
        self.handled.get(guid)
    }

    /// Remembers that an attempt was looked at.
    pub(super) fn handle(&mut self, attempt: &Attempt) {
        let asked = self.handled(&attempt.guid).is_some_and(|before| before.asked);
        let at = attempt.delivered_at.as_millisecond();
        self.handled.insert(attempt.guid.clone(), Handled { attempt: attempt.id, at, asked });
        self.failing.remove(&attempt.id);
    }

    /// Remembers that an attempt could not be fetched; gives how often that was.
    pub(super) fn failed(&mut self, attempt: &Attempt) -> u32 {
        let times = self.failing.entry(attempt.id).or_default();
        *times = times.saturating_add(1);
        *times
    }

    /// Remembers that a redelivery was asked for.
    pub(super) fn ask(&mut self, attempt: &Attempt, now: Timestamp) {
        let handled = Handled { attempt: attempt.id, at: now.as_millisecond(), asked: true };
        self.handled.insert(attempt.guid.clone(), handled);
        self.failing.remove(&attempt.id);
    }

    /// The last pause.
    pub(super) const fn pause(&self) -> Duration {
        Duration::from_millis(self.pause)
    }

    /// Remembers the pause.
    pub(super) fn set_pause(&mut self, pause: Duration) {
        self.pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    }
}

fn later(wanted: i64, now: Timestamp) -> Timestamp {
    let window = now.checked_sub(WINDOW).unwrap_or_default();
    Timestamp::from_millisecond(wanted).unwrap_or(window).max(window)
}

/// Where the list goes on, if it does before `floor`.
fn beyond(page: &DeliveryPage, floor: Timestamp) -> Option<String> {
    let reached = page.attempts.iter().any(|attempt| attempt.delivered_at < floor);
    page.next.clone().filter(|_| !reached)
}
