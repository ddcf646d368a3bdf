//! A plain issue, and the comments that issues and pull requests share.

use std::fmt::Write as _;

use super::super::answer::Answer;
use super::super::model::Issue;
use super::home::issue_state;
use super::html::{Page, at, badge, e};
use super::markdown::render;
use super::{Paged, View};

/// `/{owner}/{repo}/issues/{n}`; a pull request's number leads to its page.
pub(super) fn page(view: &View<'_>, number: u64) -> Paged {
    let issue = view.shared.state().issue(view.id, number).cloned().ok_or_else(Answer::not_found)?;
    if issue.pull.is_some() {
        return Ok(Page::go(format!("/{}/pull/{number}", view.name), view.acting.as_deref().unwrap_or_default()));
    }
    let mut body = view.crumbs("");
    body.push_str(&title(&issue));
    body.push_str(&comments(view, &issue));
    body.push_str(&comment_box(view, &format!("issues/{number}/comment")));
    Ok(Page::new(&format!("{} #{number}", issue.title), body))
}

/// The page's heading.
pub(super) fn title(issue: &Issue) -> String {
    format!(
        "<h1>{} <span class=\"small\">#{}</span></h1><p>{}</p>",
        e(&issue.title),
        issue.number,
        badge(issue_state(issue))
    )
}

fn card(head: &str, id: &str, body: &str) -> String {
    format!("<div class=\"card\"{id}><div class=\"head\">{head}</div><div class=\"body\">{body}</div></div>")
}

/// The description and the comments, oldest first.
pub(super) fn comments(view: &View<'_>, issue: &Issue) -> String {
    let state = view.shared.state();
    let head = |login: &str, when| format!("<b>{}</b> <span class=\"small\">{}</span>", e(login), at(when));
    let text = issue.body.as_deref().filter(|body| !body.trim().is_empty()).unwrap_or("*No description.*");
    let mut body = card(&head(state.login(issue.user), issue.created_at), "", &render(text));
    let own = state.comments.values().filter(|it| it.repository == view.id && it.number == issue.number);
    for comment in own {
        let mut html = render(&comment.body);
        for reaction in &comment.reactions {
            let _ = write!(
                html,
                "<span class=\"small\">{} {}</span> ",
                emoji(&reaction.content),
                e(state.login(reaction.user))
            );
        }
        let id = format!(" id=\"issuecomment-{}\"", comment.id);
        body.push_str(&card(&head(state.login(comment.user), comment.created_at), &id, &html));
    }
    body
}

fn emoji(content: &str) -> &'static str {
    match content {
        "+1" => "👍",
        "-1" => "👎",
        "laugh" => "😄",
        "hooray" => "🎉",
        "confused" => "😕",
        "heart" => "❤️",
        "rocket" => "🚀",
        _ => "👀",
    }
}

/// The form for a new comment.
pub(super) fn comment_box(view: &View<'_>, action: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/{}/{}\"><textarea name=\"body\" rows=\"4\" required \
         placeholder=\"A comment, or a command such as /help\"></textarea>{} <button>Comment</button></form>",
        e(&view.name),
        e(action),
        view.people()
    )
}
