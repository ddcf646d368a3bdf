//! Pull requests that are judged, and a merge queue's group.

use anyhow::{Context as _, ensure};

use super::super::seed;
use super::super::world::{ADMIN, BOB, TEAM1, writes};
use super::Tour;

impl Tour {
    pub(super) async fn greedy(&mut self) -> anyhow::Result<String> {
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

    pub(super) async fn mended(&mut self) -> anyhow::Result<String> {
        let head = self.world.github.push(BOB, (ADMIN, "canaries"), &writes(seed::MODEST), "Mend it").await?;
        let check = self.check(ADMIN, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("success"), "{:?}: {:?}", check.conclusion, check.summary);
        Ok(check.title.unwrap_or_default())
    }

    pub(super) async fn reaching(&mut self) -> anyhow::Result<String> {
        let (number, head) = self.open(BOB, (TEAM1, "neighbour"), seed::REACHING, "A surprise").await?;
        let check = self.check(TEAM1, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("failure"), "the check says {:?}", check.conclusion);
        let note = check.annotations.iter().find(|note| note["path"] == "neighbour.yaml");
        let note = note.context("no annotation on neighbour.yaml")?;
        Ok(format!("#{number}, neighbour.yaml line {}", note["start_line"]))
    }

    /// Two pull requests that are green one by one, and not one after the other: only the merge queue's groups tell.
    pub(super) async fn queued(&mut self) -> anyhow::Result<String> {
        let github = &self.world.github;
        github.require_merge_queue(TEAM1, "ALLGREEN")?;
        let renamed = seed::FRONTEND.replace("name: frontend", "name: web");
        let rename = &[("frontend.yaml", renamed.as_str())][..];
        let mut pulls = Vec::new();
        for (branch, files, title) in [("rename", rename, "Rename it"), ("replicas", seed::REPLICAS, "Two of it")] {
            let (number, head) = self.open(BOB, (TEAM1, branch), files, title).await?;
            let check = self.check(TEAM1, &head).await?;
            ensure!(check.conclusion.as_deref() == Some("success"), "{title:?}: {:?}", check.summary);
            pulls.push(number);
        }
        let mut said = Vec::new();
        for (number, expected) in pulls.into_iter().zip(["success", "failure"]) {
            let group = github.enqueue(BOB, TEAM1, number).await?;
            let check = self.check(TEAM1, &group.head).await?;
            ensure!(check.conclusion.as_deref() == Some(expected), "#{number} in the queue: {:?}", check.summary);
            said.push(format!("#{number} {expected}"));
        }
        Ok(said.join(", "))
    }
}
