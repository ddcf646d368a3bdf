//! Whether the forge is up. Pure: the time is handed in.
//!
//! Several failures in a row, and not all of one thing, and it counts as down: nothing more is
//! sent until a time that grows with every vain look. Then one question that costs nothing goes
//! first. If it is answered, everybody may try again, on probation: the first real answer ends the
//! matter, further failures begin it anew. A single broken thing (one pull request that always
//! makes the forge fail) does not make the forge look down for all others.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Entropy;
use crate::queue::Backoff;

/// So many failures in a row make the forge count as down.
const FAILURES: u32 = 5;
/// How long a question may take before another may be sent: longer than the client's time limits.
const PROBE: Duration = Duration::from_secs(60);
/// While the question is on its way, others come back after this time.
const SOON: Duration = Duration::from_secs(5);

/// Failures without a success between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Streak {
    failures: u32,
    /// What failed first.
    first: u64,
    /// Whether something else failed too.
    varied: bool,
}

impl Streak {
    fn and(self, target: u64) -> Self {
        let first = if self.failures == 0 { target } else { self.first };
        Self { failures: self.failures.saturating_add(1), first, varied: self.varied || first != target }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It answers, as far as is known.
    Up(Streak),
    /// It is down: nothing is sent until then.
    Down(Timestamp),
    /// Somebody asks whether it is up; who does not say how that went by then has gone.
    Asking(Timestamp),
    /// It answered the question, and nothing else yet.
    Probation(Streak),
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Send.
    Go,
    /// Ask whether it is up, report with [`Breaker::asked`], then come again.
    Ask,
    /// Send nothing until then.
    Down(Timestamp),
}

/// A word for each state, for people and monitoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForgeHealth {
    /// It answers.
    #[default]
    Up,
    /// It is tried again after it was down.
    Probation,
    /// It is down.
    Down,
}

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    backoff: Backoff,
    /// How often it was found down since its last real answer.
    trips: u32,
    /// How often it was found down at all.
    ever: u64,
}

impl Breaker {
    pub(super) const fn new(backoff: Backoff) -> Self {
        let streak = Streak { failures: 0, first: 0, varied: false };
        Self { state: State::Up(streak), backoff, trips: 0, ever: 0 }
    }

    /// May something be sent? Of all who ask after a pause, one gets [`Admission::Ask`].
    pub(super) fn admit(&mut self, now: Timestamp) -> Admission {
        match self.state {
            State::Up(_) | State::Probation(_) => Admission::Go,
            State::Down(until) if now < until => Admission::Down(until),
            State::Asking(until) if now < until => Admission::Down(until.min(after(now, SOON))),
            State::Down(_) | State::Asking(_) => {
                self.state = State::Asking(after(now, PROBE));
                Admission::Ask
            }
        }
    }

    /// How the question went.
    pub(super) fn asked(&mut self, answered: bool, now: Timestamp, entropy: &dyn Entropy) {
        if answered {
            self.state = State::Probation(Streak::default());
        } else {
            self.trip(now, entropy);
        }
    }

    /// How a request went. What was sent before the forge counted as down says nothing new.
    pub(super) fn note(&mut self, target: u64, answered: bool, now: Timestamp, entropy: &dyn Entropy) {
        match self.state {
            State::Down(_) | State::Asking(_) => {}
            State::Up(_) | State::Probation(_) if answered => {
                (self.state, self.trips) = (State::Up(Streak::default()), 0);
            }
            State::Up(streak) => {
                let streak = streak.and(target);
                self.state = State::Up(streak);
                if streak.varied && streak.failures >= FAILURES {
                    self.trip(now, entropy);
                }
            }
            State::Probation(streak) => {
                let streak = streak.and(target);
                self.state = State::Probation(streak);
                if streak.varied {
                    self.trip(now, entropy);
                }
            }
        }
    }

    fn trip(&mut self, now: Timestamp, entropy: &dyn Entropy) {
        self.trips = self.trips.saturating_add(1);
        self.ever += 1;
        self.state = State::Down(after(now, self.backoff.pause(self.trips, entropy)));
    }

    /// Until when a job that failed waits best, where the forge is or was just known to be down:
    /// then the failure is no fault of the job's.
    pub(super) fn down_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Up(_) => None,
            State::Down(until) => Some(until.max(now)),
            State::Asking(_) => Some(after(now, SOON)),
            State::Probation(_) => Some(after(now, self.backoff.first)),
        }
    }

    /// The state in a word, and how often it was found down.
    pub(super) const fn health(&self) -> (ForgeHealth, u64) {
        let health = match self.state {
            State::Up(_) => ForgeHealth::Up,
            State::Probation(_) => ForgeHealth::Probation,
            State::Down(_) | State::Asking(_) => ForgeHealth::Down,
        };
        (health, self.ever)
    }
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, ManualClock, SeededEntropy};

    struct Bench {
        breaker: Breaker,
        clock: ManualClock,
        entropy: SeededEntropy,
    }

    impl Bench {
        fn new() -> Self {
            let backoff = Backoff { first: Duration::from_secs(10), cap: Duration::from_secs(300) };
            let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
            Self { breaker: Breaker::new(backoff), clock, entropy: SeededEntropy::new(1) }
        }

        fn fail(&mut self, targets: &[u64]) {
            targets.iter().for_each(|target| self.breaker.note(*target, false, self.clock.now(), &self.entropy));
        }

        fn answer(&mut self) {
            self.breaker.note(1, true, self.clock.now(), &self.entropy);
        }

        fn admit(&mut self) -> Admission {
            self.breaker.admit(self.clock.now())
        }

        fn asked(&mut self, answered: bool) {
            self.breaker.asked(answered, self.clock.now(), &self.entropy);
        }

        /// Milliseconds until something may be sent again.
        fn closed_for(&self) -> i64 {
            let now = self.clock.now();
            self.breaker.down_until(now).map_or(0, |until| until.as_millisecond() - now.as_millisecond())
        }

        /// Lets the pause pass; the one question is given out and to nobody else.
        fn wait_and_ask(&mut self, answered: bool) {
            self.clock.advance(Duration::from_millis(self.closed_for().unsigned_abs()));
            assert_eq!(self.admit(), Admission::Ask);
            assert!(matches!(self.admit(), Admission::Down(_)), "one question at a time");
            self.asked(answered);
        }
    }

    #[test]
    fn five_failures_in_a_row_of_more_than_one_thing() {
        let rows: [(&[u64], bool); 6] = [
            (&[], false),
            (&[1, 2, 1, 2], false),
            (&[1, 1, 1, 1, 2], true),
            (&[1, 1, 1, 1, 1, 1, 1, 1], false),
            (&[1, 1, 1, 1, 1, 1, 1, 2], true),
            (&[1, 2, 3, 4, 5], true),
        ];
        for (targets, down) in rows {
            let mut bench = Bench::new();
            bench.fail(targets);
            assert_eq!(matches!(bench.admit(), Admission::Down(_)), down, "{targets:?}");
            assert_eq!(bench.closed_for() > 0, down, "{targets:?}");
        }
        let mut bench = Bench::new();
        bench.fail(&[1, 2, 3, 4]);
        bench.answer();
        bench.fail(&[1, 2, 3, 4]);
        assert_eq!(bench.admit(), Admission::Go, "an answer between them");
    }

    #[test]
    fn pauses_grow_with_jitter_and_a_real_answer_ends_them() {
        let mut bench = Bench::new();
        bench.fail(&[1, 2, 3, 4, 5]);
        for whole in [10, 20, 40, 80, 160, 300, 300] {
            let pause = bench.closed_for();
            assert!((whole * 500..=whole * 1000).contains(&pause), "{whole} s: {pause} ms");
            bench.wait_and_ask(false);
        }
        assert_eq!(bench.breaker.health(), (ForgeHealth::Down, 8));
        bench.wait_and_ask(true);
        assert_eq!(bench.breaker.health().0, ForgeHealth::Probation);
        assert!(bench.closed_for() > 0, "a failure now is not the job's fault");
        bench.answer();
        assert_eq!((bench.breaker.health().0, bench.closed_for()), (ForgeHealth::Up, 0));
        bench.fail(&[1, 2, 3, 4, 5]);
        assert!(bench.closed_for() <= 10_000, "it starts small again");
    }

    #[test]
    fn on_probation_two_things_that_fail_are_enough_and_one_is_not() {
        let mut bench = Bench::new();
        bench.fail(&[1, 2, 3, 4, 5]);
        bench.wait_and_ask(true);
        bench.fail(&[7, 7, 7]);
        assert_eq!(bench.admit(), Admission::Go, "one broken thing keeps nobody else out");
        bench.fail(&[8]);
        assert!(matches!(bench.admit(), Admission::Down(_)));
        assert!(bench.closed_for() >= 10_000, "and the pauses go on growing: {}", bench.closed_for());
    }

    #[test]
    fn who_asks_and_never_says_how_it_went_is_replaced() {
        let mut bench = Bench::new();
        bench.fail(&[1, 2, 3, 4, 5]);
        bench.clock.advance(Duration::from_secs(10));
        assert_eq!(bench.admit(), Admission::Ask);
        bench.clock.advance(Duration::from_secs(59));
        let Admission::Down(until) = bench.admit() else { panic!("still asking") };
        assert_eq!(until.as_second(), bench.clock.now().as_second() + 1);
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.admit(), Admission::Ask);
    }

    #[test]
    fn what_was_sent_before_says_nothing_new() {
        let mut bench = Bench::new();
        bench.fail(&[1, 2, 3, 4, 5]);
        let pause = bench.closed_for();
        bench.fail(&[6, 7, 8, 9, 10]);
        bench.answer();
        assert_eq!(bench.closed_for(), pause);
    }
}
