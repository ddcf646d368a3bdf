use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::app::Forge;
use super::error::ForgeError;
use super::lenient::null_is_default;
use super::pages::{next_link, numbered};
use super::route::Route;
use super::send::{Answer, Call};
use super::token::Scope;
use crate::names::{BranchName, InstallationId, RepositoryId, RepositoryName};

/// How many items a page has at most; GitHub gives no more.
const PAGE_SIZE: usize = 100;
/// Pages of a hundred that a listing reads before it gives up.
const PAGE_LIMIT: usize = 30;

/// One repository, seen with the rights of one [`super::Access`]. Its methods are in the files
/// named after what they are about.
#[derive(Debug, Clone)]
pub struct Repo {
    pub(super) forge: Forge,
    pub(super) scope: Scope,
    pub(super) name: RepositoryName,
}

/// What GitHub says about a repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// The number that stays when it is renamed.
    pub id: RepositoryId,
    /// Its name now.
    #[serde(rename = "full_name")]
    pub name: RepositoryName,
    /// The branch that pull requests go to by default.
    pub default_branch: BranchName,
    /// Whether it can only be read.
    #[serde(default)]
    pub archived: bool,
    /// Whether it cannot be seen by everybody.
    #[serde(default)]
    pub private: bool,
    /// Where Git fetches from, over HTTP.
    #[serde(default, deserialize_with = "null_is_default")]
    pub clone_url: String,
}

impl Repo {
    pub(super) fn new(forge: Forge, scope: Scope, name: RepositoryName) -> Self {
        Self { forge, scope, name }
    }

    /// Its name, as it was given.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// Its number, where it is known.
    pub fn id(&self) -> Option<RepositoryId> {
        self.scope.repositories.first().copied()
    }

    /// The installation whose tokens are used.
    pub fn installation(&self) -> InstallationId {
        self.scope.installation
    }

    /// The repository itself: id, name now, default branch, archived or not.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn repository(&self) -> Result<Repository, ForgeError> {
        let mut found: Repository = self.get(self.route("/repos/{owner}/{repo}", &[]), "repository").await?;
        if found.clone_url.is_empty() {
            found.clone_url = self.forge.clone_url(&found.name);
        }
        Ok(found)
    }

    /// The token itself, for fetching with Git: `x-access-token` is its user name there.
    ///
    /// # Errors
    /// Any [`ForgeError`] of making one.
    pub async fn git_token(&self) -> Result<SecretString, ForgeError> {
        self.forge.token(&self.scope).await
    }

    /// Drops the token that [`Repo::git_token`] gave, because Git was refused with it.
    pub async fn forget_git_token(&self, refused: &SecretString) {
        self.forge.forget(&self.scope, refused).await;
    }

    /// Gives the token back before its time; the next request would make a new one. For rights
    /// that should not lie around ([`super::Access::KEYS`]).
    ///
    /// # Errors
    /// Any [`ForgeError`]; the token then lives on for at most an hour, but is not used again.
    pub async fn revoke(&self) -> Result<(), ForgeError> {
        self.forge.revoke(&self.scope).await
    }

    /// A route of this repository: `owner` and `repo` are filled in before `values`.
    pub(super) fn route(&self, template: &'static str, values: &[&str]) -> Route {
        let all: Vec<&str> = [self.name.owner(), self.name.name()].into_iter().chain(values.iter().copied()).collect();
        Route::new(template, &all)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, route: Route, what: &str) -> Result<T, ForgeError> {
        let call = Call::get(route, self.what(what));
        self.send(call).await?.json(&self.what(what))
    }

    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        route: Route,
        body: Value,
        what: &str,
    ) -> Result<T, ForgeError> {
        self.send(Call::new(method, route, self.what(what)).with(body)).await?.json(&self.what(what))
    }

    /// A write whose answer says nothing that we need: its body is not read.
    pub(super) async fn tell(&self, method: Method, route: Route, body: Value, what: &str) -> Result<(), ForgeError> {
        self.send(Call::new(method, route, self.what(what)).with(body)).await.map(drop)
    }

    pub(super) async fn delete(&self, route: Route, what: &str) -> Result<(), ForgeError> {
        self.send(Call::new(Method::DELETE, route, self.what(what))).await.map(drop)
    }

    /// Reads a listing page by page until `wanted` has seen enough (it returns `false`) or the end.
    /// The next page is the one that the answer links to; where it links to none at all and the
    /// page is full, a proxy may have dropped the header, so one more is asked for by number.
    ///
    /// # Errors
    /// `TooLarge` where the listing is longer than we read.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        route: Route,
        what: &str,
        mut wanted: impl FnMut(T) -> bool + Send,
    ) -> Result<(), ForgeError> {
        let mut call = Call::get(route.query("per_page", &PAGE_SIZE.to_string()), self.what(what));
        for page in 1..=PAGE_LIMIT {
            let answer = self.send(call.clone()).await?;
            let items: Vec<T> = answer.json(&call.what)?;
            let full = items.len() >= PAGE_SIZE;
            if !items.into_iter().all(&mut wanted) {
                return Ok(());
            }
            call.route.path = match answer.header("link") {
                Some(links) => match next_link(links) {
                    Some(next) => self.forge.next_page(&call.route.path, next)?,
                    None => return Ok(()),
                },
                None if full => numbered(&call.route.path, page),
                None => return Ok(()),
            };
        }
        Err(ForgeError::TooLarge { what: call.what, size: PAGE_LIMIT * PAGE_SIZE + 1, limit: PAGE_LIMIT * PAGE_SIZE })
    }

    pub(super) async fn all<T: DeserializeOwned + Send>(&self, route: Route, what: &str) -> Result<Vec<T>, ForgeError> {
        let mut items = Vec::new();
        let keep = |item| {
            items.push(item);
            true
        };
        self.pages(route, what, keep).await?;
        Ok(items)
    }

    /// Sends a call and judges the answer. A write to a renamed repository is answered with a
    /// redirect, which no client may follow blindly (RFC 9110 §15.4), be it 307 or, of some servers,
    /// 301 or 302: it is sent once more, unchanged, to the route by id, which reaches the repository
    /// that the token is for and no other.
    pub(super) async fn send(&self, mut call: Call) -> Result<Answer, ForgeError> {
        let answer = self.forge.as_installation(&self.scope, &call).await?;
        if !answer.is_redirect() {
            return self.forge.judge(&self.scope, &call, answer);
        }
        call.route.path = self.by_id(&call)?;
        let answer = self.forge.as_installation(&self.scope, &call).await?;
        self.forge.judge(&self.scope, &call, answer)
    }

    fn by_id(&self, call: &Call) -> Result<String, ForgeError> {
        let prefix = format!("/repos/{}/{}", self.name.owner(), self.name.name());
        match (self.id(), call.route.path.strip_prefix(&prefix)) {
            (Some(id), Some(rest)) => Ok(format!("/repositories/{id}{rest}")),
            _ => Err(ForgeError::Unexpected { what: call.what.clone(), message: "a redirect".to_owned() }),
        }
    }

    pub(super) fn what(&self, what: &str) -> String {
        format!("{what} of {}", self.name)
    }
}
