//! A pull request: talk, checks, merge button, commits, difference.

use std::fmt::Write as _;

use super::super::answer::Answer;
use super::super::git::read::CommitInfo;
use super::super::model::{CheckRun, Issue, Pull};
use super::html::{Page, e};
use super::{Paged, View, diff, issue, runs};

/// `/{owner}/{repo}/pull/{n}`.
pub(super) async fn page(view: &View<'_>, number: u64) -> Paged {
    let mergeable = view.shared.find_mergeable(view.id, number).await?;
    let found = view.shared.state().issue(view.id, number).cloned().ok_or_else(Answer::not_found)?;
    let pull = found.pull.clone().ok_or_else(Answer::not_found)?;
    let (commits, files) = changes(view, &found, &pull).await?;
    let runs = newest_runs(view, &pull);
    let mut notes: diff::Notes =
        runs.iter().flat_map(|run| run.annotations.iter().map(|note| (run.name.clone(), note.clone()))).collect();
    let mut body = view.crumbs("");
    body.push_str(&issue::title(&found));
    let _ = write!(
        body,
        "<p class=\"small\">{} wants to merge <code>{}</code> into <code>{}</code></p>",
        e(view.shared.state().login(found.user)),
        e(&pull.head_ref),
        e(&pull.base_ref)
    );
    body.push_str(&issue::comments(view, &found));
    body.push_str("<h2>Checks</h2>");
    if runs.is_empty() {
        body.push_str("<p class=\"small\">None yet. Reload the page to look again.</p>");
    }
    for run in &runs {
        body.push_str(&runs::card(view, run));
    }
    body.push_str(&merge_box(view, &found, &pull, mergeable));
    body.push_str(&issue::comment_box(view, &format!("pull/{number}/comment")));
    body.push_str(&commits_html(view, &commits));
    body.push_str("<h2>Files changed</h2>");
    body.push_str(&diff::files_html(&files, &mut notes));
    body.push_str(&runs::list(view, &pull.head_sha, &notes));
    Ok(Page::new(&format!("{} #{number}", found.title), body))
}

async fn changes(
    view: &View<'_>,
    issue: &Issue,
    pull: &Pull,
) -> Result<(Vec<CommitInfo>, Vec<super::super::git::diff::FileDiff>), Answer> {
    let git = &view.shared.git;
    let tip = if issue.open { git.branch(view.id, &pull.base_ref).await? } else { None };
    let tip = tip.unwrap_or_else(|| pull.base_sha.clone());
    let base = git.merge_base(view.id, &tip, &pull.head_sha).await?.unwrap_or(tip);
    let commits = git.log(view.id, &["-250", &format!("{base}..{}", pull.head_sha)]).await?;
    Ok((commits, git.diff(view.id, &base, &pull.head_sha).await?))
}

/// Of every name the newest run at the head.
fn newest_runs(view: &View<'_>, pull: &Pull) -> Vec<CheckRun> {
    let state = view.shared.state();
    let mut newest: Vec<CheckRun> = Vec::new();
    let at_head = |run: &&CheckRun| run.repository == view.id && run.head_sha == pull.head_sha;
    for run in state.check_runs.values().rev().filter(at_head) {
        if !newest.iter().any(|newer| newer.name == run.name) {
            newest.push(run.clone());
        }
    }
    newest
}

/// What keeps the pull request from being merged, and the button.
fn merge_box(view: &View<'_>, issue: &Issue, pull: &Pull, mergeable: bool) -> String {
    if let Some(merged) = &pull.merged {
        return format!(
            "<p>Merged as <a href=\"/{}/commit/{2}\">{1:.10}</a>.</p>",
            e(&view.name),
            merged.sha,
            merged.sha
        );
    }
    if !issue.open {
        return "<p>Closed.</p>".to_owned();
    }
    let missing = {
        let state = view.shared.state();
        state.repositories.get(&view.id).and_then(|repository| state.missing_check(repository, pull))
    };
    let why = match (&missing, mergeable) {
        (Some(check), _) => format!("The branch is protected: the check <b>{}</b> has to be successful.", e(check)),
        (None, false) => "This branch has conflicts that must be resolved.".to_owned(),
        (None, true) => "This branch has no conflicts with the base branch.".to_owned(),
    };
    let number = issue.number;
    format!(
        "<h2>Merge</h2><p>{why}</p>{}{}",
        view.button(&format!("pull/{number}/merge"), "Merge pull request", missing.is_some() || !mergeable),
        view.button(&format!("pull/{number}/close"), "Close pull request", false)
            .replace("<button", "<button class=\"plain\""),
    )
}

fn commits_html(view: &View<'_>, commits: &[CommitInfo]) -> String {
    let mut body = String::from("<h2>Commits</h2><ul class=\"list\">");
    for commit in commits.iter().rev() {
        let _ = write!(
            body,
            "<li><a href=\"/{}/commit/{}\">{:.10}</a> {} <span class=\"small\">{}</span></li>",
            e(&view.name),
            commit.sha,
            commit.sha,
            e(commit.message.lines().next().unwrap_or_default()),
            e(&commit.author.name)
        );
    }
    body.push_str("</ul>");
    body
}
