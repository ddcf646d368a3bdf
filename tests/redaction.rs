//! No secret leaves the process: not in the log, not on stderr, not in the store, not in what people read.

#[path = "support/mod.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick::telemetry::{Style, guard_panics, log_to};
use http::Method;
use tracing_subscriber::EnvFilter;

use support::{ADMIN, ALICE, BOB, Effect, Page, TestWorld};

const CORE: &str = "16C7e42F292c6912E7710c838347Ae178B4a";
const MARK: &str = "(redacted)";

/// Takes what is written, for looking at it.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text")
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Each way in which GitHub's and others' secrets are written.
fn secrets() -> Vec<String> {
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{CORE}{CORE}\n{CORE}\n-----END OPENSSH PRIVATE KEY-----");
    vec![
        format!("ghp_{CORE}"),
        format!("github_pat_11AAAAAAA0{CORE}"),
        format!("ghs_12345_eyJ{CORE}.eyJ{CORE}{CORE}{CORE}.{CORE}_{CORE}-{CORE}"),
        format!("eyJ{CORE}.{CORE}.{CORE}"),
        key.replace('\n', "\\n"),
        key,
        format!("https://x-access-token:{CORE}@github.com/org/repo"),
        format!("postgres://bailiwick:{CORE}/@db/bailiwick"),
        format!("authorization: Bearer {CORE}"),
    ]
}

/// A text that a formatter writes in several pieces, and an error with a cause.
#[derive(Debug)]
struct Pieces(String);

impl std::fmt::Display for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|character| write!(formatter, "{character}"))
    }
}

impl std::error::Error for Pieces {}

#[derive(Debug, thiserror::Error)]
#[error("cannot fetch")]
struct Outer(#[source] Pieces);

fn log_everything(secret: &str) {
    let span = tracing::info_span!("job", job.subject = secret);
    let _inside = span.enter();
    let pieces = Pieces(secret.to_owned());
    let (first, second) = secret.split_at(secret.len() / 2);
    tracing::error!("it failed: {pieces}");
    tracing::warn!(reason = secret, "a field");
    tracing::info!(reason = ?secret, other = %pieces, "formatted fields");
    tracing::debug!("in two pieces: {first}{second}");
    let error = Outer(pieces);
    let error: &dyn std::error::Error = &error;
    tracing::trace!(error, "with its cause");
}

#[test]
fn the_log_holds_no_secret_in_messages_fields_spans_and_causes() {
    for style in [Style::Text, Style::Json] {
        for secret in secrets() {
            let sink = Sink::default();
            let log = log_to(EnvFilter::new("trace"), style, {
                let sink = sink.clone();
                move || sink.clone()
            });
            tracing::subscriber::with_default(log, || log_everything(&secret));
            let text = sink.text();
            assert!(!text.contains(&CORE[..12]), "{style:?}: {text}");
            assert!(text.matches(MARK).count() >= 10, "every event and its span tell of it: {text}");
            for words in ["it failed", "a field", "formatted fields", "in two pieces", "with its cause", "cannot fetch"]
            {
                assert!(text.contains(words), "{words} in {text}");
            }
            if style == Style::Json {
                let lines: Vec<serde_json::Value> =
                    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
                assert_eq!(lines.len(), 5, "{text}");
                assert_eq!(lines[1]["message"], "a field");
            }
        }
    }
}

#[test]
fn a_panic_is_told_without_the_secrets_in_its_message() {
    let sink = Sink::default();
    guard_panics({
        let sink = sink.clone();
        move || sink.clone()
    });
    for secret in secrets() {
        let thread = std::thread::Builder::new().name("worker".to_owned());
        let panicked = thread.spawn(move || panic!("no answer from {secret}")).expect("a thread").join();
        assert!(panicked.is_err());
    }
    drop(std::panic::take_hook());
    let text = sink.text();
    assert!(!text.contains(&CORE[..12]), "{text}");
    assert!(text.contains("thread 'worker'") && text.contains("tests/redaction.rs"), "{text}");
    assert_eq!(text.matches("no answer from").count(), secrets().len(), "{text}");
}

#[test]
fn what_a_subcommand_complains_of_holds_no_secret() {
    let url = format!("postgres://bailiwick:{CORE}@db/bailiwick");
    let token = format!("ghp_{CORE}");
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("bailiwick.yaml");
    std::fs::write(&config, format!("listen: 127.0.0.1:0\n{token}: 1\n")).expect("written");
    let config = config.to_str().expect("UTF-8");
    for arguments in [
        vec!["bailiwick", "check", &url],
        vec!["bailiwick", "check", "--fail-on", &token],
        vec!["bailiwick", "create-team", &token, "--plan"],
        vec!["bailiwick", "create-team", "team2", "--repo", &url, "--plan"],
        vec!["bailiwick", "config", "check", config],
        vec!["bailiwick", "explain", &token],
        vec!["bailiwick", &token],
    ] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = bailiwick::cli::run(arguments.iter().map(std::ffi::OsString::from), &mut out, &mut err);
        let err = String::from_utf8(err).expect("text");
        assert_ne!(status, 0, "{arguments:?}");
        assert!(err.contains(MARK) && !err.contains(CORE), "{arguments:?}: {err}");
    }
}

/// Every file below the folder, as it lies on the disk.
fn contents(folder: &std::path::Path, only: &str) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let files = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(only));
    files.flat_map(|file| std::fs::read(file.path()).expect("a readable file")).collect()
}

/// The forge repeats a secret in its refusals. At the finest level of the log, in the database and in
/// everything that the bot wrote there is no trace of it, and none of the secrets that it works with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_in_an_error_of_the_forge_goes_nowhere() {
    let sink = Sink::default();
    let log = log_to(EnvFilter::new("trace"), Style::Json, {
        let sink = sink.clone();
        move || sink.clone()
    });
    tracing::subscriber::set_global_default(log).expect("nobody else in this program logs for all threads");
    let world = TestWorld::start().await;
    let refuse = |path: &str, message: String| {
        let effect = Effect::Refuse { status: 422, message };
        world.github().faults().next_requests(Method::POST, path, 1, effect);
    };
    let mut told = Vec::new();
    for (number, secret) in secrets().into_iter().enumerate() {
        refuse("/repos/org/dev-cluster/check-runs", format!("cannot: {secret}"));
        let pull =
            world.open(BOB, (ADMIN, &format!("words-{number}")), &[("README.md", &format!("# {number}\n"))]).await;
        let check = world.expect_check(&pull, "failure").await;
        told.push(check.text());
        told.push(world.expect_given_up("review_pull_request").await);
        refuse("/repos/org/dev-cluster/git/*", format!("cannot: {secret}"));
        let comment = world.comment(ALICE, &Page::requests(), &format!("/create-team team{}", number + 2));
        told.push(world.expect_answer(comment).await);
        told.push(world.expect_given_up("run_command").await);
    }
    for text in &told {
        assert!(text.contains(MARK) && !text.contains(&CORE[..12]), "{text}");
    }
    let folder = world.world.directory().to_owned();
    let mut secrets = vec![CORE[..12].to_owned()];
    secrets.extend(world.github().issued_tokens());
    for file in ["app.pem", "webhook-secret"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("the world has written it");
        secrets.extend(text.lines().filter(|line| !line.starts_with("---")).map(str::to_owned));
    }
    assert!(secrets.len() > 20, "tokens, the lines of a key, a webhook's secret");
    let (log, database) = (sink.text(), contents(&folder, "bailiwick.db"));
    assert!(log.contains("\"TRACE\"") && log.contains(MARK) && database.len() > 50_000);
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret:.4}… of {} is in {}", secret.len(), line.unwrap_or_default());
        let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "the database holds {}…", &secret[..4]);
    }
    for (repository, number, comment) in world.github().comments_by(support::BOT) {
        assert!(!comment.body.contains(&CORE[..12]), "{repository}#{number}: {}", comment.body);
    }
    world.finish().await;
}

/// What the running server holds, printed with everything that is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_debug_output_shows_a_secret_and_the_keys_are_held_once() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    let folder = world.world.directory();
    let config = bailiwick::config::parse(
        &std::fs::read_to_string(folder.join("bailiwick.yaml")).expect("written"),
        &folder.join("bailiwick.yaml").to_string_lossy(),
        &bailiwick::cli::ProcessSecrets,
    );
    let config = config.expect("the server reads the same");
    let secrets = bailiwick::web::WebhookSecrets::new(config.github.webhook_secrets.clone()).expect("one");
    let url: bailiwick::config::DatabaseUrl = "postgres://bailiwick:s3cr3t-pass@db/bailiwick".parse().expect("a URL");
    let pair = bailiwick::cluster::KeyPair::generate(&bailiwick::clock::OsEntropy, "a comment").expect("a key");
    let private = secrecy::ExposeSecret::expose_secret(&pair.private_openssh).to_owned();
    let context = world.context();
    let shown = format!("{config:?} {secrets:?} {url:?} {pair:?} {context:?} {context:#?} {:?}", world.world.server);
    assert!(shown.len() > 2_000 && shown.contains("webhook_secrets") && shown.contains("Forge"), "{shown}");
    let mut hidden = vec!["s3cr3t-pass".to_owned()];
    hidden.extend(world.github().issued_tokens());
    for text in [private, std::fs::read_to_string(folder.join("app.pem")).expect("written")] {
        hidden.extend(text.lines().filter(|line| !line.starts_with("---")).map(str::to_owned));
    }
    hidden.push(std::fs::read_to_string(folder.join("webhook-secret")).expect("written"));
    assert!(hidden.len() > 20);
    for secret in hidden {
        assert!(!shown.contains(&secret), "{secret:.4}… is shown in {shown}");
        let bytes = format!("{:?}", secret.as_bytes());
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{secret:.4}… is shown in bytes");
    }
    let github = &context.config.github;
    assert!(secrecy::ExposeSecret::expose_secret(&github.private_key).is_empty(), "the forge has it");
    assert!(github.webhook_secrets.is_empty(), "the receiver has them");
    world.finish().await;
}
