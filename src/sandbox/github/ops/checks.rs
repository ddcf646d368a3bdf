//! Check runs: what the App may set, and the buttons that people press.

use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::events::Event;
use super::super::model::CheckRun;
use super::super::shared::Shared;

impl Shared {
    /// Adds a check run and tells the App.
    pub(crate) fn add_check_run(&self, run: CheckRun) {
        let (id, completed) = (run.id, run.status == "completed");
        self.state().check_runs.insert(id, run);
        self.tell_check_run("created", id, self.app.bot, None);
        if completed {
            self.tell_check_run("completed", id, self.app.bot, None);
        }
    }

    /// Somebody presses "Re-run".
    pub(crate) fn rerequest(&self, id: u64, by: u64) -> Outcome<()> {
        if !self.state().check_runs.contains_key(&id) {
            return Err(Answer::not_found());
        }
        self.tell_check_run("rerequested", id, by, None);
        Ok(())
    }

    /// Somebody presses "Re-run all checks" of a head.
    pub(crate) async fn rerequest_suite(&self, id: u64, by: u64) -> Outcome<()> {
        let suite = self.state().check_suites.get(&id).cloned().ok_or_else(Answer::not_found)?;
        let commit = self.git.commit(suite.repository, &suite.head_sha).await?.ok_or_else(Answer::not_found)?;
        let mut state = self.state();
        let repository = state.repositories.get(&suite.repository).ok_or_else(Answer::not_found)?;
        let show = self.show(&state);
        let shown = show.check_suite_event(&suite, show.push_commit(repository, &commit));
        let event = Event::new("check_suite", "rerequested", suite.repository, by).with("check_suite", shown);
        self.emit(&mut state, event);
        Ok(())
    }

    /// Somebody presses one of the App's own buttons.
    pub(crate) fn press(&self, id: u64, identifier: &str, by: u64) -> Outcome<()> {
        let known = self.state().check_runs.get(&id).ok_or_else(Answer::not_found)?.actions.clone();
        if !known.iter().any(|action| action["identifier"] == identifier) {
            return Err(Answer::not_found());
        }
        self.tell_check_run("requested_action", id, by, Some(json!({"identifier": identifier})));
        Ok(())
    }

    pub(crate) fn tell_check_run(&self, action: &'static str, id: u64, by: u64, requested: Option<Value>) {
        let mut state = self.state();
        let Some(run) = state.check_runs.get(&id) else { return };
        let mut event = Event::new("check_run", action, run.repository, by)
            .with("check_run", self.show(&state).check_run_event(run));
        if let Some(requested) = requested {
            event = event.with("requested_action", requested);
        }
        self.emit(&mut state, event);
    }
}
