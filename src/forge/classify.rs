use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::error::{FieldError, ForgeError};
use super::send::Answer;
use crate::redact::redact;

/// No limit of GitHub's lasts longer than an hour; a day keeps a nonsense header from parking a job for ever.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Value>,
}

/// The error in an answer that is no [`limit`], if it is one. `needs` are the permissions that the
/// request was made with.
pub(super) fn check(answer: Answer, what: &str, needs: &str) -> Result<Answer, ForgeError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = cut(&refusal.message, &answer);
    let what = what.to_owned();
    Err(match answer.status {
        401 => ForgeError::Unauthorized { what, message },
        403 | 429 => ForgeError::Forbidden { what, needs: needs.to_owned(), message },
        404 => ForgeError::NotFound { what },
        409 if refusal.message.to_ascii_lowercase().contains("empty") => ForgeError::EmptyRepository { what },
        409 | 412 => ForgeError::Conflict { what, message },
        410 => ForgeError::Gone { what },
        413 => ForgeError::Validation { what, message, errors: Vec::new() },
        400 | 422 => validation(what, message, refusal.errors),
        500..=599 => ForgeError::Unavailable { what, message: format!("status {}", answer.status), source: None },
        status => ForgeError::Unexpected { what, message: format!("status {status}: {message}") },
    })
}

fn validation(what: String, message: String, errors: Vec<Value>) -> ForgeError {
    // `errors` holds objects, and on some endpoints plain texts.
    let field = |value: Value| match value {
        Value::String(message) => FieldError { message: short(&message), ..FieldError::default() },
        value => serde_json::from_value(value).unwrap_or_default(),
    };
    let errors: Vec<FieldError> = errors.into_iter().take(50).map(field).collect();
    let texts = || std::iter::once(message.as_str()).chain(errors.iter().map(|error| error.message.as_str()));
    let says = |phrase: &str| texts().any(|text| text.to_ascii_lowercase().contains(phrase));
    let exists = errors.iter().any(|error| error.code == "already_exists")
        || says("already exists")
        || says("not a fast forward")
        || says("not a fast-forward");
    if exists {
        let message = texts().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
        ForgeError::Conflict { what, message }
    } else {
        ForgeError::Validation { what, message, errors }
    }
}

/// How long the forge asks to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Until then.
    Named(Timestamp),
    /// It does not say.
    Unnamed,
}

/// The limit in an answer, where a 403 or 429 is one: `retry-after` in seconds, else the reset of a
/// used-up primary limit, else unnamed (docs.github.com, "Best practices for using the REST API").
pub(super) fn limit(answer: &Answer, now: Timestamp) -> Option<Limit> {
    if !matches!(answer.status, 403 | 429) {
        return None;
    }
    let number = |name: &str| answer.header(name)?.trim().parse::<i64>().ok();
    let longest = now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX);
    let named = |until: Option<Timestamp>| Some(Limit::Named(until.unwrap_or(longest).clamp(now, longest)));
    if let Some(seconds) = number("retry-after") {
        return named(now.checked_add(SignedDuration::from_secs(seconds.max(1))).ok());
    }
    let used_up = number("x-ratelimit-remaining") == Some(0);
    if let Some(reset) = number("x-ratelimit-reset").filter(|_| used_up) {
        // One second more: the reset is given in whole seconds.
        return named(Timestamp::from_second(reset.saturating_add(1)).ok());
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = refusal.message.to_ascii_lowercase();
    let is_limit = used_up || answer.status == 429 || message.contains("rate limit") || message.contains("abuse");
    is_limit.then_some(Limit::Unnamed)
}

fn cut(message: &str, answer: &Answer) -> String {
    if message.is_empty() { format!("status {}", answer.status) } else { short(message) }
}

/// The forge's words for an error text: one line of at most 300 characters, without secrets.
fn short(message: &str) -> String {
    redact(message).chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    fn judge(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ForgeError {
        check(answer(status, headers, body), "thing of org/repo", "checks: write").expect_err("an error")
    }

    /// Seconds to wait; -1 where it is not said how long.
    fn wait(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Option<i64> {
        let now = Timestamp::from_second(1_000).expect("a time");
        limit(&answer(status, headers, body), now).map(|limit| match limit {
            Limit::Named(until) => until.as_second() - 1_000,
            Limit::Unnamed => -1,
        })
    }

    #[test]
    fn limits_name_their_time_or_none() {
        assert_eq!(wait(429, &[("retry-after", "7")], ""), Some(7));
        assert_eq!(wait(403, &[("retry-after", "7")], "{}"), Some(7));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1099")], "{}"), Some(100));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "0")], "{}"), Some(-1));
        assert_eq!(wait(403, &[], r#"{"message":"You have exceeded a secondary rate limit."}"#), Some(-1));
        assert_eq!(wait(429, &[], ""), Some(-1));
        assert_eq!(wait(429, &[("retry-after", "99999999999999")], ""), Some(86_400));
        assert_eq!(wait(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")], ""), Some(0));
        assert_eq!(wait(403, &[], r#"{"message":"Resource not accessible by integration"}"#), None);
        assert_eq!(wait(200, &[("retry-after", "7")], ""), None);
    }

    #[test]
    fn statuses_become_what_a_caller_decides_on() {
        assert!(matches!(judge(404, &[], ""), ForgeError::NotFound { .. }));
        assert!(matches!(judge(410, &[], ""), ForgeError::Gone { .. }));
        assert!(matches!(judge(502, &[], "<html>"), ForgeError::Unavailable { .. }));
        assert!(matches!(
            judge(409, &[], r#"{"message":"Git Repository is empty."}"#),
            ForgeError::EmptyRepository { .. }
        ));
        assert!(matches!(judge(422, &[], r#"{"message":"Reference already exists"}"#), ForgeError::Conflict { .. }));
        let error = judge(
            422,
            &[],
            r#"{"message":"Validation Failed","errors":[{"resource":"IssueComment","code":"unprocessable","field":"data","message":"Body is too long"},"x"]}"#,
        );
        assert_eq!(
            error.to_string(),
            "thing of org/repo: the forge refused it: Validation Failed (IssueComment data unprocessable Body is too \
             long; x)"
        );
        let error = judge(403, &[], r#"{"message":"Resource not accessible by integration"}"#);
        assert!(error.to_string().ends_with("the App's installation needs checks: write"), "{error}");
    }
}
