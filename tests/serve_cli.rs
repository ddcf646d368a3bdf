//! The real binary as a server: a person asks, the answer comes, SIGTERM ends it in order.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bailiwick::cli::demo::world::{ADMIN, ALICE, Addresses, World};
use bailiwick::sandbox::github::{CommentView, Effect};

/// Generous, for a machine that is busy: nothing waits for it when all goes well.
const PATIENCE: Duration = Duration::from_secs(60);

async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_answers_a_comment_and_ends_in_order_when_told_to() {
    let mut world = World::start(Addresses::free()).await.expect("a world");
    world.stop_server().await;
    let directory = world.directory().to_owned();
    let mut server = serve(&world).await;
    world.github.comment(ALICE, ADMIN, 1, "/help").expect("a comment");
    until("the answer", || answers(&world).pop()).await;

    terminate(&server);
    assert_eq!(end(&mut server).await, Some(0), "it ended in order");
    let log = std::fs::read_to_string(directory.join("log")).expect("the log");
    assert!(log.contains("listening") && log.contains("stopping"), "{log}");
    for secret in ["app.pem", "webhook-secret"] {
        let secret = std::fs::read_to_string(directory.join(secret)).expect("a secret");
        assert!(!log.contains(secret.lines().nth(1).unwrap_or(&secret)), "a secret is in the log");
    }
    assert!(!log.contains("ghs_"), "a token is in the log");
}

/// A worker that waits for an answer of the forge's finishes first; who cannot wait for that says so again.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once_and_nothing_is_lost() {
    let mut world = World::start(Addresses::free()).await.expect("a world");
    world.stop_server().await;
    let mut server = serve(&world).await;
    let comments = format!("/repos/{ADMIN}/issues/*/comments");
    world.github.faults().next_requests(http::Method::POST, &comments, 1, Effect::Slow(Duration::from_secs(600)));
    world.github.comment(ALICE, ADMIN, 1, "/help").expect("a comment");
    // The job has read the comment: it runs, and its answer will hang.
    let runs = || world.github.request_log().into_iter().find(|it| it.path.contains("/issues/comments/"));
    until("the job to run", runs).await;
    terminate(&server);
    let log = || std::fs::read_to_string(world.directory().join("log")).ok();
    until("the server to know", || log().filter(|log| log.contains("stopping"))).await;
    assert!(server.try_wait().expect("its status").is_none(), "it finishes what runs first");
    terminate(&server);
    assert_eq!(end(&mut server).await, Some(1), "it did not wait");
    assert_eq!(answers(&world).len(), 0);

    let mut server = serve(&world).await;
    until("the answer", || answers(&world).pop()).await;
    terminate(&server);
    assert_eq!(end(&mut server).await, Some(0));
    assert_eq!(answers(&world).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_at_the_start() {
    let mut world = World::start(Addresses::free()).await.expect("a world");
    world.stop_server().await;
    let config = world.directory().join("bailiwick.yaml");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(arguments).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let url = |name: &str| format!("sqlite://{}", world.directory().join(name).display());
    let (from, to) = (url("bailiwick.db"), url("moved.db"));
    let moved = run(&["migrate", "--from", &from, "--to", &to].map(AsRef::as_ref));
    assert_eq!(moved.0, Some(0), "{}", moved.1);
    let mirrors = world.directory().join("mirrors");
    let served =
        run(&["serve".as_ref(), "--mirrors".as_ref(), mirrors.as_os_str(), "--config".as_ref(), config.as_os_str()]);
    assert_eq!(served.0, Some(2), "{}", served.1);
    assert!(served.1.contains("this database was moved to another one"), "{}", served.1);

    let text = std::fs::read_to_string(&config).expect("written");
    std::fs::write(&config, text.replace("branch: main", "branch: ''").replace("path: cluster", "path: ../x"))
        .expect("written");
    let (status, said) = run(&["jobs".as_ref(), "list".as_ref(), "--config".as_ref(), config.as_os_str()]);
    assert_eq!((status, said.lines().count()), (Some(2), 2), "each problem has its line: {said}");
}

/// The real binary, ready.
async fn serve(world: &World) -> Child {
    let directory = world.directory();
    let server = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .arg("serve")
        .arg("--config")
        .arg(directory.join("bailiwick.yaml"))
        .arg("--mirrors")
        .arg(directory.join("mirrors"))
        .env("BAILIWICK_LOG", "bailiwick=debug")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(directory.join("log")).expect("a log file"))
        .spawn()
        .expect("the binary starts");
    let ready = format!("http://{}/readyz", world.address);
    let client = reqwest::Client::builder().build().expect("a client");
    let start = Instant::now();
    while client.get(&ready).send().await.is_err() {
        assert!(start.elapsed() < PATIENCE, "the server does not get ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
}

/// The bot's answers to `/help`.
fn answers(world: &World) -> Vec<CommentView> {
    let comments = world.github.comments(ADMIN, 1).into_iter();
    comments.filter(|comment| comment.author == "bailiwick[bot]" && comment.body.contains("/create-team")).collect()
}

fn terminate(server: &Child) {
    let terminate = Command::new("kill").arg(server.id().to_string()).status().expect("kill runs");
    assert!(terminate.success());
}

/// The exit status, once it has ended.
async fn end(server: &mut Child) -> Option<i32> {
    until("the end of the server", || server_status(server.id())).await;
    server.wait().expect("its status").code()
}

/// `Some(true)` once the process has ended (it stays a zombie until it is waited for).
fn server_status(id: u32) -> Option<bool> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with('Z'));
    (state != Some(false)).then_some(true)
}
