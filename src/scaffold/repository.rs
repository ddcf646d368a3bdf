//! A new repository of a team.

use std::collections::BTreeMap;

use super::{ChangeSet, Outcome, Part, Plan, ScaffoldError, Survey, TeamRequest, Template, team};
use crate::names::RepoPath;

/// Decides what a team's new repository holds, by the template of the admin repository or the built-in one, where
/// these files are there already: nothing, in a new one.
///
/// # Errors
/// Where a file that is to be written is there with other content, or the template is broken. Nothing is to be written
/// then.
pub fn team_repository(
    request: &TeamRequest,
    survey: &Survey<'_>,
    there: &BTreeMap<RepoPath, String>,
) -> Result<Outcome, ScaffoldError> {
    let layout = survey.layout(request.layout)?;
    let template = Template::find(layout, Part::TeamRepository, survey.files())?;
    let environments = team::environments(layout, request, survey)?;
    // What is set is the admin repository's affair; a parameter of the same name may be wanted here too.
    let mut request = request.clone();
    request.settings.retain(|name, _| template.has(name));
    request.preset = None;
    let values = team::values(&template, layout, &request, survey)?;
    let rendered = template.render(&values, &environments)?;
    let there = rendered.iter().filter_map(|file| Some((file.path.clone(), there.get(&file.path)?.clone()))).collect();
    let files = team::changes(&rendered, &there)?;
    let plan = Plan { changes: ChangeSet { files }, notes: Vec::new(), role: None };
    Ok(if plan.changes.files.is_empty() { Outcome::AlreadyThere } else { Outcome::Changes(plan) })
}
