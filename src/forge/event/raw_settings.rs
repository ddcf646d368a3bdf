//! GitHub's JSON for what changes around the work: installations, repositories, keys, the webhook.

use serde::Deserialize;

use super::raw::{Foreign, Id, Wire, id};
use super::*;

#[derive(Deserialize)]
pub(super) struct RawInstallation {
    action: InstallationAction,
    installation: Installed,
    repositories: Option<Vec<Repository>>,
    // Of `installation_repositories`.
    #[serde(rename = "repositories_added")]
    _repositories_added: Option<Foreign>,
}

/// Other events name the installation too, but only here and in `installation_repositories` the App
/// is named with it: without that, any body would fit.
#[derive(Deserialize)]
struct Installed {
    id: InstallationId,
    app_id: u64,
}

impl Wire for InstallationEvent {
    type Raw = RawInstallation;
    fn from_raw(raw: RawInstallation) -> Self {
        Self {
            action: raw.action,
            installation: raw.installation.id,
            app: raw.installation.app_id,
            repositories: raw.repositories.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawInstallationRepositories {
    action: InstallationRepositoriesAction,
    installation: Id<InstallationId>,
    repositories_added: Vec<Repository>,
    repositories_removed: Vec<Repository>,
}

impl Wire for InstallationRepositoriesEvent {
    type Raw = RawInstallationRepositories;
    fn from_raw(raw: RawInstallationRepositories) -> Self {
        Self {
            action: raw.action,
            installation: raw.installation.id,
            added: raw.repositories_added,
            removed: raw.repositories_removed,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawRepository {
    action: RepositoryAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    changes: Option<RepositoryChanges>,
    // Every event names its repository; what has one of these is another event's body.
    #[serde(rename = "alert")]
    _alert: Option<Foreign>,
    // What a `repository_dispatch` is about is chosen by who sends it, its action too.
    #[serde(rename = "client_payload")]
    _client_payload: Option<Foreign>,
    #[serde(rename = "discussion")]
    _discussion: Option<Foreign>,
    #[serde(rename = "hook")]
    _hook: Option<Foreign>,
    #[serde(rename = "label")]
    _label: Option<Foreign>,
    #[serde(rename = "member")]
    _member: Option<Foreign>,
    #[serde(rename = "milestone")]
    _milestone: Option<Foreign>,
    #[serde(rename = "package")]
    _package: Option<Foreign>,
    #[serde(rename = "repository_ruleset")]
    _repository_ruleset: Option<Foreign>,
    #[serde(rename = "rule")]
    _rule: Option<Foreign>,
    #[serde(rename = "check_run")]
    _check_run: Option<Foreign>,
    #[serde(rename = "check_suite")]
    _check_suite: Option<Foreign>,
    #[serde(rename = "comment")]
    _comment: Option<Foreign>,
    #[serde(rename = "deployment")]
    _deployment: Option<Foreign>,
    #[serde(rename = "issue")]
    _issue: Option<Foreign>,
    #[serde(rename = "key")]
    _key: Option<Foreign>,
    #[serde(rename = "merge_group")]
    _merge_group: Option<Foreign>,
    #[serde(rename = "pull_request")]
    _pull_request: Option<Foreign>,
    #[serde(rename = "release")]
    _release: Option<Foreign>,
    #[serde(rename = "team")]
    _team: Option<Foreign>,
    #[serde(rename = "workflow_job")]
    _workflow_job: Option<Foreign>,
    #[serde(rename = "workflow_run")]
    _workflow_run: Option<Foreign>,
}

#[derive(Deserialize)]
struct RepositoryChanges {
    repository: Option<RepositoryRename>,
}

#[derive(Deserialize)]
struct RepositoryRename {
    name: Option<From>,
}

#[derive(Deserialize)]
struct From {
    from: String,
}

impl Wire for RepositoryEvent {
    type Raw = RawRepository;
    fn from_raw(raw: RawRepository) -> Self {
        let rename = raw.changes.and_then(|changes| changes.repository).and_then(|repository| repository.name);
        Self {
            action: raw.action,
            installation: id(raw.installation),
            repository: raw.repository,
            old_name: rename.map(|name| name.from),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawDeployKey {
    action: DeployKeyAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    key: Key,
}

#[derive(Deserialize)]
struct Key {
    id: u64,
    key: String,
    title: Option<String>,
    read_only: Option<bool>,
}

impl Wire for DeployKeyEvent {
    type Raw = RawDeployKey;
    fn from_raw(raw: RawDeployKey) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            repository: raw.repository,
            key_id: raw.key.id,
            key: raw.key.key.parse().ok(),
            title: raw.key.title.unwrap_or_default(),
            read_only: raw.key.read_only.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawPing {
    hook_id: Option<u64>,
    hook: Option<Hook>,
}

#[derive(Deserialize)]
struct Hook {
    app_id: Option<u64>,
}

impl Wire for PingEvent {
    type Raw = RawPing;
    fn from_raw(raw: RawPing) -> Self {
        Self { hook: raw.hook_id, app: raw.hook.and_then(|hook| hook.app_id) }
    }
}
