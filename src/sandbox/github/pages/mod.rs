//! Small HTML pages: what a newcomer looks at, and forms to comment, merge and edit as one of the
//! sandbox's people. No script. Everything from repositories and people is escaped; forms work
//! only from these pages themselves, since every site in the browser can reach loopback.

mod blob;
mod diff;
mod forms;
mod home;
mod html;
mod issue;
mod markdown;
mod pull;
mod runs;

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};

use super::answer::Answer;
use super::server::{self, Incoming};
use super::shared::Shared;
use html::{Page, e};

/// What a page is made from.
struct View<'a> {
    shared: &'a Shared,
    /// `owner/name`.
    name: String,
    /// The repository's id.
    id: u64,
    /// The person that the reader acted as last.
    acting: Option<String>,
}

/// Either a page or a refusal, which becomes a page too.
type Paged = Result<Page, Answer>;

/// Answers one request of a browser.
pub(crate) async fn handle(shared: &Arc<Shared>, incoming: Incoming) -> Response {
    let decoded: Vec<String> =
        incoming.path.split('/').filter(|part| !part.is_empty()).map(|part| server::decode(part.as_bytes())).collect();
    let path: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let result = match (&incoming.method, path.as_slice()) {
        (&Method::GET, []) => Ok(home::repositories(shared)),
        (&Method::GET, [owner, name, rest @ ..]) => match view(shared, owner, name, &incoming.headers) {
            Ok(view) => get(&view, rest, &incoming.query).await,
            Err(refusal) => Err(refusal),
        },
        (&Method::POST, [owner, name, rest @ ..]) => match view(shared, owner, name, &incoming.headers) {
            Ok(view) => post(&view, rest, &incoming).await,
            Err(refusal) => Err(refusal),
        },
        _ => Err(Answer::not_found()),
    };
    let page = result.unwrap_or_else(|refusal| {
        let body = format!("<h1>{}</h1><p>{}</p>", refusal.status.as_u16(), e(&refusal.message()));
        Page::new("Not done", body).with_status(refusal.status)
    });
    page.into_response()
}

fn view<'a>(shared: &'a Shared, owner: &str, name: &str, headers: &HeaderMap) -> Result<View<'a>, Answer> {
    let state = shared.state();
    let repository = state.repository(owner, name).or_else(|| state.renamed(owner, name));
    let repository = repository.ok_or_else(Answer::not_found)?;
    let (name, id) = (state.full_name(repository), repository.id);
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let acting = cookie.split("; ").find_map(|pair| pair.strip_prefix("as=")).map(str::to_owned);
    Ok(View { shared, name, id, acting })
}

async fn get(view: &View<'_>, path: &[&str], query: &str) -> Paged {
    match path {
        [] => home::repository(view).await,
        ["pull", number] => pull::page(view, number_of(number)?).await,
        ["issues", number] => issue::page(view, number_of(number)?),
        ["runs", id] => runs::page(view, number_of(id)?),
        ["commit", sha] => diff::commit(view, sha).await,
        ["blob" | "tree", rest @ ..] => blob::page(view, rest).await,
        ["raw", rest @ ..] => blob::raw(view, rest).await,
        ["edit", rest @ ..] => blob::edit(view, rest).await,
        ["new"] => {
            let query = server::parse_query(query.as_bytes());
            let path = query.iter().find(|(name, _)| name == "path").map_or("", |(_, value)| value);
            Ok(blob::new_file(view, path))
        }
        _ => Err(Answer::not_found()),
    }
}

async fn post(view: &View<'_>, path: &[&str], incoming: &Incoming) -> Paged {
    if !is_own_form(view.shared, &incoming.headers) {
        return Err(Answer::refuse(StatusCode::FORBIDDEN, "Forms are taken from these pages only."));
    }
    let form = forms::Form::read(view, &incoming.body)?;
    match path {
        ["pull" | "issues", number, "comment"] => forms::comment(view, &form, number_of(number)?),
        ["pull", number, "merge"] => forms::merge(view, &form, number_of(number)?).await,
        ["pull", number, "close"] => forms::close(view, &form, number_of(number)?),
        ["runs", id, "rerun"] => forms::rerun(view, &form, number_of(id)?),
        ["runs", id, "press"] => forms::press(view, &form, number_of(id)?),
        ["propose"] => forms::propose(view, &form).await,
        _ => Err(Answer::not_found()),
    }
}

fn number_of(text: &str) -> Result<u64, Answer> {
    text.parse().map_err(|_| Answer::not_found())
}

/// Browsers send `Origin` with every form; it must be ours (also when another name resolves to
/// this machine).
fn is_own_form(shared: &Shared, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let local = shared.base.replace("127.0.0.1", "localhost");
    let ours = text(header::ORIGIN).is_some_and(|origin| origin == shared.base || origin == local);
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    ours && site.is_none_or(|site| site == "same-origin")
}
