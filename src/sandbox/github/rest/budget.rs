//! What a request costs: its caller's hourly budget, the limit on writing, and nothing where the
//! answer is what the client has already.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::answer::{Answer, Body, Outcome};
use super::super::call::{Call, Caller};
use super::super::limits::{Budget, Payer};

/// The last parts of the paths by which people are told something.
const CONTENT: [&str; 7] = ["check-runs", "comments", "deployments", "issues", "pulls", "reactions", "statuses"];

/// Lets the request be answered, if its caller may still ask.
pub(super) async fn spend(call: &Call, answer: impl Future<Output = Outcome>) -> Answer {
    let (payer, limits) = (call.caller.payer(), &call.shared.limits);
    // Asking how much is left is free.
    if call.path == "/rate_limit" {
        return answer.await.unwrap_or_else(|refusal| refusal);
    }
    let budget = match limits.take(payer, call.shared.now()) {
        Ok(budget) => budget,
        Err(budget) => return tell(used_up(payer), budget),
    };
    if let Err(wait) = writes(call).then(|| limits.write(payer, call.shared.now())).transpose() {
        let message = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. \
                       Please retry your request again later.";
        return tell(Answer::forbidden(message).header("retry-after", wait.to_string()), budget);
    }
    let answer = unless_known(call, answer.await.unwrap_or_else(|refusal| refusal));
    let free = answer.status == StatusCode::NOT_MODIFIED && !matches!(call.caller, Caller::Nobody);
    let budget = if free { limits.give_back(payer, call.shared.now()) } else { budget };
    tell(answer, budget)
}

fn writes(call: &Call) -> bool {
    call.method == Method::POST && call.path.rsplit('/').next().is_some_and(|last| CONTENT.contains(&last))
}

fn used_up(payer: Payer) -> Answer {
    Answer::forbidden(&match payer {
        Payer::Installation(id) => format!("API rate limit exceeded for installation ID {id}."),
        Payer::User(id) => format!("API rate limit exceeded for user ID {id}."),
        Payer::App | Payer::Nobody => "API rate limit exceeded.".to_owned(),
    })
}

fn tell(mut answer: Answer, budget: Budget) -> Answer {
    answer.headers.extend(budget.headers());
    answer
}

/// Gives every readable answer an `ETag`, and 304 to a client that has it (RFC 9110 §13.1.2).
fn unless_known(call: &Call, answer: Answer) -> Answer {
    if call.method != Method::GET || answer.status != StatusCode::OK {
        return answer;
    }
    let digest = match &answer.body {
        Body::Json(body) => Sha256::digest(body.to_string()),
        Body::Raw(bytes, _) => Sha256::digest(bytes),
        Body::Empty => return answer,
    };
    let tag = format!("\"{}\"", hex::encode(digest));
    let known = call.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known
        .flat_map(|tags| tags.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    let answer = if is_known {
        Answer { status: StatusCode::NOT_MODIFIED, headers: Vec::new(), body: Body::Empty }
    } else {
        answer
    };
    answer.header("etag", format!("W/{tag}")).header("cache-control", "private, max-age=60, s-maxage=60")
}

/// `GET /rate_limit`.
pub(super) fn route(call: &Call) -> Outcome {
    if call.method != Method::GET {
        return Err(Answer::not_found());
    }
    let budget = call.shared.limits.look(call.caller.payer(), call.shared.now());
    let shown = |limit: u64, used: u64| -> Value {
        json!({"limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": budget.reset})
    };
    let core = shown(budget.limit, budget.used);
    let body = json!({
        "resources": {"core": core, "search": shown(30, 0), "graphql": shown(5000, 0)},
        "rate": core,
    });
    Ok(tell(Answer::ok(body), budget))
}
