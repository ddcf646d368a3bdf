//! Escaping, the frame around every page, and small parts that several pages have.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use super::super::model::AccountKind;
use super::View;

const STYLE: &str = include_str!("style.css");
/// Nothing but this page's own style; no script, no pictures, forms to here only.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// One page.
pub(super) struct Page {
    status: StatusCode,
    title: String,
    body: String,
    /// Where to go instead.
    location: Option<String>,
    /// The person to remember.
    acting: Option<String>,
    /// Plain bytes instead of a page.
    raw: Option<Vec<u8>>,
}

impl Page {
    pub(super) fn new(title: &str, body: String) -> Self {
        Self { status: StatusCode::OK, title: title.to_owned(), body, location: None, acting: None, raw: None }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A file as text, which browsers must not take for a page.
    pub(super) fn raw(bytes: Vec<u8>) -> Self {
        Self { raw: Some(bytes), ..Self::new("", String::new()) }
    }

    /// After a form: go there and remember who acted.
    pub(super) fn go(location: String, acting: &str) -> Self {
        Self {
            status: StatusCode::SEE_OTHER,
            location: Some(location),
            acting: Some(acting.to_owned()).filter(|login| !login.is_empty()),
            ..Self::new("", String::new())
        }
    }

    pub(super) fn into_response(self) -> Response {
        let plain = self.raw.is_some();
        let bytes = self.raw.unwrap_or_else(|| {
            format!(
                "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
                 <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
                 <body><header><a href=\"/\">Sandbox GitHub</a> <span>a stand-in on this machine, \
                 not github.com</span></header><main>{}</main></body></html>",
                e(&self.title),
                self.body
            )
            .into_bytes()
        });
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = self.status;
        let kind = if plain { "text/plain; charset=utf-8" } else { "text/html; charset=utf-8" };
        let cookie = self.acting.map(|login| format!("as={login}; Path=/; HttpOnly; SameSite=Strict"));
        let headers = [
            ("content-type", Some(kind.to_owned())),
            ("content-security-policy", Some(POLICY.to_owned())),
            ("x-content-type-options", Some("nosniff".to_owned())),
            ("referrer-policy", Some("same-origin".to_owned())),
            ("location", self.location),
            ("set-cookie", cookie),
        ];
        for (name, value) in headers {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Text made harmless inside an element or a quoted attribute.
pub(super) fn e(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A path for `href`: encoded for URLs, which also escapes it.
pub(super) fn url(path: &str) -> String {
    super::super::shapes::encode_path(path)
}

/// A time for people.
pub(super) fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A mark for a state, coloured by it.
pub(super) fn badge(state: &str) -> String {
    let class = match state {
        "success" | "open" | "merged" => state,
        "failure" | "error" | "timed_out" | "action_required" => "failure",
        "in_progress" | "queued" | "pending" => "pending",
        _ => "neutral",
    };
    format!("<span class=\"badge {class}\">{}</span>", e(&state.replace('_', " ")))
}

impl View<'_> {
    /// The line at the top of every page of a repository.
    pub(super) fn crumbs(&self, rest: &str) -> String {
        format!("<p class=\"crumbs\"><a href=\"/{0}\">{0}</a>{1}</p>", e(&self.name), rest)
    }

    /// The list from which the reader picks who acts.
    pub(super) fn people(&self) -> String {
        let state = self.shared.state();
        let mut options = String::new();
        for account in state.accounts.values() {
            if !matches!(account.kind, AccountKind::User) || account.id == self.shared.app.owner {
                continue;
            }
            let selected = if self.acting.as_deref() == Some(&account.login) { " selected" } else { "" };
            let role = state.repositories.get(&self.id).map_or("none", |it| state.role(account.id, it).name());
            let login = e(&account.login);
            // Writing to a String cannot fail.
            let _ = write!(options, "<option value=\"{login}\"{selected}>{login} ({role})</option>");
        }
        format!("<label>as <select name=\"as\">{options}</select></label>")
    }

    /// A form with one button.
    pub(super) fn button(&self, action: &str, label: &str, disabled: bool) -> String {
        let off = if disabled { " disabled" } else { "" };
        let people = self.people();
        format!(
            "<form method=\"post\" action=\"/{}/{action}\">{people} <button{off}>{}</button></form>",
            e(&self.name),
            e(label)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{badge, e, url};

    #[test]
    fn nothing_gets_out_of_text_or_attribute() {
        assert_eq!(e("<a b='\"'>&"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(url("a b/\"x\"?.yaml"), "a%20b/%22x%22%3F.yaml");
        assert!(badge("<x>").contains("&lt;x&gt;"));
    }
}
