use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::error::ForgeError;
use super::record::{Exchange, Record, without_tokens};
use super::route::Route;
use super::settings::Timeouts;
use super::wire::{ANSWER_LIMIT, Fault, Wire};
use crate::names::site_host;

/// How many redirects a GET follows. GitHub sends one for a renamed repository.
const REDIRECT_LIMIT: usize = 3;

/// What GitHub recommends, and behind it what its own description calls every answer: a server
/// that keeps to the description answers 406 to the first alone.
const JSON: &str = "application/vnd.github+json, application/json;q=0.9";
/// A file's own bytes, or JSON around them from a server that has no other form.
const RAW: &str = "application/vnd.github.raw+json, application/json;q=0.5";

/// One request, not yet sent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) body: Option<Value>,
    /// What is asked for, for error texts.
    pub(super) what: String,
    pub(super) accept: &'static str,
    /// The tag of an answer that we have: where it is still the same, 304 is enough.
    pub(super) known_tag: Option<String>,
}

impl Call {
    pub(super) fn new(method: Method, route: Route, what: impl Into<String>) -> Self {
        Self { method, route, body: None, what: what.into(), accept: JSON, known_tag: None }
    }

    pub(super) fn get(route: Route, what: impl Into<String>) -> Self {
        Self::new(Method::GET, route, what)
    }

    pub(super) fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Asks for a file's bytes instead of JSON around them.
    pub(super) fn raw(mut self) -> Self {
        self.accept = RAW;
        self
    }
}

/// An answer of any status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 307 | 308)
    }

    pub(super) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, ForgeError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ForgeError::Unexpected { what: what.to_owned(), message: error.to_string() })
    }
}

/// Without the body and the headers: the answer to a request for a token holds the token.
impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Sends requests to one origin and counts them. It knows no retry policy beyond repeating a GET
/// once on a broken connection, and never follows anything to another origin.
pub(super) struct Transport {
    wire: Wire,
    base: Url,
    recorder: Option<Arc<dyn Record>>,
    counts: Mutex<BTreeMap<(String, &'static str), u64>>,
}

impl Transport {
    pub(super) fn new(
        api_url: &str,
        timeouts: Timeouts,
        recorder: Option<Arc<dyn Record>>,
    ) -> Result<Self, ForgeError> {
        let base = base_url(api_url)?;
        let wire = Wire::new(&base, timeouts)?;
        Ok(Self { wire, base, recorder, counts: Mutex::default() })
    }

    /// How many requests were sent, by method and route.
    pub(super) fn counts(&self) -> BTreeMap<(String, &'static str), u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends `call`; GETs follow redirects within the origin. An answer of any status is `Ok`.
    pub(super) async fn send(&self, call: &Call, token: &SecretString) -> Result<Answer, ForgeError> {
        let mut call = call.clone();
        for _ in 0..=REDIRECT_LIMIT {
            let answer = self.send_or_repeat(&call, token).await?;
            if call.method != Method::GET || !answer.is_redirect() {
                return Ok(answer);
            }
            let target = answer.header("location").unwrap_or_default();
            call.route.path = self.relative(&call.route.path, target, &call.what)?;
        }
        Err(ForgeError::Unexpected { what: call.what, message: "too many redirects".to_owned() })
    }

    async fn send_or_repeat(&self, call: &Call, token: &SecretString) -> Result<Answer, ForgeError> {
        match self.send_once(call, token).await {
            Err(Broken { repeatable: true, .. }) if call.method == Method::GET => {
                self.send_once(call, token).await.map_err(|broken| broken.error)
            }
            other => other.map_err(|broken| broken.error),
        }
    }

    async fn send_once(&self, call: &Call, token: &SecretString) -> Result<Answer, Broken> {
        let request = self.request(call, token)?;
        self.count(call);
        // The span holds the waiting and nothing of ours: `benches/review` takes it off.
        let answered = self.wire.exchange(request).instrument(tracing::debug_span!("forge.request")).await;
        let answer = answered.map_err(|fault| Broken::new(call, fault))?;
        tracing::debug!(
            http.method = call.method.as_str(),
            http.route = call.route.template,
            http.status = answer.status,
            "asked the forge"
        );
        self.record(call, &answer);
        Ok(answer)
    }

    fn request(&self, call: &Call, token: &SecretString) -> Result<Request<Vec<u8>>, Broken> {
        let odd = |message| Broken::odd(call, message);
        let header_text = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
        let mut bearer = HeaderValue::from_str(&header_text)
            .map_err(|_| odd("the token holds characters that no header may hold"))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.url(call)?.as_str())
            .header(header::ACCEPT, call.accept)
            .header(header::AUTHORIZATION, bearer);
        if let Some(tag) = &call.known_tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let body = match &call.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                body.to_string().into_bytes()
            }
            None => Vec::new(),
        };
        request.body(body).map_err(|_| odd("its path is none"))
    }

    /// The full address of a call. Dot segments would be resolved by the URL parser and lead to
    /// another route, so a path that does not come out as it went in is refused.
    fn url(&self, call: &Call) -> Result<Url, Broken> {
        let text = format!("{}{}", self.base.as_str().trim_end_matches('/'), call.route.path);
        match Url::parse(&text) {
            Ok(url) if url.as_str() == text => Ok(url),
            _ => Err(ForgeError::Refused { what: call.what.clone(), reason: "a name in its path is not one" }.into()),
        }
    }

    /// The path below the API's address of a link that the forge sent in answer to `path`.
    ///
    /// # Errors
    /// `Unexpected` where it leads to another origin or out of the API: a token must not go there.
    fn relative(&self, path: &str, link: &str, what: &str) -> Result<String, ForgeError> {
        let elsewhere = || ForgeError::Unexpected {
            what: what.to_owned(),
            message: "it points to another server, which we do not follow".to_owned(),
        };
        let url = self.joined(path, link).ok_or_else(elsewhere)?;
        let below = url.path().strip_prefix(self.base.path().trim_end_matches('/'));
        match below {
            Some(path) if url.origin() == self.base.origin() && path.starts_with('/') => {
                Ok(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
            }
            _ => Err(elsewhere()),
        }
    }

    /// The path of the next page. Servers behind a proxy may name themselves differently than we
    /// reach them; of such a link only the query is taken, so the token stays on our origin.
    pub(super) fn next_page(&self, path: &str, link: &str) -> Result<String, ForgeError> {
        self.relative(path, link, path).or_else(|error| {
            let query = self.joined(path, link).and_then(|url| url.query().map(str::to_owned)).ok_or(error)?;
            Ok(format!("{}?{query}", path.split('?').next().unwrap_or(path)))
        })
    }

    /// A link in full: it may leave out its first parts, which are then the ones of what was asked for.
    fn joined(&self, path: &str, link: &str) -> Option<Url> {
        let asked = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&asked).ok()?.join(link).ok()
    }

    /// The address of pages and of Git: the API's without its path, and without `api.` where GitHub has it.
    pub(super) fn web(&self) -> String {
        let origin = self.base.origin().ascii_serialization();
        let Some(host) = self.base.host_str() else { return origin };
        origin.replacen(host, site_host(host), 1)
    }

    fn count(&self, call: &Call) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((call.method.to_string(), call.route.template)).or_default() += 1;
    }

    fn record(&self, call: &Call, answer: &Answer) {
        let Some(recorder) = &self.recorder else { return };
        let response = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        recorder.record(&Exchange {
            method: call.method.to_string(),
            route: call.route.template.to_owned(),
            path: call.route.path.clone(),
            request: without_tokens(call.body.clone().unwrap_or(Value::Null)),
            status: answer.status,
            response: without_tokens(response),
        });
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Transport").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// A request without an answer.
#[derive(Debug)]
struct Broken {
    error: ForgeError,
    /// Whether the connection broke, so that a GET may be sent again at once.
    repeatable: bool,
}

impl From<ForgeError> for Broken {
    fn from(error: ForgeError) -> Self {
        Self { error, repeatable: false }
    }
}

impl Broken {
    fn odd(call: &Call, message: &str) -> Self {
        ForgeError::Unexpected { what: call.what.clone(), message: message.to_owned() }.into()
    }

    fn new(call: &Call, fault: Fault) -> Self {
        match fault {
            Fault::TooLarge(size) => {
                ForgeError::TooLarge { what: format!("answer for {}", call.what), size, limit: ANSWER_LIMIT }.into()
            }
            Fault::Broken { message, repeatable, source } => {
                let what = call.what.clone();
                let error = ForgeError::Unavailable { what, message: message.to_owned(), source: Some(source) };
                Self { error, repeatable }
            }
        }
    }
}

fn base_url(api_url: &str) -> Result<Url, ForgeError> {
    let refuse = |reason| ForgeError::Refused { what: "api_url".to_owned(), reason };
    let url = Url::parse(api_url).map_err(|_| refuse("it is not a URL: write https://api.github.com"))?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && matches!(url.scheme(), "http" | "https");
    if plain { Ok(url) } else { Err(refuse("it must be http(s) without credentials and query")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_token_is_marked_so_that_nobody_prints_it() {
        let transport = Transport::new("http://127.0.0.1:1", Timeouts::default(), None).expect("a transport");
        let call = Call::get(Route::new("/app", &[]), "the App itself");
        let request = transport.request(&call, &SecretString::from("ghs_1")).expect("a request");
        assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
        assert!(!format!("{request:?}").contains("ghs_1"), "{request:?}");
        let bad = transport.request(&call, &SecretString::from("ghs_1\n")).expect_err("an error").error;
        assert!(!format!("{bad:?}").contains("ghs_1"), "{bad:?}");
    }
}
