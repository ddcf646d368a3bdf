//! Opening, changing and closing pull requests and issues.

use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome, Problem};
use super::super::events::Event;
use super::super::git::{Git, GitError};
use super::super::model::{Issue, Pull, PullSize};
use super::super::shared::Shared;
use super::MAX_BODY;

/// What a new pull request needs.
#[derive(Debug, Clone)]
pub(crate) struct NewPull {
    /// The repository that it is opened in.
    pub(crate) repository: u64,
    /// Where the head branch is: the same repository or a fork.
    pub(crate) head_repository: u64,
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) draft: bool,
    pub(crate) by: u64,
}

/// What changes in a pull request.
#[derive(Debug, Clone, Default)]
pub(crate) struct PullEdit {
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) open: Option<bool>,
}

impl Git {
    /// Keeps `refs/pull/<number>/head` of the base repository at the head, as GitHub does.
    pub(crate) async fn copy_head(&self, from: u64, to: u64, sha: &str, number: u64) -> Result<(), GitError> {
        let name = format!("refs/pull/{number}/head");
        if from == to { self.set_ref(to, &name, sha).await } else { self.copy(from, to, sha, &name).await }
    }
}

impl Shared {
    /// Opens a pull request; gives its number.
    pub(crate) async fn open_pull(&self, new: NewPull) -> Outcome<u64> {
        let invalid = |field| Answer::invalid(vec![Problem::invalid("PullRequest", field)]);
        check_body("Issue", new.body.as_deref())?;
        check_title(&new.title)?;
        let _moving = self.moving.lock().await;
        let head_sha = self.git.branch(new.head_repository, &new.head).await?.ok_or_else(|| invalid("head"))?;
        let base_sha = self.git.branch(new.repository, &new.base).await?.ok_or_else(|| invalid("base"))?;
        self.refuse_duplicate(&new)?;
        // The number is taken first, so that the head's reference can be made before anyone hears.
        let number = self.state().next_number(new.repository);
        self.git.copy_head(new.head_repository, new.repository, &head_sha, number).await?;
        let fork_point = self.git.merge_base(new.repository, &base_sha, &head_sha).await?;
        let size = self.pull_size(new.repository, &base_sha, &head_sha).await?;
        if fork_point.is_none() || size.commits == 0 {
            let what = format!("No commits between {} and {}", new.base, new.head);
            return Err(Answer::invalid(vec![Problem::custom("PullRequest", what)]));
        }
        let mut state = self.state();
        let now = self.now();
        let pull = Pull {
            id: state.next_id(),
            head_repository: new.head_repository,
            head_owner: state.repositories.get(&new.head_repository).map_or(0, |it| it.owner),
            head_ref: new.head,
            head_sha,
            base_ref: new.base,
            base_sha,
            draft: new.draft,
            merged: None,
            size,
            mergeable: None,
        };
        let issue = Issue {
            id: state.next_id(),
            number,
            title: new.title,
            body: new.body,
            user: new.by,
            open: true,
            created_at: now,
            updated_at: now,
            closed_at: None,
            pull: Some(pull),
        };
        let repository = state.repositories.get_mut(&new.repository).ok_or_else(Answer::not_found)?;
        repository.issues.insert(number, issue);
        drop(state);
        self.tell_pull("opened", new.repository, number, new.by);
        Ok(number)
    }

    fn refuse_duplicate(&self, new: &NewPull) -> Outcome<()> {
        let state = self.state();
        let repository = state.repositories.get(&new.repository).ok_or_else(Answer::not_found)?;
        let same = |issue: &Issue| {
            let pull = issue.pull.as_ref();
            issue.open
                && pull.is_some_and(|it| {
                    it.head_repository == new.head_repository && it.head_ref == new.head && it.base_ref == new.base
                })
        };
        if repository.issues.values().any(same) {
            let owner = state.repositories.get(&new.head_repository).map_or("", |it| state.login(it.owner));
            let what = format!("A pull request already exists for {owner}:{}.", new.head);
            return Err(Answer::invalid(vec![Problem::custom("PullRequest", what)]));
        }
        Ok(())
    }

    /// Opens a plain issue; gives its number.
    pub(crate) fn open_issue(&self, repository: u64, title: &str, body: &str, by: u64) -> Outcome<u64> {
        check_body("Issue", Some(body))?;
        let mut state = self.state();
        let (id, number, now) = (state.next_id(), state.next_number(repository), self.now());
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body: Some(body.to_owned()),
            user: by,
            open: true,
            created_at: now,
            updated_at: now,
            closed_at: None,
            pull: None,
        };
        let found = state.repositories.get_mut(&repository).ok_or_else(Answer::not_found)?;
        found.issues.insert(number, issue);
        Ok(number)
    }

    /// Changes title, text, base or state of a pull request.
    pub(crate) async fn edit_pull(&self, repository: u64, number: u64, edit: PullEdit, by: u64) -> Outcome<()> {
        check_body("Issue", edit.body.as_deref())?;
        edit.title.as_deref().map_or(Ok(()), check_title)?;
        let new_base = match &edit.base {
            Some(base) => {
                let sha = self.git.branch(repository, base).await?;
                Some((base.clone(), sha.ok_or_else(|| Answer::invalid(vec![Problem::invalid("PullRequest", "base")]))?))
            }
            None => None,
        };
        let mut changes = serde_json::Map::new();
        {
            let mut state = self.state();
            let now = self.now();
            let issue = state.issue_mut(repository, number).ok_or_else(Answer::not_found)?;
            let Some(pull) = issue.pull.as_mut() else { return Err(Answer::not_found()) };
            issue.updated_at = now;
            if let Some(title) = edit.title.filter(|title| *title != issue.title) {
                changes.insert("title".into(), json!({"from": issue.title}));
                issue.title = title;
            }
            if let Some(body) = edit.body.filter(|body| Some(body) != issue.body.as_ref()) {
                changes.insert("body".into(), json!({"from": issue.body}));
                issue.body = Some(body);
            }
            if let Some((base, sha)) = new_base.filter(|(base, _)| *base != pull.base_ref) {
                let from = json!({"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}});
                changes.insert("base".into(), from);
                pull.base_ref = base;
                pull.base_sha = sha;
                pull.mergeable = None;
            }
        }
        if !changes.is_empty() {
            let event = Event::new("pull_request", "edited", repository, by);
            self.tell_pull_with(event, number, vec![("changes", Value::Object(changes))]);
        }
        match edit.open {
            Some(false) => self.close(repository, number, by),
            Some(true) => self.reopen(repository, number, by).await?,
            None => {}
        }
        Ok(())
    }

    /// Closes an issue or pull request, if it is open.
    pub(crate) fn close(&self, repository: u64, number: u64, by: u64) {
        let mut state = self.state();
        let now = self.now();
        let Some(issue) = state.issue_mut(repository, number).filter(|issue| issue.open) else { return };
        issue.open = false;
        issue.closed_at = Some(now);
        issue.updated_at = now;
        let is_pull = issue.pull.is_some();
        drop(state);
        if is_pull {
            self.tell_pull("closed", repository, number, by);
        }
    }

    /// Opens a closed pull request again: refused where it is merged or its branch is gone.
    pub(crate) async fn reopen(&self, repository: u64, number: u64, by: u64) -> Outcome<()> {
        let refuse = || Answer::invalid(vec![Problem::invalid("PullRequest", "state")]);
        let (head, branch, open) = {
            let state = self.state();
            let issue = state.issue(repository, number).ok_or_else(Answer::not_found)?;
            let pull = issue.pull.as_ref().filter(|pull| pull.merged.is_none()).ok_or_else(refuse)?;
            (pull.head_repository, pull.head_ref.clone(), issue.open)
        };
        if open {
            return Ok(());
        }
        let _moving = self.moving.lock().await;
        let sha = self.git.branch(head, &branch).await?.ok_or_else(refuse)?;
        self.git.copy_head(head, repository, &sha, number).await?;
        self.refresh(repository, number, &sha).await?;
        if let Some(issue) = self.state().issue_mut(repository, number) {
            issue.open = true;
            issue.closed_at = None;
        }
        self.tell_pull("reopened", repository, number, by);
        Ok(())
    }

    /// Sets a new head, and what follows from it.
    pub(crate) async fn refresh(&self, repository: u64, number: u64, head: &str) -> Result<(), GitError> {
        let pull = self.state().issue(repository, number).and_then(|issue| issue.pull.clone());
        let Some(pull) = pull else { return Ok(()) };
        let base = self.git.branch(repository, &pull.base_ref).await?.unwrap_or(pull.base_sha);
        let size = self.pull_size(repository, &base, head).await?;
        let mut state = self.state();
        let now = self.now();
        if let Some(issue) = state.issue_mut(repository, number) {
            issue.updated_at = now;
            if let Some(pull) = issue.pull.as_mut() {
                pull.head_sha = head.to_owned();
                pull.base_sha = base;
                pull.size = size;
                pull.mergeable = None;
            }
        }
        Ok(())
    }

    async fn pull_size(&self, repository: u64, base: &str, head: &str) -> Result<PullSize, GitError> {
        let Some(fork_point) = self.git.merge_base(repository, base, head).await? else {
            return Ok(PullSize::default());
        };
        let range = format!("{base}..{head}");
        let commits = self.git.text(repository, &["rev-list", "--count", &range]).await?;
        let (additions, deletions, changed_files) = self.git.size(repository, &fork_point, head).await?;
        let commits = commits.trim().parse().unwrap_or_default();
        Ok(PullSize { commits, additions, deletions, changed_files })
    }

    /// Repository and number of the open pull requests that fit.
    pub(crate) fn open_pulls(&self, fits: impl Fn(&Pull) -> bool) -> Vec<(u64, u64)> {
        let state = self.state();
        let mut found = Vec::new();
        for repository in state.repositories.values() {
            for issue in repository.issues.values() {
                if issue.open && issue.pull.as_ref().is_some_and(&fits) {
                    found.push((repository.id, issue.number));
                }
            }
        }
        found
    }

    /// Tells the App about a pull request as it is now.
    pub(crate) fn tell_pull(&self, action: &'static str, repository: u64, number: u64, by: u64) {
        self.tell_pull_with(Event::new("pull_request", action, repository, by), number, Vec::new());
    }

    /// The same with further fields.
    pub(crate) fn tell_pull_with(&self, event: Event, number: u64, fields: Vec<(&'static str, Value)>) {
        let mut state = self.state();
        let Some(found) = event.repository.and_then(|id| state.repositories.get(&id)) else { return };
        let Some(issue) = found.issues.get(&number) else { return };
        let shown = self.show(&state).pull(found, issue);
        let mut event = event.with("number", json!(number)).with("pull_request", shown);
        event.fields.extend(fields);
        self.emit(&mut state, event);
    }
}

/// Longest title of a pull request or issue, in characters.
const MAX_TITLE: usize = 256;

/// Refuses a title that is blank or too long.
fn check_title(title: &str) -> Outcome<()> {
    if title.trim().is_empty() {
        return Err(Answer::invalid(vec![Problem::missing("PullRequest", "title")]));
    }
    if title.chars().count() > MAX_TITLE {
        let message = Some("title is too long (maximum is 256 characters)".to_owned());
        let problem = Problem { resource: "PullRequest", field: Some("title"), code: "custom", message };
        return Err(Answer::invalid(vec![problem]));
    }
    Ok(())
}

/// Refuses a text that is too long.
pub(crate) fn check_body(resource: &'static str, body: Option<&str>) -> Outcome<()> {
    if body.is_some_and(|body| body.chars().count() > MAX_BODY) {
        return Err(Answer::body_too_long(resource));
    }
    Ok(())
}
