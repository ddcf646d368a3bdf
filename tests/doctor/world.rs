//! A world, and the real `bailiwick doctor` in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bailiwick::cli::demo::world::{Addresses, World};
use bailiwick::store::{JobFilter, JobRecord, JobState};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

/// Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the doctor said.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Seen {
    /// The line of that level that holds `part`, with what to do.
    pub(crate) fn line(&self, level: &str, part: &str) -> String {
        let mut lines = self.out.lines().skip_while(|line| !(line.starts_with(level) && line.contains(part)));
        let found = lines.next().unwrap_or_else(|| panic!("no {level} line says {part:?}:\n{}", self.out));
        let remedy = lines.next().filter(|line| line.starts_with("         to do: "));
        assert_eq!(remedy.is_some(), level != "ok", "trouble has a remedy, and nothing else has:\n{}", self.out);
        format!("{found}\n{}", remedy.unwrap_or_default())
    }

    /// The only line of that level holds `part`; gives it, with what to do.
    pub(crate) fn only(&self, level: &str, part: &str) -> String {
        let count = self.out.lines().filter(|line| line.starts_with(level)).count();
        assert_eq!(count, 1, "one {level} line:\n{}", self.out);
        self.line(level, part)
    }

    /// Nothing but that is a trouble: one line of that level, none of the other.
    pub(crate) fn just(&self, level: &str, part: &str) -> String {
        let (other, status) = if level == "PROBLEM" { ("warning", 1) } else { ("PROBLEM", 0) };
        assert!(!self.out.lines().any(|line| line.starts_with(other)), "no {other} line:\n{}", self.out);
        assert_eq!(self.status, status, "{}", self.out);
        self.only(level, part)
    }
}

/// A world in which everything has settled.
pub(crate) async fn world() -> World {
    let world = World::start(Addresses::free()).await.expect("the sandbox starts");
    settle(&world).await;
    world
}

/// Waits until no job runs or is due soon, webhooks were answered, and Flux has fetched.
pub(crate) async fn settle(world: &World) {
    let start = Instant::now();
    while is_busy(world).await {
        assert!(start.elapsed() < PATIENCE, "waited for the jobs to end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.github.webhooks_settled().await;
    until("Flux has fetched", || ready(world) == Some("True".to_owned())).await;
}

async fn is_busy(world: &World) -> bool {
    world.github.webhooks_settled().await;
    let context = &world.server.as_ref().expect("the server runs").context;
    let soon = context.clock.now() + Duration::from_secs(120);
    let jobs = context.store.jobs(&JobFilter::default()).await.expect("the store answers");
    let due = |job: &JobRecord| job.state == JobState::Waiting && job.run_at < soon;
    jobs.iter().any(|job| job.state == JobState::Running || due(job))
}

/// The status of the source's condition `Ready`.
pub(crate) fn ready(world: &World) -> Option<String> {
    let source = world.cluster.get("GitRepository", "flux-system", "flux-system")?;
    let conditions = source["status"]["conditions"].as_array()?.clone();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    ready["status"].as_str().map(str::to_owned)
}

pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs the doctor with the world's configuration.
pub(crate) async fn doctor(world: &World) -> Seen {
    doctor_with(world, str::to_owned, |_| {}).await
}

/// The same with another text of the configuration, and another environment.
pub(crate) async fn doctor_with(
    world: &World,
    text: impl FnOnce(&str) -> String,
    environment: impl FnOnce(&mut Command),
) -> Seen {
    let file = world.write_configuration().expect("a configuration");
    let written = std::fs::read_to_string(&file).expect("a configuration");
    std::fs::write(&file, text(&written)).expect("room for a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.arg("doctor").arg("--config").arg(&file).current_dir(world.directory()).stdin(Stdio::null());
    let scratch = tempfile::tempdir().expect("room for a folder");
    command.env("TMPDIR", scratch.path());
    environment(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let seen = Seen {
        status: output.status.code().expect("an exit status"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    assert_no_secrets(world, &seen);
    let left = files(scratch.path());
    assert!(left.is_empty(), "what was fetched to look at it goes again: {left:?}");
    seen
}

fn assert_no_secrets(world: &World, seen: &Seen) {
    let all = format!("{}{}", seen.out, seen.err);
    let key = world.github.app_private_key();
    let secret = std::fs::read_to_string(world.directory().join("webhook-secret")).expect("a secret");
    let lines = key.expose_secret().lines().filter(|line| line.len() > 8);
    for secret in lines.chain([secret.trim(), world.cluster.token(), "ghs_", "PRIVATE KEY", "Bearer"]) {
        assert!(!all.contains(secret), "a secret is shown: {secret}\n{all}");
    }
    assert!(!all.contains('\u{1b}'), "nothing acts on the terminal: {all:?}");
}

/// Stops the server, and waits until it has let go of its database.
pub(crate) async fn stop(world: &mut World) {
    let store = world.server.as_ref().expect("the server runs").context.store.clone();
    world.stop_server().await;
    store.close().await;
    let wal = world.directory().join("bailiwick.db-wal");
    // Connections that close at the same moment leave it behind; one that is alone takes it away.
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}", world.directory().join("bailiwick.db").display());
    let pool = sqlx::AnyPool::connect(&url).await.expect("a database");
    sqlx::query("SELECT COUNT(*) FROM jobs").execute(&pool).await.expect("an answer");
    pool.close().await;
    until("the database is closed", || !wal.exists()).await;
    // A port that was let go of may be another test's by now, but not there.
    world.address.set_ip([127, 0, 0, 7].into());
}

/// Lets Flux do nothing from now on.
pub(crate) async fn pause(world: &World) {
    world.cluster.faults().pause_controllers(true);
    // What it was at is done when the next round ends.
    world.cluster.reconcile_once().await;
}

/// Every file below a directory, with the hash of its bytes.
pub(crate) fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(name, hex::encode(Sha256::digest(std::fs::read(&path).expect("a file"))));
        }
    }
    found
}

/// The text with what differs from run to run made stable: the directory, commits, ports and numbers.
pub(crate) fn stable(world: &World, text: &str) -> String {
    let text = text.replace(&world.directory().display().to_string(), "[directory]");
    let mut stable = String::new();
    for line in text.lines() {
        // How the machine has kustomize is its own business.
        let line = if line.contains("kustomize: ") { "ok       kustomize: [version]" } else { line };
        let left = line.split_once(" of 5000 requests left").and_then(|(before, _)| before.rsplit(' ').next());
        let line = left.map_or(line.to_owned(), |left| line.replacen(left, "[left]", 1));
        let mut words = line.split(' ').map(word);
        stable.push_str(&words.next().unwrap_or_default());
        words.for_each(|word| stable.push_str(&format!(" {word}")));
        stable.push('\n');
    }
    stable
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches([',', ';', ':']);
    if bare.len() == 7 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return word.replace(bare, "[commit]");
    }
    if bare.contains('T') && bare.ends_with('Z') {
        return word.replace(bare, "[time]");
    }
    let mut stable = String::new();
    let mut rest = word;
    while let Some(start) = rest.find("127.0.0.1:") {
        let (before, after) = rest.split_at(start + "127.0.0.1:".len());
        stable.push_str(before);
        stable.push_str("[port]");
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    stable + rest
}
