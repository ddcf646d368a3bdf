//! What the forms do: the same operations as the REST API, with the rights of the chosen person.

use super::super::access::Role;
use super::super::answer::Answer;
use super::super::git::write::{Edit, NewCommit};
use super::super::git::{ZERO, is_plain_path};
use super::super::ops::merge::MergeWish;
use super::super::ops::pulls::NewPull;
use super::super::ops::refs::Moved;
use super::super::server::parse_query;
use super::html::Page;
use super::{Paged, View};

/// A form's fields and the person who sent it.
pub(super) struct Form {
    fields: Vec<(String, String)>,
    by: u64,
    login: String,
}

impl Form {
    /// Reads a form; the person must exist.
    pub(super) fn read(view: &View<'_>, body: &[u8]) -> Result<Self, Answer> {
        let fields = parse_query(body);
        let wanted = fields.iter().find(|(name, _)| name == "as").map(|(_, value)| value.clone()).unwrap_or_default();
        let state = view.shared.state();
        let account = state.account(&wanted).ok_or_else(|| Answer::unprocessable("Choose who acts."))?;
        Ok(Self { by: account.id, login: account.login.clone(), fields })
    }

    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Refuses where the person's role is too weak.
    fn needs(&self, view: &View<'_>, role: Role) -> Result<(), Answer> {
        let state = view.shared.state();
        let has = state.repositories.get(&view.id).map_or(Role::None, |it| state.role(self.by, it));
        if has >= role {
            return Ok(());
        }
        Err(Answer::forbidden(&format!(
            "{} has the role \"{}\" in {} and would need \"{}\".",
            self.login,
            has.name(),
            view.name,
            role.name()
        )))
    }
}

pub(super) fn comment(view: &View<'_>, form: &Form, number: u64) -> Paged {
    form.needs(view, Role::Read)?;
    // Browsers send line ends as CR LF.
    let body = form.field("body").replace("\r\n", "\n");
    let id = view.shared.comment(view.id, number, &body, form.by)?;
    Ok(Page::go(format!("/{}/issues/{number}#issuecomment-{id}", view.name), &form.login))
}

pub(super) async fn merge(view: &View<'_>, form: &Form, number: u64) -> Paged {
    form.needs(view, Role::Write)?;
    view.shared.merge(view.id, number, MergeWish::default(), form.by).await?;
    Ok(Page::go(format!("/{}/pull/{number}", view.name), &form.login))
}

pub(super) fn close(view: &View<'_>, form: &Form, number: u64) -> Paged {
    form.needs(view, Role::Triage)?;
    view.shared.close(view.id, number, form.by);
    Ok(Page::go(format!("/{}/pull/{number}", view.name), &form.login))
}

/// The page of the pull request at the run's head, or the run's own.
fn back(view: &View<'_>, id: u64) -> String {
    let state = view.shared.state();
    let head = state.check_runs.get(&id).map(|run| run.head_sha.clone());
    let pull = state.repositories.get(&view.id).and_then(|repository| {
        repository.issues.values().find(|issue| issue.pull.as_ref().map(|pull| &pull.head_sha) == head.as_ref())
    });
    match pull {
        Some(issue) if head.is_some() => format!("/{}/pull/{}", view.name, issue.number),
        _ => format!("/{}/runs/{id}", view.name),
    }
}

fn is_here(view: &View<'_>, id: u64) -> Result<(), Answer> {
    let here = view.shared.state().check_runs.get(&id).is_some_and(|run| run.repository == view.id);
    if here { Ok(()) } else { Err(Answer::not_found()) }
}

pub(super) fn rerun(view: &View<'_>, form: &Form, id: u64) -> Paged {
    is_here(view, id)?;
    form.needs(view, Role::Write)?;
    view.shared.rerequest(id, form.by)?;
    Ok(Page::go(back(view, id), &form.login))
}

pub(super) fn press(view: &View<'_>, form: &Form, id: u64) -> Paged {
    is_here(view, id)?;
    form.needs(view, Role::Write)?;
    view.shared.press(id, form.field("identifier"), form.by)?;
    Ok(Page::go(back(view, id), &form.login))
}

/// Commits one file to a new branch and opens a pull request.
pub(super) async fn propose(view: &View<'_>, form: &Form) -> Paged {
    form.needs(view, Role::Write)?;
    let (path, base) = (form.field("path").trim(), form.field("base"));
    if !is_plain_path(path) {
        return Err(Answer::unprocessable("The file's path must be relative, without empty or dot parts."));
    }
    let title = form.field("title").trim();
    let content = form.field("content").replace("\r\n", "\n");
    let shared = view.shared;
    let branch = {
        let _moving = shared.moving.lock().await;
        let parent = shared.git.branch(view.id, base).await?.ok_or_else(Answer::not_found)?;
        let branch = free_branch(view, &form.login).await?;
        let changes = [Edit::file(path, content.into_bytes())];
        let author = shared.signature(form.by);
        let commit = NewCommit { parent: Some(&parent), author, message: title, changes: &changes };
        let after = shared.git.make_commit(view.id, commit).await?;
        let (name, before) = (format!("refs/heads/{branch}"), ZERO.to_owned());
        shared.move_ref(&Moved { repository: view.id, name, before, after, by: form.by }).await?;
        branch
    };
    let new = NewPull {
        repository: view.id,
        head_repository: view.id,
        head: branch,
        base: base.to_owned(),
        title: title.to_owned(),
        body: Some(String::new()),
        draft: false,
        by: form.by,
    };
    let number = shared.open_pull(new).await?;
    Ok(Page::go(format!("/{}/pull/{number}", view.name), &form.login))
}

/// `<login>-patch-<n>`, as GitHub's editor names its branches.
async fn free_branch(view: &View<'_>, login: &str) -> Result<String, Answer> {
    let taken = view.shared.git.references(view.id, "refs/heads/").await?;
    let name = |number: usize| format!("{login}-patch-{number}");
    let free = (1..).map(name).find(|name| !taken.iter().any(|(it, _)| *it == format!("refs/heads/{name}")));
    free.ok_or_else(Answer::not_found)
}
