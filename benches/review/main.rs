//! Bailiwick's own time and memory for the review of a pull request that touches one team, in
//! generated admin repositories of 10 to 10,000 teams; and what `check` and an idle `serve` cost.
//!
//! It prints lines of JSON. `cargo bench --bench review`, or `-- 10 1000` for some sizes only;
//! `docs/performance.md` says what is counted. Nothing fails here for being slow: a budget that is
//! not met is a `false` in the output.

mod generate;
mod measure;
mod process;
mod spans;
mod system;

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, teams] = arguments.as_slice()
        && flag == "--measure"
    {
        return say(&measure::reviews(teams.parse()?)?);
    }
    let sizes = arguments.iter().map(|size| size.parse().with_context(|| format!("{size} is no number of teams")));
    let mut sizes: Vec<usize> = sizes.collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes.extend(SIZES);
    }
    let mut lines = Vec::new();
    for size in &sizes {
        let line = measure_alone(*size)?;
        say(&line)?;
        lines.push(line);
    }
    if let [first, .., last] = lines.as_slice() {
        say(&flatness(first, last))?;
    }
    if sizes.contains(&1_000) {
        say(&measure::check(1_000)?)?;
    }
    Ok(())
}

/// One size in a process of its own, so that its memory is its own too.
fn measure_alone(teams: usize) -> anyhow::Result<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("--measure").arg(teams.to_string()).stderr(Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "the measurement of {teams} teams failed: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("the measurement of {teams} teams printed no JSON"))
}

/// How the time grows from the smallest repository to the largest.
fn flatness(first: &Value, last: &Value) -> Value {
    let ratio = |key: &str| {
        let of = |line: &Value| line[key]["median"].as_f64().unwrap_or(f64::NAN);
        measure::rounded(of(last) / of(first))
    };
    let (own, processor) = (ratio("warm_ms"), ratio("warm_processor_ms"));
    let slowest = last["warm_ms"]["median"].as_f64().unwrap_or(f64::NAN);
    json!({
        "what": "flatness", "teams": [first["teams"], last["teams"]], "own": own,
        "judging": ratio("warm_judging_ms"), "processor": processor,
        "within_25_percent": (0.75..=1.25).contains(&own), "within_50_ms": slowest <= 50.0,
    })
}

fn say(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
