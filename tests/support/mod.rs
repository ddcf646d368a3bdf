//! End-to-end tests in the domain's words. A [`TestWorld`] is a sandbox GitHub, a sandbox cluster
//! and a real server on free ports; people act, and the test says what has to come of it.
//!
//! Waiting is for levels: a predicate, with a deadline that only a failing test reaches. Whatever
//! nobody expected fails the test in [`TestWorld::finish`]: dead jobs, jobs left, comments of the
//! bot that no assertion looked at, check runs without a conclusion.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "every test binary uses some of these words, none uses all"
)]

mod audit;
mod clock;
mod expect;
pub mod people;
mod record;
mod text;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bailiwick::cli::demo::world::{Addresses, World};
use bailiwick::clock::{Clock, SystemClock};
use bailiwick::config::WebhookMode;
use bailiwick::jobs::{Context, Timing};
use bailiwick::sandbox::github::GitHub;
use bailiwick::store::{JobFilter, JobRecord, JobState};
use tokio::time::Instant;

pub use bailiwick::cli::demo::world::{ADMIN, ALICE, BOB, CAROL, TEAM1, TEAM2};
pub use bailiwick::sandbox::github::{
    Change, CheckRunView, CommentView, Effect, Level, NewPullRequest, Order, PullView, Role,
};
pub use clock::Turned;
pub use expect::Check;
pub use people::Page;
pub use text::tidy;

/// The account that Bailiwick writes as.
pub const BOT: &str = "bailiwick[bot]";

/// Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Jobs that are due later than this are no business of a test.
const FAR: Duration = Duration::from_secs(120);

/// The whole system, and what the test has looked at.
pub struct TestWorld {
    /// GitHub, cluster and server.
    pub world: World,
    /// The comments of the bot that an assertion has seen, by id and text: an edit has to be seen too.
    noticed: Mutex<BTreeSet<(u64, String)>>,
    /// The jobs that were to be given up.
    mourned: Mutex<BTreeSet<i64>>,
    record: record::Recording,
    finished: bool,
}

impl TestWorld {
    /// Starts everything: `org/dev-cluster` with team1, `org/dev-team1`, an empty `org/dev-team2`,
    /// Alice who owns the organisation, Bob in team1, Carol in team2; and waits until it is quiet.
    pub async fn start() -> Self {
        let world = Self::start_busy().await;
        world.quiet().await;
        world
    }

    /// The same, without waiting for the server's first look around.
    pub async fn start_busy() -> Self {
        Self::start_at(Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    pub async fn start_at(clock: Arc<dyn Clock>) -> Self {
        // A failure that was told is looked at again when the test is over; tests of what comes after it
        // choose a shorter pause.
        let timing = Timing { failed_pause: FAR * 5, ..World::timing() };
        let world = World::start_with(Addresses::free(), (timing, clock)).await.expect("the sandbox starts");
        let record = record::Recording::of(&world);
        Self { world, noticed: Mutex::default(), mourned: Mutex::default(), record, finished: false }
    }

    /// GitHub.
    pub fn github(&self) -> &GitHub {
        &self.world.github
    }

    /// What the running server works with.
    pub fn context(&self) -> Arc<Context> {
        Arc::clone(&self.world.server.as_ref().expect("the server runs").context)
    }

    /// Stops the server in an orderly way.
    pub async fn stop_server(&mut self) {
        self.world.stop_server().await;
    }

    /// Starts it again on the same address and database.
    pub async fn start_server(&mut self) {
        self.world.start_server().await.expect("the server starts again");
    }

    /// Starts it again with more lines in its configuration file.
    pub async fn reconfigure(&mut self, configuration: &str) {
        self.stop_server().await;
        configuration.clone_into(&mut self.world.configuration);
        self.start_server().await;
        self.quiet().await;
    }

    /// Waits until `look` sees something; fails with the state of the world where it never does.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T> + Send + Sync) -> T
    where
        T: Send,
    {
        let start = Instant::now();
        loop {
            if let Some(seen) = look(self) {
                return seen;
            }
            if start.elapsed() > PATIENCE {
                panic!("waited {} s for {what}.\n{}", PATIENCE.as_secs(), self.state().await);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until every webhook was answered and no job runs or is due soon.
    pub async fn quiet(&self) {
        let start = Instant::now();
        loop {
            self.github().webhooks_settled().await;
            let deliveries = self.github().deliveries().len();
            let busy = self.busy().await;
            if busy.is_empty() {
                // A job that ended a moment ago may have caused a webhook that is still on its way.
                self.github().webhooks_settled().await;
                if self.busy().await.is_empty() && self.github().deliveries().len() == deliveries {
                    return;
                }
            } else if start.elapsed() > PATIENCE {
                panic!("after {} s jobs are left.\n{}", PATIENCE.as_secs(), self.state().await);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The jobs that run or are due soon; a server that fetches its deliveries always has a next look.
    pub async fn busy(&self) -> Vec<JobRecord> {
        let now = self.context().clock.now();
        let (soon, pulls) = (now + FAR, self.context().config.github.webhook == WebhookMode::Pull);
        let is_soon = |job: &JobRecord| match job.state {
            JobState::Running => true,
            JobState::Waiting if pulls && job.kind == "recover" => job.run_at <= now,
            JobState::Waiting => job.run_at < soon,
            JobState::Done | JobState::Dead => false,
        };
        self.jobs().await.into_iter().filter(is_soon).collect()
    }

    /// Every job that the store knows, newest first.
    pub async fn jobs(&self) -> Vec<JobRecord> {
        self.context().store.jobs(&JobFilter::default()).await.expect("the store answers")
    }

    /// The jobs that were given up.
    pub async fn dead(&self) -> Vec<JobRecord> {
        self.jobs().await.into_iter().filter(|job| job.state == JobState::Dead).collect()
    }

    /// Waits until everything is quiet: one more job of that kind was given up; gives the reason.
    pub async fn expect_given_up(&self, kind: &str) -> String {
        self.quiet().await;
        let dead = self.dead().await;
        let mut mourned = self.mourned.lock().unwrap_or_else(PoisonError::into_inner);
        let new = dead.into_iter().find(|job| job.kind == kind && !mourned.contains(&job.id.get()));
        let job = new.unwrap_or_else(|| panic!("no {kind} was given up"));
        mourned.insert(job.id.get());
        tidy(job.reason.as_deref().unwrap_or_default())
    }

    /// What the sandbox's GitHub was asked, oldest first: `METHOD PATH STATUS`.
    pub fn requests(&self) -> Vec<String> {
        let log = self.github().request_log().into_iter();
        log.map(|request| format!("{} {} {}", request.method, request.path, request.status)).collect()
    }

    fn noticed(&self) -> MutexGuard<'_, BTreeSet<(u64, String)>> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that a comment was looked at.
    fn notice(&self, comment: &CommentView) {
        self.noticed().insert((comment.id, comment.body.clone()));
    }

    /// Ends the test: waits until everything is quiet and fails on what nobody expected.
    pub async fn finish(mut self) {
        self.finished = true;
        self.quiet().await;
        self.record.webhooks(self.github());
        let mut dead = self.dead().await;
        let mourned = std::mem::take(&mut *self.mourned.lock().unwrap_or_else(PoisonError::into_inner));
        dead.retain(|job| !mourned.contains(&job.id.get()));
        assert!(dead.is_empty(), "jobs were given up: {}", describe(&dead));
        let open = self.github().unfinished_check_runs();
        assert!(open.is_empty(), "check runs have no conclusion: {open:#?}");
        let unseen = self.unseen();
        assert!(unseen.is_empty(), "Bailiwick wrote what nobody expected:\n{}", unseen.join("\n----\n"));
        self.stop_server().await;
    }

    /// The bot's comments that no assertion has looked at. The list of a team's steps says what the report on its pull
    /// request says, which is looked at; it has tests of its own.
    fn unseen(&self) -> Vec<String> {
        let noticed = self.noticed();
        let comments = self.github().comments_by(BOT).into_iter();
        let unseen = comments.filter(|(_, _, comment)| {
            let is_list = comment.body.starts_with("<!-- bailiwick:request/");
            !is_list && !noticed.contains(&(comment.id, comment.body.clone()))
        });
        unseen.map(|(repository, number, comment)| format!("{repository}#{number}: {}", comment.body)).collect()
    }

    /// What there is, for the message of a failing test.
    async fn state(&self) -> String {
        let jobs = if self.world.server.is_some() { describe(&self.jobs().await) } else { "no server".to_owned() };
        let comments = self.github().comments_by(BOT).into_iter();
        let comments: Vec<_> =
            comments.map(|(at, number, comment)| format!("{at}#{number}: {}", comment.body)).collect();
        let log = self.github().request_log();
        let last: Vec<_> =
            log.iter().rev().take(20).map(|it| format!("{} {} {}", it.method, it.path, it.status)).collect();
        format!("Jobs:\n{jobs}\nComments:\n{}\nLast requests, newest first:\n{}", comments.join("\n"), last.join("\n"))
    }
}

impl Drop for TestWorld {
    fn drop(&mut self) {
        assert!(self.finished || std::thread::panicking(), "end the test with `world.finish().await`");
    }
}

fn describe(jobs: &[JobRecord]) -> String {
    let line = |job: &JobRecord| {
        let (state, reason) = (job.state.as_str(), job.reason.as_deref().unwrap_or(""));
        format!("{} {} {state}, attempt {}: {reason} {}", job.kind, job.subject, job.attempts, job.payload)
    };
    jobs.iter().map(line).collect::<Vec<_>>().join("\n")
}
