//! How many webhooks a second the server takes in durably, and how fast it answers: the receiver and the
//! store alone (`serve --role web`), on SQLite and on PostgreSQL, both fsynced.
//!
//! It prints lines of JSON: `cargo bench --bench ingest`, or `-- sqlite` for one of the two; `docs/performance.md`
//! says what is counted. The load comes from this process, on the same machine. Nothing fails here for being slow.

mod load;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
#[path = "../review/process.rs"]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod process;
mod requests;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::store::Store;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// As many as GitHub's senders would keep open, and as the comparison in `docs/performance.md` had.
const CONNECTIONS: usize = 32;
const FULL_SPEED: Duration = Duration::from_secs(10);
const STEADY: Duration = Duration::from_secs(10);
/// Webhooks a second of the steady load.
const RATE: u32 = 1_000;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|argument| argument == name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if wants("sqlite") {
        let folder = tempfile::Builder::new().prefix("bailiwick-ingest-").tempdir()?;
        let url = format!("sqlite://{}", folder.path().join("bench.db").display());
        say(&runtime.block_on(measure("sqlite", &url))?)?;
    }
    if wants("postgres") {
        let server = postgres::Postgres::start_durable();
        say(&runtime.block_on(measure("postgres", &server.database()))?)?;
    }
    Ok(())
}

async fn measure(name: &str, database: &str) -> anyhow::Result<Value> {
    let folder = tempfile::Builder::new().prefix("bailiwick-ingest-").tempdir()?;
    let address = free_address()?;
    let key = requests::private_key().await?;
    std::fs::write(folder.path().join("app.pem"), key.expose_secret())?;
    let config = configure(folder.path(), address, database)?;
    let mut server = process::Server::start_with(
        env!("CARGO_BIN_EXE_bailiwick"),
        (&config, &folder.path().join("mirrors")),
        address,
        &["--role", "web"],
    )?;
    let idle = server.memory("VmRSS");
    let requests = Arc::new(requests::prepare());
    let before = server.ticks()?;
    let full = load::closed(address, CONNECTIONS, FULL_SPEED, &requests).await?;
    let used = server.ticks()? - before;
    let peak = server.memory("VmHWM");
    let steady = load::open(address, (CONNECTIONS, RATE), STEADY, &requests).await?;
    server.stop();
    let store = Store::open(database, Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let stored = store.delivery_count().await?;
    store.close().await;
    let acknowledged = full.accepted + steady.accepted;
    Ok(json!({
        "database": name, "connections": CONNECTIONS, "body_bytes": requests.body_bytes(),
        "full_speed": {
            "per_second": full.per_second().round(), "p50_ms": full.percentile(50.0), "p99_ms": full.percentile(99.0),
            "server_cpu_us_per_webhook": (u64_to_f64(used) * 10_000.0 / u64_to_f64(full.accepted)).round(),
        },
        "steady": {"per_second": RATE, "p50_ms": steady.percentile(50.0), "p99_ms": steady.percentile(99.0)},
        "memory_mb": {"idle": idle.round(), "peak": peak.round()},
        "acknowledged": acknowledged, "stored": stored, "refused": full.refused + steady.refused,
        "nothing_lost": stored == acknowledged,
    }))
}

fn configure(folder: &Path, address: SocketAddr, database: &str) -> anyhow::Result<std::path::PathBuf> {
    std::fs::write(folder.join("webhook-secret"), requests::SECRET)?;
    let config = folder.join("bailiwick.yaml");
    std::fs::write(
        &config,
        format!(
            "listen: {address}\ndatabase: \"{database}\"\ngithub:\n  app_id: 1\n  private_key: {{file: app.pem}}\n  \
             webhook_secrets: [{{file: webhook-secret}}]\nclusters:\n  - name: dev\n    admin_repository: \
             org/dev-cluster\n    team_repository: \"{{org}}/dev-{{team}}\"\n"
        ),
    )?;
    Ok(config)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn u64_to_f64(number: u64) -> f64 {
    number as f64
}

fn say(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
