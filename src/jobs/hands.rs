//! Who has a hand in a pull request beside its author: they do not approve it.
//!
//! Who pushed to it is known from events only; one that never came leaves a gap. Who asked the bot for a pull request is
//! written down by the command that opened it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::JobError;
use crate::names::{IssueNumber, RepositoryId, UserId};
use crate::store::Store;

/// Written by reviews of the pull request only, which follow one another.
const PUSHED: &str = "pushed-by";
/// Written by the commands of one repository only, which follow one another.
const ASKED: &str = "asked-by";

/// Those who have a hand in a pull request.
#[derive(Debug, Default)]
pub(super) struct Hands {
    /// By their pushes.
    pub(super) pushed: BTreeSet<UserId>,
    /// By a command that made it, or by what it was made of.
    pub(super) asked: BTreeSet<UserId>,
}

impl Hands {
    /// Whether one of them is this person.
    pub(super) fn contains(&self, user: &UserId) -> bool {
        self.pushed.contains(user) || self.asked.contains(user)
    }
}

/// Those of a pull request.
pub(super) async fn of(store: &Store, pull: (RepositoryId, IssueNumber)) -> Result<Hands, JobError> {
    Ok(Hands { pushed: read(store, PUSHED, pull).await?, asked: read(store, ASKED, pull).await? })
}

/// Somebody has pushed to a pull request, or opened it.
pub(super) async fn pushed(store: &Store, pull: (RepositoryId, IssueNumber), user: UserId) -> Result<(), JobError> {
    add(store, PUSHED, pull, [user]).await
}

/// The bot has opened a pull request, or changed it, because these people asked for it.
pub(super) async fn asked(
    store: &Store,
    pull: (RepositoryId, IssueNumber),
    users: impl IntoIterator<Item = UserId>,
) -> Result<(), JobError> {
    add(store, ASKED, pull, users).await
}

async fn add(
    store: &Store,
    kind: &str,
    pull: (RepositoryId, IssueNumber),
    users: impl IntoIterator<Item = UserId>,
) -> Result<(), JobError> {
    let known = read(store, kind, pull).await?;
    let mut all = known.clone();
    all.extend(users);
    if all != known {
        let ids: Vec<u64> = all.iter().map(|user| user.get()).collect();
        store.set_fact(kind, &key(pull), &json!(ids)).await?;
    }
    Ok(())
}

async fn read(store: &Store, kind: &str, pull: (RepositoryId, IssueNumber)) -> Result<BTreeSet<UserId>, JobError> {
    let known = store.fact(kind, &key(pull)).await?;
    let ids = known.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(ids.iter().filter_map(Value::as_u64).map(UserId::new).collect())
}

fn key((repository, pull): (RepositoryId, IssueNumber)) -> String {
    format!("{repository}/{pull}")
}
