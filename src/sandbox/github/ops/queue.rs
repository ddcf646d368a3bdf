//! The merge queue: every pull request in it has a commit on top of those before it, on a branch of the queue's
//! own, and is merged once the required checks of that commit are green.
//!
//! Facts: <https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue>,
//! and the events `merge_group` and `pull_request` (`enqueued`, `dequeued`).

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::events::Event;
use super::super::git::ZERO;
use super::super::model::{Entry, Pull};
use super::super::shared::Shared;
use super::merge::Ready;
use super::refs::Moved;

fn refuse(message: impl Into<String>) -> Answer {
    Answer::refuse(StatusCode::METHOD_NOT_ALLOWED, message.into())
}

impl Shared {
    /// Puts a pull request at the queue's end and asks for checks of its group.
    pub(crate) async fn enqueue(&self, repository: u64, number: u64, by: u64) -> Outcome<Entry> {
        let _moving = self.moving.lock().await;
        let entry = self.group(repository, number, by).await?;
        self.tell_pull("enqueued", repository, number, by);
        self.tell_group("checks_requested", None, (repository, &entry)).await?;
        Ok(entry)
    }

    /// Makes the commit and the branch of a pull request's group.
    async fn group(&self, repository: u64, number: u64, by: u64) -> Outcome<Entry> {
        let Ready { pull, title, label, .. } = self.ready(repository, number, None)?;
        let before = {
            let state = self.state();
            let queue = state.repositories.get(&repository).and_then(|it| it.queue.as_ref());
            let queue = queue.ok_or_else(|| refuse("The branch has no merge queue"))?;
            queue.entries.last().map(|entry| entry.head.clone())
        };
        let onto = match before {
            Some(head) => head,
            None => self.git.branch(repository, &pull.base_ref).await?.ok_or_else(Answer::not_found)?,
        };
        let Some(tree) = self.git.merge_tree(repository, &onto, &pull.head_sha).await? else {
            return Err(refuse("Pull Request is not mergeable"));
        };
        let (author, committer) = (self.signature(by), self.github_signature());
        let message = format!("Merge pull request #{number} from {label}\n\n{title}");
        let parents = [onto.clone(), pull.head_sha.clone()];
        let head = self.git.commit_tree(repository, &tree, &parents, (&author, &committer, &message)).await?;
        self.state().verified.insert(head.clone());
        let branch = format!("gh-readonly-queue/{}/pr-{number}-{onto}", pull.base_ref);
        let entry = Entry { number, branch, head, onto, by };
        let name = format!("refs/heads/{}", entry.branch);
        self.move_ref(&Moved { repository, name, before: ZERO.to_owned(), after: entry.head.clone(), by }).await?;
        if let Some(queue) = self.state().repositories.get_mut(&repository).and_then(|it| it.queue.as_mut()) {
            queue.entries.push(entry.clone());
        }
        Ok(entry)
    }

    /// Merges the queue's first group, as GitHub does once its required checks are green.
    pub(crate) async fn merge_first(&self, repository: u64) -> Outcome<String> {
        let _moving = self.moving.lock().await;
        let entry = self.entries(repository).into_iter().next().ok_or_else(|| refuse("The merge queue is empty"))?;
        let pull = {
            let state = self.state();
            let found = state.repositories.get(&repository).ok_or_else(Answer::not_found)?;
            let pull = found.issues.get(&entry.number).and_then(|issue| issue.pull.clone());
            let pull = Pull { head_sha: entry.head.clone(), ..pull.ok_or_else(Answer::not_found)? };
            if let Some(check) = state.missing_check(found, &pull) {
                return Err(refuse(format!("Required status check \"{check}\" is expected.")));
            }
            pull
        };
        self.keep_entries(repository, |it| it.number != entry.number);
        self.set_base(repository, entry.number, &entry.onto);
        self.mark_before_push(repository, entry.number, &entry.head, entry.by);
        let name = format!("refs/heads/{}", pull.base_ref);
        let (before, after, by) = (entry.onto.clone(), entry.head.clone(), entry.by);
        self.move_ref(&Moved { repository, name, before, after, by }).await?;
        self.tell_pull("closed", repository, entry.number, entry.by);
        self.end_group(repository, &entry, "merged").await?;
        Ok(entry.head)
    }

    /// Takes a pull request out of the queue; those behind it get new groups.
    pub(crate) async fn dequeue(&self, repository: u64, number: u64, by: u64) -> Outcome<()> {
        let _moving = self.moving.lock().await;
        let entries = self.entries(repository);
        let mut gone = entries.into_iter().skip_while(|entry| entry.number != number);
        let Some(first) = gone.next() else { return Err(Answer::not_found()) };
        let behind: Vec<Entry> = gone.collect();
        self.keep_entries(repository, |it| it.number != number && behind.iter().all(|entry| entry.number != it.number));
        let event = Event::new("pull_request", "dequeued", repository, by);
        self.tell_pull_with(event, number, vec![("reason", json!("MANUAL"))]);
        self.end_group(repository, &first, "dequeued").await?;
        for entry in &behind {
            self.end_group(repository, entry, "invalidated").await?;
        }
        for entry in behind {
            let again = self.group(repository, entry.number, entry.by).await?;
            self.tell_group("checks_requested", None, (repository, &again)).await?;
        }
        Ok(())
    }

    fn entries(&self, repository: u64) -> Vec<Entry> {
        let state = self.state();
        let queue = state.repositories.get(&repository).and_then(|it| it.queue.as_ref());
        queue.map(|queue| queue.entries.clone()).unwrap_or_default()
    }

    fn keep_entries(&self, repository: u64, keep: impl Fn(&Entry) -> bool) {
        if let Some(queue) = self.state().repositories.get_mut(&repository).and_then(|it| it.queue.as_mut()) {
            queue.entries.retain(keep);
        }
    }

    /// The end of a group, and of its branch.
    async fn end_group(&self, repository: u64, entry: &Entry, reason: &'static str) -> Outcome<()> {
        self.tell_group("destroyed", Some(reason), (repository, entry)).await?;
        let (name, before) = (format!("refs/heads/{}", entry.branch), entry.head.clone());
        Ok(self.move_ref(&Moved { repository, name, before, after: ZERO.to_owned(), by: entry.by }).await?)
    }

    async fn tell_group(
        &self,
        action: &'static str,
        reason: Option<&'static str>,
        (repository, entry): (u64, &Entry),
    ) -> Outcome<()> {
        let commit = self.git.commit(repository, &entry.head).await?.ok_or_else(Answer::not_found)?;
        let mut state = self.state();
        let found = state.repositories.get(&repository).ok_or_else(Answer::not_found)?;
        let base = found.issues.get(&entry.number).and_then(|issue| issue.pull.as_ref());
        let base = base.map_or("", |pull| pull.base_ref.as_str());
        let mut commit = self.show(&state).push_commit(found, &commit);
        // `simple-commit`: two fields fewer than in a push, and people without login.
        if let Some(fields) = commit.as_object_mut() {
            fields.retain(|name, _| name != "distinct" && name != "url");
            for person in ["author", "committer"] {
                fields.get_mut(person).and_then(Value::as_object_mut).and_then(|it| it.remove("username"));
            }
        }
        let group: Value = json!({
            "head_sha": entry.head,
            "head_ref": format!("refs/heads/{}", entry.branch),
            "base_sha": entry.onto,
            "base_ref": format!("refs/heads/{base}"),
            "head_commit": commit,
        });
        let event = Event::new("merge_group", action, repository, entry.by);
        let event = match reason {
            Some(reason) => event.with("reason", json!(reason)),
            None => event,
        };
        self.emit(&mut state, event.with("merge_group", group));
        Ok(())
    }
}
