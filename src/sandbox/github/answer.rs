//! Answers of the REST API, and the texts with which GitHub refuses.

use http::StatusCode;
use serde_json::{Value, json};

/// Where GitHub's error bodies point.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// One answer. Refusals are answers too: `Result<T, Answer>` runs through the whole sandbox.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    /// Bytes and their content type.
    Raw(Vec<u8>, &'static str),
}

/// Either what was asked for, or the refusal as GitHub words it.
pub(crate) type Outcome<T = Answer> = Result<T, Answer>;

/// One entry of `errors` in a 422.
pub(crate) struct Problem {
    pub(crate) resource: &'static str,
    pub(crate) field: Option<&'static str>,
    pub(crate) code: &'static str,
    pub(crate) message: Option<String>,
}

impl Problem {
    pub(crate) fn missing(resource: &'static str, field: &'static str) -> Self {
        Self { resource, field: Some(field), code: "missing_field", message: None }
    }

    pub(crate) fn invalid(resource: &'static str, field: &'static str) -> Self {
        Self { resource, field: Some(field), code: "invalid", message: None }
    }

    pub(crate) fn custom(resource: &'static str, message: impl Into<String>) -> Self {
        Self { resource, field: None, code: "custom", message: Some(message.into()) }
    }

    fn json(self) -> Value {
        let mut entry = json!({"resource": self.resource, "code": self.code});
        if let Some(field) = self.field {
            entry["field"] = json!(field);
        }
        if let Some(message) = self.message {
            entry["message"] = json!(message);
        }
        entry
    }
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn created(body: Value) -> Self {
        let location = body["url"].as_str().map(str::to_owned);
        let answer = Self::json(StatusCode::CREATED, body);
        match location {
            Some(url) => answer.header("location", url),
            None => answer,
        }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Body::Empty }
    }

    pub(crate) fn raw(bytes: Vec<u8>, content_type: &'static str) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Body::Raw(bytes, content_type) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A refusal with GitHub's three fields; `status` is a string there.
    pub(crate) fn refuse(status: StatusCode, message: impl Into<String>) -> Self {
        let body = json!({
            "message": message.into(),
            "documentation_url": DOCUMENTATION,
            "status": status.as_str(),
        });
        Self::json(status, body)
    }

    pub(crate) fn not_found() -> Self {
        Self::refuse(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::refuse(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::refuse(StatusCode::FORBIDDEN, message)
    }

    /// What an installation token gets for a permission that it lacks.
    pub(crate) fn not_for_integration() -> Self {
        Self::forbidden("Resource not accessible by integration")
    }

    pub(crate) fn conflict(message: &str) -> Self {
        Self::refuse(StatusCode::CONFLICT, message)
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::refuse(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// The 422 of GitHub's JSON schema check, before a model saw the request.
    pub(crate) fn invalid_request(what: impl AsRef<str>) -> Self {
        Self::unprocessable(format!("Invalid request.\n\n{}", what.as_ref()))
    }

    /// The 422 of GitHub's models.
    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        let mut answer = Self::unprocessable("Validation Failed");
        if let Body::Json(body) = &mut answer.body {
            body["errors"] = problems.into_iter().map(Problem::json).collect();
        }
        answer
    }

    /// What a body longer than 65,536 characters gets.
    pub(crate) fn body_too_long(resource: &'static str) -> Self {
        Self::invalid(vec![Problem {
            resource,
            field: Some("data"),
            code: "unprocessable",
            message: Some("Body is too long (maximum is 65536 characters)".to_owned()),
        }])
    }

    /// The refusal's message, for callers that are not HTTP clients.
    pub(crate) fn message(&self) -> String {
        let Body::Json(body) = &self.body else { return self.status.to_string() };
        let errors = body["errors"].as_array().into_iter().flatten();
        let details: Vec<_> =
            errors.filter_map(|error| error["message"].as_str().or(error["field"].as_str())).collect();
        let message = body["message"].as_str().unwrap_or_default();
        if details.is_empty() { message.to_owned() } else { format!("{message}: {}", details.join(", ")) }
    }
}
