//! Check runs and check suites.

use serde_json::{Value, json};

use super::super::model::{CheckRun, CheckSuite, Repository};
use super::{Show, node, time};

impl Show<'_> {
    /// `check-run`.
    pub(crate) fn check_run(&self, run: &CheckRun) -> Value {
        let Some(repository) = self.state.repositories.get(&run.repository) else { return Value::Null };
        let url = format!("{}/check-runs/{}", self.repository_url(repository), run.id);
        let html = self.web(&format!("/{}/runs/{}", self.state.full_name(repository), run.id));
        json!({
            "id": run.id,
            "name": run.name,
            "node_id": node("CR", run.id),
            "head_sha": run.head_sha,
            "external_id": run.external_id.clone().unwrap_or_default(),
            "url": url,
            "html_url": html,
            "details_url": run.details_url.clone().unwrap_or_else(|| html.clone()),
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": run.started_at,
            "completed_at": run.completed_at,
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": run.text,
                "annotations_count": run.annotations.len(),
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": {"id": run.suite},
            "app": self.integration(),
            "pull_requests": self.pulls_of(repository, &run.head_sha),
        })
    }

    /// `check-run-with-simple-check-suite`, as webhooks have it.
    pub(crate) fn check_run_event(&self, run: &CheckRun) -> Value {
        let mut shown = self.check_run(run);
        let suite = self.state.check_suites.get(&run.suite);
        let repository = self.state.repositories.get(&run.repository);
        if let (Some(suite), Some(repository)) = (suite, repository) {
            shown["check_suite"] = self.suite_core(suite, repository);
        }
        shown
    }

    /// `check-suite` without its commit.
    fn suite_core(&self, suite: &CheckSuite, repository: &Repository) -> Value {
        let (status, conclusion) = self.suite_state(suite);
        json!({
            "id": suite.id,
            "node_id": node("CS", suite.id),
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": status,
            "conclusion": conclusion,
            "url": format!("{}/check-suites/{}", self.repository_url(repository), suite.id),
            "before": suite.before,
            "after": suite.head_sha,
            "pull_requests": self.pulls_of(repository, &suite.head_sha),
            "app": self.integration(),
            "created_at": time(suite.created_at),
            "updated_at": time(suite.created_at),
        })
    }

    /// The suite as the `check_suite` event has it; `commit` in the short form of pushes.
    pub(crate) fn check_suite_event(&self, suite: &CheckSuite, mut commit: Value) -> Value {
        let Some(repository) = self.state.repositories.get(&suite.repository) else { return Value::Null };
        let mut shown = self.suite_core(suite, repository);
        let url = shown["url"].as_str().unwrap_or_default().to_owned();
        let runs = self.state.check_runs.values().filter(|run| run.suite == suite.id).count();
        shown["latest_check_runs_count"] = json!(runs);
        shown["check_runs_url"] = json!(format!("{url}/check-runs"));
        shown["rerequestable"] = json!(true);
        shown["runs_rerequestable"] = json!(true);
        // `simple-commit`: two fields fewer than in a push.
        if let Some(fields) = commit.as_object_mut() {
            fields.retain(|name, _| name != "distinct" && name != "url");
        }
        shown["head_commit"] = commit;
        shown
    }

    /// A suite is done when all its runs are; the worst conclusion counts.
    fn suite_state(&self, suite: &CheckSuite) -> (&'static str, Option<&'static str>) {
        let runs: Vec<_> = self.state.check_runs.values().filter(|run| run.suite == suite.id).collect();
        if runs.is_empty() {
            return ("queued", None);
        }
        if runs.iter().any(|run| run.status != "completed") {
            return ("in_progress", None);
        }
        let worst = ["failure", "timed_out", "cancelled", "action_required", "neutral", "skipped"];
        let has = |wanted: &str| runs.iter().any(|run| run.conclusion.as_deref() == Some(wanted));
        ("completed", Some(worst.into_iter().find(|it| has(it)).unwrap_or("success")))
    }

    /// `check-annotation`.
    pub(crate) fn annotation(&self, run: &CheckRun, annotation: &Value) -> Value {
        let repository = self.state.repositories.get(&run.repository);
        let full_name = repository.map(|it| self.state.full_name(it)).unwrap_or_default();
        let path = annotation["path"].as_str().unwrap_or_default();
        json!({
            "path": path,
            "blob_href": self.web(&format!("/{full_name}/blob/{}/{path}", run.head_sha)),
            "start_line": annotation["start_line"],
            "start_column": annotation["start_column"],
            "end_line": annotation["end_line"],
            "end_column": annotation["end_column"],
            "annotation_level": annotation["annotation_level"],
            "title": annotation["title"],
            "message": annotation["message"],
            "raw_details": annotation["raw_details"],
        })
    }
}
