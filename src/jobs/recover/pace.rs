//! When to look again, and how many requests a look may send: pure, so that every row is a test.
//!
//! The App's own requests have an hourly budget of their own (5,000 on github.com), from which the
//! tokens of all installations are minted too. Looking for deliveries takes at most a third of what
//! is there when an hour begins, evenly over the hour.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::forge::Quota;

/// The part of the budget that may be used: one of so many.
const PART: u32 = 3;

/// How long to wait between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// While deliveries come, or a part of the list is left to walk.
    pub(super) least: Duration,
    /// When it is quiet.
    pub(super) most: Duration,
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing that was not known.
    Nothing,
    /// Deliveries that nobody had seen.
    News,
    /// More than one look may walk through.
    More,
}

/// The App's budget until it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// When it is new, in milliseconds since 1970.
    reset: i64,
    /// What may be used of it.
    share: u32,
    /// What was used of it.
    used: u32,
    /// What the forge said is left of the whole.
    remaining: u32,
}

impl Budget {
    /// After one more answer, and what it said.
    pub(super) fn after(before: Option<Self>, quota: Quota, now: Timestamp) -> Self {
        let reset = quota.reset.as_millisecond();
        match before.filter(|before| now.as_millisecond() < before.reset) {
            Some(before) => Self { used: before.used.saturating_add(1), remaining: quota.remaining, ..before },
            None => {
                Self { reset, share: quota.remaining.saturating_add(1) / PART, used: 1, remaining: quota.remaining }
            }
        }
    }

    /// After a request whose answer said nothing of the budget.
    pub(super) const fn spent(self) -> Self {
        Self { used: self.used.saturating_add(1), ..self }
    }

    /// How many requests may be sent before it is new; `None` where it is new by now.
    fn left(&self, now: Timestamp) -> Option<u32> {
        let own = self.share.saturating_sub(self.used);
        // Others use the budget too: of what they have left, a third is the limit as well.
        (now.as_millisecond() < self.reset).then(|| own.min(self.remaining / PART))
    }

    /// The pause that spreads what is left evenly over the time until it is new.
    fn pause(&self, now: Timestamp) -> Duration {
        let until = Duration::from_millis(u64::try_from(self.reset - now.as_millisecond()).unwrap_or(0));
        match self.left(now) {
            None => Duration::ZERO,
            // The reset is given in whole seconds.
            Some(0) => until + Duration::from_secs(1),
            Some(left) => until / left,
        }
    }
}

/// Whether one more request may be sent. A forge that names no budget has none.
pub(super) fn may_ask(budget: Option<&Budget>, now: Timestamp) -> bool {
    budget.and_then(|budget| budget.left(now)).is_none_or(|left| left > 0)
}

/// How long to wait until the next look; half as long again as the last time when it stays quiet.
pub(super) fn pause(
    bounds: Bounds,
    last: Duration,
    found: Found,
    (budget, now): (Option<&Budget>, Timestamp),
) -> Duration {
    let wanted = match found {
        Found::Nothing => (last + last / 2).clamp(bounds.least, bounds.most),
        Found::News | Found::More => bounds.least,
    };
    wanted.max(budget.map_or(Duration::ZERO, |budget| budget.pause(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULL: Bounds = Bounds { least: Duration::from_secs(5), most: Duration::from_secs(60) };
    const PUSH: Bounds = Bounds { least: Duration::from_secs(300), most: Duration::from_secs(300) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn quota(remaining: u32, reset: i64) -> Quota {
        Quota { remaining, reset: at(reset) }
    }

    /// After so many requests of ours in an hour that began with 5,000 and ends at second 3,600; others
    /// have used so many too.
    fn budget(used: u32, others: u32) -> Budget {
        let budget = Budget::after(None, quota(4_999, 3_600), at(0));
        (1..used).fold(budget, |budget, n| Budget::after(Some(budget), quota(4_999 - n - others, 3_600), at(1)))
    }

    #[test]
    fn quick_while_deliveries_come_and_slower_when_it_is_quiet() {
        let mut last = Duration::ZERO;
        let mut pauses = Vec::new();
        for found in [Found::News, Found::Nothing, Found::Nothing, Found::Nothing, Found::More, Found::Nothing] {
            last = pause(PULL, last, found, (None, at(0)));
            pauses.push(last.as_millis());
        }
        assert_eq!(pauses, [5_000, 7_500, 11_250, 16_875, 5_000, 7_500]);
        for _ in 0..20 {
            last = pause(PULL, last, Found::Nothing, (None, at(0)));
        }
        assert_eq!(last, PULL.most);
        for found in [Found::News, Found::Nothing, Found::More] {
            assert_eq!(pause(PUSH, last, found, (None, at(0))), PUSH.most);
        }
    }

    /// How much of the budget is used, at which second of the hour → the pause after news, in seconds.
    #[test]
    fn the_budget_is_spread_over_the_hour_and_a_third_is_the_end() {
        for (used, others, second, expected) in [
            (1, 0, 0, 5),        // 1,665 left for an hour: one in 2.2 s
            (1_000, 0, 1, 5),    // 666 for an hour
            (1_300, 0, 1, 9),    // 366 for an hour
            (1_600, 0, 600, 45), // 66 for 50 minutes
            (1_666, 0, 1_800, 1_801),
            (9_000, 0, 1_800, 1_801),
            (100, 4_800, 1_800, 54), // 100 are left for all: 33 of them
            (100, 4_898, 1_800, 1_801),
            (1_666, 0, 3_600, 5), // a new hour
        ] {
            let budget = budget(used.min(4_900), others);
            let pause = pause(PULL, PULL.least, Found::News, (Some(&budget), at(second)));
            assert_eq!(pause.as_secs(), expected, "{used} used, {others} by others, second {second}: {budget:?}");
        }
    }

    #[test]
    fn no_more_than_a_third_is_ever_asked_for() {
        let (mut budget, mut sent, mut remaining) = (None, 0, 3_000);
        while may_ask(budget.as_ref(), at(10)) {
            remaining -= 1;
            sent += 1;
            budget = Some(Budget::after(budget, quota(remaining, 3_600), at(10)));
        }
        assert_eq!(sent, 1_000);
        assert!(may_ask(budget.as_ref(), at(3_600)), "a new hour");
        let next = Budget::after(budget, quota(4_999, 7_200), at(3_600));
        assert_eq!((next.share, next.used), (1_666, 1));
        let blind = (0..2_000).fold(next, |budget, _| budget.spent());
        assert!(!may_ask(Some(&blind), at(3_601)), "what no answer counted counts too");
        assert!(may_ask(None, at(0)), "a server without limits");
    }

    #[test]
    fn a_reset_that_wavers_is_no_new_hour() {
        let first = Budget::after(None, quota(4_999, 3_600), at(0));
        let second = Budget::after(Some(first), quota(4_998, 3_601), at(5));
        assert_eq!((second.reset, second.used), (3_600_000, 2));
    }
}
