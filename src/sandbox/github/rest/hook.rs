//! Where the App's webhooks go, and what they are signed with: with the App's JWT.

use http::Method;
use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::call::{Call, text};
use super::super::hooks::Target;
use super::app::only_app;
use super::schemas::HOOK_CONFIG;

/// `/app/hook/config`.
pub(super) fn config(call: &Call) -> Outcome {
    only_app(call)?;
    match call.method {
        Method::GET => {}
        Method::PATCH => {
            let body = call.input(HOOK_CONFIG)?;
            let url = text(&body, "url").map(checked).transpose()?;
            let mut target = call.shared.target_mut();
            if let Some(url) = url {
                target.url = Some(url);
            }
            if let Some(secret) = text(&body, "secret") {
                target.secret = secret.into();
            }
            if let Some(kind) = text(&body, "content_type") {
                target.form = kind == "form";
            }
            match body.get("insecure_ssl") {
                Some(Value::String(flag)) => target.insecure = flag == "1",
                Some(flag) => target.insecure = flag.as_i64() == Some(1),
                None => {}
            }
        }
        _ => return Err(Answer::not_found()),
    }
    Ok(Answer::ok(shown(&call.shared.target())))
}

fn checked(url: &str) -> Outcome<String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url.to_owned()),
        _ => Err(Answer::invalid_request(format!("For 'properties/url', {url:?} is not a valid URI."))),
    }
}

/// `webhook-config`: the secret itself is never shown.
fn shown(target: &Target) -> Value {
    let mut shown = json!({
        "content_type": if target.form { "form" } else { "json" },
        "insecure_ssl": if target.insecure { "1" } else { "0" },
        "url": target.url.clone().unwrap_or_default(),
    });
    if target.is_signed() {
        shown["secret"] = json!("********");
    }
    shown
}
