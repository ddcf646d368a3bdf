//! What is measured, and how it is put into numbers.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::git::{GitSettings, Mirrors};
use bailiwick::jobs::Context;
use bailiwick::sandbox::github::Change;
use serde_json::{Value, json};

use crate::spans::{Stopwatch, Times};
use crate::system::{Pull, Sandbox};
use crate::{generate, process};

/// Warm reviews per size; one of them comes after a merge.
const WARM: usize = 20;
const BINARY: &str = env!("CARGO_BIN_EXE_bailiwick");

/// One review and what it cost.
struct Reviewed {
    pull: Pull,
    times: Times,
    requests: BTreeMap<String, u64>,
    git_requests: usize,
}

/// The reviews of one size, in this process.
pub(crate) fn reviews(teams: usize) -> anyhow::Result<Value> {
    let watch = Stopwatch::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let bench = Bench { teams, watch, sandbox: Sandbox::start(teams).await? };
        bench.run().await
    })
}

struct Bench {
    teams: usize,
    watch: Stopwatch,
    sandbox: Sandbox,
}

impl Bench {
    async fn run(self) -> anyhow::Result<Value> {
        let context = self.sandbox.context().await?;
        let before = memory("RssAnon");
        let cold = self.review(&context, 0).await?;
        let indexed = memory("RssAnon");
        let mut warm = Vec::with_capacity(WARM);
        let mut moved = None;
        for number in 1..=WARM {
            if number == WARM / 2 {
                self.sandbox.merge(&cold.pull).await?;
            }
            let reviewed = self.review(&context, number).await?;
            if number == WARM / 2 {
                moved = Some(milliseconds(reviewed.times.own()));
            }
            warm.push(reviewed);
        }
        let most = warm.iter().map(|review| review.requests.values().sum::<u64>()).max().unwrap_or(0);
        let server = self.server()?;
        drop(context);
        let rewriting = self.rewriting().await?;
        Ok(json!({
            "what": "review", "teams": self.teams,
            "cold_ms": milliseconds(cold.times.own()),
            "warm_ms": spread(&warm, Times::own),
            "warm_after_base_moved_ms": moved,
            "warm_judging_ms": spread(&warm, Times::judging),
            "cold_processor_ms": milliseconds(cold.times.processor()),
            "warm_processor_ms": spread(&warm, Times::processor),
            "warm_parts_ms": parts(&warm),
            "waiting_ms": spread(&warm, Times::outside),
            "github_requests": {"most": most, "warm": warm.last().map(|review| &review.requests), "cold": cold.requests},
            "git_requests": warm.last().map(|review| review.git_requests),
            "index_mb": rounded(indexed - before),
            "rss_mb": memory("VmRSS"), "rss_anonymous_mb": memory("RssAnon"),
            "rewriting": rewriting,
            "server": server,
        }))
    }

    /// A fresh pull request, reviewed.
    async fn review(&self, context: &Arc<Context>, number: usize) -> anyhow::Result<Reviewed> {
        let pull = self.sandbox.open(&format!("change-{number}"), self.change(number)).await?;
        let requests = context.forge.requests_by_route();
        self.sandbox.github.clear_request_log();
        self.watch.take();
        self.sandbox.review(context, &pull).await?;
        let times = self.watch.take();
        let git_requests =
            self.sandbox.github.request_log().iter().filter(|asked| asked.path.contains(".git/")).count();
        let asked = context.forge.requests_by_route().into_iter().filter_map(|(route, count)| {
            let new = count - requests.get(&route).copied().unwrap_or(0);
            (new > 0).then(|| (format!("{} {}", route.0, route.1), new))
        });
        Ok(Reviewed { pull, times, requests: asked.collect(), git_requests })
    }

    /// One line more in one file of one team; teams from the whole list, and each file in turn.
    fn change(&self, number: usize) -> Change {
        let team = generate::team(number * 7919 % self.teams);
        let files = generate::team_files(&team);
        let (path, text) = &files[number % files.len()];
        Change::write(path, &format!("# change {number}\n{text}"))
    }

    /// The mirror of all these reviews rewritten as one pack.
    async fn rewriting(&self) -> anyhow::Result<Value> {
        let mut settings = GitSettings::new(self.sandbox.file("mirrors"));
        settings.max_packs = 1;
        let mirrors = Mirrors::new(settings)?;
        let start = Instant::now();
        let rewritten = mirrors.rewrite_one().await?;
        let objects = rewritten.map(|one| one.objects);
        Ok(json!({"ms": milliseconds(start.elapsed()), "objects": objects, "peak_mb": memory("VmHWM")}))
    }

    /// A real server process beside the same GitHub.
    fn server(&self) -> anyhow::Result<Value> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = self.sandbox.file("serve.yaml");
        std::fs::write(&config, self.sandbox.configuration(&address.to_string(), "serve.db"))?;
        let start = || process::Server::start(BINARY, &config, &self.sandbox.file("serve-mirrors"), address);
        let first = start()?;
        let fresh = first.memory("VmRSS");
        first.rest()?;
        let rested = first.memory("VmRSS");
        let anonymous = first.memory("RssAnon");
        let ready = first.ready;
        drop(first);
        let again = start()?;
        Ok(json!({
            "ready_ms": milliseconds(ready), "ready_again_ms": milliseconds(again.ready),
            "rss_at_start_mb": rounded(fresh), "rss_at_rest_mb": rounded(rested),
            "rss_anonymous_at_rest_mb": rounded(anonymous), "peak_mb": rounded(again.memory("VmHWM")),
        }))
    }
}

/// `bailiwick check --render never` of a generated folder.
pub(crate) fn check(teams: usize) -> anyhow::Result<Value> {
    let folder = tempfile::Builder::new().prefix("bailiwick-bench-").tempdir()?;
    for (path, text) in generate::repository(teams) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        std::fs::write(path, text)?;
    }
    let mut runs = Vec::new();
    for _ in 0..5 {
        let mut command = Command::new(BINARY);
        command.arg("check").arg(folder.path()).args(["--render", "never", "--format", "json"]);
        runs.push(process::run(&mut command)?);
    }
    let mut walls: Vec<f64> = runs.iter().map(|(wall, _)| milliseconds(*wall)).collect();
    let first = walls[0];
    walls.sort_by(f64::total_cmp);
    let peak = runs.iter().map(|(_, peak)| *peak).fold(0.0, f64::max);
    Ok(json!({
        "what": "check", "teams": teams, "first_ms": first, "median_ms": walls[walls.len() / 2], "peak_mb": rounded(peak),
        "within_2_s": walls[walls.len() / 2] <= 2_000.0, "within_300_mb": peak <= 300.0,
    }))
}

/// The median time of each part of a review, in milliseconds.
fn parts(reviews: &[Reviewed]) -> Value {
    let part = |name: &str| spread(reviews, |times| times.of(name))["median"].clone();
    let rest = spread(reviews, |times| times.own().saturating_sub(times.judging()));
    json!({"index": part("index"), "merge": part("merge"), "judge": part("judge"), "rest": rest["median"]})
}

fn spread(reviews: &[Reviewed], of: impl Fn(&Times) -> Duration) -> Value {
    let mut times: Vec<f64> = reviews.iter().map(|review| milliseconds(of(&review.times))).collect();
    times.sort_by(f64::total_cmp);
    let at = |tenths: usize| times.get(times.len() * tenths / 10).copied();
    json!({"median": at(5), "p90": at(9)})
}

fn milliseconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3)
}

/// With three digits after the point.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn memory(field: &str) -> f64 {
    process::memory("self", field).map_or(f64::NAN, rounded)
}
