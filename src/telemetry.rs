//! What the process says of itself: the log, readable sentences with dotted fields; and its last words
//! where it panics. No secret leaves it: see [`crate::redact`].

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _, Write};
use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, registry};

use crate::redact::{redact, redact_json};

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A line for people, with colours.
    Text,
    /// A line of JSON.
    Json,
}

/// Starts logging to stderr: text on a terminal, JSON lines elsewhere. `BAILIWICK_LOG` sets what is
/// logged, in the syntax of `tracing_subscriber::EnvFilter`; `default` is used where it is not set. A second
/// call does nothing.
pub fn start(default: &str) {
    let filter = EnvFilter::try_from_env("BAILIWICK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let style = if io::stderr().is_terminal() { Style::Text } else { Style::Json };
    // The only error is that logging was started before, by a test for example.
    let _ = log_to(filter, style, io::stderr).try_init();
}

/// A log of what `filter` lets pass, whose lines go to what `sink` makes for each of them.
pub fn log_to<W, S>(filter: EnvFilter, style: Style, sink: S) -> impl Subscriber + Send + Sync
where
    W: Write + 'static,
    S: Fn() -> W + Send + Sync + 'static,
{
    let writer = move || Redacting::new(sink(), style);
    let (text, json) = match style {
        Style::Text => (Some(fmt::layer().with_target(false)), None),
        Style::Json => (None, Some(fmt::layer().json().flatten_event(true))),
    };
    let writer = std::sync::Arc::new(writer);
    let (for_text, for_json) = (std::sync::Arc::clone(&writer), writer);
    let text = text.map(|layer| layer.with_writer(move || for_text()));
    let json = json.map(|layer| layer.with_writer(move || for_json()));
    registry().with(filter).with(text).with(json)
}

/// From now on a panic is told to what `sink` makes, without the secrets in its message. Without this,
/// the standard library writes the message to stderr as it is.
pub fn guard_panics<W: Write>(sink: impl Fn() -> W + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |panic| {
        // Nobody is left to tell where even this cannot be written.
        let _ = sink().write_all(redact(&last_words(panic)).as_bytes());
    }));
}

fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let trace = Backtrace::capture();
    let trace = match trace.status() {
        BacktraceStatus::Captured => format!("stack backtrace:\n{trace}\n"),
        _ => String::new(),
    };
    format!("thread '{}' {panic}\n{trace}", thread.name().unwrap_or("<unnamed>"))
}

/// Takes the secrets out of what is written through it. It holds everything until it is flushed or
/// dropped, because a formatter writes a text in pieces, and a secret may be in several of them.
#[derive(Debug)]
pub struct Redacting<W: Write> {
    inner: W,
    style: Style,
    held: Vec<u8>,
}

impl<W: Write> Redacting<W> {
    /// Text of this style goes to `inner`.
    pub const fn new(inner: W, style: Style) -> Self {
        Self { inner, style, held: Vec::new() }
    }

    fn let_go(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let text = String::from_utf8_lossy(&held);
        match self.style {
            Style::Text => self.inner.write_all(redact(&text).as_bytes()),
            Style::Json => self.inner.write_all(redact_json(&text).as_bytes()),
        }
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.let_go()?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Redacting<W> {
    fn drop(&mut self) {
        // A log that cannot be written is no reason to stop.
        let _ = self.let_go();
    }
}
