//! May this person give this command? Asked live; whoever cannot be found out may not.

use super::Call;
use crate::command::{Command, Permission};
use crate::config::AllowRule;
use crate::forge::Access;
use crate::jobs::JobError;
use crate::report::comment;

/// The answer to somebody who may not; `None` for somebody who may.
pub(super) async fn denial(call: &Call<'_>, command: &Command) -> Result<Option<String>, JobError> {
    let name = command.name();
    let rules = call.context.config.allow(name);
    // Nothing can be learnt or changed by asking for help: no question to the forge.
    if rules.contains(&AllowRule::Permission(Permission::None)) {
        return Ok(None);
    }
    for rule in &rules {
        if holds(call, rule).await? {
            return Ok(None);
        }
    }
    let needs: Vec<String> = rules.iter().map(words).collect();
    let needs = if needs.is_empty() { "a right that nobody has".to_owned() } else { needs.join(" or ") };
    tracing::info!(user.id = %call.job.author, command.name = name, "a command was denied");
    Ok(Some(comment::denied(name, &needs)))
}

async fn holds(call: &Call<'_>, rule: &AllowRule) -> Result<bool, JobError> {
    let forge = &call.context.forge;
    let at = (call.job.repository, call.job.repository_name.clone());
    match rule {
        AllowRule::Permission(least) => {
            let repo = forge.repo(call.job.installation, at, Access::METADATA);
            match repo.permission_of(&call.job.login, call.job.author).await {
                Ok(found) => Ok(level(&found) >= *least),
                Err(error) if error.is_absent() => Ok(false),
                Err(error) => Err(error.into()),
            }
        }
        AllowRule::Team { organization, slug } => {
            // A team of another organisation cannot be read with this installation's token: no.
            if !organization.as_str().eq_ignore_ascii_case(call.job.repository_name.owner()) {
                return Ok(false);
            }
            let repo = forge.repo(call.job.installation, at, Access::MEMBERS);
            Ok(repo.is_team_member(organization, slug, &call.job.login).await?)
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
