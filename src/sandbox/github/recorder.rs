//! What was asked: for counting requests in tests, and, where a file is set, every exchange as a
//! line of JSON, so that both sides can be held against GitHub's published description.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path without `/api/v3` and without the query.
    pub path: String,
    /// The query, or nothing.
    pub query: String,
    /// The answer's status; 0 where the connection was cut.
    pub status: u16,
}

/// The list and the file.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    log: Mutex<Vec<LoggedRequest>>,
    file: Mutex<Option<File>>,
}

impl Recorder {
    pub(crate) fn to_file(&self, path: &Path) -> std::io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    pub(crate) fn add(&self, request: LoggedRequest) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Writes one exchange, if a file is set, with the names of the answer's own headers. Tokens are
    /// in the request's headers, which are never written.
    pub(crate) fn exchange(&self, request: &LoggedRequest, asked: &[u8], (mut answered, headers): (Value, &[&str])) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = file.as_mut() else { return };
        let mut asked: Value = serde_json::from_slice(asked).unwrap_or_default();
        for (body, secret) in [(&mut answered, "token"), (&mut asked, "secret")] {
            if let Some(field) = body.get_mut(secret).filter(|field| field.is_string()) {
                *field = json!("removed");
            }
        }
        let line = json!({
            "method": request.method, "path": request.path, "query": request.query, "request": asked,
            "status": request.status, "headers": headers, "response": answered,
        });
        // One write per line: other sandboxes may append to the same file.
        if open.write_all(format!("{line}\n").as_bytes()).is_err() {
            tracing::warn!("The sandbox could not write its exchange log and stops writing it");
            *file = None;
        }
    }
}
