//! The listener: limits for connections and headers, and an orderly end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What strangers may take up.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// How long a client may take for a request's head, and how long an idle connection is kept.
    header_time: Duration,
    /// How many connections are served at one time; further ones wait to be accepted.
    connections: usize,
    /// How many bytes of a connection are read ahead. hyper looks at the size after it has read as much again, so
    /// that a request's head may have twice as many, and all connections together take that times their number.
    /// GitHub's head takes about 1 KB.
    ahead: usize,
    /// How many headers a request may have. GitHub sends about 15.
    headers: usize,
    /// How long requests may go on after a shutdown began.
    grace: Duration,
}

const LIMITS: Limits = Limits {
    header_time: Duration::from_secs(10),
    connections: 1_024,
    ahead: 32 * 1024,
    headers: 64,
    grace: Duration::from_secs(10),
};

/// The pause after the system refused a connection (out of file descriptors).
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` over HTTP/1.1 until `shutdown` is cancelled; then nothing more is
/// accepted, requests that are under way are finished (within ten seconds), and it returns.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    serve_within(LIMITS, listener, router, shutdown).await;
}

async fn serve_within(limits: Limits, listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, slot)) => {
                let connection = connection(stream, router.clone(), (limits, shutdown.clone()));
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, all).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

async fn connection(stream: TcpStream, router: Router, (limits, shutdown): (Limits, CancellationToken)) {
    // Answers are small: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.ahead)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection ended with an error");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: bot\r\n\r\n";

    struct Served {
        address: std::net::SocketAddr,
        shutdown: CancellationToken,
        server: tokio::task::JoinHandle<()>,
    }

    impl Served {
        async fn within(limits: Limits, router: Router) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let shutdown = CancellationToken::new();
            let server = tokio::spawn(serve_within(limits, listener, router, shutdown.clone()));
            Self { address, shutdown, server }
        }

        async fn send(&self, bytes: &[u8]) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.expect("a connection");
            stream.write_all(bytes).await.expect("sent");
            stream
        }
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("the server ends the connection");
        text
    }

    #[tokio::test]
    async fn connections_that_only_wait_are_ended() {
        let limits = Limits { header_time: Duration::from_millis(20), ..LIMITS };
        let served = Served::within(limits, Router::new().route("/", get(|| async { "hello" }))).await;
        assert!(!rest(served.send(b"").await).await.contains("200"), "never says a word");
        assert!(!rest(served.send(b"GET / HTTP/1.1\r\nx: ").await).await.contains("200"), "never ends its head");
        assert!(rest(served.send(REQUEST).await).await.ends_with("hello"), "asks once and stays");
    }

    /// The time counts from the first byte to the last of the head, not between two of them.
    #[tokio::test]
    async fn a_head_that_drips_is_ended_too() {
        let limits = Limits { header_time: Duration::from_millis(200), ..LIMITS };
        let served = Served::within(limits, Router::new().route("/", get(|| async { "hello" }))).await;
        let mut stream = served.send(b"GET / HTTP/1.1\r\nx: ").await;
        let mut dripped = 0;
        while stream.write_all(b"x").await.is_ok() {
            dripped += 1;
            assert!(dripped < 10_000, "it goes on for ever");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(dripped > 5, "it was not ended for something else");
    }

    #[tokio::test]
    async fn a_connection_too_many_waits_for_its_turn() {
        let served = Served::within(Limits { connections: 1, ..LIMITS }, Router::new()).await;
        let first = served.send(b"").await;
        let mut second = served.send(REQUEST).await;
        drop(first);
        let mut byte = [0];
        second.read_exact(&mut byte).await.expect("served in the end");
    }

    #[tokio::test]
    async fn a_shutdown_does_not_wait_for_ever() {
        let begun = Arc::new(tokio::sync::Notify::new());
        let has_begun = Arc::clone(&begun);
        let stuck = get(move || {
            begun.notify_one();
            std::future::pending::<()>()
        });
        let served = Served::within(Limits { grace: Duration::ZERO, ..LIMITS }, Router::new().route("/", stuck)).await;
        let stream = served.send(REQUEST).await;
        has_begun.notified().await;
        served.shutdown.cancel();
        served.server.await.expect("an end");
        assert_eq!(rest(stream).await, "", "cut");
    }
}
