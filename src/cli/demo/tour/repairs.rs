//! What happens while the server is down is not lost.

use anyhow::ensure;

use super::super::world::{ADMIN, ALICE, BOB, TEAM2, writes};
use super::{Tour, until};

/// A change that nothing is wrong with.
const WORDS: &[(&str, &str)] = &[("docs/canaries.md", "What canaries are for.\n")];

impl Tour {
    /// GitHub never delivers again by itself; its list of deliveries tells what did not arrive.
    pub(super) async fn missed(&mut self) -> anyhow::Result<String> {
        self.world.stop_server().await;
        let comment = self.world.github.comment(ALICE, ADMIN, 1, "/help")?;
        self.world.github.webhooks_settled().await;
        self.world.start_server().await?;
        let answer = self.answer(comment).await?;
        ensure!(answer.contains("/create-team"), "the answer was: {answer}");
        Ok("/help answered".to_owned())
    }

    /// The list reaches back three days. What is older is seen by looking at what is there.
    pub(super) async fn forgotten(&mut self) -> anyhow::Result<String> {
        self.world.stop_server().await;
        let head = self.world.github.push(BOB, (ADMIN, "canaries"), &writes(WORDS), "Explain it").await?;
        self.world.github.webhooks_settled().await;
        self.world.github.forget_deliveries();
        self.world.start_server().await?;
        let check = self.check(ADMIN, &head).await?;
        ensure!(check.conclusion.as_deref() == Some("success"), "{:?}: {:?}", check.conclusion, check.summary);
        Ok(format!("#{} judged again at {}", self.request, &head[..7]))
    }

    /// The old key opens the repository until Flux has fetched with the new one.
    pub(super) async fn rotated(&mut self) -> anyhow::Result<String> {
        let before = self.world.github.deploy_keys(TEAM2);
        self.world.github.comment(ALICE, ADMIN, 1, "/rotate-key team2")?;
        until("the answer that the key is exchanged", || {
            let comments = self.world.github.comments(ADMIN, 1);
            comments.into_iter().find(|comment| comment.body.contains("✅ **team2** has a new deploy key in dev"))
        })
        .await?;
        let after = self.world.github.deploy_keys(TEAM2);
        ensure!(after.len() == 1 && before.iter().all(|old| old.key != after[0].key), "the keys are {after:?}");
        Ok(format!("\"{}\" is another key now", after[0].title))
    }
}
