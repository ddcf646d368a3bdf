//! The real routes over HTTP on loopback, with a real SQLite file behind them.

mod forged;
mod limits;

use std::sync::{Arc, Mutex, mpsc};

use async_trait::async_trait;
use bailiwick::clock::{ManualClock, SeededEntropy};
use bailiwick::forge::event::{Event, IssueCommentAction, PullRequestAction};
use bailiwick::store::{JobFilter, NewJob, Store};
use bailiwick::web::{Plan, ReadyCheck, Receiver, WebhookSecrets, router, serve};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Connection as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "the secret";
const NEXT_SECRET: &str = "the secret that comes next";
const LIMIT: usize = 25 * 1024 * 1024;

/// What the plan does besides planning.
type Hook = Arc<dyn Fn() + Send + Sync>;

struct World {
    address: String,
    store: Store,
    fine: Arc<Mutex<Result<(), String>>>,
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

struct Switch(Arc<Mutex<Result<(), String>>>);

#[async_trait]
impl ReadyCheck for Switch {
    fn name(&self) -> &'static str {
        "forge"
    }
    async fn check(&self) -> Result<(), String> {
        self.0.lock().expect("no panic while it was held").clone()
    }
}

/// Jobs for opened pull requests, created comments and pushes.
fn plan(event: &Event) -> Vec<NewJob> {
    match event {
        Event::PullRequest(event) if event.action == PullRequestAction::Opened => {
            vec![NewJob::new("review", format!("pr/{}", event.number), json!({"head": event.head}))]
        }
        Event::IssueComment(event) if event.action == IssueCommentAction::Created => {
            vec![NewJob::new("command", format!("pr/{}", event.number), json!({"comment": event.comment}))]
        }
        Event::Push(_) => vec![NewJob::new("sync", "cluster", json!({}))],
        _ => Vec::new(),
    }
}

impl World {
    async fn new() -> Self {
        Self::with(Arc::new(|| {})).await
    }

    async fn with(hook: Hook) -> Self {
        Self::planning(Arc::new(move |event: &Event| {
            hook();
            plan(event)
        }))
        .await
    }

    async fn planning(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let store = Store::open(&url, clock, Arc::new(SeededEntropy::new(1))).await.expect("a new database");
        let fine = Arc::new(Mutex::new(Ok(())));
        let receiver = Receiver {
            secrets: Some(
                WebhookSecrets::new(vec![SecretString::from(SECRET), SecretString::from(NEXT_SECRET)]).expect("two"),
            ),
            store: store.clone(),
            plan,
            forge: None,
            checks: vec![Arc::new(Switch(fine.clone()))],
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router(receiver), shutdown.clone()));
        Self { address, store, fine, shutdown, server, folder }
    }

    /// One whose plan says that it is asked, and waits until it is let go.
    async fn that_waits() -> (Self, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (entered, has_entered) = mpsc::channel();
        let (leave, may_leave) = mpsc::channel::<()>();
        let may_leave = Mutex::new(may_leave);
        let world = Self::with(Arc::new(move || {
            entered.send(()).expect("the test listens");
            tokio::task::block_in_place(|| may_leave.lock().expect("nobody panics with it").recv())
                .expect("the test lets go");
        }));
        (world.await, has_entered, leave)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.expect("a connection")
    }

    async fn send(&self, request: &[u8]) -> (u16, String) {
        let mut stream = self.connect().await;
        stream.write_all(request).await.expect("sent");
        answer(&mut stream).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n").as_bytes()).await
    }

    async fn post(&self, delivery: &Delivery) -> (u16, String) {
        self.send(&delivery.request()).await
    }

    /// How many deliveries and jobs are stored.
    async fn stored(&self) -> (u64, usize) {
        let jobs = self.store.jobs(&JobFilter::default()).await.expect("a list");
        (self.store.delivery_count().await.expect("a count"), jobs.len())
    }
}

/// Reads one answer to the end of the connection: its status and body.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.expect("an answer");
    let text = String::from_utf8(text).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (status, body.to_owned())
}

fn status(answer: &(u16, String)) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.1).expect("JSON");
    (answer.0, body["status"].as_str().unwrap_or_default().to_owned())
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/deliveries/{name}.json", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

#[derive(Clone)]
struct Delivery {
    event: Option<&'static str>,
    guid: Option<&'static str>,
    signature: Option<String>,
    body: Vec<u8>,
}

impl Delivery {
    /// Signed as GitHub does.
    fn new(event: &'static str, guid: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { event: Some(event), guid: Some(guid), signature: None, body: body.into() }.signed_with(SECRET)
    }

    fn opened(guid: &'static str) -> Self {
        Self::new("pull_request", guid, fixture("pull_request.opened"))
    }

    fn signed_with(self, secret: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(&self.body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        Self { signature: Some(signature), ..self }
    }

    fn head(&self, framing: &str) -> String {
        let mut head = format!("POST /webhooks/github HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n{framing}\r\n");
        let headers = [
            ("X-GitHub-Event", self.event),
            ("X-GitHub-Delivery", self.guid),
            ("X-Hub-Signature-256", self.signature.as_deref()),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head + "\r\n"
    }

    fn request(&self) -> Vec<u8> {
        let mut request = self.head(&format!("content-length: {}", self.body.len())).into_bytes();
        request.extend_from_slice(&self.body);
        request
    }
}

#[tokio::test]
async fn a_signed_delivery_is_stored_with_its_jobs_and_answered_202() {
    let world = World::new().await;
    assert_eq!(status(&world.post(&Delivery::opened("one")).await), (202, "accepted".to_owned()));
    let jobs = world.store.jobs(&JobFilter::default()).await.expect("a list");
    assert_eq!((jobs.len(), jobs[0].kind.as_str(), jobs[0].subject.as_str()), (1, "review", "pr/7"));
    assert_eq!(world.store.delivery_count().await.expect("a count"), 1);
}

#[tokio::test]
async fn the_secret_that_comes_next_is_good_too() {
    let world = World::new().await;
    let delivery = Delivery::opened("one").signed_with(NEXT_SECRET);
    assert_eq!(status(&world.post(&delivery).await), (202, "accepted".to_owned()));
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_bodies_are_refused_and_leave_nothing() {
    let world = World::new().await;
    let good = Delivery::opened("one");
    let bad = [
        Delivery { signature: None, ..good.clone() },
        Delivery { signature: Some(String::new()), ..good.clone() },
        Delivery { signature: Some("sha256=00".to_owned()), ..good.clone() },
        good.clone().signed_with("another"),
        good.clone().signed_with(""),
        Delivery {
            body: good.body.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect(),
            ..good.clone()
        },
        // Not even a bad body or a bad name is told to who cannot sign.
        Delivery { body: b"{".to_vec(), ..good.clone() },
        Delivery { event: None, guid: None, signature: None, ..good.clone() },
    ];
    for delivery in bad {
        assert_eq!(world.post(&delivery).await.0, 401);
    }
    let legacy = good.head("content-length: 2\r\nX-Hub-Signature: sha1=0123").replace("X-Hub-Signature-256", "X-Other");
    assert_eq!(world.send(format!("{legacy}{{}}").as_bytes()).await.0, 401);
    assert_eq!(world.stored().await, (0, 0));
}

#[tokio::test]
async fn bodies_over_25_mib_are_refused_whether_they_say_so_or_not() {
    let world = World::new().await;
    let large = Delivery { body: vec![b' '; LIMIT + 1], ..Delivery::new("push", "large", "") };
    assert_eq!(world.post(&large).await.0, 413, "sent whole");

    let mut stream = world.connect().await;
    stream.write_all(large.head(&format!("content-length: {}", LIMIT + 1)).as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("half closed");
    assert_eq!(answer(&mut stream).await.0, 413, "announced only");

    let mut chunked = large.head("transfer-encoding: chunked").into_bytes();
    for chunk in large.body.chunks(1 << 20) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(world.send(&chunked).await.0, 413, "not announced");
    assert_eq!(world.stored().await, (0, 0));

    // More than axum's own limit of 2 MB. That exactly 25 MiB pass is shown next to the reader.
    let mut body = fixture("push.main");
    body.resize(3 << 20, b' ');
    assert_eq!(status(&world.post(&Delivery::new("push", "full", body)).await), (202, "accepted".to_owned()));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_reason() {
    let world = World::new().await;
    let good = Delivery::opened("one");
    let bad = [
        // A body under another event's name: the signature does not cover the name.
        (Delivery { event: Some("issue_comment"), ..good.clone() }, "`comment`"),
        (Delivery::new("pull_request", "one", "{}"), "`action`"),
        (Delivery::new("pull_request", "one", "payload=%7B%7D"), "content type"),
        (Delivery::new("star", "one", ""), "JSON"),
        (Delivery { event: None, ..good.clone() }, "X-GitHub-Event"),
        (Delivery { event: Some("Pull Request"), ..good.clone() }, "X-GitHub-Event"),
        (Delivery { guid: None, ..good.clone() }, "X-GitHub-Delivery"),
        (Delivery { guid: Some("a b"), ..good.clone() }, "X-GitHub-Delivery"),
    ];
    for (delivery, reason) in bad {
        let (status, text) = world.post(&delivery).await;
        assert_eq!(status, 400, "{text}");
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(world.stored().await, (0, 0));
}

#[tokio::test]
async fn unknown_events_and_actions_are_ignored_politely_and_not_stored() {
    let world = World::new().await;
    let ignored = [
        Delivery::new("star", "one", r#"{"action":"created"}"#),
        Delivery::new("pull_request", "two", r#"{"action":"stacked","pull_request":{}}"#),
        Delivery::new("issue_comment", "three", fixture("issue_comment.pinned")),
        Delivery::new("ping", "four", fixture("ping.app")),
    ];
    for delivery in ignored {
        assert_eq!(status(&world.post(&delivery).await), (202, "ignored".to_owned()));
    }
    assert_eq!(world.stored().await, (0, 0));
}

#[tokio::test]
async fn a_redelivered_guid_is_taken_once_and_other_deliveries_merge() {
    let world = World::new().await;
    assert_eq!(status(&world.post(&Delivery::opened("one")).await).1, "accepted");
    assert_eq!(status(&world.post(&Delivery::opened("one")).await), (202, "duplicate".to_owned()));
    assert_eq!(world.stored().await, (1, 1));
    assert_eq!(status(&world.post(&Delivery::opened("two")).await).1, "accepted");
    assert_eq!(world.stored().await, (2, 1), "the same review, asked for twice");
    let comment = Delivery::new("issue_comment", "three", fixture("issue_comment.created"));
    assert_eq!(status(&world.post(&comment).await).1, "accepted");
    assert_eq!(world.stored().await, (3, 2));
}

#[tokio::test]
async fn without_its_store_it_says_try_again() {
    let world = World::new().await;
    world.store.close().await;
    let (status, text) = world.post(&Delivery::opened("one")).await;
    assert_eq!(status, 503, "{text}");
    let (status, text) = world.get("/readyz").await;
    assert!(status == 503 && text.contains("\"store\":\"the database"), "{text}");
    assert_eq!(world.get("/healthz").await.0, 200, "alive all the same");
    assert!(world.get("/metrics").await.1.contains("bailiwick_deliveries_total{result=\"failed\"} 1"));
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_not_ready() {
    for (statement, problem) in [
        ("INSERT INTO moved (at) VALUES (1)", "this database was moved to another one"),
        (
            "CREATE TRIGGER closed BEFORE INSERT ON facts BEGIN SELECT RAISE(ABORT, 'closed'); END",
            "the database could not be written",
        ),
    ] {
        let world = World::new().await;
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}", world.folder.path().join("test.db").display());
        let mut other = sqlx::AnyConnection::connect(&url).await.expect("the same database");
        sqlx::raw_sql(statement).execute(&mut other).await.expect("done");
        let (status, text) = world.get("/readyz").await;
        assert!(status == 503 && text.contains(problem), "{text}");
    }
}

#[tokio::test]
async fn probes_metrics_and_wrong_routes() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(world.get("/readyz").await.0, 200);
    *world.fine.lock().unwrap() = Err("the forge refuses the key; see `bailiwick doctor`".to_owned());
    let (status, text) = world.get("/readyz").await;
    assert!(status == 503 && text.contains("bailiwick doctor") && text.contains("\"ready\":false"), "{text}");

    world.post(&Delivery::opened("one")).await;
    world.post(&Delivery::opened("one").signed_with("x")).await;
    let (_, text) = world.get("/metrics").await;
    for line in [
        "bailiwick_deliveries_total{result=\"accepted\"} 1",
        "bailiwick_deliveries_total{result=\"unsigned\"} 1",
        "bailiwick_jobs{state=\"waiting\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
    assert_eq!(world.get("/webhooks/github").await.0, 405);
    assert_eq!(world.get("/nowhere").await.0, 404);
    let (status, page) = world.get("/").await;
    assert_eq!(status, 200);
    assert!(page.contains("Bailiwick") && page.contains("/readyz"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_client_that_goes_away_does_not_tear_off_the_work() {
    let (world, has_entered, leave) = World::that_waits().await;
    let mut stream = world.connect().await;
    let request = String::from_utf8(Delivery::opened("one").request()).expect("UTF-8");
    stream.write_all(request.replace("connection: close\r\n", "").as_bytes()).await.expect("sent");
    tokio::task::spawn_blocking(move || has_entered.recv()).await.expect("a thread").expect("the plan is asked");
    stream.shutdown().await.expect("gone");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the server has dropped the connection");
    assert!(rest.is_empty(), "and with it the request");
    leave.send(()).expect("the plan waits");
    while world.stored().await != (1, 1) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_in_the_plan_is_an_answer_and_not_a_broken_connection() {
    let world = World::with(Arc::new(|| panic!("a fault of ours"))).await;
    let (status, text) = world.post(&Delivery::opened("one")).await;
    assert!(status == 500 && !text.contains("fault"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_shutdown_answers_what_is_under_way_and_closes_idle_connections() {
    let (world, has_entered, leave) = World::that_waits().await;
    let mut idle = world.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: bot\r\n\r\n").await.expect("sent");
    let mut stream = world.connect().await;
    stream.write_all(&Delivery::opened("one").request()).await.expect("sent");
    tokio::task::spawn_blocking(move || has_entered.recv()).await.expect("a thread").expect("the plan is asked");
    world.shutdown.cancel();
    leave.send(()).expect("the plan waits");
    assert_eq!(status(&answer(&mut stream).await), (202, "accepted".to_owned()));
    assert_eq!(answer(&mut idle).await.0, 200);
    world.server.await.expect("an orderly end");
    assert!(TcpStream::connect(&world.address).await.is_err(), "nobody listens any more");
}
