use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;
use zeroize::Zeroize as _;

use super::access::Access;
use super::account::{Account, AccountKind};
use super::classify;
use super::error::ForgeError;
use super::gate::{Gate, Who};
use super::jwt::Signer;
use super::repo::{Repo, Repository};
use super::route::Route;
use super::send::{Answer, Call, Transport};
use super::settings::ForgeSettings;
use super::token::{Scope, Token, TokenBroker};
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
    gate: Gate,
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
            gate: Gate::new(Arc::clone(&settings.clock), settings.entropy, settings.manners),
            clock: settings.clock,
            tokens: TokenBroker::default(),
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

    /// Until when a job that failed waits best, where the forge is or was just known to be down:
    /// then a failure is none of the job's. `None` while it is up.
    pub fn down_until(&self) -> Option<Timestamp> {
        self.0.gate.down_until()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Asks as the App itself, for the few routes that want that.
    pub(super) async fn as_app(&self, call: &Call) -> Result<Answer, ForgeError> {
        let answer = self.ask_as_app(call).await?;
        self.judge_app(call, answer)
    }

    /// The same without a look at the answer's status.
    pub(super) async fn ask_as_app(&self, call: &Call) -> Result<Answer, ForgeError> {
        self.admit(call).await?;
        self.0.gate.enter(Who::App, call).await?;
        let token = self.0.signer.sign(self.now())?;
        self.exchange((Who::App, None), call, &token).await
    }

    /// The error in an answer to the App itself, if it is one.
    pub(super) fn judge_app(&self, call: &Call, answer: Answer) -> Result<Answer, ForgeError> {
        self.judge_for(Who::App, call, answer, "the App's own key")
    }

    /// Asks as an installation. Errors are not judged yet, except that a refused token is
    /// replaced once: a 401 means that nothing was done, so even a POST may be sent again.
    pub(super) async fn as_installation(&self, scope: &Scope, call: &Call) -> Result<Answer, ForgeError> {
        let who = Who::Installation(scope.installation);
        self.admit(call).await?;
        self.0.gate.enter(who, call).await?;
        let token = self.token(scope).await?;
        let answer = self.exchange((who, Some(scope)), call, &token).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.0.tokens.forget(scope, &token).await;
        let token = self.token(scope).await?;
        self.exchange((who, Some(scope)), call, &token).await
    }

    /// Asks as an installation what costs nothing of its budget: also where that is used up.
    pub(super) async fn ask_for_free(&self, scope: &Scope, call: &Call) -> Result<Answer, ForgeError> {
        self.admit(call).await?;
        let token = self.token(scope).await?;
        self.exchange((Who::Installation(scope.installation), Some(scope)), call, &token).await
    }

    /// Sends a call that was let out, and takes in how it went.
    async fn exchange(
        &self,
        (who, scope): (Who, Option<&Scope>),
        call: &Call,
        token: &SecretString,
    ) -> Result<Answer, ForgeError> {
        let mut call = call.clone();
        let asked = self.0.gate.ask(scope, &mut call);
        let heard = {
            let _on_its_way = self.0.gate.slot().await;
            self.0.transport.send(&call, token).await
        };
        self.0.gate.hear((who, &call), asked, heard)
    }

    /// Fails at once while the forge is down. The question whether it is up again is one that
    /// costs nothing of the hourly budget; whatever is answered is an answer.
    async fn admit(&self, call: &Call) -> Result<(), ForgeError> {
        let ask = async || {
            let call = Call::get(Route::new("/rate_limit", &[]), "the forge itself");
            let Ok(token) = self.0.signer.sign(self.now()) else { return true };
            let answered = self.0.transport.send(&call, &token).await;
            answered.map_or_else(|error| !error.is_temporary(), |answer| answer.status < 500)
        };
        self.0.gate.admit(&call.what, ask).await
    }

    /// The error in an answer, if it is one; a limit is remembered.
    pub(super) fn judge(&self, scope: &Scope, call: &Call, answer: Answer) -> Result<Answer, ForgeError> {
        self.judge_for(Who::Installation(scope.installation), call, answer, &scope.access.to_string())
    }

    fn judge_for(&self, who: Who, call: &Call, answer: Answer, needs: &str) -> Result<Answer, ForgeError> {
        match classify::limit(&answer, self.now()) {
            Some(limit) => {
                let until = self.0.gate.limited(who, limit);
                Err(ForgeError::RateLimited { what: call.what.clone(), until })
            }
            None => classify::check(answer, &call.what, needs),
        }
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
        let who = Who::Installation(scope.installation);
        // Whatever the budget says: a right that lies around is worse than a request too many.
        let answer = self.exchange((who, Some(scope)), &call, &token).await?;
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
            answer => {
                let mut answer = answer?;
                let token = answer.json(&call.what);
                answer.body.zeroize();
                // A reader's error may repeat what it read, which here may be the token.
                let message = "it holds no token with its end".to_owned();
                token.map_err(|_| ForgeError::Unexpected { what: call.what, message })
            }
        }
    }
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Forge").field("transport", &self.0.transport).finish_non_exhaustive()
    }
}
