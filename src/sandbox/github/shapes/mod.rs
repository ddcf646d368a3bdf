//! The state as GitHub's JSON. The fields are those that GitHub's OpenAPI description
//! (`api.github.com`, version 2022-11-28) calls required, and those that clients look at.

mod app;
mod check;
mod commit;
mod deployment;
mod issue;
mod pull;
mod repository;
mod user;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::app::App;
use super::model::State;

pub(crate) use app::permissions;
pub(crate) use commit::encode_path;
pub(crate) use issue::REACTIONS;

/// The state and where it is reachable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show<'a> {
    pub(crate) state: &'a State,
    pub(crate) app: &'a App,
    pub(crate) base: &'a str,
}

impl Show<'_> {
    /// A URL of the REST API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("{}/api/v3{path}", self.base)
    }

    /// A URL of the pages.
    pub(crate) fn web(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// A GraphQL id: opaque, but stable and different per kind.
pub(crate) fn node(prefix: &str, id: u64) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(id.to_be_bytes()))
}

/// A time as GitHub writes it: UTC, whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time in seconds since 1970 as GitHub writes it.
pub(crate) fn second(at: i64) -> String {
    time(Timestamp::from_second(at).unwrap_or_default())
}
