//! What the fuzz targets (`fuzz/`) and the tests over their found cases (`tests/fuzz_cases.rs`) do with an
//! input. A panic is a fault.

use std::path::Path;

use secrecy::SecretString;

use crate::command;
use crate::config::{self, SecretError, SecretSource};
use crate::forge::event::Event;

/// The events that the server reads, and one that it does not know.
const EVENTS: [&str; 12] = [
    "pull_request",
    "issue_comment",
    "push",
    "check_run",
    "check_suite",
    "deploy_key",
    "installation",
    "installation_repositories",
    "repository",
    "merge_group",
    "ping",
    "unheard_of",
];

/// Longer comments become too long to be read once they are quoted.
const LONG: usize = 8_000;

/// A webhook's body: the first byte chooses the event's name.
pub fn webhook(input: &[u8]) {
    let Some((first, body)) = input.split_first() else { return };
    let name = EVENTS[usize::from(*first) % EVENTS.len()];
    if let Ok(event) = Event::parse(name, body) {
        assert_eq!(event.name(), name, "an event keeps its name");
    }
}

/// A comment's text.
///
/// # Panics
/// Where a command is found in text that only quotes it.
pub fn command(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = command::parse(text);
    if text.len() > LONG {
        return;
    }
    for quoted in [quote(text), fence(text), hide(text)] {
        let found = command::parse(&quoted);
        assert!(found.is_empty(), "a command in a quotation: {quoted:?}");
    }
}

/// The text as a block quote.
pub fn quote(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(|line| format!("> {line}\n"));
    lines.collect()
}

/// The text as a code block whose fence is longer than any in it.
pub fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}\n{text}\n{fence}\n")
}

/// The text as an HTML comment.
pub fn hide(text: &str) -> String {
    format!("<!-- {} -->", text.replace("-->", "").replace("--!>", ""))
}

/// A configuration file's text.
///
/// # Panics
/// Where an error shows a secret.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Err(error) = config::parse(text, "bailiwick.yaml", &Secrets) {
        assert!(!error.to_string().contains(SECRET), "an error shows a secret");
    }
}

const SECRET: &str = "a-secret-that-nobody-sees";

struct Secrets;

impl SecretSource for Secrets {
    fn env(&self, _name: &str) -> Result<SecretString, SecretError> {
        Ok(SECRET.into())
    }

    fn file(&self, _path: &Path) -> Result<SecretString, SecretError> {
        Ok(SECRET.into())
    }
}
