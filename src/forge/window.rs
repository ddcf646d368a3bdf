use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// How much was spent within the last so many seconds. Kept by whole seconds, so that a full hour
/// is at most 3,600 numbers; rounding is always towards "still counts".
#[derive(Debug)]
pub(super) struct Window {
    seconds: i64,
    spent: VecDeque<(i64, u32)>,
    total: u32,
}

impl Window {
    pub(super) const fn new(seconds: i64) -> Self {
        Self { seconds, spent: VecDeque::new(), total: 0 }
    }

    /// What still counts at `now`.
    pub(super) fn total(&mut self, now: Timestamp) -> u32 {
        while let Some((second, amount)) = self.spent.front().copied() {
            if now.as_second() - second <= self.seconds {
                break;
            }
            self.total -= amount;
            self.spent.pop_front();
        }
        self.total
    }

    /// Counts `amount`, spent at `at`: now, or in a moment.
    pub(super) fn add(&mut self, at: Timestamp, amount: u32) {
        let second = at.as_second();
        match self.spent.back_mut() {
            // A clock that was set back must not hide what was spent.
            Some((last, sum)) if *last >= second => *sum += amount,
            _ => self.spent.push_back((second, amount)),
        }
        self.total += amount;
    }

    /// From when on `amount` more stays within `limit`; `now` where it does already.
    pub(super) fn room(&mut self, now: Timestamp, amount: u32, limit: u32) -> Timestamp {
        let mut left = self.total(now);
        let goal = limit.saturating_sub(amount);
        let mut from = now;
        for (second, amount) in &self.spent {
            if left <= goal {
                break;
            }
            left -= amount;
            let gone = Timestamp::from_second(second + self.seconds + 1).unwrap_or(Timestamp::MAX);
            from = from.max(gone);
        }
        from.min(now.checked_add(SignedDuration::from_secs(self.seconds + 1)).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use jiff::Timestamp;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("a time")
    }

    #[test]
    fn what_was_spent_counts_for_the_whole_length_and_no_longer() {
        let mut window = Window::new(60);
        window.add(at(500), 3);
        window.add(at(900), 2);
        window.add(at(10_000), 4);
        assert_eq!(window.total(at(60_999)), 9);
        assert_eq!(window.total(at(61_000)), 4);
        assert_eq!(window.total(at(71_000)), 0);
    }

    #[test]
    fn room_is_named_for_the_moment_when_enough_has_left() {
        let mut window = Window::new(60);
        for second in [0, 10, 20] {
            window.add(at(second * 1000), 10);
        }
        assert_eq!(window.room(at(30_000), 5, 35), at(30_000));
        assert_eq!(window.room(at(30_000), 6, 35), at(61_000));
        assert_eq!(window.room(at(30_000), 25, 35), at(71_000));
        // More than the limit in one go: when nothing else counts any more.
        assert_eq!(window.room(at(30_000), 99, 35), at(81_000));
    }

    #[test]
    fn a_clock_that_is_set_back_hides_nothing() {
        let mut window = Window::new(60);
        window.add(at(100_000), 1);
        window.add(at(50_000), 1);
        assert_eq!(window.total(at(55_000)), 2);
        assert!(window.room(at(55_000), 2, 2) <= at(116_000), "never more than one length away");
    }
}
