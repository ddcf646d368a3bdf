//! May this person give this command? Asked live; whoever cannot be found out may not.

use super::Call;
use crate::command::{Command, Permission};
use crate::config::AllowRule;
use crate::forge::Access;
use crate::jobs::JobError;
use crate::report::comment;

/// What the forge says of a person's right to a command.
pub(super) enum Right {
    /// There is one.
    Granted {
        /// The rule that was met, and how that is known.
        proof: String,
        /// What was found, where the forge was asked.
        found: Option<String>,
    },
    /// There is none.
    Denied {
        /// For the person.
        answer: String,
        /// For the log: what was needed and what was found.
        reason: String,
    },
}

/// Asks for the right to a command.
pub(super) async fn ask(call: &Call<'_>, command: &Command) -> Result<Right, JobError> {
    let name = command.name();
    let mut rules = call.context.config.allow(name);
    // A right on its own repository must not let a team decide over what keeps it apart from the others.
    if matches!(command, Command::Waive(_)) && call.clusters.is_empty() {
        rules.retain(|rule| matches!(rule, AllowRule::Team { .. }));
    }
    // Nothing can be learnt or changed by asking for help: no question to the forge.
    let anybody = AllowRule::Permission(Permission::None);
    if rules.contains(&anybody) {
        return Ok(Right::Granted { proof: anybody.to_string(), found: None });
    }
    let mut looked = Vec::new();
    for rule in &rules {
        let (holds, found) = holds(call, rule).await?;
        if holds {
            return Ok(Right::Granted { proof: format!("{rule} (live)"), found: Some(found) });
        }
        looked.push(format!("{rule}: {found}"));
    }
    let needs: Vec<String> = rules.iter().map(words).collect();
    let needs = if needs.is_empty() { "a right that nobody has".to_owned() } else { needs.join(" or ") };
    tracing::info!(user.id = %call.job.author, command.name = name, "a command was denied");
    let reason = if looked.is_empty() { needs.clone() } else { format!("needs {}", looked.join("; ")) };
    Ok(Right::Denied { answer: comment::denied(name, &needs), reason })
}

/// Whether the person has this right on the repository, whatever the configuration says of the command.
pub(super) async fn may(call: &Call<'_>, least: Permission) -> Result<bool, JobError> {
    Ok(holds(call, &AllowRule::Permission(least)).await?.0)
}

/// Whether a rule is met, and what was found instead or beyond.
async fn holds(call: &Call<'_>, rule: &AllowRule) -> Result<(bool, String), JobError> {
    let forge = &call.context.forge;
    let at = (call.job.repository, call.job.repository_name.clone());
    match rule {
        AllowRule::Permission(least) => {
            let repo = forge.repo(call.job.installation, at, Access::METADATA);
            match repo.permission_of(&call.job.login, call.job.author).await {
                Ok(found) => Ok((level(&found) >= *least, format!("has {}", level(&found)))),
                Err(error) if error.is_absent() => Ok((false, "the repository is gone".to_owned())),
                Err(error) => Err(error.into()),
            }
        }
        AllowRule::Team { organization, slug } => {
            // A team of another organisation cannot be read with this installation's token: no.
            if !organization.as_str().eq_ignore_ascii_case(call.job.repository_name.owner()) {
                return Ok((false, "a team of another organisation".to_owned()));
            }
            let repo = forge.repo(call.job.installation, at, Access::MEMBERS);
            let member = repo.is_team_member((organization, slug), (&call.job.login, call.job.author)).await?;
            Ok((member, if member { "is a member" } else { "is no member" }.to_owned()))
        }
    }
}

fn level(found: &crate::forge::Permission) -> Permission {
    found.level.as_str().parse().unwrap_or(Permission::None)
}

fn words(rule: &AllowRule) -> String {
    match rule {
        AllowRule::Permission(least) => format!("the right `{least}` on this repository"),
        AllowRule::Team { organization, slug } => format!("membership of the team {organization}/{slug}"),
    }
}
