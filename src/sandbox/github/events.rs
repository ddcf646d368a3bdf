//! Webhook payloads: who gets which event, and the part that all of them share.

use serde_json::{Map, Value, json};

use super::access::Level;
use super::model::{Installation, State};
use super::shapes::Show;

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) action: Option<&'static str>,
    pub(crate) repository: Option<u64>,
    /// The installation, for events that are about it.
    pub(crate) installation: Option<u64>,
    pub(crate) sender: u64,
    /// The event's own fields, in their order.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Event {
    /// An event in a repository.
    pub(crate) fn new(name: &'static str, action: &'static str, repository: u64, sender: u64) -> Self {
        let action = Some(action);
        Self { name, action, repository: Some(repository), installation: None, sender, fields: Vec::new() }
    }

    /// With one more field.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }
}

/// The permission that an event needs ("Webhook events and payloads", one line per event).
fn permission(event: &str) -> Option<(&'static str, Level)> {
    Some(match event {
        "pull_request" => ("pull_requests", Level::Read),
        "issue_comment" | "issues" => ("issues", Level::Read),
        "push" | "create" | "delete" => ("contents", Level::Read),
        "check_run" | "check_suite" => ("checks", Level::Read),
        "merge_group" => ("merge_queues", Level::Read),
        "deploy_key" | "deployment" | "deployment_status" => ("deployments", Level::Read),
        "repository" => ("metadata", Level::Read),
        "team" | "membership" | "organization" => ("members", Level::Read),
        _ => return None,
    })
}

impl Installation {
    /// Whether the App gets this event: check events come with the permission, those about the
    /// installation always, all others only where subscribed.
    fn hears(&self, name: &str, action: Option<&str>) -> bool {
        if name.starts_with("installation") {
            return true;
        }
        let Some((wanted, level)) = permission(name) else { return false };
        let level = match action {
            Some("requested" | "rerequested" | "requested_action") => Level::Write,
            _ => level,
        };
        let permitted = self.permissions.get(wanted).is_some_and(|has| *has >= level);
        permitted && !self.suspended && (name.starts_with("check_") || self.events.contains(name))
    }
}

impl Show<'_> {
    /// The payload and the installation that gets it, if any does.
    pub(crate) fn payload(&self, event: &Event) -> Option<(Value, u64)> {
        let installation = receiver(self.state, event)?;
        let mut payload = Map::new();
        if let Some(action) = event.action {
            payload.insert("action".into(), json!(action));
        }
        for (name, value) in &event.fields {
            payload.insert((*name).into(), value.clone());
        }
        if let Some(id) = event.repository {
            let repository = self.state.repositories.get(&id)?;
            let mut shown = self.repository(repository);
            if event.name == "push" {
                // In pushes, and only there, these are seconds.
                shown["created_at"] = json!(repository.created_at.as_second());
                shown["pushed_at"] = json!(repository.pushed_at.as_second());
                shown["master_branch"] = json!(repository.default_branch);
                shown["stargazers"] = json!(0);
                shown["owner"]["name"] = shown["owner"]["login"].clone();
                shown["owner"]["email"] = Value::Null;
            }
            payload.insert("repository".into(), shown);
            if self.state.organization(repository.owner).is_some() {
                payload.insert("organization".into(), self.organization_simple(repository.owner));
            }
        }
        payload.insert("sender".into(), self.user(event.sender));
        if !payload.contains_key("installation") {
            let node = super::shapes::node("IN", installation.id);
            payload.insert("installation".into(), json!({"id": installation.id, "node_id": node}));
        }
        Some((Value::Object(payload), installation.id))
    }
}

fn receiver<'a>(state: &'a State, event: &Event) -> Option<&'a Installation> {
    let installation = match (event.installation, event.repository) {
        (Some(id), _) => state.installations.get(&id)?,
        (None, Some(repository)) => state.installation_of(state.repositories.get(&repository)?)?,
        (None, None) => return None,
    };
    installation.hears(event.name, event.action).then_some(installation)
}
