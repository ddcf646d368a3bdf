//! `bailiwick remove-team`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::create_team::{Failure, usage};
use super::init::origin;
use super::{Exit, Output, folder};
use crate::manifest;
use crate::names::{Engine, GitUrl, RepoPath, TeamName};
use crate::scaffold::remove::{self, Removal, RemoveError, RemoveRequest};
use crate::scaffold::{self, ChangeSet, FileChange, Survey};
use crate::tenancy::{FileSummary, RepositoryIndex};

/// Take a team out of an admin repository in a folder, in two steps
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The team's name.
    team: TeamName,
    /// The folder of the admin repository.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The directory in it that Flux applies; where left out, it is found.
    #[arg(long, value_name = "PATH")]
    cluster_path: Option<String>,
    /// The address of the team's repository, for where the admin repository says it no more.
    #[arg(long, value_name = "URL")]
    git_url: Option<GitUrl>,
    /// The second step: everything that the first one has left. Only once the first one is applied.
    #[arg(long)]
    second: bool,
    /// Shows both steps and what will be lost, and writes nothing.
    #[arg(long)]
    plan: bool,
}

impl From<RemoveError> for Failure {
    fn from(error: RemoveError) -> Self {
        let exit = match &error {
            RemoveError::Unknown { .. } | RemoveError::Unreadable { .. } | RemoveError::Repository(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        Self(exit, error.to_string())
    }
}

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> Exit {
    match remove(args) {
        Ok(text) => {
            let _ = write!(output.out, "{text}");
            Exit::Fine
        }
        Err(Failure(exit, message)) => {
            let _ = writeln!(output.err, "bailiwick remove-team: {message}");
            exit
        }
    }
}

fn remove(args: &Args) -> Result<String, Failure> {
    if !args.repo.is_dir() {
        return Err(usage(format_args!("{}: there is no such folder; name it with --repo", args.repo.display())));
    }
    // From the first look to the last write: what was read is what is changed.
    let _lock = if args.plan { None } else { Some(folder::lock(&args.repo).map_err(failed)?) };
    let mut files = BTreeMap::new();
    let leftovers = folder::read(&args.repo, "", &mut files).map_err(usage)?;
    if !args.plan {
        folder::clean_up(&leftovers).map_err(usage)?;
    }
    let Some(removal) = plan(args, &files)? else {
        return Ok(format!("{} is not there; nothing to do\n", args.team));
    };
    if args.plan {
        return Ok(removal.to_string());
    }
    let changes = match (removal.first.files.is_empty(), args.second) {
        (false, false) => &removal.first,
        (true, true) => &removal.second,
        (true, false) => return Ok(waits(&removal)),
        (false, true) => {
            let problem = "step 1 comes first: without it Flux cannot prune what it has applied; run this without --second, \
                           and have that applied";
            return Err(Failure(Exit::Failed, problem.to_owned()));
        }
    };
    folder::write(&args.repo, changes).map_err(failed)?;
    Ok(done(&removal, changes, args.second))
}

fn failed(error: folder::FolderError) -> Failure {
    Failure(Exit::Failed, error.to_string())
}

/// How the team leaves; `None` where the second step is asked for and nothing of the team is there.
fn plan(args: &Args, files: &BTreeMap<RepoPath, String>) -> Result<Option<Removal>, Failure> {
    let given = args.cluster_path.as_deref().map(|path| path.trim_end_matches('/').parse::<RepoPath>());
    let given = given.transpose().map_err(usage)?;
    let cluster_path = given.clone().or_else(|| scaffold::find_cluster_path(files)).ok_or_else(|| {
        let folder = args.repo.display();
        usage(format_args!("{folder}: there is no cluster/ in this folder; name the directory with --cluster-path"))
    })?;
    let mut index = index(files);
    if let Some(path) = given {
        index = index.with_cluster_path(path);
    }
    let survey = Survey::new(files, cluster_path);
    let request = RemoveRequest {
        git_url: args.git_url.clone(),
        own_url: origin(&args.repo),
        ..RemoveRequest::new(args.team.clone())
    };
    let unknown = match remove::plan(&request, &survey, &index) {
        Err(error @ RemoveError::Unknown { .. }) => error,
        planned => return Ok(Some(planned?)),
    };
    // After the first step nothing may say that it was a team; what is there is looked at all the same.
    match remove::plan(&RemoveRequest { was_team: true, ..request }, &survey, &index) {
        // `create-team` heads its files with these words, and the team has changed none of them.
        Ok(removal) if removal.first.files.is_empty() && (args.second || args.plan || is_ours(files, &removal)) => {
            Ok(Some(removal))
        }
        Err(RemoveError::Unknown { .. }) if args.second => Ok(None),
        _ => Err(unknown.into()),
    }
}

/// Whether a file in the team's directories says that it was made for the team.
fn is_ours(files: &BTreeMap<RepoPath, String>, removal: &Removal) -> bool {
    let made = format!("# Made by `create-team {}`;", removal.team);
    let inside = |path: &RepoPath| removal.directories.iter().any(|own| path.below(own.as_str()).is_some());
    files.iter().any(|(path, text)| inside(path) && text.lines().any(|line| line.starts_with(&made)))
}

fn index(files: &BTreeMap<RepoPath, String>) -> RepositoryIndex {
    let summary = |(path, text): (&RepoPath, &String)| {
        let read = || FileSummary::of(&manifest::read(path.clone(), text.as_bytes()));
        let summary = if manifest::is_read(path) { read() } else { FileSummary::other() };
        (path.clone(), Arc::new(summary))
    };
    RepositoryIndex::from_files(files.iter().map(summary))
}

fn done(removal: &Removal, changes: &ChangeSet, second: bool) -> String {
    let line = |file: &FileChange| {
        let what = if file.after.is_some() { "changed" } else { "deleted" };
        format!("{what} {}\n", file.path)
    };
    let files: String = changes.files.iter().map(line).collect();
    if second {
        let notes: String = removal.notes.iter().map(|note| format!("note: {note}\n")).collect();
        let by_hand = by_hand(removal);
        return format!("{files}{notes}{by_hand}{} is gone from here; its repository stays as it is\n", removal.team);
    }
    format!("{files}{}{}", removal.told, waits(removal))
}

/// What comes before the second step.
fn waits(removal: &Removal) -> String {
    let Removal { team, sync, collected, .. } = removal;
    let proof = match (removal.engine, sync) {
        (Engine::FluxV2, Some(sync)) => {
            format!("`kubectl -n {} get kustomization {}` finds nothing", sync.namespace, sync.name)
        }
        (Engine::FluxV2, None) => "the team's Kustomization is gone from the cluster".to_owned(),
        (Engine::FluxV1, _) => {
            let delete = if *collected { "" } else { ", which you delete by hand" };
            format!("the Deployment flux of the team is gone from the cluster{delete}")
        }
    };
    format!("step 1 is done here; once it is applied ({proof}): bailiwick remove-team {team} --second\n")
}

/// What Flux leaves in the cluster.
fn by_hand(removal: &Removal) -> String {
    let delete = |namespace: &String| format!("by hand: kubectl delete namespace {namespace}\n");
    if removal.collected { String::new() } else { removal.namespaces.iter().map(delete).collect() }
}
