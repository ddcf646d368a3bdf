//! Check runs: on their own page and on the page of a pull request.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::answer::Answer;
use super::super::model::CheckRun;
use super::html::{Page, badge, e, url};
use super::markdown::render;
use super::{Paged, View};

/// `/{owner}/{repo}/runs/{id}`.
pub(super) fn page(view: &View<'_>, id: u64) -> Paged {
    let run = view.shared.state().check_runs.get(&id).filter(|run| run.repository == view.id).cloned();
    let run = run.ok_or_else(Answer::not_found)?;
    let mut body = view.crumbs("");
    body.push_str(&card(view, &run));
    let notes: Vec<_> = run.annotations.iter().map(|note| (run.name.clone(), note.clone())).collect();
    body.push_str(&list(view, &run.head_sha, &notes));
    Ok(Page::new(&run.name, body))
}

/// One check run with its words and buttons.
pub(super) fn card(view: &View<'_>, run: &CheckRun) -> String {
    let state = run.conclusion.as_deref().unwrap_or(&run.status);
    let mut body = format!(
        "<div class=\"card\"><div class=\"head\">{} <a href=\"/{}/runs/{}\"><b>{}</b></a> {}</div><div class=\"body\">",
        badge(state),
        e(&view.name),
        run.id,
        e(&run.name),
        e(run.title.as_deref().unwrap_or_default())
    );
    for text in [&run.summary, &run.text].into_iter().flatten() {
        body.push_str(&render(text));
    }
    body.push_str(&view.button(&format!("runs/{}/rerun", run.id), "Re-run", false));
    for action in &run.actions {
        let _ = write!(
            body,
            "<form method=\"post\" action=\"/{}/runs/{}/press\">{} <button class=\"plain\" name=\"identifier\" \
             value=\"{}\">{}</button> <span class=\"small\">{}</span></form>",
            e(&view.name),
            run.id,
            view.people(),
            e(action["identifier"].as_str().unwrap_or_default()),
            e(action["label"].as_str().unwrap_or_default()),
            e(action["description"].as_str().unwrap_or_default())
        );
    }
    body.push_str("</div></div>");
    body
}

/// Annotations as a list, for those that no difference shows.
pub(super) fn list(view: &View<'_>, sha: &str, notes: &[(String, Value)]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut body = String::from("<h2>Annotations</h2><ul class=\"list\">");
    for (check, note) in notes {
        let path = note["path"].as_str().unwrap_or_default();
        let _ = write!(
            body,
            "<li>{} <a href=\"/{}/blob/{}/{}#L{}\">{}:{}</a> <span class=\"small\">{}</span><br><b>{}</b> {}</li>",
            badge(note["annotation_level"].as_str().unwrap_or_default()),
            e(&view.name),
            url(sha),
            url(path),
            note["start_line"].as_u64().unwrap_or_default(),
            e(path),
            note["start_line"].as_u64().unwrap_or_default(),
            e(check),
            e(note["title"].as_str().unwrap_or_default()),
            e(note["message"].as_str().unwrap_or_default())
        );
    }
    body.push_str("</ul>");
    body
}
