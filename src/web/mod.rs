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
    budget: body::Budget,
    tally: health::Tally,
}

/// `POST /webhooks/github`, `GET /`, `GET /healthz`, `GET /readyz`, `GET /metrics`.
pub fn router(receiver: Receiver) -> Router {
    with_webhooks(receiver, true)
}

/// The same without webhooks, for a process that only works.
pub fn probes(receiver: Receiver) -> Router {
    with_webhooks(receiver, false)
}

fn with_webhooks(receiver: Receiver, webhooks: bool) -> Router {
    let shared = Shared { receiver, budget: body::Budget::default(), tally: health::Tally::default() };
    let routes = Router::new();
    let routes = if webhooks { routes.route("/webhooks/github", post(webhook::receive)) } else { routes };
    routes
        .route("/", get(index::index))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .with_state(Arc::new(shared))
}
