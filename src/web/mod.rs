//! The HTTP server: webhooks, health, metrics.
//!
//! A webhook request does three things and no more: its signature is verified, the delivery and
//! its jobs are stored in one transaction, and 202 is answered. Neither the forge nor a cluster is
//! called. The work is done on a task of its own, because the server drops a request's future when
//! the client goes away, and what was begun must not be torn off in the middle.

mod body;
mod health;
mod index;
mod metrics;
mod server;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

use crate::forge::Forge;
use crate::forge::event::Event;
use crate::store::{NewJob, Store};

pub use crate::forge::{SecretsError, VerifiedDelivery, WebhookSecrets};
pub use health::ReadyCheck;
pub use server::serve;

/// Which jobs an event asks for: pure, and it must not panic.
pub type Plan = Arc<dyn Fn(&Event) -> Vec<NewJob> + Send + Sync>;

/// What the routes need.
#[derive(Clone)]
pub struct Receiver {
    /// The webhook's secrets: one, or two while it is being changed. `None` where webhooks are not
    /// received but fetched: then they are answered with 404, which GitHub's list shows as failed.
    pub secrets: Option<WebhookSecrets>,
    /// Where deliveries and jobs go.
    pub store: Store,
    /// Which jobs an event asks for.
    pub plan: Plan,
    /// The forge, whose budget the metrics tell; `None` leaves that part out.
    pub forge: Option<Forge>,
    /// What else must be fine before this process is ready; the store is always checked.
    pub checks: Vec<Arc<dyn ReadyCheck>>,
}

struct Shared {
    receiver: Receiver,
    /// How long a body may take.
    body_time: Duration,
    budget: body::Budget,
    tally: health::Tally,
    written: health::Written,
}

/// `POST /webhooks/github`, `GET /`, `GET /healthz`, `GET /readyz`, `GET /metrics`.
pub fn router(receiver: Receiver) -> Router {
    with_webhooks(receiver, Some(body::MAX_TIME))
}

/// The same without webhooks, for a process that only works.
pub fn probes(receiver: Receiver) -> Router {
    with_webhooks(receiver, None)
}

/// With webhooks whose bodies may take that long, or without.
fn with_webhooks(receiver: Receiver, webhooks: Option<Duration>) -> Router {
    let body_time = webhooks.unwrap_or_default();
    let shared = Shared {
        receiver,
        body_time,
        budget: body::Budget::default(),
        tally: health::Tally::default(),
        written: health::Written::default(),
    };
    let routes = Router::new();
    let routes = if webhooks.is_some() { routes.route("/webhooks/github", post(webhook::receive)) } else { routes };
    routes
        .route("/", get(index::index))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .with_state(Arc::new(shared))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::clock::{SeededEntropy, SystemClock};

    /// GitHub gives up after ten seconds too; here it is a fifth of one.
    #[tokio::test]
    async fn a_body_that_stops_coming_is_answered_with_408_and_the_connection_ends() {
        let store = Store::open("sqlite::memory:", Arc::new(SystemClock), Arc::new(SeededEntropy::new(1)));
        let store = store.await.expect("a database");
        let secrets = Some(WebhookSecrets::new(vec![SecretString::from("x")]).expect("one"));
        let receiver = Receiver { secrets, store, plan: Arc::new(|_| Vec::new()), forge: None, checks: Vec::new() };
        let routes = with_webhooks(receiver, Some(Duration::from_millis(200)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, routes, CancellationToken::new()));
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let head = b"POST /webhooks/github HTTP/1.1\r\nhost: bot\r\ncontent-length: 9\r\n\r\nhalf";
        stream.write_all(head).await.expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("the server ends the connection");
        assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("did not arrive in time"), "{text}");
    }
}
