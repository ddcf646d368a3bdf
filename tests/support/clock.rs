//! Hours that pass in a moment.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bailiwick::clock::{Clock, SystemClock};
use jiff::Timestamp;

/// The machine's clock, turned forward: short waits pass by themselves, hours are turned.
#[derive(Debug, Default)]
pub struct Turned(AtomicI64);

impl Turned {
    /// Turns it forward.
    pub fn turn(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).expect("less than an age"), Ordering::SeqCst);
    }
}

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        SystemClock.now() + Duration::from_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}
