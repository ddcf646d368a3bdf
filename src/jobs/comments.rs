//! One comment per purpose, made once and then edited.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::JobError;
use crate::forge::{ForgeError, Repo};
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
    let known = match store.effect(lease, KIND, &key).await? {
        EffectState::Done(value) if value["hash"] == json!(hash) => return Ok(()),
        EffectState::Done(value) => value["id"].as_u64().map(CommentId::new),
        EffectState::Unfinished => repo.find_own_comment(issue, &comment::marker(purpose)).await?.map(|found| found.id),
        EffectState::New => None,
    };
    let id = write(repo, issue, known, &body).await?;
    store.effect_done(lease, KIND, &key, &json!({"id": id.get(), "hash": hash})).await?;
    Ok(())
}

async fn write(repo: &Repo, issue: IssueNumber, known: Option<CommentId>, body: &str) -> Result<CommentId, ForgeError> {
    if let Some(id) = known {
        match repo.update_comment(id, body).await {
            Ok(_) => return Ok(id),
            // Somebody deleted it: people shall still read the answer.
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(repo.create_comment(issue, body).await?.id)
}
