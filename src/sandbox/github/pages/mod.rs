//! Small HTML pages: what a newcomer looks at.

use std::sync::Arc;

use axum::response::Response;

use super::server::Incoming;
use super::shared::Shared;

/// Answers one request of a browser.
pub(crate) async fn handle(_shared: &Arc<Shared>, _incoming: Incoming) -> Response {
    Response::new(axum::body::Body::from("pages"))
}
