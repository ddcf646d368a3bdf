use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{Clock as _, ManualClock, SeededEntropy};
use crate::store::{JobFilter, JobRecord, JobState, Priority, Store};

/// A handler that does what it is told, one step per run, and writes down what happened.
#[derive(Default)]
struct Scripted {
    steps: Mutex<VecDeque<Step>>,
    log: Mutex<Vec<String>>,
    endless: std::sync::atomic::AtomicBool,
}

enum Step {
    End(Outcome),
    Panic,
    /// Says that it has begun, then waits for leave to end.
    Wait {
        begun: Arc<Semaphore>,
        leave: Arc<Semaphore>,
    },
}

#[async_trait]
impl Handler for Scripted {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn is_endless(&self) -> bool {
        self.endless.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn run(&self, job: &Lease) -> Outcome {
        self.log.lock().unwrap().push(format!("{} {}", job.subject, job.attempt));
        let step = self.steps.lock().unwrap().pop_front();
        match step {
            None => Outcome::done(),
            Some(Step::End(outcome)) => outcome,
            Some(Step::Panic) => panic!("oh no"),
            Some(Step::Wait { begun, leave }) => {
                begun.add_permits(1);
                leave.acquire().await.unwrap().forget();
                Outcome::done()
            }
        }
    }

    async fn buried(&self, job: &Lease, reason: &str) {
        self.log.lock().unwrap().push(format!("buried {}: {reason}", job.subject));
        assert!(job.subject != "rude", "a panic in the farewell");
    }
}

struct World {
    store: Store,
    clock: Arc<ManualClock>,
    handler: Arc<Scripted>,
    worker: Worker,
}

impl World {
    async fn new(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let entropy = Arc::new(SeededEntropy::new(1));
        let store = Store::open("sqlite::memory:", clock.clone(), entropy.clone()).await.expect("opened");
        let handler = Arc::new(Scripted::default());
        let worker = Worker::new(store.clone(), vec![handler.clone()], clock.clone(), entropy, settings);
        Self { store, clock, handler, worker }
    }

    fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.handler.steps.lock().unwrap().extend(steps);
    }

    async fn ask(&self, subject: &str) {
        self.store.enqueue(&[NewJob::new("scripted", subject, json!({}))]).await.expect("stored");
    }

    async fn drain(&self) -> Summary {
        self.worker.drain().await.expect("drained")
    }

    async fn job(&self) -> JobRecord {
        self.store.jobs(&JobFilter::default()).await.expect("a list").remove(0)
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.handler.log.lock().unwrap())
    }
}

fn retry() -> Step {
    Step::End(Outcome::retry("the forge is down"))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

#[tokio::test]
async fn draining_runs_what_is_due_and_what_follows() {
    let world = World::new(Settings::default()).await;
    let follow_up =
        vec![NewJob::new("scripted", "b", json!({})), NewJob::new("scripted", "c", json!({})).not_before(at(9))];
    world.then([Step::End(Outcome::Done { follow_up })]);
    world.ask("a").await;
    assert_eq!(world.drain().await, Summary { done: 2, ..Summary::default() });
    assert_eq!(world.log(), ["a 1", "b 1"]);
    assert_eq!(world.drain().await, Summary::default());
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(world.drain().await, Summary { done: 1, ..Summary::default() });
    assert_eq!(world.log(), ["c 1"]);
}

#[tokio::test]
async fn a_failure_is_tried_again_at_the_named_time_or_after_a_pause() {
    let world = World::new(Settings::default()).await;
    world.then([Step::End(Outcome::Retry { at: Some(at(100)), reason: "wait".to_owned() }), retry()]);
    world.ask("a").await;
    assert_eq!(world.drain().await, Summary { retried: 1, ..Summary::default() });
    assert_eq!((world.job().await.run_at, world.job().await.reason.as_deref()), (at(100), Some("wait")));
    world.clock.advance(Duration::from_secs(100));
    assert_eq!(world.drain().await, Summary { retried: 1, ..Summary::default() });
    let pause = world.job().await.run_at.duration_since(world.clock.now());
    assert!(pause.as_secs() >= 5 && pause.as_secs() <= 10, "the second pause of five seconds doubled: {pause:?}");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.drain().await, Summary { done: 1, ..Summary::default() });
    assert_eq!(world.log(), ["a 1", "a 2", "a 3"]);
}

#[tokio::test]
async fn a_run_that_is_put_off_is_no_attempt_and_undoes_none() {
    let world = World::new(Settings { max_attempts: 2, ..Settings::default() }).await;
    let off = || Step::End(Outcome::Postpone { at: at(0), reason: "the forge is down".to_owned() });
    let late = Step::End(Outcome::Postpone { at: at(60), reason: "the forge is down".to_owned() });
    world.then([Step::End(Outcome::Retry { at: Some(at(0)), reason: "once".to_owned() }), off(), off(), off(), late]);
    world.ask("a").await;
    assert_eq!(world.drain().await, Summary { retried: 1, rescheduled: 4, ..Summary::default() });
    let job = world.job().await;
    assert_eq!((job.run_at, job.attempts, job.reason.as_deref()), (at(60), 1, Some("the forge is down")));
    world.clock.advance(Duration::from_secs(60));
    world.then([retry()]);
    assert_eq!(world.drain().await, Summary { dead: 1, ..Summary::default() }, "the second failure is the last");
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_with_its_message() {
    let world = World::new(Settings::default()).await;
    world.then([Step::Panic]);
    world.ask("a").await;
    assert_eq!(world.drain().await, Summary { retried: 1, ..Summary::default() });
    assert_eq!(world.job().await.reason.as_deref(), Some("the job panicked: oh no"));
}

#[tokio::test]
async fn a_job_is_given_up_at_once_or_after_the_last_attempt_and_says_so() {
    let world = World::new(Settings { max_attempts: 2, ..Settings::default() }).await;
    world.then([Step::End(Outcome::fail("no such team"))]);
    world.ask("rude").await;
    assert_eq!(world.drain().await, Summary { dead: 1, ..Summary::default() });
    assert_eq!(world.log(), ["rude 1", "buried rude: no such team"]);
    assert_eq!((world.job().await.state, world.job().await.reason.as_deref()), (JobState::Dead, Some("no such team")));

    world.then([retry(), retry()]);
    world.ask("a").await;
    assert_eq!(world.drain().await, Summary { retried: 1, ..Summary::default() });
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.drain().await, Summary { dead: 1, ..Summary::default() });
    assert_eq!(world.log(), ["a 1", "a 2", "buried a: gave up after 2 attempts: the forge is down"]);
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_is_given_up_without_another_run() {
    let world = World::new(Settings { max_attempts: 2, ..Settings::default() }).await;
    world.ask("a").await;
    for _ in 0..2 {
        let lease = world.store.lease("dies", &["scripted"], Duration::from_secs(1)).await.expect("a lease");
        assert!(lease.is_some());
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.drain().await, Summary { dead: 1, ..Summary::default() });
    let log = world.log();
    assert!(log.len() == 1 && log[0].starts_with("buried a: every attempt began"), "{log:?}");
}

#[tokio::test]
async fn a_sweep_that_was_killed_or_failed_too_often_rests_and_begins_again() {
    let world = World::new(Settings { max_attempts: 2, ..Settings::default() }).await;
    world.handler.endless.store(true, std::sync::atomic::Ordering::Relaxed);
    world.ask("a").await;
    for _ in 0..2 {
        assert!(world.store.lease("dies", &["scripted"], Duration::from_secs(1)).await.expect("a lease").is_some());
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.drain().await, Summary { rescheduled: 1, ..Summary::default() });
    let rests = at(2 + 900);
    assert_eq!((world.job().await.run_at, world.job().await.attempts), (rests, 0), "and nothing ran");
    world.clock.advance(Duration::from_secs(900));
    world.then([Step::End(Outcome::fail("no such thing"))]);
    assert_eq!(world.drain().await, Summary { rescheduled: 1, ..Summary::default() });
    world.clock.advance(Duration::from_secs(900));
    assert_eq!(world.drain().await, Summary { done: 1, ..Summary::default() });
    assert_eq!(world.log(), ["a 1", "a 1"], "and nobody was told that it was given up");
}

#[tokio::test]
async fn a_rescheduled_job_goes_on_with_its_new_payload() {
    let world = World::new(Settings { max_attempts: 1, ..Settings::default() }).await;
    for second in 1..=3 {
        world.then([Step::End(Outcome::Reschedule { at: at(second), payload: json!(second) })]);
    }
    world.ask("a").await;
    for second in 1..=3 {
        assert_eq!(world.drain().await, Summary { rescheduled: 1, ..Summary::default() });
        assert_eq!(world.job().await.payload, json!(second));
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.drain().await, Summary { done: 1, ..Summary::default() });
}

#[tokio::test]
async fn a_queue_that_never_empties_is_an_error_and_no_hang() {
    let world = World::new(Settings::default()).await;
    let again = || Step::End(Outcome::Reschedule { at: at(0), payload: json!(0) });
    world.then((0..201).map(|_| again()));
    world.ask("a").await;
    assert!(matches!(world.worker.drain().await, Err(DrainError::Endless { runs: 200 })));
}

#[tokio::test]
async fn a_shutdown_lets_running_jobs_finish() {
    let world = World::new(Settings { poll: Duration::from_secs(3600), workers: 1, ..Settings::default() }).await;
    let (begun, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    world.then([Step::Wait { begun: begun.clone(), leave: leave.clone() }]);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (worker, shutdown) = (world.worker.clone(), shutdown.clone());
        async move { worker.run(shutdown).await }
    });
    // The worker is idle by now or soon: the new job wakes it, long before it would look again.
    world.ask("a").await;
    begun.acquire().await.unwrap().forget();
    shutdown.cancel();
    world.ask("b").await;
    leave.add_permits(1);
    running.await.expect("an orderly end");
    assert_eq!(world.log(), ["a 1"], "nothing new is begun");
    let counts = world.store.counts().await.expect("counts");
    assert_eq!((counts.done, counts.waiting, counts.running), (1, 1, 0));
}

#[tokio::test]
async fn a_job_that_outlives_the_grace_is_handed_back_without_an_attempt() {
    let world = World::new(Settings { grace: Duration::ZERO, ..Settings::default() }).await;
    let (begun, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    world.then([Step::Wait { begun: begun.clone(), leave: leave.clone() }]);
    world.ask("a").await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (worker, shutdown) = (world.worker.clone(), shutdown.clone());
        async move { worker.run(shutdown).await }
    });
    begun.acquire().await.unwrap().forget();
    shutdown.cancel();
    running.await.expect("an orderly end");
    assert_eq!(Arc::strong_count(&leave), 1, "the job's future is gone");
    assert_eq!((world.job().await.state, world.job().await.attempts), (JobState::Waiting, 0));
    assert_eq!(world.drain().await, Summary { done: 1, ..Summary::default() });
}

#[tokio::test]
async fn a_long_job_keeps_its_lease_and_one_that_lost_it_is_stopped() {
    let world = World::new(Settings { lease: Duration::from_millis(30), workers: 1, ..Settings::default() }).await;
    let (begun, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    world.then([Step::Wait { begun: begun.clone(), leave: leave.clone() }]);
    world.ask("a").await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (worker, shutdown) = (world.worker.clone(), shutdown.clone());
        async move { worker.run(shutdown).await }
    });
    begun.acquire().await.unwrap().forget();
    let until = world.job().await.lease_until;
    world.clock.advance(Duration::from_millis(20));
    while world.job().await.lease_until == until {
        tokio::task::yield_now().await;
    }

    // The clock jumps, another takes over: the next renewal finds out and the job is stopped.
    let other = loop {
        world.clock.advance(Duration::from_secs(1));
        let lease = world.store.lease("other", &["scripted"], Duration::from_secs(3600)).await.expect("an answer");
        if let Some(lease) = lease {
            break lease;
        }
    };
    while Arc::strong_count(&leave) > 1 {
        tokio::task::yield_now().await;
    }
    shutdown.cancel();
    running.await.expect("an orderly end");
    world.store.complete(&other, &[]).await.expect("still the other's");
    assert_eq!(world.log(), ["a 1"]);
}

#[tokio::test]
async fn commands_overtake_and_unknown_kinds_are_left_alone() {
    let world = World::new(Settings::default()).await;
    world.ask("slow").await;
    let command = NewJob::new("scripted", "fast", json!({})).with_priority(Priority::Command);
    world.store.enqueue(&[command, NewJob::new("other", "x", json!({}))]).await.expect("stored");
    assert_eq!(world.drain().await, Summary { done: 2, ..Summary::default() });
    assert_eq!(world.log(), ["fast 1", "slow 1"]);
    assert_eq!(world.store.counts().await.expect("counts").waiting, 1);
}

#[tokio::test]
#[should_panic(expected = "one handler per kind of job")]
async fn two_handlers_of_one_kind_are_a_fault_of_ours() {
    let world = World::new(Settings::default()).await;
    let handlers: Vec<Arc<dyn Handler>> = vec![world.handler.clone(), world.handler];
    Worker::new(world.store, handlers, world.clock, Arc::new(SeededEntropy::new(1)), Settings::default());
}
