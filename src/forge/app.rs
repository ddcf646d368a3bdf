use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;

use super::access::Access;
use super::account::{Account, AccountKind};
use super::classify;
use super::error::ForgeError;
use super::jwt::Signer;
use super::repo::{Repo, Repository};
use super::route::Route;
use super::send::{Answer, Call, Transport};
use super::settings::ForgeSettings;
use super::token::{Scope, Token, TokenBroker, Waits};
use crate::clock::Clock;
use crate::names::{InstallationId, RepositoryId, RepositoryName};

/// The App on one forge. Cheap to clone; clones share tokens, caches and counters.
#[derive(Clone)]
pub struct Forge(Arc<Inner>);

struct Inner {
    transport: Transport,
    app_id: u64,
    signer: Signer,
    clock: Arc<dyn Clock>,
    tokens: TokenBroker,
    waits: Waits,
    identity: OnceCell<AppIdentity>,
    installations: Mutex<HashMap<String, InstallationId>>,
}

/// Who the App is, to know its own comments and check runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppIdentity {
    /// The App's number.
    pub id: u64,
    /// The App's name in addresses; its comments are by `<slug>[bot]`. GitHub's description does not
    /// promise it.
    #[serde(default)]
    pub slug: Option<String>,
}

impl AppIdentity {
    /// Whether something was made by this App: by the App's number where the forge says it, else
    /// by the bot account's name, which only GitHub can give away (`[bot]` is no part of a login
    /// that a person can choose).
    pub fn made(&self, app: Option<u64>, author: Option<&Account>) -> bool {
        match (app, author) {
            (Some(app), _) => app == self.id,
            (None, Some(author)) => {
                let bot = author.login.as_str().strip_suffix("[bot]").filter(|_| author.kind == AccountKind::Bot);
                bot.zip(self.slug.as_deref()).is_some_and(|(bot, slug)| bot.eq_ignore_ascii_case(slug))
            }
            (None, None) => false,
        }
    }
}

#[derive(Deserialize)]
struct Installation {
    id: InstallationId,
}

impl Forge {
    /// Makes the client; sends nothing.
    ///
    /// # Errors
    /// `Refused` for an `api_url` that is none, `Unauthorized` for a private key that cannot be
    /// read, `Unavailable` where this machine has no TLS roots.
    pub fn new(settings: ForgeSettings) -> Result<Self, ForgeError> {
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(&settings.api_url, settings.timeouts, settings.recorder)?,
            app_id: settings.app_id,
            signer: Signer::new(settings.app_id, &settings.private_key)?,
            clock: settings.clock,
            tokens: TokenBroker::default(),
            waits: Waits::default(),
            identity: OnceCell::new(),
            installations: Mutex::default(),
        })))
    }

    /// How many requests were sent since the start, those for tokens included.
    pub fn requests(&self) -> u64 {
        self.0.transport.counts().values().sum()
    }

    /// The same by method and route (`("GET", "/repos/{owner}/{repo}/pulls/{pull_number}")`).
    pub fn requests_by_route(&self) -> BTreeMap<(String, &'static str), u64> {
        self.0.transport.counts()
    }

    /// The App's own number and slug; asked once (`GET /app`).
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn identity(&self) -> Result<&AppIdentity, ForgeError> {
        let ask = async || {
            let call = Call::get(Route::new("/app", &[]), "the App itself");
            self.as_app(&call).await?.json(&call.what)
        };
        self.0.identity.get_or_try_init(ask).await
    }

    /// The App's number, as the configuration has it.
    pub(super) fn app_id(&self) -> u64 {
        self.0.app_id
    }

    /// Under which number the App is installed on `repository`; asked once per repository
    /// (`GET /repos/{owner}/{repo}/installation`).
    ///
    /// # Errors
    /// `NotFound` where the App is not installed there.
    pub async fn installation_of(&self, repository: &RepositoryName) -> Result<InstallationId, ForgeError> {
        let key = repository.as_str().to_ascii_lowercase();
        let known = self.0.installations.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let values = [repository.owner(), repository.name()];
        let route = Route::new("/repos/{owner}/{repo}/installation", &values);
        let call = Call::get(route, format!("installation of the App on {repository}"));
        let found: Installation = self.as_app(&call).await?.json(&call.what)?;
        self.0.installations.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.id);
        Ok(found.id)
    }

    /// Forgets which installations repositories belong to: after `installation` events.
    pub fn forget_installations(&self) {
        self.0.installations.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// One repository, seen with the rights of `access`. Sends nothing yet.
    pub fn repo(&self, installation: InstallationId, at: (RepositoryId, RepositoryName), access: Access) -> Repo {
        Repo::new(self.clone(), Scope::new(installation, vec![at.0], access), at.1)
    }

    /// The same for a repository of which only the name is known: asks for the installation and the id.
    ///
    /// # Errors
    /// `NotFound` where the App is not installed there or the repository does not exist.
    pub async fn find_repo(&self, name: &RepositoryName, access: Access) -> Result<(Repo, Repository), ForgeError> {
        let installation = self.installation_of(name).await?;
        let scope = Scope::new(installation, Vec::new(), Access::METADATA);
        let found = Repo::new(self.clone(), scope, name.clone()).repository().await?;
        Ok((self.repo(installation, (found.id, found.name.clone()), access), found))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Asks as the App itself, for the few routes that want that.
    pub(super) async fn as_app(&self, call: &Call) -> Result<Answer, ForgeError> {
        let token = self.0.signer.sign(self.now())?;
        let answer = self.0.transport.send(call, &token).await?;
        classify::check(answer, &call.what, "the App's own key", self.now())
    }

    /// Asks as an installation. Errors are not judged yet, except that a refused token is
    /// replaced once: a 401 means that nothing was done, so even a POST may be sent again.
    pub(super) async fn as_installation(&self, scope: &Scope, call: &Call) -> Result<Answer, ForgeError> {
        self.0.waits.check(scope.installation, &call.what, self.now())?;
        let token = self.token(scope).await?;
        let answer = self.0.transport.send(call, &token).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.0.tokens.forget(scope, &token).await;
        let token = self.token(scope).await?;
        self.0.transport.send(call, &token).await
    }

    /// The error in an answer, if it is one; a named waiting time is remembered.
    pub(super) fn judge(&self, scope: &Scope, call: &Call, answer: Answer) -> Result<Answer, ForgeError> {
        let judged = classify::check(answer, &call.what, &scope.access.to_string(), self.now());
        judged.inspect_err(|error| self.0.waits.remember(scope.installation, error))
    }

    pub(super) fn next_page(&self, path: &str, link: &str) -> Result<String, ForgeError> {
        self.0.transport.next_page(path, link)
    }

    /// Where a repository's clone address is by GitHub's habit, for a server that does not say it.
    pub(super) fn clone_url(&self, repository: &RepositoryName) -> String {
        format!("{}/{repository}.git", self.0.transport.web())
    }

    pub(super) async fn token(&self, scope: &Scope) -> Result<SecretString, ForgeError> {
        self.0.tokens.get(scope, self.now(), async || self.mint(scope).await).await
    }

    pub(super) async fn forget(&self, scope: &Scope, refused: &SecretString) {
        self.0.tokens.forget(scope, refused).await;
    }

    /// Gives the scope's token back before its time (`DELETE /installation/token`).
    pub(super) async fn revoke(&self, scope: &Scope) -> Result<(), ForgeError> {
        let Some(token) = self.0.tokens.take(scope).await else { return Ok(()) };
        let call = Call::new(Method::DELETE, Route::new("/installation/token", &[]), "token to give back");
        let answer = self.0.transport.send(&call, &token).await?;
        match self.judge(scope, &call, answer) {
            // It has ended already.
            Ok(_) | Err(ForgeError::Unauthorized { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn mint(&self, scope: &Scope) -> Result<Token, ForgeError> {
        let id = scope.installation.to_string();
        let route = Route::new("/app/installations/{installation_id}/access_tokens", &[&id]);
        let permissions: BTreeMap<_, _> = scope.access.permissions().into_iter().collect();
        let mut body = json!({ "permissions": permissions });
        if !scope.repositories.is_empty() {
            body["repository_ids"] = json!(scope.repositories);
        }
        let call = Call::new(Method::POST, route, format!("token for installation {id}")).with(body);
        match self.as_app(&call).await {
            // GitHub answers 422 where the installation was not granted what was asked for.
            Err(ForgeError::Validation { what, message, .. }) => {
                Err(ForgeError::Forbidden { what, needs: scope.access.to_string(), message })
            }
            // A reader's error may repeat what it read, which here may be the token.
            answer => answer?.json(&call.what).map_err(|_| ForgeError::Unexpected {
                what: call.what,
                message: "it holds no token with its end".to_owned(),
            }),
        }
    }
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Forge").field("transport", &self.0.transport).finish_non_exhaustive()
    }
}
