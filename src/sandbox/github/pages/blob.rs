//! Files and directories, and the forms to propose a change.

use std::fmt::Write as _;

use super::super::answer::Answer;
use super::html::{Page, e, url};
use super::{Paged, View};

/// A file or directory at a commit.
struct Place {
    /// The branch, tag or commit as the address names it.
    reference: String,
    commit: String,
    path: String,
}

/// Splits `<reference>/<path>`, where the reference may have slashes itself.
async fn place(view: &View<'_>, segments: &[&str]) -> Result<Place, Answer> {
    for length in 1..=segments.len() {
        let reference = segments[..length].join("/");
        if let Some(commit) = view.shared.git.resolve(view.id, &reference).await? {
            return Ok(Place { reference, commit, path: segments[length..].join("/") });
        }
    }
    Err(Answer::not_found())
}

async fn content(view: &View<'_>, place: &Place) -> Result<Vec<u8>, Answer> {
    view.shared.git.file(view.id, &place.commit, &place.path).await?.ok_or_else(Answer::not_found)
}

/// `/{owner}/{repo}/blob/…` and `/tree/…`.
pub(super) async fn page(view: &View<'_>, segments: &[&str]) -> Paged {
    let place = place(view, segments).await?;
    let Ok(bytes) = content(view, &place).await else { return directory(view, &place).await };
    let name = e(&view.name);
    let mut body = view.crumbs(&format!(" / {} @ {}", e(&place.path), e(&place.reference)));
    let _ = write!(
        body,
        "<h1>{}</h1><p><a href=\"/{name}/edit/{}/{}\">Edit this file and propose the change</a></p>",
        e(&place.path),
        url(&place.reference),
        url(&place.path)
    );
    body.push_str("<div class=\"card\"><div class=\"body\"><table class=\"code\">");
    for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let number = index + 1;
        let _ = write!(body, "<tr id=\"L{number}\"><td class=\"no\">{number}</td><td>{}</td></tr>", e(line));
    }
    body.push_str("</table></div></div>");
    Ok(Page::new(&place.path, body))
}

async fn directory(view: &View<'_>, place: &Place) -> Paged {
    let tree = match place.path.as_str() {
        "" => place.commit.clone(),
        path => {
            let entry = view.shared.git.entry(view.id, &place.commit, path).await?;
            entry.filter(|entry| entry.kind == "tree").ok_or_else(Answer::not_found)?.sha
        }
    };
    let mut body = view.crumbs(&format!(" / {} @ {}", e(&place.path), e(&place.reference)));
    body.push_str("<ul class=\"list\">");
    for entry in view.shared.git.tree(view.id, &tree, false).await? {
        let path = if place.path.is_empty() { entry.path.clone() } else { format!("{}/{}", place.path, entry.path) };
        let _ = write!(
            body,
            "<li><a href=\"/{}/blob/{}/{}\">{}</a></li>",
            e(&view.name),
            url(&place.reference),
            url(&path),
            e(&entry.path)
        );
    }
    body.push_str("</ul>");
    Ok(Page::new(&view.name, body))
}

/// `/{owner}/{repo}/raw/…`.
pub(super) async fn raw(view: &View<'_>, segments: &[&str]) -> Paged {
    let place = place(view, segments).await?;
    Ok(Page::raw(content(view, &place).await?))
}

/// `/{owner}/{repo}/edit/…`.
pub(super) async fn edit(view: &View<'_>, segments: &[&str]) -> Paged {
    let place = place(view, segments).await?;
    let text = String::from_utf8_lossy(&content(view, &place).await?).into_owned();
    Ok(form(view, &place.reference, &place.path, &text))
}

/// `/{owner}/{repo}/new`.
pub(super) fn new_file(view: &View<'_>, path: &str) -> Page {
    let default = view.shared.state().repositories.get(&view.id).map(|it| it.default_branch.clone());
    form(view, &default.unwrap_or_default(), path, "")
}

fn form(view: &View<'_>, branch: &str, path: &str, text: &str) -> Page {
    let body = format!(
        "{}<h1>Propose a change</h1><p class=\"small\">It becomes a commit on a new branch, and a pull request.</p>\
         <form method=\"post\" action=\"/{}/propose\"><input type=\"hidden\" name=\"base\" value=\"{}\">\
         <p><label>File <input type=\"text\" name=\"path\" required value=\"{}\"></label></p>\
         <p><textarea name=\"content\" rows=\"24\">\n{}</textarea></p>\
         <p><label>Title <input type=\"text\" name=\"title\" required value=\"Update {}\"></label></p>\
         {} <button>Propose</button></form>",
        view.crumbs(""),
        e(&view.name),
        e(branch),
        e(path),
        e(text),
        e(path),
        view.people()
    );
    Page::new("Propose a change", body)
}
