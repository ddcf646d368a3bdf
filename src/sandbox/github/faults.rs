//! What a test (or a curious person) lets go wrong: repeatable, from the sandbox's seed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;

use super::limits::{ContentLimit, Limits};
use crate::clock::Entropy;

/// What happens to a request that a [`RestFault`] catches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Answers with this status and GitHub's error body; the request has no effect.
    Status(u16),
    /// Answers with this status and these words; the request has no effect.
    Refuse {
        /// The status.
        status: u16,
        /// The `message` in the body.
        message: String,
    },
    /// 403 with `Retry-After`: GitHub's secondary rate limit.
    SecondaryLimit {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// 429 with `Retry-After`.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// 403 with `x-ratelimit-remaining: 0`: the hourly budget is used up until then.
    PrimaryLimit {
        /// Seconds until the budget is new.
        reset_in: u64,
    },
    /// The connection closes before the request is handled.
    Cut,
    /// The request is carried out and then the connection closes: the client cannot know.
    CutAfter,
    /// The request is carried out and then answered with this status: the client is told wrong.
    StatusAfter(u16),
    /// The answer comes late.
    Slow(Duration),
}

/// One rule for requests that go wrong.
#[derive(Debug, Clone)]
pub struct RestFault {
    /// Only this method, or all.
    pub method: Option<Method>,
    /// The path without `/api/v3`, where `*` stands for anything: `/repos/*/check-runs`.
    pub path: String,
    /// How often, or always.
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

/// In which order held webhooks leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they happened.
    AsHappened,
    /// The last one first.
    Reversed,
    /// Shuffled by the seed.
    Shuffled,
}

#[derive(Debug, Default)]
struct Plan {
    outage: bool,
    rest: Vec<RestFault>,
    error_percent: u64,
    drop_next: u32,
    drop_percent: u64,
    duplicate_next: u32,
    duplicate_percent: u64,
    holding: bool,
    shuffle_window: usize,
}

/// What becomes of one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Send,
    SendTwice,
    Drop,
    Hold,
}

/// The switches. All are off at the start.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<Plan>);

impl Faults {
    pub(crate) fn none() -> Self {
        Self(Mutex::new(Plan::default()))
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The effect for a request, and counts it.
    pub(crate) fn for_request(&self, method: &Method, path: &str, entropy: &dyn Entropy) -> Option<Effect> {
        let mut plan = self.plan();
        if plan.outage {
            return Some(Effect::Status(503));
        }
        if entropy.below(100) < plan.error_percent {
            let kinds = [Effect::Status(502), Effect::Cut, Effect::CutAfter, Effect::StatusAfter(500)];
            return kinds.into_iter().nth(usize::try_from(entropy.below(4)).unwrap_or_default());
        }
        let caught = plan.rest.iter_mut().find(|fault| {
            fault.times != Some(0)
                && fault.method.as_ref().is_none_or(|wanted| wanted == method)
                && matches(&fault.path, path)
        })?;
        if let Some(times) = &mut caught.times {
            *times -= 1;
        }
        Some(caught.effect.clone())
    }

    /// What becomes of the next webhook, and counts it.
    pub(crate) fn for_webhook(&self, entropy: &dyn Entropy) -> Fate {
        let mut plan = self.plan();
        if plan.outage || take(&mut plan.drop_next) || entropy.below(100) < plan.drop_percent {
            return Fate::Drop;
        }
        if plan.holding || plan.shuffle_window > 0 {
            return Fate::Hold;
        }
        if take(&mut plan.duplicate_next) || entropy.below(100) < plan.duplicate_percent {
            return Fate::SendTwice;
        }
        Fate::Send
    }

    /// How many held webhooks are let go together, shuffled; 0: none by number.
    pub(crate) fn window(&self) -> usize {
        let plan = self.plan();
        if plan.holding { 0 } else { plan.shuffle_window }
    }
}

fn take(count: &mut u32) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

/// Whether a path fits a pattern in which `*` stands for any text, slashes too.
fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The switches as the sandbox's user sees them, from [`GitHub::faults`](super::GitHub::faults).
#[derive(Debug, Clone, Copy)]
pub struct FaultSwitches<'a> {
    pub(crate) faults: &'a Faults,
    pub(crate) hooks: &'a super::hooks::Hooks,
    pub(crate) limits: &'a Limits,
}

impl FaultSwitches<'_> {
    /// Everything is answered with 503 and no webhook arrives, until it is switched off.
    pub fn outage(&self, on: bool) {
        self.faults.plan().outage = on;
    }

    /// Lets requests go wrong.
    pub fn request(&self, fault: RestFault) {
        self.faults.plan().rest.push(fault);
    }

    /// The next requests that match go wrong so: short for [`Self::request`].
    pub fn next_requests(&self, method: Method, path: &str, times: u32, effect: Effect) {
        self.request(RestFault { method: Some(method), path: path.to_owned(), times: Some(times), effect });
    }

    /// Of a hundred requests so many go wrong: answered with 5xx or cut off, before or after they took effect.
    pub fn error_percent(&self, percent: u64) {
        self.faults.plan().error_percent = percent;
    }

    /// The next webhooks do not arrive. GitHub's log has them as failed.
    pub fn drop_next(&self, count: u32) {
        self.faults.plan().drop_next = count;
    }

    /// Of a hundred webhooks so many do not arrive.
    pub fn drop_percent(&self, percent: u64) {
        self.faults.plan().drop_percent = percent;
    }

    /// The next webhooks arrive twice, with the same delivery id.
    pub fn duplicate_next(&self, count: u32) {
        self.faults.plan().duplicate_next = count;
    }

    /// Of a hundred webhooks so many arrive twice.
    pub fn duplicate_percent(&self, percent: u64) {
        self.faults.plan().duplicate_percent = percent;
    }

    /// Keeps webhooks back until [`Self::release`].
    pub fn hold(&self) {
        self.faults.plan().holding = true;
    }

    /// Lets the held webhooks go in this order and holds no longer.
    pub fn release(&self, order: Order) {
        self.faults.plan().holding = false;
        self.hooks.release(order);
    }

    /// Webhooks leave in groups of `window`, shuffled within the group; 0 or 1 switches it off.
    pub fn shuffle(&self, window: usize) {
        self.faults.plan().shuffle_window = if window < 2 { 0 } else { window };
        if window < 2 {
            self.hooks.release(Order::AsHappened);
        }
    }

    /// Another hourly budget than GitHub's 5,000, for everybody with a token; used ones are new.
    pub fn hourly_budget(&self, requests: Option<u64>) {
        self.limits.set_hourly(requests);
    }

    /// Refuses those who write too much too quickly with 403 and `Retry-After`, by the sandbox's
    /// clock. GitHub always does; here it is off until it is wanted.
    pub fn content_limit(&self, limit: Option<ContentLimit>) {
        self.limits.set_content(limit);
    }

    /// Switches everything off; held webhooks go as they happened.
    pub fn clear(&self) {
        *self.faults.plan() = Plan::default();
        self.limits.set_hourly(None);
        self.limits.set_content(None);
        self.hooks.release(Order::AsHappened);
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Fate, FaultSwitches, Faults, Limits, matches};
    use crate::clock::SeededEntropy;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("/repos/*/check-runs", "/repos/org/a/check-runs"));
        assert!(matches("*", "/meta") && matches("/meta", "/meta"));
        assert!(!matches("/repos/*/check-runs", "/repos/org/a/check-runs/7"));
        assert!(!matches("/meta", "/metal"));
    }

    #[test]
    fn counts_run_out_and_an_outage_lasts() {
        let (faults, hooks) = (Faults::none(), super::super::hooks::Hooks::for_tests());
        let switches = FaultSwitches { faults: &faults, hooks: &hooks, limits: &Limits::default() };
        let entropy = SeededEntropy::new(1);
        switches.next_requests(http::Method::POST, "/x*", 1, Effect::Cut);
        assert_eq!(faults.for_request(&http::Method::GET, "/x", &entropy), None);
        assert_eq!(faults.for_request(&http::Method::POST, "/x", &entropy), Some(Effect::Cut));
        assert_eq!(faults.for_request(&http::Method::POST, "/x", &entropy), None);
        switches.drop_next(1);
        switches.duplicate_next(1);
        let fates: Vec<_> = (0..3).map(|_| faults.for_webhook(&entropy)).collect();
        assert_eq!(fates, [Fate::Drop, Fate::SendTwice, Fate::Send]);
        switches.outage(true);
        assert_eq!(faults.for_request(&http::Method::GET, "/x", &entropy), Some(Effect::Status(503)));
        assert_eq!(faults.for_webhook(&entropy), Fate::Drop);
    }
}
