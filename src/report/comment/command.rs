//! Answers to commands.

use crate::config::ClusterConfig;
use crate::names::{IssueNumber, RepositoryName, TeamName};
use crate::report::markdown;
use crate::scaffold::Plan;

/// The list of commands.
pub fn help(commands: &str) -> String {
    format!(
        "### What I understand\n\n{}\n\nA command stands at the start of a line of a new comment, outside of quotes and code. \
         Edited comments are not read.",
        commands.trim_end()
    )
}

/// A line that looks like a command and is none, or is one that is called wrongly.
pub fn command_error(problem: &str) -> String {
    format!("{}\n\nNothing was done.", markdown::prose(problem))
}

/// The person may not do this.
pub fn denied(command: &str, needs: &str) -> String {
    format!(
        "I did not run `/{command}`: it needs {}.\n\nAsk somebody who has that right to write the command in a new comment.",
        markdown::prose(needs)
    )
}

/// The command has no meaning in this repository or on this page.
pub fn not_here(command: &str, remedy: &str) -> String {
    format!("`/{command}` does nothing here. {}", markdown::prose(remedy))
}

/// `/check` was understood.
pub fn recheck_started() -> String {
    "I am judging this pull request again; the result is the check run `bailiwick/review`.".to_owned()
}

/// The pull request for a new team is open.
///
/// `repository` comes with whether the App can see it.
pub fn create_team_opened(
    team: &TeamName,
    pull: IssueNumber,
    (repository, visible): (&RepositoryName, bool),
    updated: bool,
) -> String {
    let verb = if updated { "is open already and now up to date" } else { "is open" };
    let warning = if visible {
        String::new()
    } else {
        format!(
            "\n\n⚠️ I cannot see `{repository}`. Create it, or install the App on it, before the merge: without it there is \
             nothing to register a key on and nothing to apply."
        )
    };
    format!(
        "Pull request #{pull} {verb}: it has everything that the cluster needs for **{team}**.\n\n\
         What happens next:\n\n\
         1. `bailiwick/review` judges it, you review and merge it.\n\
         2. The cluster applies it; I follow that and report in #{pull}.\n\
         3. I make {team}'s deploy key and register it on `{repository}`.\n\
         4. {team} pushes to `{repository}`, and Flux applies that in the namespace `{team}`.{warning}"
    )
}

/// `--plan`: what would be written.
pub fn create_team_plan(team: &TeamName, plan: &str) -> String {
    format!(
        "`/create-team {team}` would open a pull request with these changes. Nothing was done.\n\n{}",
        markdown::block(&markdown::cut(plan, 60_000), "")
    )
}

/// The team is there already, exactly as it would be made.
pub fn create_team_already_there(team: &TeamName) -> String {
    format!("**{team}** is there already, exactly as I would make it. There is nothing to do.")
}

/// The request cannot be carried out as it is.
pub fn create_team_refused(reason: &str) -> String {
    format!("I cannot create this team: {}\n\nNothing was done.", markdown::prose(reason))
}

/// The command was given up after several attempts.
pub fn command_failed(reason: &str) -> String {
    format!(
        "I gave up on this command: {}\n\nWriting it again in a new comment is safe: what exists is found and kept.",
        markdown::escape(reason)
    )
}

/// The body of the pull request that creates a team.
pub fn create_team_body(
    team: &TeamName,
    repository: &RepositoryName,
    (cluster, others): (&ClusterConfig, &[&ClusterConfig]),
    requested_in: IssueNumber,
    plan: &Plan,
) -> String {
    let (name, others) = (&cluster.name, others_need_their_own(team, others));
    let files: String = plan.changes.files.iter().map(|file| format!("- `{}`\n", file.path)).collect();
    let role = plan.role.as_deref().map_or_else(String::new, |role| {
        format!("| Rights of the team's Flux | ClusterRole `{role}`, in this namespace only |\n")
    });
    let notes: String = plan.notes.iter().map(|note| format!("**Note**: {note}.\n\n")).collect();
    format!(
        "A bailiwick for **{team}** on {name}, asked for in #{requested_in}.\n\n{others}\
         | | |\n|---|---|\n\
         | Namespace | `{team}` |\n\
         | Repository | `{repository}` |\n\
         {role}\n{notes}\
         ### Files\n\n{files}\n\
         ### After the merge\n\n\
         The cluster applies this, then I make a deploy key for `{repository}` and register it. Each step is reported here.\n\n\
         To undo it before the merge, close this pull request."
    )
}

/// A pull request is into one branch and writes below one path: other clusters of the repository take nothing of it.
fn others_need_their_own(team: &TeamName, others: &[&ClusterConfig]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let line = |cluster: &&ClusterConfig| {
        let ClusterConfig { name, branch, path, .. } = cluster;
        format!("- {name}: `bailiwick create-team {team} --cluster-path {path}` on the branch `{branch}`\n")
    };
    let lines: String = others.iter().map(line).collect();
    format!(
        "Other clusters are run from this repository too. Nothing changes there; each needs a pull request of its own, \
         which can be written in a checkout:\n\n{lines}\n"
    )
}
