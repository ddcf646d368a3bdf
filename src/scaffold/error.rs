use crate::manifest::EditError;
use crate::names::{RepoPath, TeamName, show};

use super::{Taken, TemplateError};

/// Why a team cannot be scaffolded. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name is in use for something else.
    #[error("the name {team} is in use: {}; choose another name", place(taken))]
    Taken {
        /// The name.
        team: TeamName,
        /// Where.
        taken: Taken,
    },
    /// The team's directory is there, and holds something else.
    #[error(
        "{directory} is there already and differs from what would be written ({}); edit those files by hand, or move \
         them away and try again",
        list(paths)
    )]
    Different {
        /// The team's directory, or the file.
        directory: RepoPath,
        /// The files that differ or are none of ours.
        paths: Vec<RepoPath>,
    },
    /// The team is listed, but its directory is not there.
    #[error(
        "{file} lists {} but there is no {directory}; remove the entry or restore the directory, then try again",
        show(entry)
    )]
    Dangling {
        /// The directory that is missing.
        directory: RepoPath,
        /// The kustomization file.
        file: RepoPath,
        /// The entry as written.
        entry: String,
    },
    /// The cluster path has no kustomization file.
    #[error("{0}/kustomization.yaml does not exist; create it with a `resources:` list, or name another directory")]
    NoKustomization(RepoPath),
    /// The cluster path has more than one.
    #[error("{0} and {1} are both kustomization files of one directory; keep one of them")]
    TwoKustomizations(RepoPath, RepoPath),
    /// A file that may make a namespace of the team's name cannot be read.
    #[error("{path} is not readable YAML and mentions {team}; mend it, then try again")]
    Unreadable {
        /// The file.
        path: RepoPath,
        /// The team.
        team: TeamName,
    },
    /// The list of teams cannot be edited.
    #[error("{path}: {problem}")]
    Edit {
        /// The kustomization file.
        path: RepoPath,
        /// Why.
        problem: EditError,
    },
    /// A file that may hold an object that lists namespaces or addresses cannot be read.
    #[error("{0} is not readable YAML and may list what the new team needs to stand in; mend it, then try again")]
    NotRead(RepoPath),
    /// A kustomization changes everything that it lists, so the new team would become something else.
    #[error(
        "{path} has {field}: {}, which would change the new team too; move that line into the directories that it is \
         meant for, then try again",
        show(value)
    )]
    Forced {
        /// The kustomization file.
        path: RepoPath,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// A layout with environments needs to know which.
    #[error("there is no environment in tenants/; name them, such as staging and production, as `environments`")]
    NoEnvironments,
    /// An environment that is none.
    #[error("{} is no environment here; they are {}", show(name), known.join(", "))]
    UnknownEnvironment {
        /// What was named.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Marks of both generations of Flux.
    #[error(
        "both Flux v1 ({0}) and Flux v2 ({1}) are in this repository; say which one with the engine flux-v1 or flux-v2"
    )]
    TwoEngines(RepoPath, RepoPath),
    /// Flux v1 without its base.
    #[error(
        "base/flux/kustomization.yaml does not exist, and teams of Flux v1 build on it; add it, or use the engine flux-v2"
    )]
    NoBaseFlux,
    /// A setting is unknown or does not fit, or the template is broken.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

fn place(taken: &Taken) -> String {
    match taken {
        Taken::Directory(path) => format!("there is a directory {path}"),
        Taken::Entry { file, entry, .. } => format!("{file} lists {}", show(entry)),
        Taken::Namespace(path) => format!("{path} holds a namespace of that name"),
    }
}

fn list(paths: &[RepoPath]) -> String {
    let mut shown: Vec<&str> = paths.iter().take(5).map(RepoPath::as_str).collect();
    if paths.len() > shown.len() {
        shown.push("…");
    }
    shown.join(", ")
}
