//! Deploy keys: Administration permission, or an admin.

use http::Method;
use serde_json::Value;

use super::super::access::{KEYS_READ, KEYS_WRITE};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, required, text};
use super::super::ops::keys::NewKey;
use super::schemas::NEW_KEY;

pub(super) fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, []) => {
            let id = call.repository(at, KEYS_READ)?;
            let keys = {
                let state = call.shared.state();
                let show = call.shared.show(&state);
                state.deploy_keys.values().filter(|key| key.repository == id).map(|key| show.deploy_key(key)).collect()
            };
            call.page(keys)
        }
        (&Method::GET, [key]) => {
            let id = call.repository(at, KEYS_READ)?;
            Ok(Answer::ok(shown(call, id, super::number(key)?)?))
        }
        (&Method::POST, []) => {
            let id = call.repository(at, KEYS_WRITE)?;
            let body = call.input(NEW_KEY)?;
            let key = required(&body, "key")?;
            let title = text(&body, "title").unwrap_or("deploy key");
            let read_only = body.get("read_only").and_then(Value::as_bool).unwrap_or_default();
            let key = call.shared.add_key(id, NewKey { title, key, read_only }, call.actor()?)?;
            Ok(Answer::created(shown(call, id, key)?))
        }
        (&Method::DELETE, [key]) => {
            let id = call.repository(at, KEYS_WRITE)?;
            call.shared.remove_key(id, super::number(key)?, call.actor()?)?;
            Ok(Answer::no_content())
        }
        _ => Err(Answer::not_found()),
    }
}

fn shown(call: &Call, repository: u64, key: u64) -> Outcome<Value> {
    let state = call.shared.state();
    let key = state.deploy_keys.get(&key).filter(|key| key.repository == repository);
    Ok(call.shared.show(&state).deploy_key(key.ok_or_else(Answer::not_found)?))
}
