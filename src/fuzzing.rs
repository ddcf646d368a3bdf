//! What the fuzz targets (`fuzz/`) and the tests over their found cases (`tests/fuzz_cases.rs`) do with an
//! input. A panic is a fault.

use std::path::Path;

use secrecy::SecretString;

use crate::command;
use crate::config::{self, SecretError, SecretSource};
use crate::forge::event::Event;
use crate::manifest::{self, Kustomization, Node, Position};

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

/// The text as an HTML comment, without what would end it.
pub fn hide(text: &str) -> String {
    let mut hidden = text.to_owned();
    // Where one end is cut out, what is around it may be another.
    while ["-->", "--!>"].iter().any(|end| hidden.contains(end)) {
        hidden = hidden.replace("-->", "").replace("--!>", "");
    }
    format!("<!-- {hidden} -->")
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

/// A manifest's bytes, as a file of objects and as a kustomization.
///
/// # Panics
/// Where a file with problems has objects, where a problem or node stands nowhere, or where a node's place does not
/// follow that of its parent.
pub fn manifest(input: &[u8]) {
    for name in ["cluster/a.yaml", "cluster/kustomization.yaml"] {
        let Ok(path) = name.parse() else { return };
        let file = manifest::read(path, input);
        let unread = file.documents.is_empty() && file.objects.is_empty();
        assert!(file.problems.is_empty() || unread, "a file with problems is read");
        for problem in &file.problems {
            assert!(problem.position.line > 0 && problem.position.column > 0, "a problem stands nowhere: {problem:?}");
        }
        let mut last = Position::default();
        for document in &file.documents {
            assert!(document.start >= last, "documents stand in their order");
            last = document.start;
            in_order(document, input.len());
        }
        let _ = Kustomization::of(&file);
    }
}

/// The depth is bounded by the reader.
fn in_order(node: &Node, length: usize) {
    // The reader ends a last line that is not ended; a value that is nothing may stand behind that.
    let stands = node.start.line > 0 && node.start.column > 0 && node.start.offset <= length + 1;
    assert!(stands, "a node stands nowhere");
    let parts = node.entries().flat_map(|(key, value)| [key, value]).chain(node.items());
    let mut last = node.start;
    for part in parts {
        assert!(part.start >= last, "a node stands before its parent or the one before it: {part:?}");
        last = part.start;
        in_order(part, length);
    }
}
