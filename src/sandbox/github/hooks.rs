//! Webhooks: signed as GitHub signs them, sent in order by one background task, written down in a
//! log, and never tried again by themselves.
//!
//! Facts: <https://docs.github.com/webhooks/webhook-events-and-payloads> (headers),
//! <https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks> (10 seconds).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::{mpsc, watch};

use super::faults::{Fate, Order};
use super::shared::Shared;

/// GitHub waits this long for an answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Bigger payloads are not sent at all.
const MAX_PAYLOAD: usize = 25 * 1024 * 1024;
/// How long the log can be asked for redeliveries.
const RETENTION: Duration = Duration::from_secs(3 * 24 * 3600);

/// One attempt to deliver a webhook, as GitHub's log shows it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The attempt's id.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for every attempt.
    pub guid: String,
    /// The event's name, such as `pull_request`.
    pub event: String,
    /// The event's action, such as `opened`.
    pub action: Option<String>,
    /// When it was sent.
    pub delivered_at: Timestamp,
    /// Whether it was asked for again.
    pub redelivery: bool,
    /// `OK`, or what went wrong.
    pub status: String,
    /// The receiver's HTTP status, or one that GitHub makes up where there was no answer.
    pub status_code: u16,
    /// The repository it is about.
    pub repository_id: Option<u64>,
    /// The installation it belongs to.
    pub installation_id: Option<u64>,
    /// The request's headers.
    pub request_headers: Vec<(String, String)>,
    /// The request's body, byte for byte.
    pub request_body: String,
    /// The answer's body, cut short.
    pub response_body: Option<String>,
}

/// What has to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) guid: String,
    pub(crate) event: String,
    pub(crate) action: Option<String>,
    pub(crate) repository: Option<u64>,
    pub(crate) installation: Option<u64>,
    pub(crate) body: Arc<str>,
    pub(crate) redelivery: bool,
}

#[derive(Debug)]
enum Command {
    Deliver(Parcel),
    Release(Order),
}

/// Where the App listens.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: Option<String>,
    pub(crate) secret: SecretString,
    /// Whether the payload is the field of a form, and not the body itself.
    pub(crate) form: bool,
    /// Whether certificates are not looked at. The sandbox's receivers have none.
    pub(crate) insecure: bool,
}

impl Target {
    /// To that address, signed so, as JSON.
    pub(crate) fn new(url: Option<String>, secret: SecretString) -> Self {
        Self { url, secret, form: false, insecure: false }
    }

    pub(crate) fn is_signed(&self) -> bool {
        !self.secret.expose_secret().is_empty()
    }
}

/// The queue and the log.
#[derive(Debug)]
pub(crate) struct Hooks {
    commands: mpsc::UnboundedSender<Command>,
    log: Mutex<Vec<Delivery>>,
    pending: watch::Sender<u64>,
}

/// The other end of the queue, for the task.
#[derive(Debug)]
pub(crate) struct Outbox(mpsc::UnboundedReceiver<Command>);

impl Hooks {
    pub(crate) fn new() -> (Self, Outbox) {
        let (commands, receiver) = mpsc::unbounded_channel();
        (Self { commands, log: Mutex::default(), pending: watch::Sender::new(0) }, Outbox(receiver))
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new().0
    }

    fn command(&self, command: Command) {
        self.pending.send_modify(|count| *count += 1);
        // The task is gone only while the sandbox stops.
        let _ = self.commands.send(command);
    }

    pub(crate) fn deliver(&self, parcel: Parcel) {
        if parcel.body.len() <= MAX_PAYLOAD {
            self.command(Command::Deliver(parcel));
        }
    }

    pub(crate) fn release(&self, order: Order) {
        self.command(Command::Release(order));
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything that is not held back has been sent and answered.
    pub(crate) async fn settled(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.pending.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// The background task: sends until the sandbox stops.
pub(crate) async fn run(shared: Arc<Shared>, mut outbox: Outbox) {
    let client = reqwest::Client::builder().timeout(LIMIT).no_proxy().redirect(reqwest::redirect::Policy::none());
    let Ok(client) = client.build() else {
        tracing::error!("The sandbox cannot send webhooks: no HTTP client could be made");
        return;
    };
    let mut held = Vec::new();
    while let Some(command) = outbox.0.recv().await {
        match command {
            Command::Deliver(parcel) => deliver(&shared, &client, parcel, &mut held).await,
            Command::Release(order) => release(&shared, &client, &mut held, order).await,
        }
        shared.hooks.pending.send_modify(|count| *count -= 1);
    }
}

async fn deliver(shared: &Shared, client: &reqwest::Client, parcel: Parcel, held: &mut Vec<Parcel>) {
    match shared.faults.for_webhook(&*shared.entropy) {
        Fate::Drop => record(shared, &parcel, Vec::new(), Reply::lost()),
        Fate::Send => send(shared, client, &parcel).await,
        Fate::SendTwice => {
            send(shared, client, &parcel).await;
            send(shared, client, &parcel).await;
        }
        Fate::Hold => {
            held.push(parcel);
            let window = shared.faults.window();
            if window > 0 && held.len() >= window {
                release(shared, client, held, Order::Shuffled).await;
            }
        }
    }
}

async fn release(shared: &Shared, client: &reqwest::Client, held: &mut Vec<Parcel>, order: Order) {
    let mut parcels = std::mem::take(held);
    match order {
        Order::AsHappened => {}
        Order::Reversed => parcels.reverse(),
        Order::Shuffled => {
            for index in (1..parcels.len()).rev() {
                let other = shared.entropy.below(index as u64 + 1);
                parcels.swap(index, usize::try_from(other).unwrap_or(0));
            }
        }
    }
    for parcel in parcels {
        send(shared, client, &parcel).await;
    }
}

struct Reply {
    status: String,
    status_code: u16,
    body: Option<String>,
}

impl Reply {
    fn lost() -> Self {
        Self { status: "failed to connect to host".to_owned(), status_code: 502, body: None }
    }
}

async fn send(shared: &Shared, client: &reqwest::Client, parcel: &Parcel) {
    let target = shared.target();
    let Some(url) = &target.url else {
        return;
    };
    let body =
        if target.form { format!("payload={}", super::paging::encode(&parcel.body)) } else { parcel.body.to_string() };
    let headers = headers(shared, parcel, (&target, &body));
    let mut request = client.post(url).body(body);
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let reply = match request.send().await {
        Ok(response) => {
            let code = response.status().as_u16();
            let fine = response.status().is_success();
            let body = response.text().await.unwrap_or_default().chars().take(1000).collect();
            let status = if fine { "OK".to_owned() } else { format!("Invalid HTTP Response: {code}") };
            Reply { status, status_code: code, body: Some(body) }
        }
        Err(error) if error.is_timeout() => Reply { status: "timed out".to_owned(), status_code: 504, body: None },
        Err(_) => Reply::lost(),
    };
    record(shared, parcel, headers, reply);
}

fn record(shared: &Shared, parcel: &Parcel, request_headers: Vec<(String, String)>, reply: Reply) {
    // Each attempt has an id of its own, larger than those before: the log is paged by it.
    let id = shared.state().next_id();
    shared.hooks.log().push(Delivery {
        id,
        guid: parcel.guid.clone(),
        event: parcel.event.clone(),
        action: parcel.action.clone(),
        delivered_at: shared.clock.now(),
        redelivery: parcel.redelivery,
        status: reply.status,
        status_code: reply.status_code,
        repository_id: parcel.repository,
        installation_id: parcel.installation,
        request_headers,
        request_body: parcel.body.to_string(),
        response_body: reply.body,
    });
}

fn headers(shared: &Shared, parcel: &Parcel, (target, body): (&Target, &str)) -> Vec<(String, String)> {
    let app = shared.app.id.to_string();
    let kind = if target.form { "application/x-www-form-urlencoded" } else { "application/json" };
    let mut headers: Vec<(String, String)> = [
        ("Accept", "*/*"),
        ("Content-Type", kind),
        ("User-Agent", "GitHub-Hookshot/5a3cb2d"),
        ("X-GitHub-Delivery", &parcel.guid),
        ("X-GitHub-Event", &parcel.event),
        ("X-GitHub-Hook-ID", "470000001"),
        ("X-GitHub-Hook-Installation-Target-ID", &app),
        ("X-GitHub-Hook-Installation-Target-Type", "integration"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    if target.is_signed() {
        headers.push(("X-Hub-Signature-256".to_owned(), sign(&target.secret, body.as_bytes())));
    }
    headers
}

/// `X-Hub-Signature-256` of a body.
pub(crate) fn sign(secret: &SecretString, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

impl Shared {
    /// The log of the last three days, oldest first: GitHub knows no more.
    pub(crate) fn kept_deliveries(&self) -> Vec<Delivery> {
        let since = self.clock.now().checked_sub(RETENTION).unwrap_or_default();
        self.hooks.log().iter().filter(|delivery| delivery.delivered_at >= since).cloned().collect()
    }

    /// Sends a logged delivery again, with its GUID; `false` where there is none (any more).
    pub(crate) fn redeliver(&self, is_wanted: impl Fn(&Delivery) -> bool) -> bool {
        let found = self.kept_deliveries().into_iter().find(|delivery| is_wanted(delivery));
        let Some(delivery) = found else { return false };
        self.hooks.deliver(Parcel {
            guid: delivery.guid,
            event: delivery.event,
            action: delivery.action,
            repository: delivery.repository_id,
            installation: delivery.installation_id,
            body: delivery.request_body.into(),
            redelivery: true,
        });
        true
    }
}

impl Delivery {
    /// The payload as JSON.
    pub fn payload(&self) -> Value {
        serde_json::from_str(&self.request_body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    /// The example of GitHub's page "Validating webhook deliveries".
    #[test]
    fn the_signature_is_githubs() {
        let signature = super::sign(&"It's a Secret to Everybody".into(), b"Hello, World!");
        assert_eq!(signature, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    }
}
