//! The App and its installations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::access::Level;
use super::super::model::Installation;
use super::user::extend;
use super::{Show, node, time};

impl Show<'_> {
    /// `integration`: the App itself.
    pub(crate) fn integration(&self) -> Value {
        let app = self.app;
        let registration = &self.state.registration;
        json!({
            "id": app.id,
            "client_id": format!("Iv23li{:014}", app.id),
            "slug": app.slug,
            "node_id": node("A", app.id),
            "owner": self.user(app.owner),
            "name": app.slug,
            "description": "",
            "external_url": self.web(&format!("/apps/{}", app.slug)),
            "html_url": self.web(&format!("/apps/{}", app.slug)),
            "created_at": time(app.created_at),
            "updated_at": time(app.created_at),
            "permissions": permissions(&registration.permissions),
            "events": registration.events,
        })
    }

    /// An installation in the list of all. GitHub's description of that list wants every account to be
    /// a user and an enterprise at once.
    pub(crate) fn listed_installation(&self, installation: &Installation) -> Value {
        let mut shown = self.installation(installation);
        let created = self.state.accounts.get(&installation.account).map(|account| time(account.created_at));
        let login = self.state.login(installation.account);
        let more = json!({"name": login, "slug": login, "created_at": created, "updated_at": created});
        extend(&mut shown["account"], more);
        shown
    }

    /// `installation`.
    pub(crate) fn installation(&self, installation: &Installation) -> Value {
        let account = self.state.login(installation.account);
        let organization = self.state.organization(installation.account).is_some();
        json!({
            "id": installation.id,
            "client_id": format!("Iv23li{:014}", self.app.id),
            "account": self.user(installation.account),
            "repository_selection": if installation.selected.is_some() { "selected" } else { "all" },
            "access_tokens_url": self.api(&format!("/app/installations/{}/access_tokens", installation.id)),
            "repositories_url": self.api("/installation/repositories"),
            "html_url": self.web(&format!("/organizations/{account}/settings/installations/{}", installation.id)),
            "app_id": self.app.id,
            "app_slug": self.app.slug,
            "target_id": installation.account,
            "target_type": if organization { "Organization" } else { "User" },
            "permissions": permissions(&installation.permissions),
            "events": installation.events,
            "created_at": time(installation.created_at),
            "updated_at": time(installation.created_at),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": null,
            "suspended_at": installation.suspended.then(|| time(installation.created_at)),
        })
    }
}

/// `app-permissions`.
pub(crate) fn permissions(levels: &BTreeMap<String, Level>) -> Value {
    Value::Object(levels.iter().map(|(name, level)| (name.clone(), json!(level.name()))).collect::<Map<_, _>>())
}
