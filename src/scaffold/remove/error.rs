use crate::manifest::EditError;
use crate::names::{RepoPath, TeamName};
use crate::scaffold::ScaffoldError;

/// Why a team cannot be removed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// There is no such team.
    #[error("there is no team {team}{}", hint(near, *teams))]
    Unknown {
        /// The name.
        team: TeamName,
        /// The team that may be meant.
        near: Option<String>,
        /// How many teams there are.
        teams: usize,
    },
    /// Something of the team is used by others.
    #[error("{place} {what}; change that first, then remove {team}")]
    Shared {
        /// The team.
        team: TeamName,
        /// Where it is used: a file, and a line where one says it.
        place: String,
        /// How, with who uses it.
        what: String,
    },
    /// Something names what is to go in a form that is not edited.
    #[error("{path}:{line}: {what}; change that by hand first, then try again")]
    ByHand {
        /// The file.
        path: RepoPath,
        /// The line, from 1.
        line: u32,
        /// What stands there.
        what: String,
    },
    /// A file that has to be changed, or may name the team, cannot be read.
    #[error("{path}:{line}: {problem} Mend it, then try again")]
    Unreadable {
        /// The file.
        path: RepoPath,
        /// The line, from 1.
        line: u32,
        /// Why, a sentence.
        problem: String,
    },
    /// A file cannot be edited.
    #[error("{path}: {problem}")]
    Edit {
        /// The file.
        path: RepoPath,
        /// Why.
        problem: EditError,
    },
    /// The repository is none in which teams can be looked for.
    #[error(transparent)]
    Repository(Box<ScaffoldError>),
}

fn hint(near: &Option<String>, teams: usize) -> String {
    match near {
        Some(near) => format!("; did you mean {near}?"),
        None if teams == 0 => ": the repository has no teams".to_owned(),
        None => String::new(),
    }
}
