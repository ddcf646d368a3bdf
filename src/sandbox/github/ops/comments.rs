//! Comments and reactions.

use serde_json::json;

use super::super::answer::{Answer, Outcome, Problem};
use super::super::events::Event;
use super::super::model::{Comment, Reaction};
use super::super::shapes::REACTIONS;
use super::super::shared::Shared;
use super::pulls::check_body;

impl Shared {
    /// Writes a comment under an issue or pull request; gives its id.
    pub(crate) fn comment(&self, repository: u64, number: u64, body: &str, by: u64) -> Outcome<u64> {
        check_comment(body)?;
        let mut state = self.state();
        let now = self.now();
        let id = state.next_id();
        let issue = state.issue_mut(repository, number).ok_or_else(Answer::not_found)?;
        issue.updated_at = now;
        let comment = Comment {
            id,
            repository,
            number,
            user: by,
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
            by_app: by == self.app.bot,
            reactions: Vec::new(),
        };
        state.comments.insert(id, comment);
        drop(state);
        self.tell_comment("created", id, by, None);
        Ok(id)
    }

    /// Changes a comment's text; whoever has write access may change any.
    pub(crate) fn edit_comment(&self, id: u64, body: &str, by: u64) -> Outcome<()> {
        check_comment(body)?;
        let mut state = self.state();
        let now = self.now();
        let comment = state.comments.get_mut(&id).ok_or_else(Answer::not_found)?;
        if comment.body == body {
            return Ok(());
        }
        let from = std::mem::replace(&mut comment.body, body.to_owned());
        comment.updated_at = now;
        drop(state);
        self.tell_comment("edited", id, by, Some(from));
        Ok(())
    }

    /// Removes a comment.
    pub(crate) fn delete_comment(&self, id: u64, by: u64) -> Outcome<()> {
        if !self.state().comments.contains_key(&id) {
            return Err(Answer::not_found());
        }
        self.tell_comment("deleted", id, by, None);
        self.state().comments.remove(&id);
        Ok(())
    }

    fn tell_comment(&self, action: &'static str, id: u64, by: u64, from: Option<String>) {
        let mut state = self.state();
        let Some(comment) = state.comments.get(&id) else { return };
        let Some(repository) = state.repositories.get(&comment.repository) else { return };
        let Some(issue) = repository.issues.get(&comment.number) else { return };
        let show = self.show(&state);
        let mut event = Event::new("issue_comment", action, comment.repository, by)
            .with("issue", show.issue(repository, issue))
            .with("comment", show.comment(comment));
        if let Some(from) = from {
            event = event.with("changes", json!({"body": {"from": from}}));
        }
        self.emit(&mut state, event);
    }

    /// Reacts to a comment; says whether the reaction is new.
    pub(crate) fn react(&self, id: u64, content: &str, by: u64) -> Outcome<(bool, Reaction)> {
        if !REACTIONS.contains(&content) {
            return Err(Answer::invalid(vec![Problem::invalid("Reaction", "content")]));
        }
        let mut state = self.state();
        let reaction_id = state.next_id();
        let created_at = self.now();
        let comment = state.comments.get_mut(&id).ok_or_else(Answer::not_found)?;
        if let Some(reaction) = comment.reactions.iter().find(|it| it.user == by && it.content == content) {
            return Ok((false, reaction.clone()));
        }
        let reaction = Reaction { id: reaction_id, user: by, content: content.to_owned(), created_at };
        comment.reactions.push(reaction.clone());
        Ok((true, reaction))
    }

    /// Takes back one's own reaction.
    pub(crate) fn take_back(&self, id: u64, reaction: u64, by: u64) -> Outcome<()> {
        let mut state = self.state();
        let comment = state.comments.get_mut(&id).ok_or_else(Answer::not_found)?;
        let at = comment.reactions.iter().position(|it| it.id == reaction && it.user == by);
        comment.reactions.remove(at.ok_or_else(Answer::not_found)?);
        Ok(())
    }
}

fn check_comment(body: &str) -> Outcome<()> {
    if body.trim().is_empty() {
        let message = "Body can't be blank".to_owned();
        let problem = Problem { message: Some(message), ..Problem::missing("IssueComment", "body") };
        return Err(Answer::invalid(vec![problem]));
    }
    check_body("IssueComment", Some(body))
}
