use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::error::{ForgeError, absent_is_none};
use super::repo::Repo;
use crate::names::{DeployKeyId, PublicKey};

/// A deploy key of a repository. It can never be changed, only deleted and made anew.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeployKey {
    /// Its number.
    pub id: DeployKeyId,
    /// Its title: anybody's text.
    pub title: String,
    /// The key as the forge gives it.
    #[serde(rename = "key")]
    text: String,
    /// Whether it may only read.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it works: organisations can switch deploy keys off (new ones do by default).
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl DeployKey {
    /// The key itself, without comment; `None` where it is of a form that we do not know.
    pub fn key(&self) -> Option<PublicKey> {
        self.text.parse().ok()
    }
}

/// Why a deploy key could not be read, made or removed, by what people can do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// 403 or 404 on the keys, or a token with that right was refused.
    #[error("deploy keys of {repository}: the App needs the repository permission `Administration: write` there")]
    NoAdminRight {
        /// Which repository.
        repository: String,
        /// What the forge said.
        #[source]
        source: ForgeError,
    },
    /// 422: the organisation or enterprise has switched deploy keys off.
    #[error(
        "deploy keys of {repository}: they are disabled by the organisation; an owner can allow them under Settings, \
         Member privileges, Deploy keys"
    )]
    Disabled {
        /// Which repository.
        repository: String,
    },
    /// 422: every key belongs to one repository or user only.
    #[error("deploy keys of {repository}: this key is already in use by another repository or user: make a new pair")]
    InUse {
        /// Which repository.
        repository: String,
    },
    /// Anything else.
    #[error(transparent)]
    Forge(#[from] ForgeError),
}

impl Repo {
    /// All deploy keys.
    ///
    /// # Errors
    /// [`KeyError::NoAdminRight`] or the forge's error.
    pub async fn deploy_keys(&self) -> Result<Vec<DeployKey>, KeyError> {
        let route = self.route("/repos/{owner}/{repo}/keys", &[]);
        self.all(route, "deploy keys").await.map_err(|error| self.key_error(error))
    }

    /// Registers a key. Where it is registered on this repository already, GitHub says `InUse`:
    /// look with [`Repo::deploy_keys`] first.
    ///
    /// # Errors
    /// Any [`KeyError`].
    pub async fn add_deploy_key(&self, title: &str, key: &PublicKey, read_only: bool) -> Result<DeployKey, KeyError> {
        let body = json!({ "title": title, "key": key.to_string(), "read_only": read_only });
        let route = self.route("/repos/{owner}/{repo}/keys", &[]);
        let made = self.write(Method::POST, route, body, "new deploy key").await;
        made.map_err(|error| self.key_error(error))
    }

    /// Removes a key; one that is gone already is fine.
    ///
    /// # Errors
    /// [`KeyError::NoAdminRight`] for a 403, else the forge's error.
    pub async fn remove_deploy_key(&self, id: DeployKeyId) -> Result<(), KeyError> {
        let route = self.route("/repos/{owner}/{repo}/keys/{key_id}", &[&id.to_string()]);
        let done = absent_is_none(self.delete(route, &format!("deploy key {id}")).await);
        done.map(drop).map_err(|error| self.key_error(error))
    }

    fn key_error(&self, error: ForgeError) -> KeyError {
        let repository = self.name.to_string();
        match &error {
            ForgeError::NotFound { .. } | ForgeError::Forbidden { .. } => {
                KeyError::NoAdminRight { repository, source: error }
            }
            ForgeError::Validation { message, errors, .. } => {
                let texts = || std::iter::once(message).chain(errors.iter().map(|error| &error.message));
                let says = |phrase: &str| texts().any(|text| text.to_ascii_lowercase().contains(phrase));
                if says("in use") {
                    KeyError::InUse { repository }
                } else if says("disabled") || says("not allowed") {
                    KeyError::Disabled { repository }
                } else {
                    KeyError::Forge(error)
                }
            }
            _ => KeyError::Forge(error),
        }
    }
}
