use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::checks::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRun, CheckRunUpdate, CheckState, NewCheckRun,
};
use super::error::ForgeError;
use super::repo::Repo;
use super::send::Call;
use super::{ANNOTATIONS_PER_REQUEST, SUMMARY_LIMIT};
use crate::names::{CheckRunId, CommitId};
use crate::redact::redact;

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

impl Repo {
    /// Starts a check run, and completes it where the state says so. More than fifty annotations
    /// take more requests; then the last one completes it, so that an interrupted attempt never
    /// looks done.
    ///
    /// # Errors
    /// `TooLarge` for texts above GitHub's limits (nothing was sent); any other [`ForgeError`].
    pub async fn create_check_run(&self, new: &NewCheckRun) -> Result<CheckRun, ForgeError> {
        self.check_limits(new.output.as_ref(), &new.actions)?;
        let batches = Batches::new(new.output.as_ref(), 0);
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(new.name));
        body.insert("head_sha".to_owned(), json!(new.head));
        put(&mut body, "external_id", new.external_id.as_ref());
        put(&mut body, "details_url", new.details_url.as_ref());
        put(&mut body, "started_at", new.started_at.map(second).as_ref());
        if !new.actions.is_empty() {
            body.insert("actions".to_owned(), actions(&new.actions));
        }
        let early = if batches.count() > 1 { CheckState::InProgress } else { new.state };
        put_state(&mut body, early);
        batches.put(&mut body, 0);
        let route = self.route("/repos/{owner}/{repo}/check-runs", &[]);
        let what = format!("check run {} for {}", new.name, new.head.short());
        let made: CheckRun = self.write(Method::POST, route, Value::Object(body), &what).await?;
        self.send_rest(made, &batches, Some(new.state)).await
    }

    /// Changes a check run; annotations are added in batches of fifty, and the last batch brings the new state.
    ///
    /// # Errors
    /// `TooLarge` for texts above GitHub's limits (nothing was sent); any other [`ForgeError`].
    pub async fn update_check_run(&self, id: CheckRunId, update: &CheckRunUpdate) -> Result<CheckRun, ForgeError> {
        self.check_limits(update.output.as_ref(), update.actions.as_deref().unwrap_or_default())?;
        let batches = Batches::new(update.output.as_ref(), update.already_annotated);
        let mut body = Map::new();
        put(&mut body, "details_url", update.details_url.as_ref());
        if let Some(buttons) = &update.actions {
            body.insert("actions".to_owned(), actions(buttons));
        }
        if let Some(state) = update.state.filter(|_| batches.count() <= 1) {
            put_state(&mut body, state);
        }
        batches.put(&mut body, 0);
        let run = self.patch_check_run(id, body).await?;
        self.send_rest(run, &batches, update.state).await
    }

    async fn send_rest(
        &self,
        mut run: CheckRun,
        batches: &Batches<'_>,
        state: Option<CheckState>,
    ) -> Result<CheckRun, ForgeError> {
        for batch in 1..batches.count() {
            let mut body = Map::new();
            batches.put(&mut body, batch);
            if let Some(state) = state.filter(|_| batch + 1 == batches.count()) {
                put_state(&mut body, state);
            }
            run = self.patch_check_run(run.id, body).await?;
        }
        Ok(run)
    }

    async fn patch_check_run(&self, id: CheckRunId, body: Map<String, Value>) -> Result<CheckRun, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/check-runs/{check_run_id}", &[&id.to_string()]);
        self.write(Method::PATCH, route, Value::Object(body), &format!("check run {id}")).await
    }

    /// One check run; `None` where there is none.
    ///
    /// # Errors
    /// Any other [`ForgeError`].
    pub async fn check_run(&self, id: CheckRunId) -> Result<Option<CheckRun>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/check-runs/{check_run_id}", &[&id.to_string()]);
        super::error::absent_is_none(self.get(route, &format!("check run {id}")).await)
    }

    /// The newest check run of this App with this name on `head`, and with this reference where
    /// one is given. Another App's run of the same name does not count.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn find_check_run(
        &self,
        head: &CommitId,
        name: &str,
        external_id: Option<&str>,
    ) -> Result<Option<CheckRun>, ForgeError> {
        let us = self.forge.app_id();
        let route = self.route("/repos/{owner}/{repo}/commits/{ref}/check-runs", &[head.as_str()]);
        let route = route.query("check_name", name).query("filter", "latest").query("app_id", &us.to_string());
        let call = Call::get(route.query("per_page", "100"), self.what(&format!("check runs for {}", head.short())));
        let found: CheckRuns = self.send(call.clone()).await?.json(&call.what)?;
        let fits = |run: &CheckRun| {
            run.name == name
                && run.app.as_ref().and_then(|app| app.id).is_none_or(|app| app == us)
                && external_id.is_none_or(|wanted| run.external_id.as_deref() == Some(wanted))
        };
        Ok(found.check_runs.into_iter().filter(fits).max_by_key(|run| run.id))
    }

    fn check_limits(&self, output: Option<&CheckOutput>, actions: &[CheckAction]) -> Result<(), ForgeError> {
        if let Some(output) = output {
            self.fits("check run's title", &output.title, SUMMARY_LIMIT)?;
            self.fits("check run's summary", &output.summary, SUMMARY_LIMIT)?;
            self.fits("check run's text", output.text.as_deref().unwrap_or_default(), SUMMARY_LIMIT)?;
            for note in &output.annotations {
                let details = note.raw_details.as_deref().unwrap_or_default();
                self.fits("annotation's title", note.title.as_deref().unwrap_or_default(), 255)?;
                self.fits("annotation's message", &note.message, 64 << 10)?;
                self.fits("annotation's details", details, 64 << 10)?;
            }
        }
        if actions.len() > 3 {
            let what = self.what("check run's buttons");
            return Err(ForgeError::TooLarge { what, size: actions.len(), limit: 3 });
        }
        for action in actions {
            self.fits("check run's button label", &action.label, 20)?;
            self.fits("check run's button description", &action.description, 40)?;
            self.fits("check run's button identifier", &action.identifier, 20)?;
        }
        Ok(())
    }
}

/// An output cut into requests of at most fifty annotations.
struct Batches<'a> {
    output: Option<&'a CheckOutput>,
    annotations: &'a [Annotation],
}

impl<'a> Batches<'a> {
    fn new(output: Option<&'a CheckOutput>, already: usize) -> Self {
        let annotations = output.map_or(&[][..], |output| output.annotations.get(already..).unwrap_or_default());
        Self { output, annotations }
    }

    /// How many requests it takes; one even without annotations.
    fn count(&self) -> usize {
        self.annotations.len().div_ceil(ANNOTATIONS_PER_REQUEST).max(1)
    }

    fn put(&self, body: &mut Map<String, Value>, batch: usize) {
        let Some(output) = self.output else { return };
        let mut shown = json!({ "title": redact(&output.title), "summary": redact(&output.summary) });
        if let Some(text) = &output.text {
            shown["text"] = json!(redact(text));
        }
        if let Some(notes) = self.annotations.chunks(ANNOTATIONS_PER_REQUEST).nth(batch) {
            shown["annotations"] = notes.iter().map(annotation).collect();
        }
        body.insert("output".to_owned(), shown);
    }
}

fn annotation(note: &Annotation) -> Value {
    let level = match note.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    let mut body = json!({
        "path": note.path, "start_line": note.start_line, "end_line": note.end_line,
        "annotation_level": level, "message": redact(&note.message),
    });
    if let (Some((start, end)), true) = (note.columns, note.start_line == note.end_line) {
        body["start_column"] = json!(start);
        body["end_column"] = json!(end);
    }
    if let Some(title) = &note.title {
        body["title"] = json!(title);
    }
    if let Some(details) = &note.raw_details {
        body["raw_details"] = json!(redact(details));
    }
    body
}

fn actions(actions: &[CheckAction]) -> Value {
    let one = |action: &CheckAction| json!({ "label": action.label, "description": action.description, "identifier": action.identifier });
    actions.iter().map(one).collect()
}

fn put<T: serde::Serialize>(body: &mut Map<String, Value>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), json!(value));
    }
}

/// GitHub's times have no fractions.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn put_state(body: &mut Map<String, Value>, state: CheckState) {
    let status = match state {
        CheckState::Queued => "queued",
        CheckState::InProgress => "in_progress",
        CheckState::Completed { conclusion, at } => {
            body.insert("conclusion".to_owned(), json!(conclusion.as_str()));
            body.insert("completed_at".to_owned(), json!(second(at)));
            "completed"
        }
    };
    body.insert("status".to_owned(), json!(status));
}
