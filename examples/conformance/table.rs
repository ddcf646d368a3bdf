//! What was compared and what came of it, for printing.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// One kind of comparison: rows by operation or event.
#[derive(Debug)]
pub(crate) struct Table {
    title: &'static str,
    explanation: &'static str,
    rows: BTreeMap<String, Row>,
}

#[derive(Debug, Default)]
struct Row {
    count: usize,
    violations: usize,
    /// Each message once, in the order of appearance, and how often it appeared.
    messages: Vec<(String, usize)>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(title: &'static str, explanation: &'static str) -> Self {
        Self { title, explanation, rows: BTreeMap::new() }
    }

    /// What it compares.
    pub(crate) fn title(&self) -> &str {
        self.title
    }

    /// Counts one comparison under `row`, with the messages about what differs.
    pub(crate) fn add(&mut self, row: &str, messages: Vec<String>) {
        let row = self.rows.entry(row.to_owned()).or_default();
        row.count += 1;
        row.violations += messages.len();
        for message in messages {
            match row.messages.iter_mut().find(|(known, _)| *known == message) {
                Some((_, count)) => *count += 1,
                None => row.messages.push((message, 1)),
            }
        }
    }

    /// Whether nothing was compared.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many violations there are.
    pub(crate) fn violations(&self) -> usize {
        self.rows.values().map(|row| row.violations).sum()
    }

    /// Prints every row, with up to `shown` different messages each.
    ///
    /// # Errors
    /// Where `out` takes no more.
    pub(crate) fn print(&self, out: &mut dyn Write, shown: usize) -> io::Result<()> {
        writeln!(out, "{}: {}", self.title, self.explanation)?;
        let width = self.rows.keys().map(String::len).max().unwrap_or_default();
        for (name, row) in &self.rows {
            writeln!(out, "  {name:width$}  {:>6}  {:>6}", row.count, row.violations)?;
            for (message, count) in row.messages.iter().take(shown) {
                writeln!(out, "      {count} × {message}")?;
            }
            if row.messages.len() > shown {
                writeln!(out, "      and {} different ones more: see them with --all", row.messages.len() - shown)?;
            }
        }
        let count: usize = self.rows.values().map(|row| row.count).sum();
        writeln!(out, "  {} rows, {count} compared, {} violations\n", self.rows.len(), self.violations())
    }
}
