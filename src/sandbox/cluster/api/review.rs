//! "May I?": SelfSubjectAccessReview (`kubectl auth can-i`). Anybody may ask, and nothing is stored.

use axum::http::Method;
use serde_json::{Value, json};

use super::Call;
use super::path::Target;
use crate::sandbox::cluster::store::json::text;
use crate::sandbox::cluster::store::rbac::{Action, allows};
use crate::sandbox::cluster::store::{Refusal, Store};

/// Whether the request is such a question.
pub(super) fn is_review(call: &Call, target: &Target) -> bool {
    let path = (target.group.as_str(), target.version.as_str(), target.plural.as_str());
    call.method == Method::POST && path == ("authorization.k8s.io", "v1", "selfsubjectaccessreviews")
}

pub(super) fn answer(store: &Store, call: &Call) -> Result<Value, Refusal> {
    let mut review: Value = serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding the review: {error}")))?;
    let asked = |field: &str| text(&review, &format!("/spec/resourceAttributes/{field}")).to_owned();
    let [verb, group, mut resource] = ["verb", "group", "resource"].map(asked);
    let [subresource, namespace, name] = ["subresource", "namespace", "name"].map(asked);
    if verb.is_empty() || resource.is_empty() {
        return Err(Refusal::bad_request("spec.resourceAttributes needs a verb and a resource"));
    }
    if !subresource.is_empty() {
        resource = format!("{resource}/{subresource}");
    }
    let action = Action { verb: &verb, group: &group, resource: &resource, namespace: &namespace, name: &name };
    review["status"] = json!({"allowed": allows(store, &call.user, action)});
    Ok(review)
}
