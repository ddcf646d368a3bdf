use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// One request and its answer, for comparing with GitHub's published description. It holds no
/// headers, and tokens in bodies are replaced.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Exchange {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The route as GitHub's description writes it, such as `/repos/{owner}/{repo}/pulls`.
    pub route: String,
    /// The path that was really asked for, below the API's address, with its query.
    pub path: String,
    /// The request's JSON, `null` where there was none.
    pub request: Value,
    /// The answer's status.
    pub status: u16,
    /// The answer's JSON, `null` where it was none.
    pub response: Value,
}

/// Takes every exchange. Called on the request's path, so it should be quick.
pub trait Record: Send + Sync + std::fmt::Debug {
    /// Takes one exchange.
    fn record(&self, exchange: &Exchange);
}

/// Writes every exchange as one line of JSON.
pub struct JsonLines(Mutex<Box<dyn Write + Send>>);

impl JsonLines {
    /// Lines go to `sink`; a failing sink is logged once per line and otherwise ignored.
    pub fn new(sink: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(sink))
    }
}

impl std::fmt::Debug for JsonLines {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JsonLines")
    }
}

impl Record for JsonLines {
    fn record(&self, exchange: &Exchange) {
        let mut line = serde_json::to_vec(exchange).unwrap_or_default();
        line.push(b'\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.write_all(&line).and_then(|()| sink.flush()) {
            tracing::warn!(%error, "an exchange with the forge could not be recorded");
        }
    }
}

/// Replaces what no recording may hold.
pub(super) fn without_tokens(mut body: Value) -> Value {
    match &mut body {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let secret = matches!(name.as_str(), "token" | "pem" | "webhook_secret" | "client_secret");
                *value = if secret { Value::from("removed") } else { without_tokens(value.take()) };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_tokens(item.take())),
        _ => {}
    }
    body
}
