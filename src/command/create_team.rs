use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::{RepositoryName, TeamName};

pub(super) const SPEC: Spec = Spec {
    name: "create-team",
    usage: "/create-team TEAM [--repo OWNER/NAME] [--plan]",
    help: "Opens a pull request that adds the team; with `--plan` only shows what it would hold.",
    allow: Permission::Maintain,
    parse,
};

/// `/create-team TEAM [--repo OWNER/NAME] [--plan]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTeam {
    /// The new team.
    pub team: TeamName,
    /// Its repository, where it is not the one that the configuration's pattern gives.
    pub repository: Option<RepositoryName>,
    /// Whether only the plan is asked for.
    pub plan: bool,
}

/// Its arguments.
impl fmt::Display for CreateTeam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.team)?;
        if let Some(repository) = &self.repository {
            write!(formatter, " --repo {repository}")?;
        }
        if self.plan { formatter.write_str(" --plan") } else { Ok(()) }
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let plan = arguments.flag("--plan")?;
    let repository = arguments.option("--repo")?;
    let team = arguments.positional("TEAM")?;
    arguments.finish()?;
    let team = team.parse::<TeamName>().map_err(|error| error.to_string())?;
    let repository = repository.map(str::parse::<RepositoryName>).transpose().map_err(|error| error.to_string())?;
    Ok(Command::CreateTeam(CreateTeam { team, repository, plan }))
}
