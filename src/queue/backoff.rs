//! The pause before the next attempt.

use std::time::Duration;

use crate::clock::Entropy;

/// A pause that doubles with each failure up to a cap. Half of it is random, so that jobs that
/// failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
}

impl Default for Backoff {
    /// From 5 seconds to 15 minutes.
    fn default() -> Self {
        Self { first: Duration::from_secs(5), cap: Duration::from_secs(900) }
    }
}

impl Backoff {
    /// The pause after the failure of `attempt` (1 for the first): between half and the whole of
    /// the doubled time.
    pub fn pause(&self, attempt: u32, entropy: &dyn Entropy) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let half = doubled.min(self.cap) / 2;
        let jitter = entropy.below(u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1));
        half.saturating_add(Duration::from_millis(jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    #[test]
    fn pauses_double_up_to_the_cap_and_are_never_the_same_for_all() {
        let backoff = Backoff { first: Duration::from_secs(4), cap: Duration::from_secs(60) };
        let entropy = SeededEntropy::new(3);
        for (attempt, whole) in [(1, 4), (2, 8), (4, 32), (5, 60), (40, 60), (u32::MAX, 60)] {
            let pauses: Vec<_> = (0..50).map(|_| backoff.pause(attempt, &entropy)).collect();
            let whole = Duration::from_secs(whole);
            assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{attempt}");
        }
    }
}
