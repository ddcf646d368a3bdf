//! The list of repositories, and one repository at a glance.

use std::fmt::Write as _;

use super::super::model::Issue;
use super::super::shared::Shared;
use super::super::state::short;
use super::html::{Page, at, badge, e, url};
use super::{Paged, View};

/// `/`.
pub(super) fn repositories(shared: &Shared) -> Page {
    let state = shared.state();
    let mut items = String::new();
    for repository in state.repositories.values() {
        let name = e(&state.full_name(repository));
        let open = repository.issues.values().filter(|issue| issue.open && issue.pull.is_some()).count();
        let kind = if repository.private { "private" } else { "public" };
        let _ = write!(
            items,
            "<li><a href=\"/{name}\">{name}</a> <span class=\"small\">{kind} · {open} open pull requests</span></li>"
        );
    }
    Page::new("Repositories", format!("<h1>Repositories</h1><ul class=\"list\">{items}</ul>"))
}

/// `/{owner}/{repo}`.
pub(super) async fn repository(view: &View<'_>) -> Paged {
    let git = &view.shared.git;
    let default =
        view.shared.state().repositories.get(&view.id).map(|it| it.default_branch.clone()).unwrap_or_default();
    let branches = git.references(view.id, "refs/heads/").await?;
    let tip = git.branch(view.id, &default).await?;
    let files = match &tip {
        Some(tip) => git.tree(view.id, tip, true).await?,
        None => Vec::new(),
    };
    let name = e(&view.name);
    let mut body = format!("<h1>{name}</h1>");
    body.push_str(&talk(view));
    let _ = write!(
        body,
        "<h2>Files on {}</h2><p class=\"small\">Open a file and edit it to propose a change, or \
         <a href=\"/{name}/new\">add a new one</a>.</p><ul class=\"list\">",
        e(&default)
    );
    for file in files.iter().filter(|file| file.kind == "blob") {
        let _ = write!(
            body,
            "<li><a href=\"/{name}/blob/{}/{}\">{}</a></li>",
            url(&default),
            url(&file.path),
            e(&file.path)
        );
    }
    body.push_str("</ul><h2>Branches</h2><ul class=\"list\">");
    for (reference, sha) in &branches {
        let _ = write!(
            body,
            "<li>{} <a class=\"small\" href=\"/{name}/commit/{sha}\">{sha:.10}</a></li>",
            e(short(reference))
        );
    }
    body.push_str("</ul>");
    body.push_str(&settings(view));
    Ok(Page::new(&view.name, body))
}

/// Which issues a group shows.
type Fits = fn(&Issue) -> bool;

/// Pull requests and issues.
fn talk(view: &View<'_>) -> String {
    let state = view.shared.state();
    let Some(repository) = state.repositories.get(&view.id) else { return String::new() };
    let mut body = String::new();
    let groups: [(&str, Fits); 3] = [
        ("Open pull requests", |issue| issue.pull.is_some() && issue.open),
        ("Issues", |issue| issue.pull.is_none()),
        ("Closed pull requests", |issue| issue.pull.is_some() && !issue.open),
    ];
    for (title, fits) in groups {
        let _ = write!(body, "<h2>{title}</h2><ul class=\"list\">");
        let mut any = false;
        for issue in repository.issues.values().rev().filter(|issue| fits(issue)) {
            any = true;
            let kind = if issue.pull.is_some() { "pull" } else { "issues" };
            let _ = write!(
                body,
                "<li>{} <a href=\"/{}/{kind}/{}\">#{} {}</a> <span class=\"small\">by {}, {}</span></li>",
                badge(issue_state(issue)),
                e(&view.name),
                issue.number,
                issue.number,
                e(&issue.title),
                e(state.login(issue.user)),
                at(issue.created_at)
            );
        }
        body.push_str(if any { "</ul>" } else { "<li class=\"small\">none</li></ul>" });
    }
    body
}

/// `open`, `merged` or `closed`.
pub(super) fn issue_state(issue: &Issue) -> &'static str {
    let merged = issue.pull.as_ref().is_some_and(|pull| pull.merged.is_some());
    match (issue.open, merged) {
        (true, _) => "open",
        (false, true) => "merged",
        (false, false) => "closed",
    }
}

/// Deploy keys and deployments.
fn settings(view: &View<'_>) -> String {
    let state = view.shared.state();
    let mut body = "<h2>Deploy keys</h2><ul class=\"list\">".to_owned();
    for key in state.deploy_keys.values().filter(|key| key.repository == view.id) {
        let access = if key.read_only { "read-only" } else { "may write" };
        let _ = write!(
            body,
            "<li>{} <span class=\"small\">{access}, added by {}, {}</span><br><code>{:.60}…</code></li>",
            e(&key.title),
            e(state.login(key.added_by)),
            at(key.created_at),
            e(&key.key)
        );
    }
    body.push_str("</ul><h2>Deployments</h2><ul class=\"list\">");
    for deployment in state.deployments.values().rev().filter(|it| it.repository == view.id) {
        let last = deployment.statuses.last();
        let _ = write!(
            body,
            "<li>{} {} <span class=\"small\">{:.10}, {}</span> {}</li>",
            badge(last.map_or("queued", |status| &status.state)),
            e(&deployment.environment),
            e(&deployment.sha),
            at(deployment.created_at),
            e(last.map_or("", |status| &status.description))
        );
    }
    body.push_str("</ul>");
    body
}
