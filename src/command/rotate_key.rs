use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::{ClusterName, TeamName};

pub(super) const SPEC: Spec = Spec {
    name: "rotate-key",
    usage: "/rotate-key TEAM [CLUSTER] [--plan]",
    help: "Gives the team a new deploy key; the old one goes once Flux has fetched with the new one. With `--plan` only \
           says what would be done.",
    allow: Permission::Maintain,
    parse,
};

/// `/rotate-key TEAM [CLUSTER] [--plan]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateKey {
    /// The team.
    pub team: TeamName,
    /// In which cluster, where the team is in several.
    pub cluster: Option<ClusterName>,
    /// Whether only the plan is asked for.
    pub plan: bool,
}

/// Its arguments.
impl fmt::Display for RotateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.team)?;
        if let Some(cluster) = &self.cluster {
            write!(formatter, " {cluster}")?;
        }
        if self.plan { formatter.write_str(" --plan") } else { Ok(()) }
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let plan = arguments.flag("--plan")?;
    let team = arguments.positional("TEAM")?.parse::<TeamName>().map_err(|error| error.to_string())?;
    let cluster =
        arguments.optional()?.map(str::parse::<ClusterName>).transpose().map_err(|error| error.to_string())?;
    arguments.finish()?;
    Ok(Command::RotateKey(RotateKey { team, cluster, plan }))
}
