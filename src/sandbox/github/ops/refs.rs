//! Moving references, and what follows: pull requests get a new head, are closed or merged by it,
//! and the App hears `push`, `check_suite` and `pull_request`.

use serde_json::{Value, json};

use super::super::events::Event;
use super::super::git::read::CommitInfo;
use super::super::git::{GitError, ZERO};
use super::super::model::CheckSuite;
use super::super::shared::Shared;

/// A branch that moved.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) repository: u64,
    /// `refs/heads/…` or `refs/tags/…`.
    pub(crate) name: String,
    /// [`ZERO`] where it is new.
    pub(crate) before: String,
    /// [`ZERO`] where it is gone.
    pub(crate) after: String,
    pub(crate) by: u64,
}

impl Shared {
    /// Moves a reference and does what follows. Whoever calls holds [`Shared::moving`].
    pub(crate) async fn move_ref(&self, moved: &Moved) -> Result<(), GitError> {
        self.git.move_ref(moved.repository, &moved.name, &moved.after, &moved.before).await?;
        self.after_move(moved).await
    }

    /// What follows when a reference has moved. Whoever calls holds [`Shared::moving`].
    pub(crate) async fn after_move(&self, moved: &Moved) -> Result<(), GitError> {
        if let Some(repository) = self.state().repositories.get_mut(&moved.repository) {
            repository.pushed_at = self.now();
        }
        self.tell_push(moved).await?;
        let Some(branch) = moved.name.strip_prefix("refs/heads/") else { return Ok(()) };
        if moved.after != ZERO {
            self.tell_suite(moved, branch).await?;
        }
        self.update_heads(moved, branch).await?;
        self.close_merged(moved, branch).await
    }

    async fn tell_push(&self, moved: &Moved) -> Result<(), GitError> {
        let repository = moved.repository;
        let (created, deleted) = (moved.before == ZERO, moved.after == ZERO);
        let mut commits = Vec::new();
        let mut head = None;
        let mut forced = false;
        if !deleted {
            let excluded =
                if created { self.default_tip(repository, &moved.name).await? } else { Some(moved.before.clone()) };
            let excluded = excluded.map(|sha| format!("^{sha}"));
            let mut args = vec!["-20", moved.after.as_str()];
            args.extend(excluded.as_deref());
            commits = self.git.log(repository, &args).await?;
            commits.reverse();
            head = self.git.commit(repository, &moved.after).await?;
            forced = !created && !self.git.is_ancestor(repository, &moved.before, &moved.after).await?;
        }
        let mut shown = Vec::new();
        for commit in &commits {
            shown.push(self.commit_with_paths(repository, commit).await?);
        }
        let head = match head {
            Some(commit) => self.commit_with_paths(repository, &commit).await?,
            None => Value::Null,
        };
        let mut state = self.state();
        let login = state.login(moved.by).to_owned();
        let Some(it) = state.repositories.get(&repository) else { return Ok(()) };
        let compare = format!("/{}/compare/{:.12}...{:.12}", state.full_name(it), moved.before, moved.after);
        let event = Event { action: None, ..Event::new("push", "", repository, moved.by) }
            .with("ref", json!(moved.name))
            .with("before", json!(moved.before))
            .with("after", json!(moved.after))
            .with("pusher", json!({"name": login, "email": format!("{}+{login}@users.noreply.github.com", moved.by)}))
            .with("created", json!(created))
            .with("deleted", json!(deleted))
            .with("forced", json!(forced))
            .with("base_ref", Value::Null)
            .with("compare", json!(format!("{}{compare}", self.base)))
            .with("commits", json!(shown))
            .with("head_commit", head);
        self.emit(&mut state, event);
        Ok(())
    }

    /// The default branch's tip, if the reference is not itself the default branch.
    async fn default_tip(&self, repository: u64, name: &str) -> Result<Option<String>, GitError> {
        let default = self.state().repositories.get(&repository).map(|it| it.default_branch.clone());
        match default {
            Some(default) if name != format!("refs/heads/{default}") => self.git.branch(repository, &default).await,
            _ => Ok(None),
        }
    }

    /// A commit as pushes have it, with the paths that it added, removed and changed.
    async fn commit_with_paths(&self, repository: u64, commit: &CommitInfo) -> Result<Value, GitError> {
        let args = ["diff-tree", "--root", "-r", "-m", "--first-parent", "--no-renames", "--no-commit-id", "-z"];
        let args = [&args[..], &["--name-status", &commit.sha]].concat();
        let text = self.git.text(repository, &args).await?;
        let (mut added, mut removed, mut modified) = (Vec::new(), Vec::new(), Vec::new());
        let mut fields = text.split('\0');
        while let (Some(letter), Some(path)) = (fields.next(), fields.next()) {
            match letter {
                "A" => added.push(path),
                "D" => removed.push(path),
                _ => modified.push(path),
            }
        }
        let state = self.state();
        let Some(it) = state.repositories.get(&repository) else { return Ok(Value::Null) };
        let mut shown = self.show(&state).push_commit(it, commit);
        shown["added"] = json!(added);
        shown["removed"] = json!(removed);
        shown["modified"] = json!(modified);
        Ok(shown)
    }

    /// GitHub makes a check suite for every pushed head and asks the App to fill it.
    async fn tell_suite(&self, moved: &Moved, branch: &str) -> Result<(), GitError> {
        let Some(commit) = self.git.commit(moved.repository, &moved.after).await? else { return Ok(()) };
        let mut state = self.state();
        let before = Some(moved.before.clone());
        let id = self.suite(&mut state, moved.repository, &moved.after, Some((branch, before)));
        let Some(repository) = state.repositories.get(&moved.repository) else { return Ok(()) };
        let show = self.show(&state);
        let commit = show.push_commit(repository, &commit);
        let Some(suite) = state.check_suites.get(&id) else { return Ok(()) };
        let shown = show.check_suite_event(suite, commit);
        let event = Event::new("check_suite", "requested", moved.repository, moved.by).with("check_suite", shown);
        self.emit(&mut state, event);
        Ok(())
    }

    /// The suite of a head, made if there is none.
    pub(crate) fn suite(
        &self,
        state: &mut super::super::model::State,
        repository: u64,
        sha: &str,
        origin: Option<(&str, Option<String>)>,
    ) -> u64 {
        let existing = state.check_suites.values().find(|it| it.repository == repository && it.head_sha == sha);
        if let Some(suite) = existing {
            return suite.id;
        }
        let id = state.next_id();
        let (head_branch, before) = match origin {
            Some((branch, before)) => (Some(branch.to_owned()), before),
            None => (None, None),
        };
        let created_at = self.now();
        let head_sha = sha.to_owned();
        state.check_suites.insert(id, CheckSuite { id, repository, head_sha, head_branch, before, created_at });
        id
    }

    /// Open pull requests from that branch follow it, or close when it goes.
    async fn update_heads(&self, moved: &Moved, branch: &str) -> Result<(), GitError> {
        for (base, number) in
            self.open_pulls(|pull| pull.head_repository == moved.repository && pull.head_ref == branch)
        {
            if moved.after == ZERO {
                self.close(base, number, moved.by);
                continue;
            }
            self.git.copy_head(moved.repository, base, &moved.after, number).await?;
            self.refresh(base, number, &moved.after).await?;
            let event = Event::new("pull_request", "synchronize", base, moved.by);
            let fields = vec![("before", json!(moved.before)), ("after", json!(moved.after))];
            self.tell_pull_with(event, number, fields);
        }
        Ok(())
    }

    /// Open pull requests into that branch are merged once it contains their head, and close when
    /// the branch goes.
    async fn close_merged(&self, moved: &Moved, branch: &str) -> Result<(), GitError> {
        for (base, number) in self.open_pulls(|pull| pull.base_ref == branch) {
            if base != moved.repository {
                continue;
            }
            if moved.after == ZERO {
                self.close(base, number, moved.by);
                continue;
            }
            let head = self.state().issue(base, number).and_then(|it| it.pull.as_ref()).map(|it| it.head_sha.clone());
            let Some(head) = head else { continue };
            if self.git.is_ancestor(base, &head, &moved.after).await? {
                self.mark_merged(base, number, &moved.after, moved.by);
            }
        }
        Ok(())
    }
}
