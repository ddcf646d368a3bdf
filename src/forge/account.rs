use serde::Deserialize;

use crate::names::{Login, UserId};

/// Who did something on the forge. Compare by `id`: a login can be renamed and taken by another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The number that stays.
    pub id: UserId,
    /// The name to show.
    pub login: Login,
    /// Human, bot or something else.
    #[serde(rename = "type", default)]
    pub kind: AccountKind,
}

/// GitHub's `type` of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum AccountKind {
    /// A person's account.
    User,
    /// An App or another machine account.
    Bot,
    /// An organisation.
    Organization,
    /// Something that came after us, or that was not said.
    #[default]
    #[serde(other)]
    Other,
}
