//! `GET /app`, its installations, `GET /meta`: only with the App's JWT, but for the last.

use http::{Method, StatusCode};
use serde_json::json;

use super::super::answer::{Answer, Outcome};
use super::super::call::{Call, Caller};

/// Refuses all but the App itself.
pub(super) fn only_app(call: &Call) -> Outcome<()> {
    match call.caller {
        Caller::App => Ok(()),
        _ => Err(Answer::refuse(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded")),
    }
}

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, ["app"]) => {
            only_app(call)?;
            let state = call.shared.state();
            let mut shown = call.shared.show(&state).integration();
            shown["installations_count"] = json!(state.installations.len());
            Ok(Answer::ok(shown))
        }
        (&Method::GET, ["app", "installations"]) => {
            only_app(call)?;
            let installations = {
                let state = call.shared.state();
                let show = call.shared.show(&state);
                state.installations.values().map(|it| show.listed_installation(it)).collect()
            };
            call.page(installations)
        }
        (&Method::GET, ["app", "installations", id]) => {
            only_app(call)?;
            let state = call.shared.state();
            let installation = state.installations.get(&super::number(id)?).ok_or_else(Answer::not_found)?;
            Ok(Answer::ok(call.shared.show(&state).installation(installation)))
        }
        _ => Err(Answer::not_found()),
    }
}

/// The host keys are GitHub's published ones.
pub(super) fn meta() -> Answer {
    Answer::ok(json!({
        "verifiable_password_authentication": false,
        "ssh_key_fingerprints": {"SHA256_ED25519": "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"},
        "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"],
        "hooks": ["127.0.0.0/8"],
        "web": ["127.0.0.0/8"],
        "api": ["127.0.0.0/8"],
        "git": ["127.0.0.0/8"],
    }))
}
