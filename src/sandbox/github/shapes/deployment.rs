//! Deployments and their statuses.

use serde_json::{Value, json};

use super::super::model::{Deployment, DeploymentStatus};
use super::{Show, node, time};

impl Show<'_> {
    /// `deployment`.
    pub(crate) fn deployment(&self, deployment: &Deployment) -> Value {
        let Some(repository) = self.state.repositories.get(&deployment.repository) else { return Value::Null };
        let repository_url = self.repository_url(repository);
        let url = format!("{repository_url}/deployments/{}", deployment.id);
        json!({
            "url": url,
            "id": deployment.id,
            "node_id": node("DE", deployment.id),
            "task": deployment.task,
            "original_environment": deployment.environment,
            "environment": deployment.environment,
            "description": deployment.description,
            "created_at": time(deployment.created_at),
            "updated_at": time(deployment.updated_at),
            "statuses_url": format!("{url}/statuses"),
            "repository_url": repository_url,
            "creator": self.user(deployment.creator),
            "sha": deployment.sha,
            "ref": deployment.git_ref,
            "payload": deployment.payload,
            "transient_environment": deployment.transient,
            "production_environment": deployment.production,
            "performed_via_github_app": self.via(deployment.creator),
        })
    }

    /// `deployment-status`.
    pub(crate) fn deployment_status(&self, deployment: &Deployment, status: &DeploymentStatus) -> Value {
        let Some(repository) = self.state.repositories.get(&deployment.repository) else { return Value::Null };
        let repository_url = self.repository_url(repository);
        let deployment_url = format!("{repository_url}/deployments/{}", deployment.id);
        json!({
            "url": format!("{deployment_url}/statuses/{}", status.id),
            "id": status.id,
            "node_id": node("DES", status.id),
            "state": status.state,
            "creator": self.user(status.creator),
            "description": status.description,
            "environment": status.environment,
            "target_url": status.log_url,
            "created_at": time(status.created_at),
            "updated_at": time(status.created_at),
            "deployment_url": deployment_url,
            "repository_url": repository_url,
            "environment_url": status.environment_url,
            "log_url": status.log_url,
            "performed_via_github_app": self.via(status.creator),
        })
    }

    /// The App, where its bot did something.
    fn via(&self, actor: u64) -> Value {
        if actor == self.app.bot { self.integration() } else { Value::Null }
    }
}
