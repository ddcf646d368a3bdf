use serde::Deserialize;

use super::account::Account;
use super::error::{ForgeError, absent_is_none};
use super::repo::Repo;
use super::route::Route;
use crate::names::{Login, PublicKey, UserId};

/// What somebody may do in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The level, for comparing.
    pub level: PermissionLevel,
    /// The role's name; an organisation can make roles of its own.
    pub role: String,
}

/// GitHub's five roles and none, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermissionLevel {
    /// No right at all.
    None,
    /// May read.
    Read,
    /// May sort issues.
    Triage,
    /// May push.
    Write,
    /// May manage without dangerous settings.
    Maintain,
    /// May do everything.
    Admin,
}

impl PermissionLevel {
    /// GitHub's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    permission: String,
    #[serde(default)]
    role_name: Option<String>,
    #[serde(default)]
    user: Option<Account>,
}

#[derive(Deserialize)]
struct User {
    id: UserId,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    ssh_keys: Vec<String>,
}

impl Permission {
    fn none() -> Self {
        Self { level: PermissionLevel::None, role: "none".to_owned() }
    }
}

/// The level of one of GitHub's words for roles and permissions.
fn level(word: &str) -> Option<PermissionLevel> {
    Some(match word {
        "none" => PermissionLevel::None,
        "read" | "pull" => PermissionLevel::Read,
        "triage" => PermissionLevel::Triage,
        "write" | "push" => PermissionLevel::Write,
        "maintain" => PermissionLevel::Maintain,
        "admin" => PermissionLevel::Admin,
        _ => return None,
    })
}

impl Repo {
    /// What the account may do here, now. It is asked for by login, as GitHub wants it, and the
    /// answer counts only if it is about the same id: a login can be renamed and taken by another.
    ///
    /// # Errors
    /// Any [`ForgeError`]; the caller must then take it as "may not". Nobody known is no error
    /// but level `None`.
    pub async fn permission_of(&self, login: &Login, id: UserId) -> Result<Permission, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/collaborators/{username}/permission", &[login.as_str()]);
        let answer: Option<Answer> = absent_is_none(self.get(route, &format!("permission of {login}")).await)?;
        let Some(answer) = answer else { return Ok(Permission::none()) };
        let asked = match &answer.user {
            Some(user) => Some(user.id),
            None => self.id_of(login).await?,
        };
        if asked != Some(id) {
            return Ok(Permission::none());
        }
        // `permission` has only four levels (maintain shows as write, triage as read);
        // `role_name` has the real one, but may be a role of the organisation's own.
        let coarse = level(&answer.permission).unwrap_or(PermissionLevel::None);
        let role = answer.role_name.unwrap_or(answer.permission);
        Ok(Permission { level: level(&role).unwrap_or(coarse), role })
    }

    /// Whose login it is now: GitHub's description lets the account be missing in a permission, and a membership
    /// never says it.
    async fn id_of(&self, login: &Login) -> Result<Option<UserId>, ForgeError> {
        let route = Route::new("/users/{username}", &[login.as_str()]);
        let found = self.get::<User>(route, &format!("account {login}, asked for its rights")).await;
        Ok(absent_is_none(found)?.map(|user| user.id))
    }

    /// Whether the account is an active member of the team, child teams included. It is asked for by login,
    /// and the answer holds no id: a membership counts only if the login is still this account's afterwards.
    /// Needs [`super::Access::MEMBERS`].
    ///
    /// # Errors
    /// Any [`ForgeError`]; the caller must then take it as "no".
    pub async fn is_team_member(
        &self,
        (organization, team): (&Login, &str),
        (login, id): (&Login, UserId),
    ) -> Result<bool, ForgeError> {
        let values = [organization.as_str(), team, login.as_str()];
        let route = Route::new("/orgs/{org}/teams/{team_slug}/memberships/{username}", &values);
        let what = format!("membership of {login} in {organization}/{team}, asked for the commands");
        let found: Option<Membership> = absent_is_none(self.get(route, &what).await)?;
        let active = found.is_some_and(|membership| membership.state == "active");
        Ok(active && self.id_of(login).await? == Some(id))
    }

    /// The forge's SSH host keys (`GET /meta`), for `known_hosts`. Keys of unknown form are left out;
    /// an enterprise server may publish none.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn meta_ssh_keys(&self) -> Result<Vec<PublicKey>, ForgeError> {
        let meta: Meta = self.get(Route::new("/meta", &[]), "published host keys, asked on behalf").await?;
        Ok(meta.ssh_keys.iter().filter_map(|key| key.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{PermissionLevel, level};

    #[test]
    fn levels_are_ordered_and_unknown_roles_have_none() {
        assert!(level("maintain") > level("write"));
        assert_eq!(level("security-team"), None);
        assert_eq!(level("push"), Some(PermissionLevel::Write));
    }
}
