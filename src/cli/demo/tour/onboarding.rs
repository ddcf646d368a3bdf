//! A team comes: command, pull request, merge, sync, namespace, key, first push.

use anyhow::{Context as _, bail, ensure};

use super::super::seed;
use super::super::world::{ADMIN, ALICE, BOB, CAROL, TEAM2, writes};
use super::{Tour, until};

impl Tour {
    pub(super) async fn denied(&mut self) -> anyhow::Result<String> {
        let comment = self.world.github.comment(BOB, ADMIN, 1, "/create-team team3")?;
        let answer = self.answer(comment).await?;
        ensure!(answer.contains("it needs"), "the answer was: {answer}");
        ensure!(self.world.github.pulls(ADMIN).len() == 1, "a pull request was opened all the same");
        Ok("bob may not create teams".to_owned())
    }

    pub(super) async fn create_team(&mut self) -> anyhow::Result<String> {
        let comment = self.world.github.comment(ALICE, ADMIN, 1, "/create-team team2")?;
        let answer = self.answer(comment).await?;
        let pull = self.world.github.pulls(ADMIN).into_iter().find(|pull| pull.head == "bailiwick/create-team/team2");
        let Some(pull) = pull else { bail!("no pull request; the answer was: {answer}") };
        ensure!(answer.contains(&format!("#{}", pull.number)), "the answer names no pull request: {answer}");
        self.onboarding = pull.number;
        Ok(format!("#{} \"{}\"", pull.number, pull.title))
    }

    pub(super) async fn scaffold_is_green(&mut self) -> anyhow::Result<String> {
        let pull = self.world.github.pull(ADMIN, self.onboarding).context("the pull request is gone")?;
        let check = self.check(ADMIN, &pull.head_sha).await?;
        ensure!(check.conclusion.as_deref() == Some("success"), "{:?}: {:?}", check.conclusion, check.summary);
        Ok(check.title.unwrap_or_default())
    }

    pub(super) async fn merged(&mut self) -> anyhow::Result<String> {
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

    pub(super) async fn namespace(&mut self) -> anyhow::Result<String> {
        let namespace = until("the namespace", || self.world.cluster.get("Namespace", "", "team2")).await?;
        ensure!(namespace["status"]["phase"] == "Active", "its phase is {}", namespace["status"]["phase"]);
        Ok("Active".to_owned())
    }

    pub(super) async fn deploy_key(&mut self) -> anyhow::Result<String> {
        let key = until("the deploy key", || self.world.github.deploy_keys(TEAM2).into_iter().next()).await?;
        ensure!(key.read_only, "it may write");
        let said = until("the report of the key", || {
            let comments = self.world.github.comments(ADMIN, self.onboarding);
            comments.into_iter().find(|comment| comment.body.contains("Flux has fetched `"))
        });
        said.await?;
        Ok(format!("\"{}\", read-only", key.title))
    }

    pub(super) async fn first_push(&mut self) -> anyhow::Result<String> {
        let head = self.world.github.push(CAROL, (TEAM2, "main"), &writes(seed::TEAM), "Our first workload").await?;
        // Flux looks again after its interval, a minute; nobody wants to watch that.
        self.world.apply(serde_json::json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "team2", "namespace": "team2", "annotations": {"reconcile.fluxcd.io/requestedAt": &head}},
        }))?;
        until("the workload in the cluster", || self.world.cluster.get("Deployment", "team2", "frontend")).await?;
        Ok(format!("Deployment team2/frontend from {}", &head[..7]))
    }
}
