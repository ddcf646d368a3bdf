//! The log of webhook deliveries, and asking for one again: with the App's JWT.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Body, Outcome};
use super::super::call::Call;
use super::super::hooks::Delivery;
use super::super::shapes::time;
use super::app::only_app;

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    only_app(call)?;
    match (&call.method, path) {
        (&Method::GET, []) => list(call),
        (&Method::GET, [id]) => {
            let id = super::number(id)?;
            let found = call.shared.kept_deliveries().into_iter().find(|delivery| delivery.id == id);
            Ok(Answer::ok(full(call, &found.ok_or_else(Answer::not_found)?)))
        }
        (&Method::POST, [id, "attempts"]) => {
            let id = super::number(id)?;
            if !call.shared.redeliver(|delivery| delivery.id == id) {
                return Err(Answer::not_found());
            }
            Ok(Answer { status: StatusCode::ACCEPTED, headers: Vec::new(), body: Body::Json(json!({})) })
        }
        _ => Err(Answer::not_found()),
    }
}

/// Newest first; pages by `cursor`, the id of the last one seen, not by number.
fn list(call: &Call) -> Outcome {
    let size = call.param("per_page").and_then(|text| text.parse().ok()).unwrap_or(30).clamp(1, 100);
    let bad = |name: &str| Answer::invalid_request(format!("\"{name}\" is not a possible value."));
    let cursor = |text: &str| text.strip_prefix("v1_")?.parse::<u64>().ok();
    let before = call.param("cursor").map(|text| cursor(text).ok_or_else(|| bad("cursor"))).transpose()?;
    let wanted = match call.param("status") {
        None => None,
        Some("success") => Some(true),
        Some("failure") => Some(false),
        Some(_) => return Err(bad("status")),
    };
    let mut found = call.shared.kept_deliveries();
    found.reverse();
    found.retain(|it| {
        before.is_none_or(|before| it.id < before) && wanted.is_none_or(|fine| fine == (it.status == "OK"))
    });
    let more = found.len() > size;
    found.truncate(size);
    let answer = Answer::ok(found.iter().map(item).collect());
    let Some(last) = found.last().filter(|_| more) else { return Ok(answer) };
    let filter = call.param("status").map(|status| format!("&status={status}")).unwrap_or_default();
    let next = format!("{}/api/v3/app/hook/deliveries?per_page={size}{filter}&cursor=v1_{}", call.shared.base, last.id);
    Ok(answer.header("link", format!("<{next}>; rel=\"next\"")))
}

fn item(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": time(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": 0.01,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": null,
    })
}

fn full(call: &Call, delivery: &Delivery) -> Value {
    let mut shown = item(delivery);
    let headers: Map<_, _> =
        delivery.request_headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    shown["url"] = json!(call.shared.target().url.unwrap_or_default());
    shown["request"] = json!({"headers": headers, "payload": delivery.payload()});
    shown["response"] = json!({"headers": {}, "payload": delivery.response_body});
    shown
}
