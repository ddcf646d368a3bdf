//! The load: plain HTTP/1.1 over kept connections, as little work per request as can be, because it runs on
//! the server's own machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::requests::Requests;
use crate::u64_to_f64;

/// What came of a load.
pub(crate) struct Outcome {
    /// Requests that were answered with 202.
    pub(crate) accepted: u64,
    /// Requests that were answered otherwise.
    pub(crate) refused: u64,
    took: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    /// 202s a second.
    pub(crate) fn per_second(&self) -> f64 {
        u64_to_f64(self.accepted) / self.took.as_secs_f64()
    }

    /// The latency in milliseconds that so many percent of the requests do not exceed.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a list")]
        let place = (u64_to_f64(self.latencies.len() as u64) * percent / 100.0) as usize;
        let latency = self.latencies.get(place).or(self.latencies.last()).copied().unwrap_or_default();
        (latency.as_secs_f64() * 100_000.0).round() / 100.0
    }
}

/// The next GUID's number: none is sent twice.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// As fast as the server answers, on so many connections.
pub(crate) async fn closed(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    requests: &Arc<Requests>,
) -> anyhow::Result<Outcome> {
    let end = Instant::now() + time;
    run(address, connections, requests, move |_| (Instant::now() < end).then(Instant::now)).await
}

/// So many a second whatever the server does. Latencies count from the time at which a request was due, so that
/// a server that falls behind cannot hide it.
pub(crate) async fn open(
    address: SocketAddr,
    (connections, rate): (usize, u32),
    time: Duration,
    requests: &Arc<Requests>,
) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let sent = Arc::new(AtomicU64::new(0));
    let due = move |_| {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let after = Duration::from_secs_f64(u64_to_f64(number) / f64::from(rate));
        (after < time).then(|| start + after)
    };
    run(address, connections, requests, due).await
}

async fn run(
    address: SocketAddr,
    connections: usize,
    requests: &Arc<Requests>,
    due: impl Fn(usize) -> Option<Instant> + Clone + Send + 'static,
) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..connections {
        tasks.spawn(connection(address, Arc::clone(requests), due.clone(), number));
    }
    let mut outcome = Outcome { accepted: 0, refused: 0, took: Duration::ZERO, latencies: Vec::new() };
    while let Some(ended) = tasks.join_next().await {
        let (latencies, refused) = ended??;
        outcome.accepted += latencies.len() as u64;
        outcome.refused += refused;
        outcome.latencies.extend(latencies);
    }
    outcome.took = start.elapsed();
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

async fn connection(
    address: SocketAddr,
    requests: Arc<Requests>,
    due: impl Fn(usize) -> Option<Instant>,
    number: usize,
) -> anyhow::Result<(Vec<Duration>, u64)> {
    let mut stream = TcpStream::connect(address).await.context("the server does not accept")?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut refused, mut request, mut answer) = (Vec::new(), 0, Vec::new(), Vec::new());
    while let Some(at) = due(number) {
        tokio::time::sleep_until(at.into()).await;
        requests.write(NEXT.fetch_add(1, Ordering::Relaxed), &mut request);
        stream.write_all(&request).await?;
        if exchange(&mut stream, &mut answer).await? {
            latencies.push(at.elapsed());
        } else {
            refused += 1;
        }
    }
    Ok((latencies, refused))
}

/// Reads one answer; whether it is a 202.
async fn exchange(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<bool> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            anyhow::bail!("the server closed the connection");
        }
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(&answer[..end]).context("a head")?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("a length")?;
            if answer.len() >= end + 4 + length.trim().parse::<usize>()? {
                return Ok(answer.starts_with(b"HTTP/1.1 202"));
            }
        }
    }
}
