//! What the forge has on record of the App: its rights, its events, and where its webhooks go. Only
//! read, for whoever looks whether everything is as it should be.

use std::collections::BTreeMap;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::access::Access;
use super::app::Forge;
use super::error::{ForgeError, absent_is_none};
use super::lenient::null_is_default;
use super::route::Route;
use super::send::{Answer, Call};

/// Rights by their names, as the App asks for them or as an installation was granted them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Granted(BTreeMap<String, String>);

impl Granted {
    /// What of `needed` is not there: `checks: write`, and in brackets the lower level that is.
    pub fn lacks(&self, needed: Access) -> Vec<String> {
        let missing = |(name, level): (&str, &str)| match self.0.get(name) {
            Some(has) if rank(has) >= rank(level) => None,
            Some(has) => Some(format!("{name}: {level} (it has {has})")),
            None => Some(format!("{name}: {level}")),
        };
        needed.permissions().into_iter().filter_map(missing).collect()
    }

    /// The level of one right, where there is any.
    pub fn level(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn rank(level: &str) -> u8 {
    match level {
        "read" => 1,
        "write" => 2,
        "admin" => 3,
        _ => 0,
    }
}

/// The App as its owner has registered it. Every text is the forge's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Registration {
    /// The App's name in addresses.
    #[serde(default)]
    pub slug: Option<String>,
    /// The App's page.
    #[serde(rename = "html_url", default)]
    pub page: Option<String>,
    /// What it asks for.
    #[serde(default, deserialize_with = "null_is_default")]
    pub permissions: Granted,
    /// What it subscribes to.
    #[serde(default, deserialize_with = "null_is_default")]
    pub events: Vec<String>,
}

/// Where the App's webhooks go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The address; empty where there is none.
    pub url: String,
    /// Whether the body is JSON and no form.
    pub is_json: bool,
    /// Whether the receiver's certificate is looked at.
    pub is_verified: bool,
    /// Whether deliveries are signed. The secret itself is never told.
    pub is_signed: bool,
}

#[derive(Deserialize)]
struct RawWebhook {
    #[serde(default, deserialize_with = "null_is_default")]
    url: String,
    #[serde(default, deserialize_with = "null_is_default")]
    content_type: String,
    /// A string or a number, by GitHub's description.
    #[serde(default)]
    insecure_ssl: Value,
    #[serde(default, deserialize_with = "null_is_default")]
    secret: String,
}

impl Forge {
    /// The App's registration (`GET /app`), asked anew; and how far this machine's clock is ahead of the
    /// forge's, where the forge tells its time: it does with a refusal too.
    ///
    /// # Errors
    /// Any [`ForgeError`], in the first half: `Unauthorized` or `NotFound` where the key is not this App's.
    pub async fn registration(&self) -> (Result<Registration, ForgeError>, Option<SignedDuration>) {
        let call = Call::get(Route::new("/app", &[]), "the App itself");
        match self.ask_as_app(&call).await {
            Ok(answer) => {
                let ahead = date(&answer).map(|theirs| self.now().duration_since(theirs));
                (self.judge_app(&call, answer).and_then(|answer| answer.json(&call.what)), ahead)
            }
            Err(error) => (Err(error), None),
        }
    }

    /// Where the App's webhooks go (`GET /app/hook/config`); `None` where it never had any.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn webhook(&self) -> Result<Option<Webhook>, ForgeError> {
        let call = Call::get(Route::new("/app/hook/config", &[]), "the App's webhook");
        let Some(answer) = absent_is_none(self.as_app(&call).await)? else { return Ok(None) };
        let raw: RawWebhook = answer.json(&call.what)?;
        let insecure = raw.insecure_ssl.as_str() == Some("1") || raw.insecure_ssl.as_i64() == Some(1);
        Ok(Some(Webhook {
            url: raw.url,
            is_json: raw.content_type == "json",
            is_verified: !insecure,
            is_signed: !raw.secret.is_empty(),
        }))
    }
}

/// The time at which the forge answered (RFC 9110, "Date").
fn date(answer: &Answer) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Access, Granted};

    #[test]
    fn a_lower_level_is_named_and_a_higher_one_is_enough() {
        let granted: Granted = serde_json::from_value(json!({
            "checks": "read", "contents": "admin", "metadata": "read", "pull_requests": "write", "pages": "write",
        }))
        .expect("rights");
        assert_eq!(granted.lacks(Access::REVIEW), ["checks: write (it has read)"]);
        assert_eq!(granted.lacks(Access::KEYS), ["administration: write"]);
        assert_eq!(granted.lacks(Access::READ), Vec::<String>::new());
    }
}
