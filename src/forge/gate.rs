//! What every request passes on its way out and back: whether the forge is up, the budget of whom
//! it is for, and the answers that we have already.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Admission, Breaker};
use super::budget::{Cost, Ledger, Why};
use super::classify::Limit;
use super::error::ForgeError;
use super::etag::{Kept, Key, Tags};
use super::priority;
use super::send::{Answer, Call};
use super::settings::Manners;
use super::token::Scope;
use crate::clock::{Clock, Entropy};
use crate::names::InstallationId;

/// Whose budget a request is counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    App,
    Installation(InstallationId),
}

/// What was counted since the start, for monitoring.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Questions with a tag.
    pub(super) conditional: AtomicU64,
    /// Those of them whose answer was the same.
    pub(super) not_modified: AtomicU64,
    /// Requests that waited for the gap, and for how many milliseconds altogether.
    pub(super) waits: AtomicU64,
    pub(super) waited: AtomicU64,
    /// Requests that were not sent because the forge was known to be down.
    pub(super) down: AtomicU64,
    /// Requests that were not sent because of a budget.
    pub(super) refused: Mutex<BTreeMap<Why, u64>>,
}

pub(super) struct Gate {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    manners: Manners,
    ledgers: Mutex<BTreeMap<Who, Ledger>>,
    breaker: Mutex<Breaker>,
    tags: Mutex<Tags>,
    slots: Semaphore,
    pub(super) tally: Tally,
}

/// A question on its way, with the answer to it that we have.
pub(super) struct Asked {
    key: Option<Key>,
    kept: Option<Arc<Kept>>,
}

impl Gate {
    pub(super) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, manners: Manners) -> Self {
        Self {
            clock,
            entropy,
            manners,
            ledgers: Mutex::default(),
            breaker: Mutex::new(Breaker::new(manners.pause)),
            tags: Mutex::default(),
            slots: Semaphore::new(manners.concurrent.max(1)),
            tally: Tally::default(),
        }
    }

    /// Fails at once while the forge is known to be down. After a pause one caller is made to ask
    /// whether it is up (`ask` says whether anything was answered), and the others wait for that.
    pub(super) async fn admit(&self, what: &str, ask: impl AsyncFnOnce() -> bool) -> Result<(), ForgeError> {
        let mut admission = self.breaker().admit(self.clock.now());
        if admission == Admission::Ask {
            let answered = ask().await;
            self.breaker().asked(answered, self.clock.now(), &*self.entropy);
            tracing::info!(forge.answers = answered, "asked whether the forge is up again");
            admission = self.breaker().admit(self.clock.now());
        }
        let until = match admission {
            Admission::Go => return Ok(()),
            Admission::Down(until) => until,
            // The clock was set forward by a minute between two lines: the next caller asks.
            Admission::Ask => self.clock.now(),
        };
        self.tally.down.fetch_add(1, Ordering::Relaxed);
        let message = format!("it is down and is not asked again before {until}");
        Err(ForgeError::Unavailable { what: what.to_owned(), message, source: None })
    }

    /// Leave to send one request, perhaps after a short pause.
    pub(super) async fn enter(&self, who: Who, call: &Call) -> Result<(), ForgeError> {
        let cost = Cost::of(&call.method, call.route.template);
        let request = (cost, call.route.template);
        let leave = self.with(who, |ledger, now| ledger.ask(&self.manners, request, priority::current(), now));
        match leave {
            Ok(Duration::ZERO) => {}
            Ok(pause) => {
                self.tally.waits.fetch_add(1, Ordering::Relaxed);
                let waited = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                self.tally.waited.fetch_add(waited, Ordering::Relaxed);
                tokio::time::sleep(pause).await;
            }
            Err(refusal) => {
                let mut refused = self.tally.refused.lock().unwrap_or_else(PoisonError::into_inner);
                *refused.entry(refusal.why).or_default() += 1;
                return Err(ForgeError::RateLimited { what: call.what.clone(), until: refusal.until });
            }
        }
        Ok(())
    }

    /// A place among the requests that are on their way. Not held while a token is made, which
    /// needs a place of its own.
    pub(super) async fn slot(&self) -> SemaphorePermit<'_> {
        self.slots.acquire().await.expect("nobody closes it")
    }

    /// Adds the tag of the answer that we have, if any, to a question.
    pub(super) fn ask(&self, scope: Option<&Scope>, call: &mut Call) -> Asked {
        if call.method != Method::GET {
            return Asked { key: None, kept: None };
        }
        let key = Key { scope: scope.cloned(), path: call.route.path.clone(), accept: call.accept };
        let kept = self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(&key);
        call.known_tag = kept.as_ref().map(|kept| kept.tag.clone());
        if kept.is_some() {
            self.tally.conditional.fetch_add(1, Ordering::Relaxed);
        }
        Asked { key: Some(key), kept }
    }

    /// Takes in how a request went; an answer that says "as before" becomes the one from before.
    pub(super) fn hear(
        &self,
        (who, call): (Who, &Call),
        asked: Asked,
        heard: Result<Answer, ForgeError>,
    ) -> Result<Answer, ForgeError> {
        self.note(call, &heard);
        let answer = heard?;
        self.with(who, |ledger, now| {
            if super::classify::limit(&answer, now).is_none() {
                ledger.learn(call.route.template, &answer.headers, now);
            }
        });
        match (asked.key, asked.kept) {
            (Some(_), Some(kept)) if answer.status == 304 => {
                self.tally.not_modified.fetch_add(1, Ordering::Relaxed);
                Ok(kept.answer())
            }
            (Some(key), _) => {
                self.tags.lock().unwrap_or_else(PoisonError::into_inner).put(&key, &answer);
                Ok(answer)
            }
            (None, _) => Ok(answer),
        }
    }

    /// Tells the breaker. What failed before it was sent says nothing of the forge.
    fn note(&self, call: &Call, heard: &Result<Answer, ForgeError>) {
        let answered = match heard {
            Ok(answer) => answer.status < 500,
            Err(ForgeError::Unavailable { .. }) => false,
            Err(_) => return,
        };
        let mut hasher = DefaultHasher::new();
        call.route.path.split('?').next().hash(&mut hasher);
        self.breaker().note(hasher.finish(), answered, self.clock.now(), &*self.entropy);
    }

    /// The forge asked to wait: until when, and nothing is sent for `who` before that.
    pub(super) fn limited(&self, who: Who, limit: Limit) -> Timestamp {
        self.with(who, |ledger, now| ledger.limited(limit, now))
    }

    /// Until when a job that failed waits best, where the forge is or was just known to be down.
    pub(super) fn down_until(&self) -> Option<Timestamp> {
        self.breaker().down_until(self.clock.now())
    }

    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every ledger, with the time.
    pub(super) fn each(&self, mut look: impl FnMut(Who, &mut Ledger, Timestamp)) {
        let now = self.clock.now();
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.iter_mut().for_each(|(who, ledger)| look(*who, ledger, now));
    }

    fn with<T>(&self, who: Who, change: impl FnOnce(&mut Ledger, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        change(ledgers.entry(who).or_default(), now)
    }
}
