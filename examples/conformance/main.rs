//! What Bailiwick and its sandbox say to each other, held against what GitHub publishes:
//!
//! - every REST exchange that the client recorded against GitHub's OpenAPI description: the query, the
//!   request's body, the status and the answer's body;
//! - every one that the sandbox recorded, whoever asked: its answers and their headers, and that what
//!   the description forbids was refused;
//! - requests that are nearly right, sent to a running sandbox, which has to refuse them;
//! - the poorest answers that the description allows, read by the client;
//! - every recorded webhook against the description's webhooks;
//! - every example webhook of `@octokit/webhooks-examples` through Bailiwick's parser, whole and as
//!   poor as the description allows.
//!
//! `make conformance` fetches the two packages, makes the recordings and runs this program as
//! `conformance <api.github.com.json> <index.json> <folder of recordings> [--all]`.
//!
//! It exits with 0 where all is well, 1 where something differs, and 2 where there is nothing to
//! compare: a run without exchanges or webhooks is no proof of anything.

mod description;
mod examples;
mod exchanges;
mod fields;
mod mutants;
mod paths;
mod pointer;
mod poor;
mod probes;
mod served;
mod table;
#[cfg(test)]
mod tests;
mod webhooks;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::description::Description;
use crate::table::Table;

/// How many messages of one row are shown without `--all`.
const SHOWN: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    match run(&arguments, &mut out) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Compares everything and returns how many violations there are.
///
/// # Errors
/// Where an input is missing, unreadable or empty.
fn run(arguments: &[String], out: &mut dyn Write) -> anyhow::Result<usize> {
    let shown = if arguments.iter().any(|argument| argument == "--all") { usize::MAX } else { SHOWN };
    let files: Vec<&Path> =
        arguments.iter().filter(|argument| *argument != "--all").map(|file| Path::new(file.as_str())).collect();
    let [description, index, recordings] = files[..] else {
        anyhow::bail!("usage: conformance <api.github.com.json> <index.json> <folder of recordings> [--all]");
    };
    let document = description::prepared(read_json(description)?);
    let description = Description::new(&document)?;
    let mut tables = recorded(&description, index, recordings)?;
    tables.extend(live(&description)?);
    let mut violations = 0;
    for table in &tables {
        table.print(out, shown)?;
        violations += table.violations();
    }
    writeln!(out, "{violations} violations in all")?;
    Ok(violations)
}

/// Compares what was recorded.
///
/// # Errors
/// Where a kind of recording is missing.
fn recorded(description: &Description<'_>, index: &Path, recordings: &Path) -> anyhow::Result<Vec<Table>> {
    let mut rest = Table::new("REST exchanges", "recorded client-*.jsonl against the description's operations");
    for line in lines(recordings, "client-")? {
        exchanges::check(description, &line, &mut rest);
    }
    let mut served = Table::new("Answers of the sandbox", "recorded sandbox-*.jsonl against the same operations");
    for line in lines(recordings, "sandbox-")? {
        served::check(description, &line, &mut served);
    }
    let mut hooks =
        Table::new("Webhooks that were sent", "recorded webhooks-*.jsonl against the description's webhooks");
    for line in lines(recordings, "webhooks-")? {
        webhooks::check(description, &line, &mut hooks);
    }
    let mut parsed = Table::new("Webhooks that are understood", "GitHub's examples through forge::event::Event::parse");
    examples::check(description, &read_json(index)?, &mut parsed);
    let tables = vec![rest, served, hooks, parsed];
    for table in &tables {
        anyhow::ensure!(!table.is_empty(), "{}: nothing to compare, so this is no pass", table.title());
    }
    Ok(tables)
}

/// Lets a sandbox and a client answer for themselves.
///
/// # Errors
/// Where they do not start, or refuse what is right.
fn live(description: &Description<'_>) -> anyhow::Result<Vec<Table>> {
    let mut refused = Table::new("Requests that are nearly right", "the sandbox refuses what the description forbids");
    let mut poor = Table::new("Answers as poor as may be", "the client reads what the description leaves of them");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        probes::check(description, &mut refused).await?;
        poor::check(description, &mut poor).await
    })?;
    Ok(vec![refused, poor])
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(path)
        .with_context(|| format!("{}: cannot be read; `make conformance` fetches it", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{}: is no JSON", path.display()))
}

/// Every line of the folder's `<prefix>*.jsonl`, in the order of the files' names.
fn lines(folder: &Path, prefix: &str) -> anyhow::Result<Vec<Value>> {
    let missing = || format!("{}: no such folder; `make conformance` makes the recordings", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).with_context(missing)?.collect();
    let mut paths: Vec<_> = entries?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !(name.starts_with(prefix) && name.ends_with(".jsonl")) {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        for (index, line) in text.lines().enumerate() {
            let at = || format!("{}:{}: is no JSON", path.display(), index + 1);
            found.push(serde_json::from_str(line).with_context(at)?);
        }
    }
    Ok(found)
}
