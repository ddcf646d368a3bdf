//! The forge's own list of what it tried to deliver to the App's webhook, with the App's JWT.
//! GitHub keeps it for 3 days, an enterprise server for 7 (docs.github.com, "Redelivering webhooks").

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::app::Forge;
use super::error::ForgeError;
use super::lenient::unreadable_is_none;
use super::pages::next_link;
use super::route::Route;
use super::send::{Answer, Call};
use super::signature::VerifiedDelivery;
use crate::names::{DeliveryId, RepositoryId};

const LIST: &str = "/app/hook/deliveries";

/// One attempt to deliver an event. A redelivery is another attempt with the same GUID.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// The attempt's number; later ones have larger numbers.
    pub id: u64,
    /// The event's, the same for every attempt: `X-GitHub-Delivery`.
    pub guid: DeliveryId,
    /// When it was made.
    pub delivered_at: Timestamp,
    /// Whether somebody asked for it.
    #[serde(default)]
    pub redelivery: bool,
    /// `OK`, or what went wrong.
    #[serde(default)]
    status: String,
    /// The receiver's answer; 0 or one that GitHub makes up where there was none.
    #[serde(default)]
    status_code: i64,
    /// The event's name: `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`, where it has one.
    #[serde(default)]
    pub action: Option<String>,
    /// The repository that it is about.
    #[serde(default, deserialize_with = "unreadable_is_none")]
    pub repository_id: Option<RepositoryId>,
}

impl Attempt {
    /// The receiver's answer, 0 or one that GitHub makes up where there was none, and GitHub's word for it: hostile.
    pub fn outcome(&self) -> (i64, &str) {
        (self.status_code, &self.status)
    }

    /// Whether the receiver said that it has it.
    pub fn arrived(&self) -> bool {
        self.status.eq_ignore_ascii_case("OK") || (200..300).contains(&self.status_code)
    }
}

/// What is left of the App's own hourly budget of requests, which is another than its installations'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests that are left.
    pub remaining: u32,
    /// When there are new ones.
    pub reset: Timestamp,
}

impl Quota {
    /// What the answer says of it; an enterprise server without limits says nothing.
    fn of(answer: &Answer) -> Option<Self> {
        let number = |name: &str| answer.header(name)?.trim().parse::<i64>().ok();
        Some(Self {
            remaining: u32::try_from(number("x-ratelimit-remaining")?).unwrap_or(0),
            reset: Timestamp::from_second(number("x-ratelimit-reset")?).ok()?,
        })
    }
}

/// A part of the list, the newest first.
#[derive(Debug, Clone)]
pub struct DeliveryPage {
    /// Up to a hundred attempts.
    pub attempts: Vec<Attempt>,
    /// Where older ones go on.
    pub next: Option<String>,
    /// What is left of the budget.
    pub quota: Option<Quota>,
}

impl Forge {
    /// A page of the attempts to deliver to the App's webhook, newest first; `cursor` is the
    /// [`DeliveryPage::next`] of the page before.
    ///
    /// # Errors
    /// Any [`ForgeError`]; `NotFound` or `Validation` where the cursor is too old.
    pub async fn delivery_attempts(&self, cursor: Option<&str>) -> Result<DeliveryPage, ForgeError> {
        let mut route = Route::new(LIST, &[]).query("per_page", "100");
        if let Some(cursor) = cursor {
            route = route.query("cursor", cursor);
        }
        let call = Call::get(route, "list of webhook deliveries");
        let answer = self.as_app(&call).await?;
        let listed: Vec<Value> = answer.json(&call.what)?;
        let next = match answer.header("link").and_then(next_link) {
            Some(link) => cursor_of(&self.next_page(&call.route.path, link)?),
            None => None,
        };
        // One entry of a form that we do not know must not hide the others.
        let read = |entry: Value| {
            let attempt = serde_json::from_value(entry);
            attempt
                .inspect_err(|error| tracing::warn!("an entry in the list of deliveries is unreadable: {error}"))
                .ok()
        };
        Ok(DeliveryPage { attempts: listed.into_iter().filter_map(read).collect(), next, quota: Quota::of(&answer) })
    }

    /// The payload of one attempt; `None` where it cannot be had any more, or is too large for us.
    ///
    /// # Errors
    /// Any [`ForgeError`] that may pass.
    pub async fn delivery(&self, attempt: u64) -> Result<Option<VerifiedDelivery>, ForgeError> {
        let id = attempt.to_string();
        let call =
            Call::get(Route::new("/app/hook/deliveries/{delivery_id}", &[&id]), format!("webhook delivery {id}"));
        match self.as_app(&call).await {
            Ok(answer) => {
                let detail: Value = answer.json(&call.what)?;
                Ok(VerifiedDelivery::of_the_forge(&detail["request"]["payload"]))
            }
            Err(error) if error.is_absent() || matches!(error, ForgeError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the forge to deliver once more, with the same GUID. It does so later, by itself.
    ///
    /// # Errors
    /// Any [`ForgeError`]; `NotFound` or `Validation` where it is too old for that.
    pub async fn redeliver(&self, attempt: u64) -> Result<(), ForgeError> {
        let id = attempt.to_string();
        let route = Route::new("/app/hook/deliveries/{delivery_id}/attempts", &[&id]);
        let call = Call::new(Method::POST, route, format!("redelivery of webhook delivery {id}"));
        self.as_app(&call).await.map(drop)
    }
}

/// The cursor in the path of a next page.
fn cursor_of(path: &str) -> Option<String> {
    let url = reqwest::Url::parse("http://forge").ok()?.join(path).ok()?;
    url.query_pairs().find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned())
}
