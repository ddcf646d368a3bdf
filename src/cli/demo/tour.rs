//! The tour: plays the loop from end to end and verifies every step. Each kind of job has a step that fails without it.

mod onboarding;
mod repairs;
mod reviews;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::future::BoxFuture;

use super::world::{ADMIN, World, writes};
use crate::jobs::CHECK_NAME;
use crate::sandbox::github::{CheckRunView, NewPullRequest};

/// How long a step may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A tour through a world.
pub struct Tour {
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
    /// A tour through a world that has just been started.
    pub fn new(world: World) -> Self {
        Self { world, request: 0, onboarding: 0 }
    }

    /// Plays it. Returns 0 where every step was verified, 1 where one was not.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    #[expect(clippy::future_not_send, reason = "it writes to this thread's standard output")]
    pub async fn play(mut self, out: &mut dyn Write) -> anyhow::Result<u8> {
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
        let steps: [Step; 14] = [
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
            ("the merge queue's groups are judged, one on top of the other", |tour| Box::pin(tour.queued())),
            ("a command that came while the server was down is run", |tour| Box::pin(tour.missed())),
            ("a push that no delivery tells of is judged", |tour| Box::pin(tour.forgotten())),
            ("team2 gets a new deploy key, and the old one goes", |tour| Box::pin(tour.rotated())),
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

    async fn answer(&self, comment: u64) -> anyhow::Result<String> {
        until(&format!("an answer to comment {comment}"), || {
            let comments = self.world.github.comments(ADMIN, 1);
            let marker = crate::report::comment::marker(&format!("answer/{comment}"));
            comments.into_iter().find(|answer| answer.body.contains(&marker)).map(|answer| answer.body)
        })
        .await
    }
}
