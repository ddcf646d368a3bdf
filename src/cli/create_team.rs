//! `bailiwick create-team`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use super::{Exit, Output, folder};
use crate::manifest::EditError;
use crate::names::{BranchName, Engine, GitUrl, RepoPath, TeamName};
use crate::scaffold::{self, ChangeSet, FileChange, Outcome, ScaffoldError, Survey, TeamRequest, TemplateError};

/// Add a team to an admin repository in a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The team's name, which is also its directory and its namespace.
    team: String,
    /// The folder of the admin repository.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The directory in it that Flux applies; where left out, it is found.
    #[arg(long, value_name = "PATH")]
    cluster_path: Option<String>,
    /// flux-v1 or flux-v2; where left out, it is seen from the repository.
    #[arg(long)]
    engine: Option<String>,
    /// The address of the team's repository; where left out, it follows the other teams' addresses.
    #[arg(long, value_name = "URL")]
    git_url: Option<String>,
    /// The branch of the team's repository; where left out, the other teams' branch, or main.
    #[arg(long)]
    branch: Option<String>,
    /// A setting of the template.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Shows what would be written, and writes nothing.
    #[arg(long)]
    plan: bool,
}

/// How the command failed: the exit status and one line.
struct Failure(Exit, String);

fn usage(error: impl Display) -> Failure {
    Failure(Exit::Usage, error.to_string())
}

impl From<ScaffoldError> for Failure {
    fn from(error: ScaffoldError) -> Self {
        let exit = match &error {
            ScaffoldError::NoKustomization(_)
            | ScaffoldError::NoBaseFlux
            | ScaffoldError::TwoKustomizations(..)
            | ScaffoldError::Unreadable { .. }
            | ScaffoldError::TwoEngines(..)
            | ScaffoldError::Edit { problem: EditError::Unreadable { .. }, .. }
            | ScaffoldError::Template(TemplateError::UnknownSetting { .. } | TemplateError::Misfit { .. }) => {
                Exit::Usage
            }
            _ => Exit::Failed,
        };
        Self(exit, error.to_string())
    }
}

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> Exit {
    match create(args, output) {
        Ok(()) => Exit::Fine,
        Err(Failure(exit, message)) => {
            let _ = writeln!(output.err, "bailiwick create-team: {message}");
            exit
        }
    }
}

fn create(args: &Args, output: &mut Output<'_>) -> Result<(), Failure> {
    let team: TeamName = args.team.parse().map_err(usage)?;
    if !args.repo.is_dir() {
        return Err(usage(format_args!("{}: there is no such folder; name it with --repo", args.repo.display())));
    }
    let failed = |error: folder::FolderError| Failure(Exit::Failed, error.to_string());
    // From the first look to the last write: two teams may be added at the same time.
    let _lock = if args.plan { None } else { Some(folder::lock(&args.repo).map_err(failed)?) };
    let (files, cluster_path) = read(args)?;
    let survey = Survey::new(&files, cluster_path);
    let existing = survey.existing(&team)?;
    let request = request(args, team, &survey)?;
    let changes = match scaffold::plan(&request, &existing)? {
        Outcome::AlreadyThere => {
            let _ = writeln!(output.out, "{} is already there; nothing to do", request.team);
            return Ok(());
        }
        Outcome::Changes(changes) => changes,
    };
    if args.plan {
        let _ = write!(output.out, "{changes}");
        return Ok(());
    }
    folder::write(&args.repo, &changes).map_err(failed)?;
    let _ = write!(output.out, "{}", done(&request, &changes));
    Ok(())
}

/// The files that matter, and the cluster path. What a run left that did not end is removed, unless for a plan.
fn read(args: &Args) -> Result<(BTreeMap<RepoPath, String>, RepoPath), Failure> {
    let given = args.cluster_path.as_deref().map(|path| path.trim_end_matches('/').parse::<RepoPath>());
    let given = given.transpose().map_err(usage)?;
    let mut files = BTreeMap::new();
    for below in ["base/flux", given.as_ref().map_or("cluster", RepoPath::as_str)] {
        let leftovers = folder::read(&args.repo, below, &mut files).map_err(usage)?;
        if !args.plan {
            folder::clean_up(&leftovers).map_err(usage)?;
        }
    }
    let cluster_path = given.or_else(|| scaffold::find_cluster_path(&files)).ok_or_else(|| {
        let folder = args.repo.display();
        usage(format_args!("{folder}: there is no cluster/ in this folder; name the directory with --cluster-path"))
    })?;
    Ok((files, cluster_path))
}

fn request(args: &Args, team: TeamName, survey: &Survey<'_>) -> Result<TeamRequest, Failure> {
    let engine = match &args.engine {
        Some(engine) => engine.parse().map_err(usage)?,
        None => survey.engine()?.unwrap_or(Engine::FluxV2),
    };
    let git_url: GitUrl = match &args.git_url {
        Some(url) => url.parse().map_err(usage)?,
        None => survey.git_url(&team).ok_or_else(|| {
            usage("the address of the team's repository is not known from other teams; give it with --git-url URL")
        })?,
    };
    let git_url = if engine == Engine::FluxV2 { git_url.with_scheme() } else { git_url };
    let branch: BranchName = match &args.branch {
        Some(branch) => branch.parse().map_err(usage)?,
        None => survey.branch().unwrap_or_else(|| "main".parse().expect("main is a branch's name")),
    };
    let mut settings = BTreeMap::new();
    for setting in &args.settings {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| usage(format_args!("--set takes KEY=VALUE, not {setting:?}")))?;
        if settings.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(usage(format_args!("--set {key:?} is there twice; remove one")));
        }
    }
    Ok(TeamRequest { team, git_url, branch, engine, settings })
}

fn done(request: &TeamRequest, changes: &ChangeSet) -> String {
    let line = |file: &FileChange| {
        let what = if file.before.is_some() { "changed" } else { "created" };
        format!("{what} {}\n", file.path)
    };
    let files: String = changes.files.iter().map(line).collect();
    let TeamRequest { team, git_url, branch, engine, .. } = request;
    format!("{files}{team} follows {git_url}, branch {branch}, with {engine}\n")
}
