//! `bailiwick demo --script` verifies what it shows: whichever job is broken, it ends at a step that needs it.

use std::sync::Arc;

use async_trait::async_trait;
use bailiwick::cli::demo::tour::Tour;
use bailiwick::cli::demo::world::{Addresses, World};
use bailiwick::cli::server::Handlers;
use bailiwick::jobs::{self, Context};
use bailiwick::queue::{Handler, Outcome};
use bailiwick::store::Lease;

/// Says that every job of its kind is done, and does nothing.
struct Idle(Arc<dyn Handler>);

#[async_trait]
impl Handler for Idle {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn is_endless(&self) -> bool {
        self.0.is_endless()
    }

    async fn run(&self, _job: &Lease) -> Outcome {
        Outcome::Done { follow_up: Vec::new() }
    }
}

/// All handlers, and the one at that place is idle.
fn idle<const PLACE: usize>(context: &Arc<Context>) -> Vec<Arc<dyn Handler>> {
    let mut handlers = jobs::handlers(context);
    handlers[PLACE] = Arc::new(Idle(Arc::clone(&handlers[PLACE])));
    handlers
}

const BROKEN: [Handlers; 8] = [idle::<0>, idle::<1>, idle::<2>, idle::<3>, idle::<4>, idle::<5>, idle::<6>, idle::<7>];

/// Plays the tour; gives the exit status and what was printed.
#[expect(clippy::future_not_send, reason = "the tour prints, and whatever prints stays on its thread")]
async fn play(handlers: Handlers) -> (u8, String) {
    let mut world = World::start(Addresses::free()).await.expect("a world");
    world.stop_server().await;
    world.handlers = handlers;
    world.start_server().await.expect("it starts again");
    let mut out = Vec::new();
    let status = Tour::new(world).play(&mut out).await.expect("a vector takes everything");
    (status, String::from_utf8(out).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_verified() {
    let (status, text) = play(jobs::handlers).await;
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('✔')).count(), 14, "{text}");
}

/// The kinds of jobs in the order of [`jobs::handlers`].
async fn kinds() -> Vec<&'static str> {
    let mut world = World::start(Addresses::free()).await.expect("a world");
    let context = Arc::clone(&world.server.as_ref().expect("it runs").context);
    world.stop_server().await;
    jobs::handlers(&context).iter().map(|handler| handler.kind()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_job_ends_the_tour_at_a_step_that_needs_it() {
    let kinds = kinds().await;
    assert_eq!(kinds.len(), BROKEN.len(), "a new kind of job is to be shown by the tour too");
    let tours = BROKEN.into_iter().map(play).collect::<Vec<_>>();
    let mut ends = Vec::new();
    for (kind, (status, text)) in kinds.into_iter().zip(futures::future::join_all(tours).await) {
        assert_eq!(status, 1, "without {kind} it says\n{text}");
        let end = text.lines().last().unwrap_or_default();
        ends.push(format!("{kind}: {}", end.split_once(": waited").map_or(end, |(step, _)| step)));
    }
    insta::assert_snapshot!(ends.join("\n"));
}
