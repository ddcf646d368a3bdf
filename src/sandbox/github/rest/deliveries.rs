//! The log of webhook deliveries, and asking for one again: with the App's JWT.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Body, Outcome};
use super::super::call::Call;
use super::super::hooks::{Delivery, RETENTION};
use super::super::shapes::time;
use super::app::only_app;

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    only_app(call)?;
    match (&call.method, path) {
        (&Method::GET, []) => list(call),
        (&Method::GET, [id]) => {
            let id = super::number(id)?;
            let log = call.shared.hooks.log();
            let delivery = log.iter().find(|delivery| delivery.id == id).ok_or_else(Answer::not_found)?;
            Ok(Answer::ok(full(call, delivery)))
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
    let before = call.param("cursor").and_then(|text| text.strip_prefix("v1_")).and_then(|text| text.parse().ok());
    let since = call.shared.now().checked_sub(RETENTION).unwrap_or_default();
    let wanted = call.param("status");
    let log = call.shared.hooks.log();
    let mut found: Vec<&Delivery> = log
        .iter()
        .rev()
        .filter(|it| it.delivered_at >= since && before.is_none_or(|before: u64| it.id < before))
        .filter(|it| match wanted {
            Some("success") => it.status == "OK",
            Some("failure") => it.status != "OK",
            _ => true,
        })
        .collect();
    let more = found.len() > size;
    found.truncate(size);
    let answer = Answer::ok(found.iter().map(|delivery| item(delivery)).collect());
    let last = found.last().filter(|_| more).map(|delivery| delivery.id);
    Ok(match last {
        Some(last) => {
            let filter = wanted.map(|status| format!("&status={status}")).unwrap_or_default();
            let base = &call.shared.base;
            answer.header(
                "link",
                format!("<{base}/api/v3/app/hook/deliveries?per_page={size}{filter}&cursor=v1_{last}>; rel=\"next\""),
            )
        }
        None => answer,
    })
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
