use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::Row as _;

use super::testing::{World, on_both};
use super::*;
use crate::clock::{ManualClock, SeededEntropy};

mod against_model;
mod full;

const TTL: Duration = Duration::from_secs(60);
const KINDS: &[&str] = &["review", "sync"];

impl World {
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
    let world = World::sqlite().await;
    for (pragma, expected) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 5000)] {
        let row = sqlx::query(pragma).fetch_one(&world.store.inner.writer).await.expect("a pragma");
        assert_eq!(row.get::<i64, _>(0), expected, "{pragma}");
    }
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&world.store.inner.writer).await.expect("a pragma");
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
    for url in ["postgres://bot:hunter2@db:port/bot", "mysql://x", "bailiwick.db", "sqlite://a?hunter2=x"] {
        let error = Store::open(url, clock.clone(), Arc::new(SeededEntropy::new(1))).await.expect_err("refused");
        assert!(matches!(error, StoreError::Url { .. }), "{error:?}");
        assert!(!error.to_string().contains("hunter2"));
    }
    let missing = "sqlite:///nowhere/at/all.db";
    let error = Store::open(missing, clock, Arc::new(SeededEntropy::new(1))).await.expect_err("no such folder");
    let told = error.to_string();
    assert!(told.starts_with("/nowhere/at/all.db cannot be made: its folder is not there"), "{told}");
}

#[tokio::test]
async fn an_in_memory_store_keeps_what_it_is_told() {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let store = Store::open("sqlite::memory:", clock, Arc::new(SeededEntropy::new(1))).await.expect("opened");
    store.enqueue(&[review("pr/1")]).await.expect("stored");
    assert_eq!(store.counts().await.expect("counts").waiting, 1);
}

async fn a_redelivered_guid_stores_nothing_and_says_whether_its_work_is_done(world: World) {
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

async fn waiting_jobs_of_one_key_become_one_with_the_newer_payload_and_the_earlier_time(world: World) {
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

async fn a_running_job_is_followed_by_exactly_one_more(world: World) {
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

async fn a_job_that_goes_back_gives_way_to_its_follower_and_leaves_it_its_deliveries(given: World) {
    for way in ["retry", "reschedule", "hand back"] {
        let world = given.another().await;
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

async fn jobs_of_one_subject_never_run_together_and_the_most_urgent_goes_first(world: World) {
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

async fn who_lost_the_lease_can_change_nothing(world: World) {
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
    assert!(is_lost(store.postpone(&old, seconds(0), "x").await));
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

async fn attempts_count_failures_in_a_row(world: World) {
    world.enqueue(review("pr/1")).await;
    world.store.retry(&world.take().await, seconds(0), "first").await.expect("ours");
    let second = world.take().await;
    assert_eq!(second.attempt, 2);
    world.store.hand_back(&second).await.expect("ours");
    let second = world.take().await;
    assert_eq!(second.attempt, 2, "a shutdown is no failure");
    world.store.postpone(&second, seconds(0), "the forge is down").await.expect("ours");
    let second = world.take().await;
    assert_eq!(second.attempt, 2, "nor is an outage, and it undoes no failure");
    world.store.reschedule(&second, seconds(0), &json!("polled")).await.expect("ours");
    let third = world.take().await;
    assert_eq!((third.attempt, &third.payload), (1, &json!("polled")), "going on is success");
    world.store.retry(&third, seconds(5), "again").await.expect("ours");
    world.enqueue(review("pr/1")).await;
    assert_eq!(world.take().await.attempt, 1, "a new request counts anew, and does not wait for the old one's time");
}

async fn reasons_are_kept_short_and_printable(world: World) {
    world.enqueue(review("pr/1")).await;
    let lease = world.take().await;
    world.store.bury(&lease, &format!("\u{1b}[2J\0{}", "ä".repeat(10_000))).await.expect("ours");
    let job = world.store.job(lease.job).await.expect("a job").expect("it exists");
    let reason = job.reason.expect("a reason");
    assert!(reason.len() <= model::MAX_REASON && reason.ends_with('…') && !reason.contains(['\u{1b}', '\0']));
    assert_eq!((job.state, job.finished_at, job.lease_owner), (JobState::Dead, Some(seconds(0)), None));
}

async fn effects_are_begun_done_and_forgotten(world: World) {
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

async fn facts_are_remembered(world: World) {
    world.store.set_fact("cursor", "b", &json!(1)).await.expect("stored");
    world.store.set_fact("cursor", "a", &json!(2)).await.expect("stored");
    world.store.set_fact("cursor", "b", &json!(3)).await.expect("stored");
    assert_eq!(world.store.fact("cursor", "b").await.expect("an answer"), Some(json!(3)));
    let all = world.store.facts("cursor").await.expect("a list");
    assert_eq!(all, [("a".to_owned(), json!(2)), ("b".to_owned(), json!(3))]);
    world.store.remove_fact("cursor", "b").await.expect("removed");
    assert_eq!(world.store.fact("cursor", "b").await.expect("an answer"), None);
}

async fn the_next_due_time_leaves_out_jobs_that_wait_for_another(world: World) {
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

async fn every_change_that_frees_a_job_wakes_the_workers(world: World) {
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

async fn pruning_forgets_what_is_done_and_keeps_what_is_not(world: World) {
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

async fn lists_are_filtered(world: World) {
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

async fn what_is_stored_survives_reopening(world: World) {
    let body = br#"{"url":"https://api.github.com/repos/org/dev-cluster"}"#.repeat(50);
    let large = NewDelivery { body, ..delivery("large") };
    world.store.accept(&large, &[review("pr/1")]).await.expect("stored");
    world.store.close().await;
    assert!(world.store.accept(&delivery("late"), &[]).await.is_err(), "closed");
    let again = world.replica().await;
    let stored = again.delivery(&large.guid).await.expect("an answer").expect("it is there");
    assert_eq!((stored.delivery, stored.received_at), (large.clone(), seconds(0)));
    let lease = again.lease("tester", KINDS, TTL).await.expect("an answer").expect("its job is there");
    let answers = again.deliveries_of(lease.job).await.expect("a list");
    assert_eq!(answers.iter().map(|stored| &stored.delivery.guid).collect::<Vec<_>>(), [&large.guid]);
}

async fn deliveries_that_come_together_share_a_transaction_and_keep_their_order(world: World) {
    // The first is being written while the others arrive; the last two are one event delivered twice.
    let subjects = ["a", "b", "a", "c", "a"];
    let accept = |(number, subject): (usize, &'static str)| {
        let (store, job) = (world.store.clone(), review(subject).merged_by(format!("{number}")));
        async move { store.accept(&delivery(&format!("guid-{number}")), &[job]).await.expect("stored") }
    };
    let accepted = futures::future::join_all(subjects.into_iter().enumerate().map(accept)).await;
    assert_eq!(accepted, [Accepted::New; 5]);
    let twice = futures::future::join_all([accept((9, "d")), accept((9, "d"))]).await;
    assert_eq!(twice, [Accepted::New, Accepted::Duplicate { unfinished: true }]);
    let mut order = Vec::new();
    while let Some(lease) = world.lease().await {
        order.push(lease.subject.clone());
        world.store.complete(&lease, &[]).await.expect("ours");
    }
    assert_eq!(order, ["a", "b", "a", "c", "a", "d"]);
}

async fn one_delivery_that_cannot_be_stored_does_not_take_others_down(world: World) {
    // PostgreSQL's text holds no NUL. SQLite takes it, so nothing fails there.
    let odd = NewDelivery { action: Some("\0".to_owned()), ..delivery("odd") };
    let (odd, plain) = (world.store.accept(&odd, &[]), delivery("plain"));
    let (odd, plain) = futures::future::join(odd, world.store.accept(&plain, &[review("a")])).await;
    assert_eq!(plain.expect("stored"), Accepted::New);
    let expected = 1 + u64::from(odd.is_ok());
    assert_eq!(world.store.delivery_count().await.expect("a count"), expected);
    assert_eq!(world.take().await.subject, "a");
}

async fn repositories_take_turns(world: World) {
    let from = |repository, subject: &str| review(subject).from_repository(crate::names::RepositoryId::new(repository));
    let noisy: Vec<NewJob> = (0..20).map(|number| from(1, &format!("noisy/{number}"))).collect();
    world.store.enqueue(&noisy).await.expect("stored");
    let first = world.take().await;
    world.enqueue(from(2, "quiet/0")).await;
    world.enqueue(from(2, "quiet/1")).await;
    world.enqueue(from(1, "command").with_priority(Priority::Command)).await;
    world.enqueue(from(1, "sweep").with_priority(Priority::Sweep)).await;
    let mut order = vec![first.subject];
    while let Some(lease) = world.lease().await {
        order.push(lease.subject.clone());
        world.store.complete(&lease, &[]).await.expect("ours");
    }
    assert_eq!(order[..6], ["noisy/0", "command", "noisy/1", "quiet/0", "noisy/2", "quiet/1"]);
    assert_eq!(order.last().map(String::as_str), Some("sweep"));
    let noisy: Vec<&String> = order.iter().filter(|subject| subject.starts_with("noisy")).collect();
    assert_eq!(noisy, (0..20).map(|number| format!("noisy/{number}")).collect::<Vec<_>>().iter().collect::<Vec<_>>());
}

async fn a_dead_letter_is_taken_up_again_by_a_person_or_a_redelivery(world: World) {
    world.store.accept(&delivery("one"), &[review("pr/1")]).await.expect("new");
    let lease = world.take().await;
    assert!(!world.store.revive(lease.job, &Actor::Bot).await.expect("an answer"), "it runs");
    world.store.bury(&lease, "no").await.expect("ours");
    assert!(world.store.revive(lease.job, &Actor::Bot).await.expect("an answer"));
    let again = world.take().await;
    assert_eq!((again.job, again.attempt), (lease.job, 1));
    world.store.bury(&again, "no").await.expect("ours");
    let redelivered = world.store.accept(&delivery("one"), &[review("other")]).await.expect("an answer");
    assert_eq!(redelivered, Accepted::Duplicate { unfinished: true });
    let third = world.take().await;
    assert_eq!(third.job, lease.job);
    world.store.complete(&third, &[]).await.expect("ours");
    assert_eq!(world.lease().await, None);
    let guids = ["one", "two"].map(|guid| guid.parse().expect("a GUID"));
    let known = world.store.known_deliveries(&guids).await.expect("an answer");
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [(guids[0].clone(), true)]);
}

async fn another_process_is_told_of_new_jobs(world: World) {
    let other = world.replica().await;
    let mut news = other.watch();
    if world.store.inner.engine == Engine::Sqlite {
        // Two processes on one file find each other's jobs by polling.
        return;
    }
    // The first call says that it listens now.
    news.changed().await.expect("open");
    news.mark_unchanged();
    world.enqueue(review("pr/1")).await;
    tokio::time::timeout(Duration::from_secs(20), news.changed()).await.expect("told").expect("open");
}

async fn an_installation_moves_to_the_other_engine(world: World) {
    let target = match world.store.inner.engine {
        Engine::Sqlite => World::postgres().await,
        Engine::Postgres => World::sqlite().await,
    };
    for number in 0..70 {
        let job = review(&format!("pr/{number}")).from_repository(crate::names::RepositoryId::new(number));
        world.store.accept(&delivery(&format!("guid-{number}")), &[job]).await.expect("new");
    }
    let running = world.take().await;
    world.store.effect(&running, "comment", "1").await.expect("ours");
    world.store.effect_done(&running, "comment", "2", &json!({"id": 7})).await.expect("ours");
    world.store.set_fact("cursor", "a", &json!(2)).await.expect("stored");
    let before = world.store.jobs(&JobFilter::default()).await.expect("a list");

    let moved = transfer(&world.store, &target.store, &Actor::Bot).await.expect("moved");
    assert_eq!((moved.0["deliveries"], moved.0["jobs"], moved.0["delivery_jobs"]), (70, 70, 70));
    assert_eq!(target.store.jobs(&JobFilter::default()).await.expect("a list"), before);
    assert_eq!(target.store.effect_value("comment", "2").await.expect("an answer"), Some(json!({"id": 7})));
    assert_eq!(target.store.fact("cursor", "a").await.expect("an answer"), Some(json!(2)));
    target.store.complete(&running, &[review("new")]).await.expect("the lease moves too");
    let newest = target.store.jobs(&JobFilter { limit: Some(1), ..JobFilter::default() }).await.expect("a list");
    assert!(newest[0].id > before[0].id, "numbers go on");

    assert!(matches!(world.store.lease("tester", KINDS, TTL).await, Err(StoreError::Moved)));
    assert!(matches!(world.store.accept(&delivery("late"), &[]).await, Err(StoreError::Moved)));
    assert!(matches!(transfer(&world.store, &target.store, &Actor::Bot).await, Err(StoreError::Moved)));
    let third = world.another().await;
    assert!(matches!(transfer(&target.store, &world.store, &Actor::Bot).await, Err(StoreError::NotEmpty { .. })));
    transfer(&target.store, &third.store, &Actor::Bot).await.expect("and back to its first engine");
}

on_both!(
    a_redelivered_guid_stores_nothing_and_says_whether_its_work_is_done,
    waiting_jobs_of_one_key_become_one_with_the_newer_payload_and_the_earlier_time,
    a_running_job_is_followed_by_exactly_one_more,
    a_job_that_goes_back_gives_way_to_its_follower_and_leaves_it_its_deliveries,
    jobs_of_one_subject_never_run_together_and_the_most_urgent_goes_first,
    who_lost_the_lease_can_change_nothing,
    attempts_count_failures_in_a_row,
    reasons_are_kept_short_and_printable,
    effects_are_begun_done_and_forgotten,
    facts_are_remembered,
    the_next_due_time_leaves_out_jobs_that_wait_for_another,
    every_change_that_frees_a_job_wakes_the_workers,
    pruning_forgets_what_is_done_and_keeps_what_is_not,
    lists_are_filtered,
    what_is_stored_survives_reopening,
    deliveries_that_come_together_share_a_transaction_and_keep_their_order,
    one_delivery_that_cannot_be_stored_does_not_take_others_down,
    repositories_take_turns,
    a_dead_letter_is_taken_up_again_by_a_person_or_a_redelivery,
    another_process_is_told_of_new_jobs,
    an_installation_moves_to_the_other_engine,
);
