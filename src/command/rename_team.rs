use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::TeamName;

/// Everybody may be told what to do instead.
pub(super) const SPEC: Spec = Spec {
    name: "rename-team",
    usage: "/rename-team OLD NEW",
    help: "Says what to do instead: a team's name is that of its namespace, which Kubernetes cannot rename.",
    allow: Permission::Read,
    parse,
};

/// `/rename-team OLD NEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameTeam {
    /// The team.
    pub old: TeamName,
    /// What it is to be called.
    pub new: TeamName,
}

/// Its arguments.
impl fmt::Display for RenameTeam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.old, self.new)
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let name = |text: &str| text.parse::<TeamName>().map_err(|error| error.to_string());
    let (old, new) = (name(arguments.positional("OLD")?)?, name(arguments.positional("NEW")?)?);
    arguments.finish()?;
    if old == new {
        return Err("both names are the same".to_owned());
    }
    Ok(Command::RenameTeam(RenameTeam { old, new }))
}
