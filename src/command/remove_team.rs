use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::TeamName;

pub(super) const SPEC: Spec = Spec {
    name: "remove-team",
    usage: "/remove-team TEAM [--without-proof] [--plan]",
    help: "Opens the first of two pull requests that take the team away; written again once that is applied, the second; and \
           once more after that, removes the team's deploy key. With `--plan` only shows both and what will be lost.",
    allow: Permission::Maintain,
    parse,
};

/// `/remove-team TEAM [--without-proof] [--plan]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveTeam {
    /// The team.
    pub team: TeamName,
    /// Whether the second step is wanted though nothing proves that the first one is applied.
    pub without_proof: bool,
    /// Whether only the plan is asked for.
    pub plan: bool,
}

/// Its arguments.
impl fmt::Display for RemoveTeam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.team)?;
        if self.without_proof {
            formatter.write_str(" --without-proof")?;
        }
        if self.plan { formatter.write_str(" --plan") } else { Ok(()) }
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let plan = arguments.flag("--plan")?;
    let without_proof = arguments.flag("--without-proof")?;
    let team = arguments.positional("TEAM")?;
    arguments.finish()?;
    let team = team.parse::<TeamName>().map_err(|error| error.to_string())?;
    Ok(Command::RemoveTeam(RemoveTeam { team, without_proof, plan }))
}
