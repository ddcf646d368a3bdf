//! One line on a terminal that says what is being done; nothing where nobody watches.

use std::io::{IsTerminal as _, Write};

/// The line. It is gone before anything else is written.
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// A line on standard error where that is a terminal.
    pub(super) fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal() }
    }

    /// Replaces the line.
    pub(super) fn say(&self, err: &mut dyn Write, text: &str) {
        if self.shown {
            // A terminal that is gone takes the line with it.
            let _ = write!(err, "\r\x1b[K{}", crate::report::visible(text)).and_then(|()| err.flush());
        }
    }

    /// Takes the line away.
    pub(super) fn done(&self, err: &mut dyn Write) {
        self.say(err, "");
    }
}
