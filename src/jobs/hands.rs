//! Who has a hand in a pull request: they do not approve it.
//!
//! Who pushed to it is known from events only: a push before it was opened, or one whose event never came, leaves a gap.
//! Who asked the bot for a pull request is written down by the command that opened it. Each person is a fact of its own, so
//! that nothing is lost where two write at the same time.

use std::collections::BTreeSet;

use serde_json::json;

use super::JobError;
use crate::names::{CommitId, IssueNumber, RepositoryId, UserId};
use crate::store::Store;

const PUSHED: &str = "pushed-by";
const ASKED: &str = "asked-by";
/// One commit may be the head of several pull requests, and GitHub shows one check for all of them.
const HEAD: &str = "hand-in-head";

/// A pull request.
type Pull = (RepositoryId, IssueNumber);

/// Those who have a hand in a pull request and its head.
#[derive(Debug, Default)]
pub(super) struct Hands {
    /// By their pushes.
    pub(super) pushed: BTreeSet<UserId>,
    /// By a command that made it, or by what it was made of.
    pub(super) asked: BTreeSet<UserId>,
    /// By a pull request with the same head.
    pub(super) head: BTreeSet<UserId>,
}

impl Hands {
    /// Whether one of them is this person.
    pub(super) fn contains(&self, user: &UserId) -> bool {
        [&self.pushed, &self.asked, &self.head].iter().any(|people| people.contains(user))
    }
}

/// Those of a pull request with this head.
pub(super) async fn of(store: &Store, (repository, pull): Pull, head: &CommitId) -> Result<Hands, JobError> {
    let pull = format!("{repository}/{pull}/");
    Ok(Hands {
        pushed: read(store, PUSHED, &pull).await?,
        asked: read(store, ASKED, &pull).await?,
        head: read(store, HEAD, &format!("{repository}/{head}/")).await?,
    })
}

/// Somebody has pushed to a pull request, or opened it.
pub(super) async fn pushed(store: &Store, (repository, pull): Pull, user: UserId) -> Result<(), JobError> {
    Ok(store.set_fact(PUSHED, &format!("{repository}/{pull}/{user}"), &json!(true)).await?)
}

/// The bot has opened a pull request, or changed it, because this person asked for it.
pub(super) async fn asked(store: &Store, (repository, pull): Pull, user: UserId) -> Result<(), JobError> {
    Ok(store.set_fact(ASKED, &format!("{repository}/{pull}/{user}"), &json!(true)).await?)
}

/// A pull request of this author, or that this person pushed to, has this head.
pub(super) async fn in_head(
    store: &Store,
    (repository, head): (RepositoryId, &CommitId),
    user: UserId,
) -> Result<(), JobError> {
    Ok(store.set_fact(HEAD, &format!("{repository}/{head}/{user}"), &json!(true)).await?)
}

async fn read(store: &Store, kind: &str, prefix: &str) -> Result<BTreeSet<UserId>, JobError> {
    Ok(store.facts_numbered(kind, prefix).await?.into_iter().map(UserId::new).collect())
}
