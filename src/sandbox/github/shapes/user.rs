//! Users, bots and organisations.

use serde_json::{Value, json};

use super::super::model::{Account, AccountKind};
use super::{Show, node, time};

impl Show<'_> {
    /// `simple-user`.
    pub(crate) fn user(&self, id: u64) -> Value {
        let Some(account) = self.state.accounts.get(&id) else { return Value::Null };
        let login = &account.login;
        let api = |rest: &str| self.api(&format!("/users/{}{rest}", login.replace('[', "%5B").replace(']', "%5D")));
        let html = match account.kind {
            AccountKind::Bot => self.web(&format!("/apps/{}", self.app.slug)),
            AccountKind::User | AccountKind::Organization(_) => self.web(&format!("/{login}")),
        };
        json!({
            "login": login,
            "id": account.id,
            "node_id": node("U", account.id),
            "avatar_url": self.web(&format!("/avatars/u/{}?v=4", account.id)),
            "gravatar_id": "",
            "url": api(""),
            "html_url": html,
            "followers_url": api("/followers"),
            "following_url": api("/following{/other_user}"),
            "gists_url": api("/gists{/gist_id}"),
            "starred_url": api("/starred{/owner}{/repo}"),
            "subscriptions_url": api("/subscriptions"),
            "organizations_url": api("/orgs"),
            "repos_url": api("/repos"),
            "events_url": api("/events{/privacy}"),
            "received_events_url": api("/received_events"),
            "type": kind(account),
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// `organization-simple`.
    pub(crate) fn organization_simple(&self, id: u64) -> Value {
        let login = self.state.login(id);
        let api = |rest: &str| self.api(&format!("/orgs/{login}{rest}"));
        json!({
            "login": login,
            "id": id,
            "node_id": node("O", id),
            "url": api(""),
            "repos_url": api("/repos"),
            "events_url": api("/events"),
            "hooks_url": api("/hooks"),
            "issues_url": api("/issues"),
            "members_url": api("/members{/member}"),
            "public_members_url": api("/public_members{/member}"),
            "avatar_url": self.web(&format!("/avatars/u/{id}?v=4")),
            "description": "",
        })
    }

    /// `organization-full`; the policies only where the caller may administer.
    pub(crate) fn organization(&self, account: &Account, full: bool) -> Value {
        let mut shown = self.organization_simple(account.id);
        let owned = |private: bool| {
            self.state.repositories.values().filter(|it| it.owner == account.id && it.private == private).count()
        };
        let more = json!({
            "is_verified": false,
            "has_organization_projects": true,
            "has_repository_projects": true,
            "public_repos": owned(false),
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "html_url": self.web(&format!("/{}", account.login)),
            "created_at": time(account.created_at),
            "updated_at": time(account.created_at),
            "archived_at": null,
            "type": "Organization",
        });
        extend(&mut shown, more);
        if let (true, Some(organization)) = (full, self.state.organization(account.id)) {
            extend(
                &mut shown,
                json!({
                    "total_private_repos": owned(true),
                    "owned_private_repos": owned(true),
                    "default_repository_permission": organization.base_role.legacy(),
                    "deploy_keys_enabled_for_repositories": organization.deploy_keys_enabled,
                }),
            );
        }
        shown
    }
}

fn kind(account: &Account) -> &'static str {
    match account.kind {
        AccountKind::User => "User",
        AccountKind::Bot => "Bot",
        AccountKind::Organization(_) => "Organization",
    }
}

/// Adds the fields of one object to another.
pub(super) fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}
