use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::access::Access;
use super::error::ForgeError;
use crate::names::{InstallationId, RepositoryId};

/// A token is not handed out in its last minutes, so that a job that starts with it can end with it.
const LAST_MINUTES: SignedDuration = SignedDuration::from_mins(5);
/// Above this many scopes, expired ones are dropped.
const SWEEP_ABOVE: usize = 512;

/// What a token is for. Two jobs with the same scope share one token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub(super) installation: InstallationId,
    /// Sorted; empty for all repositories of the installation.
    pub(super) repositories: Vec<RepositoryId>,
    pub(super) access: Access,
}

impl Scope {
    pub(super) fn new(installation: InstallationId, mut repositories: Vec<RepositoryId>, access: Access) -> Self {
        repositories.sort_unstable();
        repositories.dedup();
        Self { installation, repositories, access }
    }
}

/// An installation token and its end. GitHub does not fix its length or alphabet (since 2026 it may
/// be a JWT of about 520 characters), so neither do we.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Token {
    #[serde(rename = "token", deserialize_with = "secret")]
    pub(super) secret: SecretString,
    expires_at: Timestamp,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

impl Token {
    fn lives(&self, now: Timestamp) -> bool {
        now.checked_add(LAST_MINUTES).is_ok_and(|soon| soon < self.expires_at)
    }
}

/// One scope's place. Its lock is held while a token is minted, so that everybody else who wants
/// the same one waits for it instead of minting too.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// Keeps tokens by scope and mints each once.
#[derive(Default)]
pub(super) struct TokenBroker {
    slots: Mutex<HashMap<Scope, Slot>>,
}

impl TokenBroker {
    /// The scope's token: the kept one while it lives, else what `mint` brings.
    pub(super) async fn get<M>(&self, scope: &Scope, now: Timestamp, mint: M) -> Result<SecretString, ForgeError>
    where
        M: AsyncFnOnce() -> Result<Token, ForgeError>,
    {
        let slot = self.slot(scope, now);
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref().filter(|token| token.lives(now)) {
            return Ok(token.secret.clone());
        }
        *held = None;
        let token = mint().await?;
        let secret = token.secret.clone();
        *held = Some(token);
        Ok(secret)
    }

    /// Drops `refused` if it is still the scope's token: another job may have replaced it already.
    pub(super) async fn forget(&self, scope: &Scope, refused: &SecretString) {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).get(scope).cloned();
        let Some(slot) = slot else { return };
        let mut held = slot.lock().await;
        if held.as_ref().is_some_and(|token| token.secret.expose_secret() == refused.expose_secret()) {
            *held = None;
        }
    }

    /// Takes the scope's token out, if there is one.
    pub(super) async fn take(&self, scope: &Scope) -> Option<SecretString> {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(scope)?;
        slot.lock().await.take().map(|token| token.secret)
    }

    fn slot(&self, scope: &Scope, now: Timestamp) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > SWEEP_ABOVE {
            slots.retain(|_, slot| match slot.try_lock() {
                Ok(held) => held.as_ref().is_some_and(|token| token.lives(now)),
                Err(_) => true,
            });
        }
        slots.entry(scope.clone()).or_default().clone()
    }
}
