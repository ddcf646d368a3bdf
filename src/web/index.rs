//! `GET /`: what somebody sees who opens the server's address in a browser. It tells nothing that is
//! not public: what is done for whom stands on GitHub.

use axum::response::Html;

/// A page that says what this is.
pub(super) async fn index() -> Html<&'static str> {
    Html(concat!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bailiwick</title>",
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>",
        "<h1>Bailiwick ",
        env!("CARGO_PKG_VERSION"),
        "</h1><p>It is running. It listens for GitHub's webhooks at <code>/webhooks/github</code> and says what it did ",
        "on GitHub: in check runs, comments and deployments.</p>",
        "<p><a href=\"/healthz\">health</a> · <a href=\"/readyz\">readiness</a> · <a href=\"/metrics\">metrics</a></p>",
    ))
}
