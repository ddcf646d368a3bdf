//! The store against a model of a few lines: random sequences of everything that callers do, with
//! leases that are lost and used all the same. After each step both must hold the same jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use crate::names::RepositoryId;
use crate::store::testing::World;
use crate::store::*;

const TTL: u64 = 10;
const KINDS: &[&str] = &["review", "sync"];

#[derive(Debug, Clone)]
struct Ask {
    kind: usize,
    /// `a1` has the subject `a`.
    key: &'static str,
    priority: Priority,
    delay: Option<u8>,
}

#[derive(Debug, Clone)]
enum End {
    Complete(Vec<Ask>),
    Reschedule(u8),
    Retry(u8),
    HandBack,
    Bury,
    Renew,
    Effect,
}

#[derive(Debug, Clone)]
enum Step {
    Accept(u8, Vec<Ask>),
    Enqueue(Vec<Ask>),
    Lease,
    /// With which of all leases so far, counted from the newest, and how.
    End(usize, End),
    Advance(u8),
}

fn ask() -> impl Strategy<Value = Ask> {
    let key = prop::sample::select(vec!["a1", "a2", "a3", "b1", "c1"]);
    let priority = prop::sample::select(vec![Priority::Command, Priority::Normal, Priority::Sweep]);
    (0..KINDS.len(), key, priority, prop::option::of(0..20_u8)).prop_map(|(kind, key, priority, delay)| Ask {
        kind,
        key,
        priority,
        delay,
    })
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    prop::collection::vec(ask(), 0..3)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => asks().prop_map(End::Complete),
        2 => (0..20_u8).prop_map(End::Reschedule),
        2 => (0..20_u8).prop_map(End::Retry),
        1 => Just(End::HandBack),
        1 => Just(End::Bury),
        1 => Just(End::Renew),
        1 => Just(End::Effect),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..4_u8, asks()).prop_map(|(guid, asks)| Step::Accept(guid, asks)),
        2 => asks().prop_map(Step::Enqueue),
        4 => Just(Step::Lease),
        4 => (prop_oneof![3 => Just(0_usize), 1 => 0..5_usize], end()).prop_map(|(lease, end)| Step::End(lease, end)),
        2 => (0..15_u8).prop_map(Step::Advance),
    ]
}

/// A job in the model; its place in the list is its age.
#[derive(Debug, Clone, PartialEq)]
struct Job {
    kind: &'static str,
    key: &'static str,
    payload: u64,
    priority: Priority,
    state: JobState,
    attempts: u32,
    run_at: i64,
    turn: i64,
    lease_until: Option<i64>,
    fence: i64,
}

impl Job {
    fn asked(ask: &Ask, now: i64, payload: u64) -> Self {
        Self {
            kind: KINDS[ask.kind],
            key: ask.key,
            payload,
            priority: ask.priority,
            state: JobState::Waiting,
            attempts: 0,
            run_at: now + ask.delay.map_or(0, i64::from),
            turn: 0,
            lease_until: None,
            fence: 0,
        }
    }

    fn told(&self, later: bool) -> NewJob {
        NewJob {
            run_at: later.then(|| seconds(self.run_at)),
            repository: self.repository().map(RepositoryId::new),
            ..NewJob::new(self.kind, self.subject(), json!(self.payload))
                .merged_by(self.key)
                .with_priority(self.priority)
        }
    }

    fn subject(&self) -> &str {
        &self.key[..1]
    }

    /// `a` and `b` are repositories, `c` is of none.
    fn repository(&self) -> Option<u64> {
        ["a", "b"].iter().position(|repository| *repository == self.subject()).and_then(|at| u64::try_from(at).ok())
    }
}

#[derive(Debug, Default)]
struct Model {
    now: i64,
    jobs: Vec<Job>,
    deliveries: BTreeMap<u8, BTreeSet<usize>>,
    effects: BTreeSet<usize>,
    payloads: u64,
}

impl Model {
    fn waiting(&self, kind: &str, key: &str) -> Option<usize> {
        self.jobs.iter().position(|job| job.state == JobState::Waiting && job.kind == kind && job.key == key)
    }

    /// Gives the place of each, and what the store is told.
    fn add_all(&mut self, asks: &[Ask]) -> (BTreeSet<usize>, Vec<NewJob>) {
        let (mut merged, mut told): (Vec<Job>, Vec<NewJob>) = (Vec::new(), Vec::new());
        for ask in asks {
            self.payloads += 1;
            let job = Job::asked(ask, self.now, self.payloads);
            told.push(job.told(ask.delay.is_some()));
            match merged.iter_mut().find(|known| (known.kind, known.key) == (job.kind, job.key)) {
                Some(known) => {
                    let (priority, run_at) = (known.priority.min(job.priority), known.run_at.min(job.run_at));
                    *known = Job { priority, run_at, ..job };
                }
                None => merged.push(job),
            }
        }
        let mut lanes = BTreeMap::new();
        for job in &mut merged {
            let next = self.next_turn(job);
            job.turn = *lanes.entry((job.priority, job.repository())).and_modify(|turn| *turn += 1).or_insert(next);
        }
        (merged.into_iter().map(|job| self.add(job)).collect(), told)
    }

    fn add(&mut self, new: Job) -> usize {
        let Some(at) = self.waiting(new.kind, new.key) else {
            self.jobs.push(new);
            return self.jobs.len() - 1;
        };
        let job = &mut self.jobs[at];
        if new.priority < job.priority {
            (job.priority, job.turn) = (new.priority, new.turn);
        }
        (job.payload, job.attempts, job.run_at) = (new.payload, 0, job.run_at.min(new.run_at));
        at
    }

    /// After the latest turn taken, and after its repository's due jobs.
    fn next_turn(&self, new: &Job) -> i64 {
        let counts = |job: &&Job| {
            let due = job.run_at <= self.now && job.repository() == new.repository();
            job.priority == new.priority && (job.state != JobState::Waiting || due)
        };
        self.jobs.iter().filter(counts).map(|job| job.turn).max().unwrap_or(0) + 1
    }

    fn lease(&mut self) -> Option<usize> {
        let busy =
            |subject: &str| self.jobs.iter().any(|job| job.state == JobState::Running && job.subject() == subject);
        let may = |job: &Job| match job.state {
            JobState::Waiting => job.run_at <= self.now && !busy(job.subject()),
            JobState::Running => job.lease_until.is_some_and(|until| until <= self.now),
            JobState::Done | JobState::Dead => false,
        };
        let order = |at: &usize| (self.jobs[*at].priority, self.jobs[*at].turn, self.jobs[*at].run_at, *at);
        let at = (0..self.jobs.len()).filter(|at| may(&self.jobs[*at])).min_by_key(order)?;
        let job = &mut self.jobs[at];
        job.state = JobState::Running;
        job.attempts += 1;
        job.fence += 1;
        job.lease_until = Some(self.now + TTL.cast_signed());
        Some(at)
    }

    /// A dead letter waits again, or leaves its place to a newer request.
    fn revive(&mut self, at: usize) {
        if let Some(follower) = self.waiting(self.jobs[at].kind, self.jobs[at].key) {
            self.jobs[at].state = JobState::Done;
            self.hand_over(at, follower);
            return;
        }
        let turn = self.next_turn(&self.jobs[at]);
        let job = &mut self.jobs[at];
        (job.state, job.attempts, job.run_at, job.turn) = (JobState::Waiting, 0, self.now, turn);
    }

    fn hand_over(&mut self, at: usize, follower: usize) {
        for jobs in self.deliveries.values_mut().filter(|jobs| jobs.contains(&at)) {
            jobs.insert(follower);
        }
    }

    fn holds(&self, at: usize, fence: i64) -> bool {
        self.jobs[at].state == JobState::Running && self.jobs[at].fence == fence
    }

    fn leave(&mut self, at: usize, state: JobState) {
        self.jobs[at].state = state;
        self.jobs[at].lease_until = None;
    }

    fn put_back(&mut self, at: usize, run_at: i64, attempts: u32, payload: Option<u64>) {
        let Some(follower) = self.waiting(self.jobs[at].kind, self.jobs[at].key) else {
            let turn = self.next_turn(&self.jobs[at]);
            self.leave(at, JobState::Waiting);
            let job = &mut self.jobs[at];
            (job.run_at, job.attempts, job.payload) = (run_at, attempts, payload.unwrap_or(job.payload));
            job.turn = turn;
            return;
        };
        self.leave(at, JobState::Done);
        self.jobs[follower].run_at = self.jobs[follower].run_at.min(run_at);
        self.jobs[follower].priority = self.jobs[follower].priority.min(self.jobs[at].priority);
        self.hand_over(at, follower);
    }
}

fn seconds(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("a time")
}

struct Run {
    model: Model,
    world: World,
    /// Two processes on one database, and which of them acts.
    stores: [Store; 2],
    other: bool,
    /// All leases ever, with the place of their job in the model.
    leases: Vec<(usize, Lease)>,
}

impl Run {
    async fn new(world: World) -> Self {
        let stores = [world.store.clone(), world.replica().await];
        Self { model: Model::default(), world, stores, other: false, leases: Vec::new() }
    }

    fn store(&self) -> &Store {
        &self.stores[usize::from(self.other)]
    }

    async fn step(&mut self, step: Step, other: bool) {
        self.other = other;
        match step {
            Step::Accept(guid, asks) => self.accept(guid, &asks).await,
            Step::Enqueue(asks) => {
                let (_, told) = self.model.add_all(&asks);
                self.store().enqueue(&told).await.expect("stored");
            }
            Step::Lease => self.lease().await,
            Step::End(back, end) => {
                if let Some(at) = self.leases.len().checked_sub(back + 1) {
                    let (at, lease) = self.leases[at].clone();
                    self.end(at, &lease, end).await;
                }
            }
            Step::Advance(by) => {
                self.model.now += i64::from(by);
                self.world.clock.advance(Duration::from_secs(by.into()));
            }
        }
        self.compare().await;
    }

    async fn accept(&mut self, guid: u8, asks: &[Ask]) {
        let unfinished = |jobs: &BTreeSet<usize>| -> Vec<usize> {
            jobs.iter().copied().filter(|at| self.model.jobs[*at].state != JobState::Done).collect()
        };
        let left = self.model.deliveries.get(&guid).map(unfinished);
        let known = left.as_ref().map(|left| Accepted::Duplicate { unfinished: !left.is_empty() });
        for at in left.into_iter().flatten() {
            if self.model.jobs[at].state == JobState::Dead {
                self.model.revive(at);
            }
        }
        let delivery = NewDelivery {
            guid: format!("guid-{guid}").parse().expect("an id"),
            event: "push".to_owned(),
            action: None,
            body: vec![guid],
            installation: None,
            repository: None,
        };
        let told = if known.is_none() {
            let (jobs, told) = self.model.add_all(asks);
            self.model.deliveries.insert(guid, jobs);
            told
        } else {
            vec![NewJob::new("review", "never", json!("stored"))]
        };
        let accepted = self.store().accept(&delivery, &told).await.expect("an answer");
        assert_eq!(accepted, known.unwrap_or(Accepted::New));
    }

    async fn lease(&mut self) {
        let expected = self.model.lease();
        let lease = self.store().lease("worker", KINDS, Duration::from_secs(TTL)).await.expect("an answer");
        assert_eq!(lease.is_some(), expected.is_some(), "{expected:?}");
        if let (Some(at), Some(lease)) = (expected, lease) {
            let job = &self.model.jobs[at];
            assert_eq!(
                (lease.payload.clone(), lease.attempt, lease.fence),
                (json!(job.payload), job.attempts, job.fence)
            );
            self.leases.push((at, lease));
        }
    }

    async fn end(&mut self, at: usize, lease: &Lease, end: End) {
        let held = self.model.holds(at, lease.fence);
        let now = self.model.now;
        let result = match end {
            End::Complete(asks) if held => {
                self.model.leave(at, JobState::Done);
                let (_, told) = self.model.add_all(&asks);
                self.store().complete(lease, &told).await
            }
            End::Complete(_) => self.store().complete(lease, &[NewJob::new("review", "never", json!("stored"))]).await,
            End::Reschedule(delay) => {
                self.model.payloads += 1;
                let (run_at, payload) = (now + i64::from(delay), self.model.payloads);
                if held {
                    self.model.put_back(at, run_at, 0, Some(payload));
                }
                self.store().reschedule(lease, seconds(run_at), &json!(payload)).await
            }
            End::Retry(delay) => {
                let run_at = now + i64::from(delay);
                if held {
                    self.model.put_back(at, run_at, lease.attempt, None);
                }
                self.store().retry(lease, seconds(run_at), "failed").await
            }
            End::HandBack => {
                if held {
                    self.model.put_back(at, now, lease.attempt - 1, None);
                }
                self.store().hand_back(lease).await
            }
            End::Bury => {
                if held {
                    self.model.leave(at, JobState::Dead);
                }
                self.store().bury(lease, "given up").await
            }
            End::Renew => {
                if held {
                    self.model.jobs[at].lease_until = Some(now + TTL.cast_signed());
                }
                self.store().renew(lease, Duration::from_secs(TTL)).await
            }
            End::Effect => self.effect(at, lease, held).await,
        };
        match result {
            Ok(()) => assert!(held, "only the holder may"),
            Err(StoreError::LeaseLost { job }) => assert!(!held && job == lease.job, "the holder may"),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn effect(&mut self, at: usize, lease: &Lease, held: bool) -> Result<(), StoreError> {
        let state = self.store().effect(lease, "comment", &at.to_string()).await?;
        let new = held && self.model.effects.insert(at);
        assert_eq!(state, if new { EffectState::New } else { EffectState::Unfinished });
        Ok(())
    }

    /// The database holds what the model holds, and both keep the promises.
    async fn compare(&self) {
        let mut stored = self.store().jobs(&JobFilter::default()).await.expect("a list");
        stored.reverse();
        let stored: Vec<_> = stored.iter().map(as_in_model).collect();
        assert_eq!(stored, self.model.jobs);

        let mut running = BTreeSet::new();
        let mut waiting = BTreeSet::new();
        for job in &stored {
            let first = match job.state {
                JobState::Running => running.insert(job.subject()),
                JobState::Waiting => waiting.insert((job.kind, job.key)),
                JobState::Done | JobState::Dead => true,
            };
            assert!(first, "one running per subject, one waiting per key: {stored:?}");
        }
    }

    /// Whatever happened: with time, every job that nobody buried is done.
    async fn finish(&mut self) {
        let open = |job: &Job| matches!(job.state, JobState::Waiting | JobState::Running);
        while self.model.jobs.iter().any(open) {
            self.step(Step::Advance(20), true).await;
            self.step(Step::Lease, false).await;
            self.step(Step::End(0, End::Complete(Vec::new())), true).await;
        }
        let counts = self.store().counts().await.expect("counts");
        assert_eq!((counts.waiting, counts.running), (0, 0));
    }
}

fn as_in_model(record: &JobRecord) -> Job {
    let known = |name: &str, names: &[&'static str]| *names.iter().find(|known| **known == name).expect("a known name");
    assert!(record.merge_key.starts_with(&record.subject));
    Job {
        kind: known(&record.kind, KINDS),
        key: known(&record.merge_key, &["a1", "a2", "a3", "b1", "c1"]),
        payload: record.payload.as_u64().expect("a number"),
        priority: record.priority,
        state: record.state,
        attempts: record.attempts,
        run_at: record.run_at.as_second(),
        turn: record.turn,
        lease_until: record.lease_until.map(Timestamp::as_second),
        fence: record.fence,
    }
}

async fn follow(world: World, steps: Vec<(bool, Step)>) {
    let mut run = Run::new(world).await;
    for (other, step) in steps {
        run.step(step, other).await;
    }
    run.finish().await;
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

/// Each step by the one or the other of two processes.
fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    prop::collection::vec((any::<bool>(), step()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_is_its_model(steps in steps()) {
        block_on(async { follow(World::sqlite().await, steps).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn postgres_is_its_model(steps in steps()) {
        block_on(async { follow(World::postgres().await, steps).await });
    }
}
