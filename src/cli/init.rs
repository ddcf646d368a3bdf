//! `bailiwick init`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::create_team::{Failure, environments, settings, usage};
use super::{Exit, Output, folder};
use crate::names::{BranchName, GitUrl, KubernetesVersion, RepoPath};
use crate::scaffold::{self, AdminRequest, FileChange, Layout, Outcome, Plan};

/// Make a new admin repository in a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder; one that is not there is made.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// flux-v2, flux-v1 or flux-v2-environments.
    #[arg(long, default_value = "flux-v2")]
    layout: String,
    /// The repository's own address; where left out, Git's `origin` of the folder.
    #[arg(long, value_name = "URL")]
    git_url: Option<String>,
    /// The branch that Flux applies.
    #[arg(long, default_value = "main")]
    branch: String,
    /// The cluster's version of Kubernetes; before 1.25 Flux v1 gets PodSecurityPolicies.
    #[arg(long, value_name = "X.Y")]
    kube_version: Option<KubernetesVersion>,
    /// A setting of the template, or environments=NAME,NAME [default: staging,production].
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Shows what would be written, and writes nothing.
    #[arg(long)]
    plan: bool,
}

/// The address that is written where none is known.
const EXAMPLE: &str = "ssh://git@github.com/org/dev-cluster";

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> Exit {
    match make(args, output) {
        Ok(()) => Exit::Fine,
        Err(Failure(exit, message)) => {
            let _ = writeln!(output.err, "bailiwick init: {message}");
            exit
        }
    }
}

fn make(args: &Args, output: &mut Output<'_>) -> Result<(), Failure> {
    let failed = |error: folder::FolderError| Failure(Exit::Failed, error.to_string());
    let layout: Layout = args.layout.parse().map_err(usage)?;
    let given = args.git_url.as_deref().map(str::parse::<GitUrl>).transpose().map_err(usage)?;
    let known = given.or_else(|| origin(&args.path));
    let is_example = known.is_none();
    let git_url = known.unwrap_or_else(|| EXAMPLE.parse().expect("the example is an address"));
    let branch: BranchName = args.branch.parse().map_err(usage)?;
    let (settings, named) = settings(&args.settings)?;
    let environments = if named.is_empty() { environments("staging,production")? } else { named };
    let request = AdminRequest { layout, git_url, branch, environments, kubernetes: args.kube_version, settings };
    if !args.path.is_dir() && !args.plan {
        std::fs::create_dir(&args.path)
            .map_err(|error| Failure(Exit::Failed, format!("{}: cannot be created ({error})", args.path.display())))?;
    }
    let _lock = if args.plan { None } else { Some(folder::lock(&args.path).map_err(failed)?) };
    let mut files = BTreeMap::new();
    let leftovers = read(&args.path, &mut files)?;
    if !args.plan {
        folder::clean_up(&leftovers).map_err(failed)?;
    }
    match scaffold::init(&request, &files)? {
        Outcome::AlreadyThere => {
            let _ = writeln!(output.out, "all of it is already there; nothing to do");
        }
        Outcome::Changes(plan) if args.plan => {
            let _ = write!(output.out, "{plan}");
        }
        Outcome::Changes(plan) => {
            folder::write(&args.path, &plan.changes).map_err(failed)?;
            let _ = write!(output.out, "{}", done(&request, &plan, is_example));
        }
    }
    Ok(())
}

/// The files in the places where some are to be written.
fn read(root: &Path, files: &mut BTreeMap<RepoPath, String>) -> Result<Vec<PathBuf>, Failure> {
    let mut leftovers = Vec::new();
    for below in [".bailiwick", ".github", "base", "cluster", "clusters", "install", "lockdown", "policies", "tenants"]
    {
        leftovers.extend(folder::read(root, below, files).map_err(usage)?);
    }
    for name in ["README.md", ".flux.yaml"] {
        let path = root.join(name);
        if std::fs::symlink_metadata(&path).is_ok() {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            files.extend(name.parse::<RepoPath>().ok().map(|name| (name, text)));
        }
    }
    Ok(leftovers)
}

/// The address of the folder's `origin`, as Git keeps it.
pub(super) fn origin(root: &Path) -> Option<GitUrl> {
    let config = std::fs::read_to_string(root.join(".git/config")).ok()?;
    let (_, section) = config.split_once("[remote \"origin\"]")?;
    let lines = section.lines().map(str::trim).take_while(|line| !line.starts_with('['));
    let url = lines.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "url");
    url.and_then(|(_, url)| url.trim().parse().ok())
}

fn done(request: &AdminRequest, plan: &Plan, is_example: bool) -> String {
    let line = |file: &FileChange| format!("created {}\n", file.path);
    let files: String = plan.changes.files.iter().map(line).collect();
    let mut text = format!("{files}an admin repository for {}; README.md says how it goes on\n", request.layout);
    if is_example {
        text.push_str(&format!("note: its own address is not known, so {EXAMPLE} stands there: change it, or run this again with --git-url in an empty folder\n"));
    }
    text
}
