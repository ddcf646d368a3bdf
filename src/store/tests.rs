use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::Row as _;

use super::*;
use crate::clock::{ManualClock, SeededEntropy};

const TTL: Duration = Duration::from_secs(60);
const KINDS: &[&str] = &["review", "sync"];

/// A store on a real file that goes away with it.
struct World {
    store: Store,
    clock: Arc<ManualClock>,
    url: String,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let store = Store::open(&url, clock.clone(), Arc::new(SeededEntropy::new(1))).await.expect("a new database");
        Self { store, clock, url, folder }
    }

    async fn lease(&self) -> Option<Lease> {
        self.store.lease("tester", KINDS, TTL).await.expect("a lease or none")
    }

    async fn take(&self) -> Lease {
        self.lease().await.expect("a job is due")
    }

    async fn enqueue(&self, job: NewJob) {
        self.store.enqueue(&[job]).await.expect("stored");
    }

    async fn states(&self) -> Vec<(String, JobState)> {
        let mut jobs = self.store.jobs(&JobFilter::default()).await.expect("a list");
        jobs.reverse();
        jobs.into_iter().map(|job| (job.merge_key, job.state)).collect()
    }
}

fn review(subject: &str) -> NewJob {
    NewJob::new("review", subject, json!({"subject": subject}))
}

fn delivery(guid: &str) -> NewDelivery {
    NewDelivery {
        guid: guid.parse().expect("an id"),
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        body: b"{}".to_vec(),
        installation: None,
        repository: Some(crate::names::RepositoryId::new(u64::MAX)),
    }
}

fn seconds(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("a time")
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

#[tokio::test]
async fn what_is_stored_is_fsynced_and_survives_reopening() {
    let world = World::new().await;
    for (pragma, expected) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 5000)] {
        let row = sqlx::query(pragma).fetch_one(&world.store.writer).await.expect("a pragma");
        assert_eq!(row.get::<i64, _>(0), expected, "{pragma}");
    }
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&world.store.writer).await.expect("a pragma");
    assert_eq!(mode.get::<String, _>(0), "wal");

    world.store.accept(&delivery("one"), &[review("pr/1")]).await.expect("stored");
    #[cfg(unix)]
    for file in std::fs::read_dir(world.folder.path()).expect("a folder") {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.expect("a file").metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads the payloads of private repositories");
    }
    world.store.close().await;
    let again = Store::open(&world.url, world.clock.clone(), Arc::new(SeededEntropy::new(1))).await.expect("opened");
    assert_eq!(again.delivery_count().await.expect("a count"), 1);
    assert!(again.lease("tester", KINDS, TTL).await.expect("a lease").is_some());
}

#[tokio::test]
async fn unknown_databases_are_refused_without_repeating_the_password() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    for url in ["postgres://bot:hunter2@db/bot", "mysql://x", "bailiwick.db", "sqlite://a?hunter2=x"] {
        let error = Store::open(url, clock.clone(), Arc::new(SeededEntropy::new(1))).await.expect_err("refused");
        assert!(matches!(error, StoreError::Url { .. }), "{error:?}");
        assert!(!error.to_string().contains("hunter2"));
    }
    let missing = "sqlite:///nowhere/at/all.db";
    let error = Store::open(missing, clock, Arc::new(SeededEntropy::new(1))).await.expect_err("no such folder");
    assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
}

#[tokio::test]
async fn an_in_memory_store_keeps_what_it_is_told() {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let store = Store::open("sqlite::memory:", clock, Arc::new(SeededEntropy::new(1))).await.expect("opened");
    store.enqueue(&[review("pr/1")]).await.expect("stored");
    assert_eq!(store.counts().await.expect("counts").waiting, 1);
}

#[tokio::test]
async fn a_redelivered_guid_stores_nothing_and_says_whether_its_work_is_done() {
    let world = World::new().await;
    let accept =
        |guid: &'static str| async { world.store.accept(&delivery(guid), &[review("pr/1")]).await.expect("an answer") };
    assert_eq!(accept("one").await, Accepted::New);
    assert_eq!(accept("one").await, Accepted::Duplicate { unfinished: true });
    let running = world.take().await;
    assert_eq!(accept("one").await, Accepted::Duplicate { unfinished: true });
    // Another delivery asks for the same while the first is worked on: one follower.
    assert_eq!(accept("two").await, Accepted::New);
    world.store.complete(&running, &[]).await.expect("ours");
    assert_eq!(accept("one").await, Accepted::Duplicate { unfinished: false });
    assert_eq!(accept("two").await, Accepted::Duplicate { unfinished: true });
    assert_eq!(world.states().await.len(), 2);

    let second = world.take().await;
    world.store.bury(&second, "no").await.expect("ours");
    assert_eq!(accept("two").await, Accepted::Duplicate { unfinished: true }, "a dead letter is not done");
}

#[tokio::test]
async fn waiting_jobs_of_one_key_become_one_with_the_newer_payload_and_the_earlier_time() {
    let world = World::new().await;
    let job = |at, payload: Value| NewJob { payload, ..review("pr/1").not_before(seconds(at)) };
    world.enqueue(job(10, json!(1))).await;
    world.enqueue(job(20, json!(2)).with_priority(Priority::Command)).await;
    world.enqueue(job(15, json!(3)).with_priority(Priority::Sweep)).await;
    let jobs = world.store.jobs(&JobFilter::default()).await.expect("a list");
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].run_at, jobs[0].priority, &jobs[0].payload), (seconds(10), Priority::Command, &json!(3)));

    // Another kind with the same key is another job.
    world.enqueue(NewJob::new("sync", "pr/1", json!(0))).await;
    assert_eq!(world.states().await.len(), 2);
}

#[tokio::test]
async fn a_running_job_is_followed_by_exactly_one_more() {
    let world = World::new().await;
    world.enqueue(review("pr/1")).await;
    let running = world.take().await;
    for payload in [1, 2, 3] {
        world.enqueue(NewJob { payload: json!(payload), ..review("pr/1") }).await;
    }
    assert_eq!(world.lease().await, None, "one at a time");
    world.store.complete(&running, &[]).await.expect("ours");
    let next = world.take().await;
    assert_eq!((&next.payload, next.attempt), (&json!(3), 1));
    world.store.complete(&next, &[]).await.expect("ours");
    assert_eq!(world.lease().await, None);
}

#[tokio::test]
async fn a_job_that_goes_back_gives_way_to_its_follower_and_leaves_it_its_deliveries() {
    for way in ["retry", "reschedule", "hand back"] {
        let world = World::new().await;
        world.store.accept(&delivery("one"), &[review("pr/1").with_priority(Priority::Command)]).await.expect("new");
        let running = world.take().await;
        let newer = NewJob { payload: json!("newer"), ..review("pr/1").not_before(seconds(90)) };
        world.store.accept(&delivery("two"), &[newer]).await.expect("new");
        let store = &world.store;
        match way {
            "retry" => store.retry(&running, seconds(30), "later").await,
            "reschedule" => store.reschedule(&running, seconds(30), &json!("older")).await,
            _ => store.hand_back(&running).await,
        }
        .expect("ours");
        let waiting = JobFilter { state: Some(JobState::Waiting), ..JobFilter::default() };
        let jobs = store.jobs(&waiting).await.expect("a list");
        assert_eq!(jobs.len(), 1, "{way}");
        let due = if way == "hand back" { seconds(0) } else { seconds(30) };
        assert_eq!((&jobs[0].payload, jobs[0].run_at, jobs[0].priority), (&json!("newer"), due, Priority::Command));
        for guid in ["one", "two"] {
            let again = store.accept(&delivery(guid), &[]).await.expect("an answer");
            assert_eq!(again, Accepted::Duplicate { unfinished: true }, "{way} {guid}");
        }
        world.clock.advance(Duration::from_secs(30));
        let next = world.take().await;
        store.complete(&next, &[]).await.expect("ours");
        let again = store.accept(&delivery("one"), &[]).await.expect("an answer");
        assert_eq!(again, Accepted::Duplicate { unfinished: false }, "{way}");
    }
}

#[tokio::test]
async fn jobs_of_one_subject_never_run_together_and_the_most_urgent_goes_first() {
    let world = World::new().await;
    world.enqueue(review("a").with_priority(Priority::Sweep)).await;
    world.enqueue(review("b")).await;
    world.enqueue(NewJob::new("sync", "b", json!(0)).with_priority(Priority::Command)).await;
    world.enqueue(review("later").with_priority(Priority::Command).not_before(seconds(1))).await;
    world.enqueue(NewJob::new("unknown", "c", json!(0))).await;
    let first = world.take().await;
    assert_eq!((first.kind.as_str(), first.subject.as_str()), ("sync", "b"));
    assert_eq!(world.take().await.subject, "a", "b is busy");
    assert_eq!(world.lease().await, None);
    world.store.complete(&first, &[]).await.expect("ours");
    assert_eq!(world.take().await.subject, "b");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.take().await.subject, "later");
    assert_eq!(world.store.lease("tester", &[], TTL).await.expect("no kinds, no lease"), None);
}

#[tokio::test]
async fn who_lost_the_lease_can_change_nothing() {
    let world = World::new().await;
    world.enqueue(review("pr/1")).await;
    let old = world.take().await;
    world.clock.advance(TTL.checked_sub(Duration::from_secs(1)).expect("positive"));
    world.store.renew(&old, TTL).await.expect("ours");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.lease().await, None, "renewed");
    world.clock.advance(TTL);
    let new = world.take().await;
    assert_eq!((new.job, new.attempt), (old.job, 2), "taken over, and the death counts as an attempt");

    let store = &world.store;
    assert!(is_lost(store.renew(&old, TTL).await));
    assert!(is_lost(store.complete(&old, &[review("other")]).await));
    assert!(is_lost(store.retry(&old, seconds(0), "x").await));
    assert!(is_lost(store.reschedule(&old, seconds(0), &json!(0)).await));
    assert!(is_lost(store.hand_back(&old).await));
    assert!(is_lost(store.bury(&old, "x").await));
    assert!(is_lost(store.effect(&old, "comment", "1").await));
    assert!(is_lost(store.effect_done(&old, "comment", "1", &json!(1)).await));
    assert!(is_lost(store.forget_effect(&old, "comment", "1").await));
    assert_eq!(world.states().await, [("pr/1".to_owned(), JobState::Running)], "nor was the follow-up stored");

    // The same with a newer request waiting, where going back takes another path.
    world.enqueue(review("pr/1")).await;
    assert!(is_lost(store.retry(&old, seconds(0), "x").await));
    store.complete(&new, &[]).await.expect("ours");
    assert!(is_lost(store.complete(&new, &[]).await), "once");
}

#[tokio::test]
async fn attempts_count_failures_in_a_row() {
    let world = World::new().await;
    world.enqueue(review("pr/1")).await;
    world.store.retry(&world.take().await, seconds(0), "first").await.expect("ours");
    let second = world.take().await;
    assert_eq!(second.attempt, 2);
    world.store.hand_back(&second).await.expect("ours");
    let second = world.take().await;
    assert_eq!(second.attempt, 2, "a shutdown is no failure");
    world.store.reschedule(&second, seconds(0), &json!("polled")).await.expect("ours");
    let third = world.take().await;
    assert_eq!((third.attempt, &third.payload), (1, &json!("polled")), "going on is success");
    world.store.retry(&third, seconds(5), "again").await.expect("ours");
    world.enqueue(review("pr/1")).await;
    assert_eq!(world.take().await.attempt, 1, "a new request counts anew, and does not wait for the old one's time");
}

#[tokio::test]
async fn reasons_are_kept_short_and_printable() {
    let world = World::new().await;
    world.enqueue(review("pr/1")).await;
    let lease = world.take().await;
    world.store.bury(&lease, &format!("\u{1b}[2J\0{}", "ä".repeat(10_000))).await.expect("ours");
    let job = world.store.job(lease.job).await.expect("a job").expect("it exists");
    let reason = job.reason.expect("a reason");
    assert!(reason.len() <= model::MAX_REASON && reason.ends_with('…') && !reason.contains(['\u{1b}', '\0']));
    assert_eq!((job.state, job.finished_at, job.lease_owner), (JobState::Dead, Some(seconds(0)), None));
}

#[tokio::test]
async fn effects_are_begun_done_and_forgotten() {
    let world = World::new().await;
    world.enqueue(review("pr/1")).await;
    let lease = world.take().await;
    let effect = || async { world.store.effect(&lease, "comment", "pr/1").await.expect("ours") };
    assert_eq!(effect().await, EffectState::New);
    assert_eq!(effect().await, EffectState::Unfinished);
    assert_eq!(world.store.effect_value("comment", "pr/1").await.expect("an answer"), None);
    world.store.effect_done(&lease, "comment", "pr/1", &json!({"id": 7})).await.expect("ours");
    assert_eq!(effect().await, EffectState::Done(json!({"id": 7})));
    assert_eq!(world.store.effect_value("comment", "pr/1").await.expect("an answer"), Some(json!({"id": 7})));
    world.store.forget_effect(&lease, "comment", "pr/1").await.expect("ours");
    assert_eq!(effect().await, EffectState::New);
}

#[tokio::test]
async fn facts_are_remembered() {
    let world = World::new().await;
    world.store.set_fact("cursor", "b", &json!(1)).await.expect("stored");
    world.store.set_fact("cursor", "a", &json!(2)).await.expect("stored");
    world.store.set_fact("cursor", "b", &json!(3)).await.expect("stored");
    assert_eq!(world.store.fact("cursor", "b").await.expect("an answer"), Some(json!(3)));
    let all = world.store.facts("cursor").await.expect("a list");
    assert_eq!(all, [("a".to_owned(), json!(2)), ("b".to_owned(), json!(3))]);
    world.store.remove_fact("cursor", "b").await.expect("removed");
    assert_eq!(world.store.fact("cursor", "b").await.expect("an answer"), None);
}

#[tokio::test]
async fn the_next_due_time_leaves_out_jobs_that_wait_for_another() {
    let world = World::new().await;
    let next = || async { world.store.next_due(KINDS).await.expect("an answer") };
    assert_eq!(next().await, None);
    world.enqueue(review("a")).await;
    world.enqueue(NewJob::new("unknown", "c", json!(0))).await;
    world.enqueue(review("b").not_before(seconds(100))).await;
    assert_eq!(next().await, Some(seconds(0)));
    world.take().await;
    world.enqueue(review("a")).await;
    assert_eq!(next().await, Some(seconds(60)), "when the running one's lease ends");
}

#[tokio::test]
async fn every_change_that_frees_a_job_wakes_the_workers() {
    let world = World::new().await;
    let mut watch = world.store.watch();
    world.store.accept(&delivery("one"), &[review("pr/1")]).await.expect("stored");
    assert!(watch.has_changed().expect("open"));
    watch.mark_unchanged();
    let lease = world.take().await;
    world.store.retry(&lease, seconds(0), "again").await.expect("ours");
    assert!(watch.has_changed().expect("open"));
    watch.mark_unchanged();
    let lease = world.take().await;
    world.store.complete(&lease, &[]).await.expect("ours");
    assert!(watch.has_changed().expect("open"));
}

#[tokio::test]
async fn pruning_forgets_what_is_done_and_keeps_what_is_not() {
    let world = World::new().await;
    for (guid, subject) in [("done", "a"), ("dead", "b"), ("waiting", "c")] {
        world.store.accept(&delivery(guid), &[review(subject)]).await.expect("new");
    }
    world.store.complete(&world.take().await, &[]).await.expect("ours");
    world.store.bury(&world.take().await, "no").await.expect("ours");
    let nothing = world.store.prune(seconds(0)).await.expect("pruned");
    assert_eq!(nothing, Pruned::default(), "not older");
    let pruned = world.store.prune(seconds(1)).await.expect("pruned");
    assert_eq!(pruned, Pruned { jobs: 1, deliveries: 1 });
    let states = world.states().await;
    assert_eq!(states, [("b".to_owned(), JobState::Dead), ("c".to_owned(), JobState::Waiting)]);
    let counts = world.store.counts().await.expect("counts");
    assert_eq!(counts, Counts { waiting: 1, dead: 1, ..Counts::default() });
}

#[tokio::test]
async fn lists_are_filtered() {
    let world = World::new().await;
    let repository = crate::names::RepositoryId::new(7);
    world.enqueue(review("a").from_repository(repository)).await;
    world.enqueue(NewJob::new("sync", "b", json!(0))).await;
    let count = |filter: JobFilter| {
        let store = world.store.clone();
        async move { store.jobs(&filter).await.expect("a list").len() }
    };
    let all = JobFilter::default();
    assert_eq!(count(all.clone()).await, 2);
    assert_eq!(count(JobFilter { kind: Some("sync".to_owned()), ..all.clone() }).await, 1);
    assert_eq!(count(JobFilter { subject: Some("a".to_owned()), ..all.clone() }).await, 1);
    assert_eq!(count(JobFilter { repository: Some(repository), ..all.clone() }).await, 1);
    assert_eq!(count(JobFilter { state: Some(JobState::Done), ..all.clone() }).await, 0);
    assert_eq!(count(JobFilter { limit: Some(1), ..all }).await, 1);
}
