//! The tour: plays the loop from end to end and verifies every step.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures::future::BoxFuture;

use super::seed;
use super::world::{ADMIN, ALICE, BOB, CAROL, TEAM1, TEAM2, World, writes};
use crate::jobs::CHECK_NAME;
use crate::sandbox::github::{CheckRunView, NewPullRequest};

/// How long a step may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A tour through a world.
pub(super) struct Tour {
    world: World,
    request: u64,
    onboarding: u64,
}

/// Waits until `look` sees something.
async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        ensure!(start.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One step: what it shows, and how it is played and verified.
type Step = (&'static str, for<'s> fn(&'s mut Tour) -> BoxFuture<'s, anyhow::Result<String>>);

impl Tour {
    pub(super) fn new(world: World) -> Self {
        Self { world, request: 0, onboarding: 0 }
    }

    /// Plays it. Returns 0 where every step was verified, 1 where one was not.
    #[expect(clippy::future_not_send, reason = "it writes to this thread's standard output")]
    pub(super) async fn play(mut self, out: &mut dyn Write) -> anyhow::Result<u8> {
        let start = Instant::now();
        let done = self.steps(out).await;
        self.world.stop_server().await;
        match done {
            Ok(()) => {
                writeln!(out, "\nEvery step was verified, in {:.1} s.", start.elapsed().as_secs_f64())?;
                Ok(0)
            }
            Err(error) => {
                writeln!(out, "\n{error:#}")?;
                Ok(1)
            }
        }
    }

    #[expect(clippy::future_not_send, reason = "it writes to this thread's standard output")]
    async fn steps(&mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let steps: [Step; 10] = [
            ("a bad CRD and a greedy ClusterRole are refused on their lines", |tour| Box::pin(tour.greedy())),
            ("the mended pull request is green", |tour| Box::pin(tour.mended())),
            ("somebody without the right is told so", |tour| Box::pin(tour.denied())),
            ("/create-team team2 opens a pull request", |tour| Box::pin(tour.create_team())),
            ("its check is green", |tour| Box::pin(tour.scaffold_is_green())),
            ("merged: the sync is followed and reported", |tour| Box::pin(tour.merged())),
            ("the namespace team2 exists", |tour| Box::pin(tour.namespace())),
            ("team2's deploy key is registered", |tour| Box::pin(tour.deploy_key())),
            ("team2's first push is synced", |tour| Box::pin(tour.first_push())),
            ("team1 reaching into team2 is refused", |tour| Box::pin(tour.reaching())),
        ];
        for (number, (name, step)) in (1..).zip(steps) {
            let start = Instant::now();
            let result = step(self).await;
            let time = start.elapsed().as_secs_f64();
            match result {
                Ok(seen) => writeln!(out, "✔ {time:5.2} s  {number:2}. {name}: {seen}")?,
                Err(error) => {
                    writeln!(out, "✘ {time:5.2} s  {number:2}. {name}")?;
                    return Err(error.context(format!("step {number} failed: {name}")));
                }
            }
            out.flush()?;
        }
        Ok(())
    }

    /// The completed check of a head.
    async fn check(&self, repository: &str, head: &str) -> anyhow::Result<CheckRunView> {
        until(&format!("the check of {head}"), || {
            let runs = self.world.github.check_runs(repository, head);
            runs.into_iter().find(|run| run.name == CHECK_NAME && run.status == "completed")
        })
        .await
    }

    async fn open(
        &self,
        user: &str,
        (repository, branch): (&str, &str),
        files: &[(&str, &str)],
        title: &str,
    ) -> anyhow::Result<(u64, String)> {
        let head = self.world.github.push(user, (repository, branch), &writes(files), title).await?;
        let new = NewPullRequest { head: branch, base: "main", title, body: "" };
        Ok((self.world.github.open_pull(user, repository, new).await?, head))
    }

    async fn greedy(&mut self) -> anyhow::Result<String> {
        let (number, head) = self.open(BOB, (ADMIN, "canaries"), seed::GREEDY, "Canaries for team1").await?;
        self.request = number;
        let check = self.check(ADMIN, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("failure"), "the check says {:?}", check.conclusion);
        for (file, rule) in [("canaries.yaml", "one-storage-version"), ("canary-operator.yaml", "wildcard")] {
            let on_line = |note: &&serde_json::Value| {
                let text = format!("{} {}", note["title"], note["message"]);
                note["path"].as_str().is_some_and(|path| path.ends_with(file)) && text.contains(rule)
            };
            let note = check.annotations.iter().find(on_line);
            let note = note.with_context(|| format!("no annotation of {rule} on {file}"))?;
            ensure!(note["start_line"].as_u64().is_some_and(|line| line > 1), "{rule} stands on no line");
        }
        Ok(format!("#{number}, {} annotations", check.annotations.len()))
    }

    async fn mended(&mut self) -> anyhow::Result<String> {
        let head = self.world.github.push(BOB, (ADMIN, "canaries"), &writes(seed::MODEST), "Mend it").await?;
        let check = self.check(ADMIN, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("success"), "{:?}: {:?}", check.conclusion, check.summary);
        Ok(check.title.unwrap_or_default())
    }

    async fn answer(&self, comment: u64) -> anyhow::Result<String> {
        until(&format!("an answer to comment {comment}"), || {
            let comments = self.world.github.comments(ADMIN, 1);
            let marker = crate::report::comment::marker(&format!("answer/{comment}"));
            comments.into_iter().find(|answer| answer.body.contains(&marker)).map(|answer| answer.body)
        })
        .await
    }

    async fn denied(&mut self) -> anyhow::Result<String> {
        let comment = self.world.github.comment(BOB, ADMIN, 1, "/create-team team3")?;
        let answer = self.answer(comment).await?;
        ensure!(answer.contains("it needs"), "the answer was: {answer}");
        ensure!(self.world.github.pulls(ADMIN).len() == 1, "a pull request was opened all the same");
        Ok("bob may not create teams".to_owned())
    }

    async fn create_team(&mut self) -> anyhow::Result<String> {
        let comment = self.world.github.comment(ALICE, ADMIN, 1, "/create-team team2")?;
        let answer = self.answer(comment).await?;
        let pull = self.world.github.pulls(ADMIN).into_iter().find(|pull| pull.head == "bailiwick/create-team/team2");
        let Some(pull) = pull else { bail!("no pull request; the answer was: {answer}") };
        ensure!(answer.contains(&format!("#{}", pull.number)), "the answer names no pull request: {answer}");
        self.onboarding = pull.number;
        Ok(format!("#{} \"{}\"", pull.number, pull.title))
    }

    async fn scaffold_is_green(&mut self) -> anyhow::Result<String> {
        let pull = self.world.github.pull(ADMIN, self.onboarding).context("the pull request is gone")?;
        let check = self.check(ADMIN, &pull.head_sha).await?;
        ensure!(check.conclusion.as_deref() == Some("success"), "{:?}: {:?}", check.conclusion, check.summary);
        Ok(check.title.unwrap_or_default())
    }

    async fn merged(&mut self) -> anyhow::Result<String> {
        let commit = self.world.github.merge(ALICE, ADMIN, self.onboarding).await?;
        let report = until("the report that the merge is applied", || {
            let comments = self.world.github.comments(ADMIN, self.onboarding);
            let lines =
                comments.into_iter().flat_map(|comment| comment.body.lines().map(str::to_owned).collect::<Vec<_>>());
            lines.into_iter().find(|line| line.starts_with("✅") && line.contains(&commit[..7]))
        })
        .await?;
        // The deployment is told after the comment.
        until("the successful deployment", || {
            let deployed = self.world.github.deployments(ADMIN);
            let is_success = |(state, _): &(String, String)| state == "success";
            deployed.into_iter().find(|one| one.sha == commit && one.statuses.iter().any(is_success))
        })
        .await?;
        Ok(report.trim_start_matches("✅ ").to_owned())
    }

    async fn namespace(&mut self) -> anyhow::Result<String> {
        let namespace = until("the namespace", || self.world.cluster.get("Namespace", "", "team2")).await?;
        ensure!(namespace["status"]["phase"] == "Active", "its phase is {}", namespace["status"]["phase"]);
        Ok("Active".to_owned())
    }

    async fn deploy_key(&mut self) -> anyhow::Result<String> {
        let key = until("the deploy key", || self.world.github.deploy_keys(TEAM2).into_iter().next()).await?;
        ensure!(key.read_only, "it may write");
        let said = until("the report of the key", || {
            let comments = self.world.github.comments(ADMIN, self.onboarding);
            comments.into_iter().find(|comment| comment.body.contains("deploy key registered"))
        });
        said.await?;
        Ok(format!("\"{}\", read-only", key.title))
    }

    async fn first_push(&mut self) -> anyhow::Result<String> {
        let head = self.world.github.push(CAROL, (TEAM2, "main"), &writes(seed::TEAM), "Our first workload").await?;
        // Flux looks again after its interval, a minute; nobody wants to watch that.
        self.world.apply(serde_json::json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "team2", "namespace": "team2", "annotations": {"reconcile.fluxcd.io/requestedAt": &head}},
        }))?;
        until("the workload in the cluster", || self.world.cluster.get("Deployment", "team2", "frontend")).await?;
        Ok(format!("Deployment team2/frontend from {}", &head[..7]))
    }

    async fn reaching(&mut self) -> anyhow::Result<String> {
        let (number, head) = self.open(BOB, (TEAM1, "neighbour"), seed::REACHING, "A surprise").await?;
        let check = self.check(TEAM1, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("failure"), "the check says {:?}", check.conclusion);
        let note = check.annotations.iter().find(|note| note["path"] == "neighbour.yaml");
        let note = note.context("no annotation on neighbour.yaml")?;
        Ok(format!("#{number}, neighbour.yaml line {}", note["start_line"]))
    }
}
