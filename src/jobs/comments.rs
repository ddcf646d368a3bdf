//! One comment per purpose, made once and then edited.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::JobError;
use crate::forge::Repo;
use crate::names::{CommentId, IssueNumber};
use crate::report::comment;
use crate::store::{EffectState, Lease, Store};

const KIND: &str = "comment";

/// Writes `body` as the comment of this purpose on an issue or pull request: edits the one that is
/// there, or makes it. A run that was cut between making and recording it is found by the marker.
pub(super) async fn upsert(
    store: &Store,
    lease: &Lease,
    (repo, issue): (&Repo, IssueNumber),
    purpose: &str,
    body: &str,
) -> Result<(), JobError> {
    let key = format!("{}/{issue}/{purpose}", repo.name().as_str().to_ascii_lowercase());
    let body = comment::with_marker(purpose, body);
    let hash = hex::encode(Sha256::digest(body.as_bytes()));
    let mut known = match store.effect(lease, KIND, &key).await? {
        EffectState::Done(value) if value["hash"] == json!(hash) => return Ok(()),
        EffectState::Done(value) => match value["id"].as_u64() {
            Some(id) => Some(CommentId::new(id)),
            None => find(repo, issue, purpose).await?,
        },
        EffectState::Unfinished => find(repo, issue, purpose).await?,
        EffectState::New => None,
    };
    if let Some(id) = known {
        match repo.update_comment(id, &body).await {
            Ok(_) => {}
            // Somebody deleted it: people shall still read the answer. The intent is on disk before
            // another one is written, so that a run after this one looks for it.
            Err(error) if error.is_absent() => {
                store.effect_done(lease, KIND, &key, &json!({})).await?;
                known = None;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let id = match known {
        Some(id) => id,
        None => repo.create_comment(issue, &body).await?.id,
    };
    store.effect_done(lease, KIND, &key, &json!({"id": id.get(), "hash": hash})).await?;
    Ok(())
}

/// The comment that a run which was cut has written, if it came so far.
async fn find(repo: &Repo, issue: IssueNumber, purpose: &str) -> Result<Option<CommentId>, JobError> {
    Ok(repo.find_own_comment(issue, &comment::marker(purpose)).await?.map(|found| found.id))
}
