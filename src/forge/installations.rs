//! Where the App is installed, with which rights, and how much may still be asked there.

use jiff::Timestamp;
use serde::Deserialize;

use super::access::Access;
use super::app::Forge;
use super::error::{ForgeError, absent_is_none};
use super::lenient::{null_is_default, unreadable_is_none};
use super::pages::next_link;
use super::registration::Granted;
use super::route::Route;
use super::send::Call;
use super::token::Scope;
use crate::names::{InstallationId, RepositoryName};

/// Pages of a hundred installations that are read. Bailiwick is for one organisation or a few.
const PAGES: usize = 3;

/// The App in one organisation. Every text is the forge's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installed {
    /// The installation's number.
    pub id: InstallationId,
    /// Whose it is.
    #[serde(default, deserialize_with = "unreadable_is_none")]
    account: Option<Owner>,
    /// The page on which an owner of the organisation accepts rights and lifts a suspension.
    #[serde(rename = "html_url", default)]
    pub page: Option<String>,
    /// What it was granted.
    #[serde(default, deserialize_with = "null_is_default")]
    pub permissions: Granted,
    /// Since when it is suspended, where it is.
    #[serde(default)]
    pub suspended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Owner {
    login: String,
}

impl Installed {
    /// The organisation's name; the installation's number where the forge does not say it.
    pub fn owner(&self) -> String {
        self.account.as_ref().map_or_else(|| format!("installation {}", self.id), |owner| owner.login.clone())
    }
}

/// The requests that an installation has in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct HourlyBudget {
    /// How many there are.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When there are new ones, in seconds since 1970.
    reset: i64,
}

impl HourlyBudget {
    /// When there are new ones.
    pub fn reset(&self) -> Timestamp {
        Timestamp::from_second(self.reset).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct RateLimit {
    resources: Resources,
}

#[derive(Deserialize)]
struct Resources {
    core: HourlyBudget,
}

impl Forge {
    /// The installation that covers a repository, asked anew; `None` where the App is not installed there, or
    /// there is no such repository.
    ///
    /// # Errors
    /// Any [`ForgeError`] but `NotFound`.
    pub async fn installed_on(&self, repository: &RepositoryName) -> Result<Option<Installed>, ForgeError> {
        let values = [repository.owner(), repository.name()];
        let route = Route::new("/repos/{owner}/{repo}/installation", &values);
        let call = Call::get(route, format!("installation of the App on {repository}"));
        absent_is_none(self.as_app(&call).await)?.map(|answer| answer.json(&call.what)).transpose()
    }

    /// Every installation of the App, up to three hundred.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn installed(&self) -> Result<Vec<Installed>, ForgeError> {
        let route = Route::new("/app/installations", &[]).query("per_page", "100");
        let mut call = Call::get(route, "list of installations");
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let answer = self.as_app(&call).await?;
            found.extend(answer.json::<Vec<Installed>>(&call.what)?);
            let Some(link) = answer.header("link").and_then(next_link) else { break };
            call.route.path = self.next_page(&call.route.path, link)?;
        }
        Ok(found)
    }

    /// What is left of an installation's hour (`GET /rate_limit`, which costs nothing of it); `None` from a
    /// server that has no limits.
    ///
    /// # Errors
    /// Any [`ForgeError`] but `NotFound`.
    pub async fn hourly_budget(&self, installation: InstallationId) -> Result<Option<HourlyBudget>, ForgeError> {
        let scope = Scope::new(installation, Vec::new(), Access::METADATA);
        let call = Call::get(Route::new("/rate_limit", &[]), format!("rate limit of installation {installation}"));
        let answer = self.ask_for_free(&scope, &call).await?;
        let answer = absent_is_none(self.judge(&scope, &call, answer))?;
        answer.map(|answer| Ok(answer.json::<RateLimit>(&call.what)?.resources.core)).transpose()
    }
}
