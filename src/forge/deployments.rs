use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Account;
use super::comments::ById;
use super::error::ForgeError;
use super::repo::Repo;
use crate::names::{CommitId, DeploymentId};
use crate::redact::redact;

/// A deployment to announce.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// The commit that is deployed.
    pub commit: CommitId,
    /// Where to: the cluster's name.
    pub environment: String,
    /// One line, at most 140 characters; a longer one is cut.
    pub description: String,
    /// Anything to find again later.
    pub payload: Value,
}

/// A deployment as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Deployment {
    /// Its number.
    pub id: DeploymentId,
    /// The commit.
    pub sha: CommitId,
    /// Where to.
    pub environment: String,
    /// Its address in the API.
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    creator: Option<Account>,
    #[serde(default)]
    performed_via_github_app: Option<ById>,
}

#[derive(Deserialize)]
struct Announced {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    state: String,
}

/// How a deployment is doing (REST, "Create a deployment status").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentState {
    /// Announced.
    Pending,
    /// Waiting for its turn.
    Queued,
    /// Under way.
    InProgress,
    /// Applied.
    Success,
    /// Refused by the cluster.
    Failure,
    /// It could not be found out.
    Error,
    /// Overtaken by a newer one.
    Inactive,
}

impl DeploymentState {
    /// GitHub's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }
}

/// A step of a deployment to announce.
#[derive(Debug, Clone)]
pub struct NewDeploymentStatus {
    /// How it is doing.
    pub state: DeploymentState,
    /// One line, at most 140 characters; a longer one is cut.
    pub description: String,
    /// Where to see the environment.
    pub environment_url: Option<String>,
    /// Where to read more.
    pub log_url: Option<String>,
}

impl Repo {
    /// Announces a deployment of exactly this commit: nothing is merged by it and no checks are
    /// waited for. Look with [`Repo::find_deployment`] first: GitHub makes another one each time.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn create_deployment(&self, new: &NewDeployment) -> Result<Deployment, ForgeError> {
        let body = json!({
            "ref": new.commit,
            "environment": new.environment,
            "description": line(&new.description),
            "payload": new.payload,
            "auto_merge": false,
            "required_contexts": [],
        });
        let route = self.route("/repos/{owner}/{repo}/deployments", &[]);
        let what = format!("deployment of {} to {}", new.commit.short(), new.environment);
        self.write(Method::POST, route, body, &what).await
    }

    /// The newest deployment of this commit to this environment that this App made.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn find_deployment(
        &self,
        commit: &CommitId,
        environment: &str,
    ) -> Result<Option<Deployment>, ForgeError> {
        let us = self.forge.identity().await?;
        let route = self.route("/repos/{owner}/{repo}/deployments", &[]);
        let route = route.query("sha", commit.as_str()).query("environment", environment);
        let mut found: Option<Deployment> = None;
        let look = |deployment: Deployment| {
            let app = deployment.performed_via_github_app.as_ref().and_then(|app| app.id);
            let ours = us.made(app, deployment.creator.as_ref());
            let newer = found.as_ref().is_none_or(|found| found.id < deployment.id);
            // A server that does not know the filters would list them all.
            if ours && newer && deployment.sha == *commit && deployment.environment == environment {
                found = Some(deployment);
            }
            true
        };
        self.pages(route, &format!("deployments of {}", commit.short()), look).await?;
        Ok(found)
    }

    /// Whether this step is the last one that was announced. That GitHub makes a deployment inactive when a
    /// newer one succeeds (REST, "Inactive deployments") is no step of ours.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn was_announced(&self, id: DeploymentId, step: DeploymentState) -> Result<bool, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", &[&id.to_string()]);
        let mut last: Option<Announced> = None;
        let look = |status: Announced| {
            if status.state != "inactive" && last.as_ref().is_none_or(|last| last.id < status.id) {
                last = Some(status);
            }
            true
        };
        self.pages(route, &format!("statuses of deployment {id}"), look).await?;
        Ok(last.is_some_and(|last| last.state == step.as_str()))
    }

    /// Announces a step of a deployment. GitHub has no key against announcing it twice: look with
    /// [`Repo::was_announced`] where that may have happened.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn deployment_status(&self, id: DeploymentId, status: &NewDeploymentStatus) -> Result<(), ForgeError> {
        let mut body = json!({ "state": status.state.as_str(), "description": line(&status.description) });
        if let Some(url) = &status.environment_url {
            body["environment_url"] = json!(url);
        }
        if let Some(url) = &status.log_url {
            body["log_url"] = json!(url);
        }
        let route = self.route("/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", &[&id.to_string()]);
        self.tell(Method::POST, route, body, &format!("status of deployment {id}")).await
    }
}

/// GitHub refuses descriptions of more than 140 characters.
fn line(text: &str) -> String {
    redact(text).chars().map(|c| if c.is_control() { ' ' } else { c }).take(140).collect()
}
