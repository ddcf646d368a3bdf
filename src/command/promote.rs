use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::ClusterName;

/// Whoever may push to the team's repository may ask: what comes of it is only a pull request, which
/// the admins judge.
pub(super) const SPEC: Spec = Spec {
    name: "promote",
    usage: "/promote [--cluster NAME] [--plan]",
    help: "Proposes the definitions and cluster roles of a team's pull request in the admin repository; with `--plan` only \
           shows what it would hold.",
    allow: Permission::Write,
    parse,
};

/// `/promote [--cluster NAME] [--plan]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promote {
    /// For which cluster, where the team is in several.
    pub cluster: Option<ClusterName>,
    /// Whether only the plan is asked for.
    pub plan: bool,
}

/// Its arguments, each with a space before it.
impl fmt::Display for Promote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cluster) = &self.cluster {
            write!(formatter, " --cluster {cluster}")?;
        }
        if self.plan { formatter.write_str(" --plan") } else { Ok(()) }
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let plan = arguments.flag("--plan")?;
    let cluster = arguments.option("--cluster")?;
    arguments.finish()?;
    let cluster = cluster.map(str::parse::<ClusterName>).transpose().map_err(|error| error.to_string())?;
    Ok(Command::Promote(Promote { cluster, plan }))
}
