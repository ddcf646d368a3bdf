//! The sandbox with servers as processes of their own, and what has to be true in the end.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::cli::ProcessSecrets;
use bailiwick::cli::demo::world::{ADMIN, Addresses, World};
use bailiwick::clock::{Entropy as _, OsEntropy, SeededEntropy, SystemClock};
use bailiwick::config::Config;
use bailiwick::forge::event::Event;
use bailiwick::jobs::jobs_for;
use bailiwick::names::DeliveryId;
use bailiwick::report::comment::marker;
use bailiwick::store::{JobFilter, JobState, Store};

/// The account that Bailiwick writes as.
pub(crate) const BOT: &str = "bailiwick[bot]";
/// After so many seconds a silent worker's job goes to another.
pub(crate) const LEASE: u64 = 2;
/// Only a failing test waits this long for anything to get done. How long everything takes is the
/// machine's affair.
const PATIENCE: Duration = Duration::from_secs(240);

/// The sandbox and the servers.
pub(crate) struct Household {
    pub(crate) world: World,
    pub(crate) entropy: SeededEntropy,
    /// Their numbers tell their addresses; the first one gets the webhooks.
    servers: BTreeMap<usize, Child>,
    addresses: Vec<SocketAddr>,
    log: std::path::PathBuf,
    /// GitHub's deliveries before the servers of this test began.
    earlier: usize,
}

impl Household {
    /// Everything but the servers, on SQLite or on `database`.
    #[expect(clippy::print_stdout, reason = "a failure is played again with this number")]
    pub(crate) async fn new(database: Option<String>) -> Self {
        let given = std::env::var("BAILIWICK_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| OsEntropy.below(1_000_000));
        println!("BAILIWICK_SEED={seed}");
        let mut world = World::start(Addresses::free()).await.expect("a world");
        world.stop_server().await;
        world.database = database;
        let log = world.directory().join("log");
        let addresses = vec![world.address, free_address()];
        world.github.webhooks_settled().await;
        let earlier = world.github.deliveries().len();
        let entropy = SeededEntropy::new(seed);
        Self { world, entropy, servers: BTreeMap::new(), addresses, log, earlier }
    }

    /// Starts server `number` and waits until it is ready.
    pub(crate) async fn start(&mut self, number: usize) {
        let first = self.addresses[0];
        self.world.address = self.addresses[number];
        let written = self.world.write_configuration().expect("a configuration");
        self.world.address = first;
        let config = written.with_file_name(format!("server-{number}.yaml"));
        std::fs::rename(written, &config).expect("a file");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["serve", "--lease", &LEASE.to_string(), "--config"])
            .arg(&config)
            .arg("--mirrors")
            .arg(self.world.directory().join(format!("mirrors-{number}")))
            .env("BAILIWICK_LOG", "bailiwick=info")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        self.servers.insert(number, child);
        let ready = format!("http://{}/readyz", self.addresses[number]);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let start = Instant::now();
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(start.elapsed() < PATIENCE, "server {number} does not get ready\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        let mut child = self.servers.remove(&number).expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
    }

    /// Sends a signal such as `STOP` or `CONT`.
    pub(crate) fn signal(&self, number: usize, signal: &str) {
        let id = self.servers[&number].id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs").success());
    }

    /// Waits up to `most` milliseconds, by the seed.
    pub(crate) async fn pause(&self, most: u64) {
        tokio::time::sleep(Duration::from_millis(self.entropy.below(most))).await;
    }

    /// What the servers are told.
    pub(crate) fn config(&self) -> Config {
        let file = self.world.directory().join("server-0.yaml");
        let text = std::fs::read_to_string(&file).expect("written");
        bailiwick::config::parse(&text, &file.to_string_lossy(), &ProcessSecrets).expect("valid")
    }

    /// The servers' database.
    pub(crate) async fn store(&self) -> Store {
        let url = self.config().database;
        Store::open(url.expose(), Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opened")
    }

    /// Waits until GitHub has sent everything and every delivery that asks for something is stored and done.
    pub(crate) async fn settle(&self) {
        let (store, config) = (self.store().await, self.config());
        let (mut fewest, mut since) = (usize::MAX, Instant::now());
        loop {
            let left = self.left(&store, &config).await;
            if left.is_empty() {
                store.close().await;
                return;
            }
            if left.len() < fewest {
                (fewest, since) = (left.len(), Instant::now());
            }
            let some = &left[..left.len().min(20)];
            assert!(since.elapsed() < PATIENCE, "{} are not done: {some:#?}\n{}", left.len(), self.last_words());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What is still to be done.
    async fn left(&self, store: &Store, config: &Config) -> Vec<String> {
        let guids = self.deliveries_with_work(config);
        let known = store.known_deliveries(&guids).await.expect("an answer");
        let state = |guid: &DeliveryId| match known.get(guid) {
            None => Some(format!("{guid} was never stored")),
            Some(false) => Some(format!("{guid} is not done")),
            Some(true) => None,
        };
        let mut left: Vec<String> = guids.iter().filter_map(state).collect();
        let jobs = store.jobs(&JobFilter::default()).await.expect("a list");
        // Sweeps are never done; what the events asked for must be.
        let events = ["review_pull_request", "run_command"];
        for job in jobs.iter().filter(|job| events.contains(&job.kind.as_str()) && job.state != JobState::Done) {
            left.push(format!("job {} {} {}: {:?}", job.id, job.kind, job.state.as_str(), job.reason));
        }
        left
    }

    /// The events that GitHub sent and that ask for a job.
    pub(crate) fn deliveries_with_work(&self, config: &Config) -> Vec<DeliveryId> {
        let mut guids = Vec::new();
        for sent in self.world.github.deliveries().into_iter().skip(self.earlier) {
            let event = Event::parse(&sent.event, sent.request_body.as_bytes()).expect("the sandbox sends events");
            if !jobs_for(config, &event).is_empty() {
                guids.push(sent.guid.parse().expect("a GUID"));
            }
        }
        guids.sort();
        guids.dedup();
        guids
    }

    /// Each of the comments has exactly one answer. Gives the answered comments in the order of their answers.
    pub(crate) fn assert_one_answer_each(&self, issue: u64, commands: &[u64]) -> Vec<u64> {
        let answers = self.world.github.comments(ADMIN, issue);
        let answers: Vec<_> = answers.into_iter().filter(|comment| comment.author == BOT).collect();
        let answered = |text: &str| -> Vec<u64> {
            commands.iter().copied().filter(|id| text.contains(&marker(&format!("answer/{id}")))).collect()
        };
        let order: Vec<u64> = answers.iter().flat_map(|comment| answered(&comment.body)).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let mut expected = commands.to_vec();
        expected.sort_unstable();
        assert_eq!(sorted, expected, "one answer for each command\n{}", self.last_words());
        assert_eq!(answers.len(), commands.len(), "and no other comment");
        order
    }

    /// The end of the servers' log.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Household {
    fn drop(&mut self) {
        for child in self.servers.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
