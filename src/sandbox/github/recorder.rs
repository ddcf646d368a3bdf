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

    /// Writes one exchange, if a file is set. Tokens are in headers and never written.
    pub(crate) fn exchange(&self, request: &LoggedRequest, asked: &[u8], answered: &[u8]) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = file.as_mut() else { return };
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let mut answered = read(answered);
        if answered["token"].is_string() {
            answered["token"] = json!("ghs_removed");
        }
        let line = json!({
            "method": request.method, "path": request.path, "query": request.query, "request": read(asked),
            "status": request.status, "response": answered,
        });
        // One write per line: other sandboxes may append to the same file.
        if open.write_all(format!("{line}\n").as_bytes()).is_err() {
            tracing::warn!("The sandbox could not write its exchange log and stops writing it");
            *file = None;
        }
    }
}
