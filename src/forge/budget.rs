//! How much may be asked of the forge, for one installation (or for the App itself): its own
//! account of the primary limit, as answers name it, and our model of the secondary limits, which
//! GitHub does not let anybody ask for (docs.github.com, "Rate limits for the REST API").
//!
//! Pure: the time is handed in. Several processes share one installation's limits and each has a
//! model of its own; the primary limit is right for all of them, because answers name it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};

use super::classify::Limit;
use super::settings::Manners;
use super::window::Window;
use crate::store::Priority;

/// Resets of one hour are named with a jitter of a second or two.
const SAME_RESET: i64 = 5;
/// GitHub has about a dozen resources; a server that invents more is not listened to.
const MOST_RESOURCES: usize = 16;
/// What REST requests are counted against unless an answer said otherwise.
const CORE: &str = "core";
/// A secondary limit without a time: at least a minute, doubled while it lasts (docs.github.com,
/// "Best practices for using the REST API", "Handle rate limit errors appropriately").
const UNNAMED: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_UNNAMED: SignedDuration = SignedDuration::from_hours(1);
/// What people see at once and are told of; such requests have limits of their own. Which they are
/// is not published ("requests that generate content"), so everything that leaves a trace counts.
const CONTENT: [&str; 7] = [
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/deployments",
    "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
    "/repos/{owner}/{repo}/issues",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/pulls",
];

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// One point.
    Read,
    /// Five points.
    Write,
    /// Five points, and a place in the line of those that make something.
    Content,
}

impl Cost {
    pub(super) fn of(method: &Method, template: &str) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Read,
            Method::POST if CONTENT.contains(&template) => Self::Content,
            _ => Self::Write,
        }
    }

    const fn points(self) -> u32 {
        match self {
            Self::Read => 1,
            Self::Write | Self::Content => 5,
        }
    }
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// The forge asked to wait.
    Blocked,
    /// Too little is left of the hour for a request of this priority.
    Primary,
    /// Too many points in the last minute.
    Points,
    /// Too much was made in the last minute or hour, or the line is too long.
    Content,
}

/// Nothing is sent until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) until: Timestamp,
    pub(super) why: Why,
}

/// The primary limit of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Primary {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset: Timestamp,
}

impl Primary {
    fn read(headers: &HeaderMap) -> Option<(String, Self)> {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let limit = text("x-ratelimit-limit")?.parse().ok()?;
        let remaining = text("x-ratelimit-remaining")?.parse().ok()?;
        let reset = Timestamp::from_second(text("x-ratelimit-reset")?.parse().ok()?).ok()?;
        let resource = text("x-ratelimit-resource").unwrap_or(CORE);
        let plain = resource.len() <= 40 && resource.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
        plain.then(|| (resource.to_owned(), Self { limit, remaining, reset }))
    }

    /// What another answer says. Answers overtake each other: within one hour the lower number is
    /// the later one.
    fn take_in(&mut self, told: Self, now: Timestamp) {
        let later = told.reset.as_second() - self.reset.as_second();
        if later.abs() <= SAME_RESET && told.limit == self.limit && now < self.reset {
            self.remaining = self.remaining.min(told.remaining);
        } else if later > -SAME_RESET || now >= self.reset {
            *self = told;
        }
    }
}

/// What may be used of `whole` by a job of this priority: the rest is kept for those before it.
const fn share(priority: Priority, whole: u32) -> u32 {
    match priority {
        Priority::Command => whole,
        Priority::Normal => whole - whole / 10,
        Priority::Sweep => whole - whole / 2,
    }
}

/// The account of one installation or of the App.
#[derive(Debug)]
pub(super) struct Ledger {
    primary: BTreeMap<String, Primary>,
    /// Routes that are counted against something else than [`CORE`].
    resources: HashMap<&'static str, String>,
    points: Window,
    minute: Window,
    hour: Window,
    /// From when on the next thing may be made.
    next: Timestamp,
    /// The last time that was told to somebody who has to come back: the next one is told a later
    /// one, so that a hundred do not come back together and ask in vain.
    told: Timestamp,
    blocked: Option<Timestamp>,
    /// How many limits without a time came in a row.
    strikes: u32,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            primary: BTreeMap::new(),
            resources: HashMap::new(),
            points: Window::new(60),
            minute: Window::new(60),
            hour: Window::new(3600),
            next: Timestamp::MIN,
            told: Timestamp::MIN,
            blocked: None,
            strikes: 0,
        }
    }
}

impl Ledger {
    /// Leave to send one request, counted at once: after this pause, which is short. Or not before
    /// the time in the refusal.
    pub(super) fn ask(
        &mut self,
        manners: &Manners,
        (cost, template): (Cost, &'static str),
        priority: Priority,
        now: Timestamp,
    ) -> Result<Duration, Refusal> {
        let refuse = |until: Timestamp, why| if until > now { Err(Refusal { until, why }) } else { Ok(()) };
        refuse(self.blocked.unwrap_or(now), Why::Blocked)?;
        refuse(self.primary_from(template, priority, now), Why::Primary)?;
        let points = share(priority, manners.points_per_minute);
        refuse(self.points.room(now, cost.points(), points), Why::Points)?;
        let at = if cost == Cost::Content { self.line_up(manners, priority, now)? } else { now };
        self.points.add(at, cost.points());
        Ok(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    }

    /// A place in the line of those that make something: one after the other, with a gap.
    fn line_up(&mut self, manners: &Manners, priority: Priority, now: Timestamp) -> Result<Timestamp, Refusal> {
        let per_minute = self.minute.room(now, 1, share(priority, manners.content_per_minute));
        let per_hour = self.hour.room(now, 1, share(priority, manners.content_per_hour));
        let at = now.max(self.next).max(per_minute).max(per_hour);
        let latest = now.saturating_add(manners.longest_wait).unwrap_or(Timestamp::MAX);
        if at > latest {
            let until = at.max(self.told);
            self.told = until.saturating_add(manners.content_gap).unwrap_or(Timestamp::MAX);
            return Err(Refusal { until, why: Why::Content });
        }
        self.next = at.saturating_add(manners.content_gap).unwrap_or(Timestamp::MAX);
        self.minute.add(at, 1);
        self.hour.add(at, 1);
        Ok(at)
    }

    /// From when on the primary limit has enough left for this priority.
    fn primary_from(&self, template: &str, priority: Priority, now: Timestamp) -> Timestamp {
        let resource = self.resources.get(template).map_or(CORE, String::as_str);
        match self.primary.get(resource) {
            Some(known) if now < known.reset && known.remaining <= known.limit - share(priority, known.limit) => {
                // One second more: the reset is given in whole seconds.
                known.reset.saturating_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX)
            }
            _ => now,
        }
    }

    /// Takes in what an answer that is no limit says of the primary limit.
    pub(super) fn learn(&mut self, template: &'static str, headers: &HeaderMap, now: Timestamp) {
        if self.blocked.is_some_and(|until| now >= until) {
            (self.blocked, self.strikes) = (None, 0);
        }
        let Some((resource, told)) = Primary::read(headers) else { return };
        if resource != CORE {
            self.resources.insert(template, resource.clone());
        }
        if let Some(known) = self.primary.get_mut(&resource) {
            known.take_in(told, now);
        } else if self.primary.len() < MOST_RESOURCES {
            self.primary.insert(resource, told);
        }
    }

    /// The forge asked to wait: nothing is sent until then. Going on asking can get an App banned
    /// (docs.github.com, "Best practices for using the REST API").
    pub(super) fn limited(&mut self, limit: Limit, now: Timestamp) -> Timestamp {
        let until = match limit {
            Limit::Named(until) => until,
            Limit::Unnamed => {
                let doubled = UNNAMED.saturating_mul(2_i32.saturating_pow(self.strikes));
                self.strikes = self.strikes.saturating_add(1);
                now.saturating_add(doubled.min(LONGEST_UNNAMED)).unwrap_or(Timestamp::MAX)
            }
        };
        // The later one counts: answers overtake each other.
        let until = self.blocked.map_or(until, |known| known.max(until));
        self.blocked = Some(until);
        until
    }

    /// The primary limits by resource, as last told.
    pub(super) fn primary(&self) -> &BTreeMap<String, Primary> {
        &self.primary
    }

    /// Points of the last minute, and what was made in the last hour.
    pub(super) fn spent(&mut self, now: Timestamp) -> (u32, u32) {
        (self.points.total(now), self.hour.total(now))
    }

    /// Until when the forge asked to wait, if that is not over.
    pub(super) fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked.filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests;
