//! A world whose clock is turned before somebody writes: GitHub tells the time of a comment in whole seconds, and a
//! decision counts only on what was shown before that.

use std::sync::Arc;
use std::time::Duration;

use super::support::{Page, TestWorld, Turned};

pub(super) struct Later {
    pub(super) world: TestWorld,
    pub(super) clock: Arc<Turned>,
}

impl Later {
    pub(super) async fn start() -> Self {
        let clock = Arc::new(Turned::default());
        let world = TestWorld::start_at(clock.clone()).await;
        world.quiet().await;
        Self { world, clock }
    }

    /// With more lines in the configuration.
    pub(super) async fn start_with(configuration: &str) -> Self {
        let mut later = Self::start().await;
        later.world.reconfigure(configuration).await;
        later
    }

    /// Some seconds after everything that was shown is also recorded.
    pub(super) async fn turn(&self) {
        self.world.quiet().await;
        self.clock.turn(Duration::from_secs(2));
    }

    /// What is answered to a comment that somebody writes after a look at the check.
    pub(super) async fn answer(&self, user: &str, page: &Page, text: &str) -> String {
        self.turn().await;
        self.world.expect_answer(self.world.comment(user, page, text)).await
    }
}
