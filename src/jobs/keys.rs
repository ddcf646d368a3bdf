//! What the store remembers of deploy keys, and registering one.

use std::collections::BTreeSet;

use serde_json::json;

use super::JobError;
use crate::forge::{KeyError, Repo};
use crate::names::{ClusterName, DeployKeyId, IssueNumber, PublicKey, TeamName};
use crate::report::comment::KeyReport;
use crate::store::Store;
use crate::tenancy::Team;

const KIND: &str = "deploy-key";

/// Registers the key unless a key with this body is there. A key with this body but other rights is
/// replaced: GitHub's keys cannot be changed. Returns the registration's number.
pub(super) async fn ensure_registered(
    repo: &Repo,
    title: &str,
    key: &PublicKey,
    read_only: bool,
) -> Result<DeployKeyId, KeyError> {
    let mut there = repo.deploy_keys().await?;
    there.retain(|known| known.key().as_ref() == Some(key));
    if there.iter().any(|known| !known.enabled) {
        return Err(KeyError::Disabled { repository: repo.name().to_string() });
    }
    if let Some(known) = there.iter().find(|known| known.read_only == read_only) {
        return Ok(known.id);
    }
    for known in there {
        repo.remove_deploy_key(known.id).await?;
    }
    Ok(repo.add_deploy_key(title, key, read_only).await?.id)
}

/// Remembers how far a team's key is, and in which pull request people read about it.
pub(super) async fn record(
    store: &Store,
    cluster: &ClusterName,
    pull: Option<IssueNumber>,
    report: &KeyReport,
) -> Result<(), JobError> {
    let key = format!("{cluster}/{}", report.team);
    let pull = match pull {
        Some(pull) => Some(pull.get()),
        None => store.fact(KIND, &key).await?.and_then(|known| known["pull"].as_u64()),
    };
    Ok(store.set_fact(KIND, &key, &json!({"report": report, "pull": pull})).await?)
}

/// The keys that the comment of a pull request tells of.
pub(super) async fn reports(
    store: &Store,
    cluster: &ClusterName,
    pull: IssueNumber,
) -> Result<Vec<KeyReport>, JobError> {
    let start = format!("{cluster}/");
    let known = store.facts(KIND).await?;
    let of_this =
        known.into_iter().filter(|(key, value)| key.starts_with(&start) && value["pull"] == json!(pull.get()));
    Ok(of_this.filter_map(|(_, value)| serde_json::from_value(value["report"].clone()).ok()).collect())
}

/// Those of the teams whose keys nobody has looked after yet.
pub(super) async fn unknown(store: &Store, cluster: &ClusterName, mut teams: Vec<Team>) -> Result<Vec<Team>, JobError> {
    let start = format!("{cluster}/");
    let known = store.facts(KIND).await?;
    let known: BTreeSet<&str> = known.iter().filter_map(|(key, _)| key.strip_prefix(&start)).collect();
    teams.retain(|team| !known.contains(team.name.as_str()));
    Ok(teams)
}

/// The pull request that told of a team's key, and whether the key is registered.
pub(super) async fn known(
    store: &Store,
    cluster: &ClusterName,
    team: &TeamName,
) -> Result<Option<(KeyReport, Option<IssueNumber>)>, JobError> {
    let value = store.fact(KIND, &format!("{cluster}/{team}")).await?;
    Ok(value.and_then(|value| {
        let report = serde_json::from_value(value["report"].clone()).ok()?;
        Some((report, value["pull"].as_u64().map(IssueNumber::new)))
    }))
}
