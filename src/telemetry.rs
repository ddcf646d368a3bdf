//! Logs: readable sentences with dotted fields, to stderr.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging: text on a terminal, JSON lines elsewhere. `BAILIWICK_LOG` sets what is logged, in the
/// syntax of `tracing_subscriber::EnvFilter`; `default` is used where it is not set. A second call
/// does nothing.
pub fn start(default: &str) {
    let filter = EnvFilter::try_from_env("BAILIWICK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    let text = terminal.then(|| fmt::layer().with_writer(std::io::stderr).with_target(false));
    let json = (!terminal).then(|| fmt::layer().json().flatten_event(true).with_writer(std::io::stderr));
    // The only error is that logging was started before, by a test for example.
    let _ = tracing_subscriber::registry().with(filter).with(text).with(json).try_init();
}
