//! The way to the forge: octocrab carries every request and keeps the App's key (`jwt.rs`); below
//! it works one reqwest client with our time limits, the machine's proxy and its certificates. We
//! keep to ourselves what octocrab 0.54.9 does otherwise, as measured: its retry sends a POST up to
//! four times, its token cache is copied by every `Clone` and mints once per caller, its page two
//! goes out without a token on other hosts than api.github.com, its builder follows redirects and
//! adds a second `User-Agent`, and its `create_jwt` reads the machine's clock instead of ours.

use std::error::Error;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt as _;
use octocrab::service::middleware::reqwest_connector::ReqwestConnector;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use reqwest::Url;

use super::error::ForgeError;
use super::send::Answer;
use super::settings::Timeouts;

/// The version of GitHub's REST API that we speak; 2026-03-10 is the first with breaking changes.
const API_VERSION: &str = "2022-11-28";
/// No answer that we ask for is larger: a page of a hundred pull requests is about 2 MB.
pub(super) const ANSWER_LIMIT: usize = 16 << 20;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The answer was larger than [`ANSWER_LIMIT`]; this much of it had come.
    TooLarge(usize),
    Broken {
        message: &'static str,
        /// Whether the connection broke, so that a GET may be sent again at once.
        repeatable: bool,
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Octocrab without any layer of its own. The only place that sends.
pub(super) struct Wire(Octocrab);

impl Wire {
    /// # Errors
    /// `Unavailable` where this machine has no TLS roots, or outside of a Tokio runtime (octocrab
    /// starts a task that hands requests on).
    pub(super) fn new(base: &Url, timeouts: Timeouts) -> Result<Self, ForgeError> {
        let unavailable = |message: &str, source: Box<dyn Error + Send + Sync>| ForgeError::Unavailable {
            what: "HTTP client for the forge".to_owned(),
            message: message.to_owned(),
            source: Some(source),
        };
        tokio::runtime::Handle::try_current()
            .map_err(|error| unavailable("no Tokio runtime: make it inside of one", Box::new(error)))?;
        let client = http_client(base, timeouts)
            .map_err(|error| unavailable("no TLS roots? install ca-certificates", Box::new(error)))?;
        let builder = OctocrabBuilder::new_empty().with_service(ReqwestConnector::new(client));
        let Ok(octocrab) = builder.with_auth(AuthState::None).build();
        Ok(Self(octocrab))
    }

    /// Sends `request` as it is, once, and reads its answer, whatever the status.
    pub(super) async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Answer, Fault> {
        let (parts, body) = self.0.execute(request).await.map_err(Fault::from)?.into_parts();
        let (mut body, mut read) = (body, Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(Fault::from)?.into_data() else { continue };
            let size = read.len() + data.len();
            if size > ANSWER_LIMIT {
                return Err(Fault::TooLarge(size));
            }
            read.extend_from_slice(&data);
        }
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: read })
    }
}

impl From<octocrab::Error> for Fault {
    fn from(error: octocrab::Error) -> Self {
        match inner(error) {
            Ok(error) => {
                let message = if error.is_timeout() {
                    "no answer in time"
                } else if error.is_connect() {
                    "no connection"
                } else {
                    "the connection broke"
                };
                let repeatable = !error.is_timeout() && !error.is_builder();
                Self::Broken { message, repeatable, source: Box::new(error.without_url()) }
            }
            Err(source) => Self::Broken { message: "the HTTP client does not work", repeatable: false, source },
        }
    }
}

/// What reqwest said, out of octocrab's wrappings.
fn inner(error: octocrab::Error) -> Result<reqwest::Error, Box<dyn Error + Send + Sync>> {
    match error {
        octocrab::Error::Reqwest { source, .. } => Ok(source),
        octocrab::Error::Service { source, .. } => inner(*source.downcast::<octocrab::Error>()?),
        other => Err(Box::new(other)),
    }
}

fn http_client(base: &Url, timeouts: Timeouts) -> reqwest::Result<reqwest::Client> {
    let mut headers = HeaderMap::new();
    headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("bailiwick/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        // GitHub closes idle connections after a minute; a POST on such a one would fail.
        .pool_idle_timeout(Duration::from_secs(30));
    if base.scheme() == "http" {
        // The sandbox: no certificates are needed, and a proxy would be the wrong way to it.
        builder = builder.tls_certs_only([]).no_proxy();
    }
    builder.build()
}
