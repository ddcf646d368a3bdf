//! What may be spent on an answer: what is asked comes from strangers.

/// Steps that are left.
#[derive(Debug)]
pub(super) struct Fuel(u64);

impl Fuel {
    pub(super) fn new(steps: u64) -> Self {
        Self(steps)
    }

    /// Takes some steps; false, now and from then on, where fewer are left.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.0 = self.0.saturating_sub(u64::try_from(steps).unwrap_or(u64::MAX));
        !self.is_out()
    }

    /// Gives up.
    pub(super) fn empty(&mut self) {
        self.0 = 0;
    }

    pub(super) fn is_out(&self) -> bool {
        self.0 == 0
    }
}
