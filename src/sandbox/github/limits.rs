//! GitHub's budgets, by the sandbox's clock: requests per hour, and (where switched on) things
//! written per minute and hour.
//!
//! Facts: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::call::Caller;

/// What an installation, a user and the App itself have in an hour.
const HOURLY: u64 = 5000;
/// What somebody without a token has.
const HOURLY_FOR_NOBODY: u64 = 60;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// GitHub's secondary limit on writing what people are told of: comments, pull requests, check runs
/// and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLimit {
    /// How many in a minute.
    pub per_minute: usize,
    /// How many in an hour.
    pub per_hour: usize,
}

impl ContentLimit {
    /// What GitHub's documentation names.
    pub const GITHUB: Self = Self { per_minute: 80, per_hour: 500 };
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payer {
    Nobody,
    App,
    Installation(u64),
    User(u64),
}

impl Caller {
    /// Who pays for a request.
    pub(crate) fn payer(&self) -> Payer {
        match self {
            Self::Nobody => Payer::Nobody,
            Self::App => Payer::App,
            Self::Installation(grant) => Payer::Installation(grant.installation),
            Self::User(id) => Payer::User(*id),
        }
    }
}

/// How much there is, and until when; the hour begins with the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    /// Seconds since 1970.
    pub(crate) reset: i64,
}

impl Budget {
    pub(crate) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// The headers that tell it.
    pub(crate) fn headers(self) -> [(&'static str, String); 5] {
        [
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-remaining", self.remaining().to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

#[derive(Debug, Default)]
struct Books {
    hourly: Option<u64>,
    budgets: BTreeMap<Payer, Budget>,
    content: Option<ContentLimit>,
    /// When each wrote something in the last hour, in seconds since 1970.
    written: BTreeMap<Payer, VecDeque<i64>>,
}

/// Who has used what.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Books>);

impl Limits {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another hourly budget than GitHub's; takes effect at once.
    pub(crate) fn set_hourly(&self, hourly: Option<u64>) {
        let mut books = self.books();
        books.hourly = hourly;
        books.budgets.clear();
    }

    pub(crate) fn set_content(&self, limit: Option<ContentLimit>) {
        let mut books = self.books();
        books.content = limit;
        books.written.clear();
    }

    /// The budget as it is.
    pub(crate) fn look(&self, payer: Payer, now: Timestamp) -> Budget {
        let books = self.books();
        let now = now.as_second();
        let limit = if payer == Payer::Nobody { HOURLY_FOR_NOBODY } else { books.hourly.unwrap_or(HOURLY) };
        let known = books.budgets.get(&payer).filter(|budget| now < budget.reset);
        known.copied().unwrap_or(Budget { limit, used: 0, reset: now + HOUR })
    }

    /// Takes one request from the budget; the error is a budget that is used up.
    pub(crate) fn take(&self, payer: Payer, now: Timestamp) -> Result<Budget, Budget> {
        let mut budget = self.look(payer, now);
        if budget.remaining() == 0 {
            return Err(budget);
        }
        budget.used += 1;
        self.books().budgets.insert(payer, budget);
        Ok(budget)
    }

    /// Uses up all but so many.
    pub(crate) fn leave(&self, payer: Payer, left: u64, now: Timestamp) {
        let mut budget = self.look(payer, now);
        budget.used = budget.limit.saturating_sub(left);
        self.books().budgets.insert(payer, budget);
    }

    /// Gives one request back: an unchanged answer is free.
    pub(crate) fn give_back(&self, payer: Payer, now: Timestamp) -> Budget {
        let mut budget = self.look(payer, now);
        budget.used = budget.used.saturating_sub(1);
        self.books().budgets.insert(payer, budget);
        budget
    }

    /// Counts something written; the error is for how many seconds nothing more may be.
    pub(crate) fn write(&self, payer: Payer, now: Timestamp) -> Result<(), i64> {
        let mut books = self.books();
        let Some(limit) = books.content else { return Ok(()) };
        let now = now.as_second();
        let written = books.written.entry(payer).or_default();
        written.retain(|at| now - at < HOUR);
        for (most, window) in [(limit.per_minute, MINUTE), (limit.per_hour, HOUR)] {
            let mut recent = written.iter().rev().take_while(|at| now - *at < window);
            // The one that has to grow old before there is room.
            if let Some(oldest) = most.checked_sub(1).and_then(|index| recent.nth(index)) {
                return Err(oldest + window - now);
            }
        }
        written.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_budget_runs_out_and_is_new_after_an_hour() {
        let limits = Limits::default();
        limits.set_hourly(Some(2));
        let payer = Payer::Installation(1);
        assert_eq!(limits.take(payer, at(10)), Ok(Budget { limit: 2, used: 1, reset: 3610 }));
        assert_eq!(limits.take(payer, at(20)).map(Budget::remaining), Ok(0));
        assert_eq!(limits.take(payer, at(3609)), Err(Budget { limit: 2, used: 2, reset: 3610 }));
        assert!(limits.take(Payer::Installation(2), at(30)).is_ok(), "each has its own");
        assert_eq!(limits.give_back(payer, at(40)).remaining(), 1);
        assert_eq!(limits.take(payer, at(3610)), Ok(Budget { limit: 2, used: 1, reset: 7210 }));
        assert_eq!(limits.look(Payer::Nobody, at(1)).limit, 60);
    }

    #[test]
    fn writing_waits_for_the_oldest_in_the_window() {
        let limits = Limits::default();
        assert_eq!(limits.write(Payer::App, at(0)), Ok(()));
        limits.set_content(Some(ContentLimit { per_minute: 2, per_hour: 3 }));
        assert_eq!((limits.write(Payer::App, at(0)), limits.write(Payer::App, at(10))), (Ok(()), Ok(())));
        assert_eq!(limits.write(Payer::App, at(15)), Err(45));
        assert_eq!(limits.write(Payer::App, at(60)), Ok(()));
        assert_eq!(limits.write(Payer::App, at(3000)), Err(600));
        assert_eq!(limits.write(Payer::App, at(3600)), Ok(()));
    }
}
