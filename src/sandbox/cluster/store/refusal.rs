//! Kubernetes' `Status` answers (kubernetes.io, API concepts; apimachinery `StatusReason`).

use serde_json::{Value, json};

use super::kinds::Kind;

/// A request that is not done, and what is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    details: Value,
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    /// A refusal by a status code alone, for faults.
    pub(crate) fn of_code(code: u16) -> Self {
        let (reason, message) = match code {
            401 => ("Unauthorized", "Unauthorized"),
            403 => ("Forbidden", "forbidden"),
            409 => ("Conflict", "the object has been modified; please apply your changes to the latest version"),
            410 => ("Expired", "too old resource version"),
            429 => ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "the request timed out"),
            _ => ("InternalError", "an error on the server has prevented the request from succeeding"),
        };
        Self::new(code, reason, message)
    }

    fn named(mut self, kind: &Kind, name: &str) -> Self {
        self.details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        self
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", kind.resource())).named(kind, name)
    }

    pub(crate) fn no_namespace(name: &str) -> Self {
        let mut refusal = Self::new(404, "NotFound", format!("namespaces {name:?} not found"));
        refusal.details = json!({"name": name, "kind": "namespaces"});
        refusal
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.resource());
        Self::new(409, "AlreadyExists", message).named(kind, name)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: the object has been modified; please apply your changes to \
             the latest version and try again",
            kind.resource()
        );
        Self::new(409, "Conflict", message).named(kind, name)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let shown = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        Self::new(403, "Forbidden", format!("{}{shown} is forbidden: {why}", kind.resource())).named(kind, name)
    }

    /// A 422 with one cause.
    pub(crate) fn invalid(kind: &Kind, name: &str, field: &str, problem: &str) -> Self {
        let message = format!("{} {name:?} is invalid: {field}: {problem}", kind.qualified());
        let mut refusal = Self::new(422, "Invalid", message);
        let cause = json!({"reason": "FieldValueInvalid", "message": problem, "field": field});
        refusal.details = json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": [cause]});
        refusal
    }

    /// A refusal with as many causes as wanted: field and problem.
    pub(crate) fn with_causes(code: u16, kind: &Kind, name: &str, message: &str, causes: &[(String, String)]) -> Self {
        let reason = match code {
            422 => "Invalid",
            403 => "Forbidden",
            400 => "BadRequest",
            _ => "InternalError",
        };
        let mut refusal = Self::new(code, reason, message).named(kind, name);
        let cause = |(field, problem): &(String, String)| json!({"reason": "FieldValueInvalid", "message": problem, "field": field});
        refusal.details["causes"] = causes.iter().map(cause).collect();
        refusal
    }

    /// What server-side apply answers to fields that are not in the schema: 500, without a reason
    /// (kubernetes/kubernetes#139253).
    pub(crate) fn untyped(kind: &Kind, api_version: &str, name: &str, fields: &[String]) -> Self {
        let faults: Vec<String> = fields.iter().map(|field| format!("{field}: field not declared in schema")).collect();
        let faults = if faults.len() == 1 { faults[0].clone() } else { format!("errors:\n  {}", faults.join("\n  ")) };
        let object = format!("/{name}; {api_version}, Kind={}", kind.kind);
        Self::new(500, "", format!("failed to create typed patch object ({object}): {faults}"))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        // As Go leaves out what is empty.
        let reason = Some(self.reason).filter(|reason| !reason.is_empty());
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if let Some(reason) = reason {
            status["reason"] = json!(reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}
