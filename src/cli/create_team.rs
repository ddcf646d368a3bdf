//! `bailiwick create-team`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::{Exit, Output, folder};
use crate::manifest::EditError;
use crate::names::{BranchName, Engine, GitUrl, KubernetesVersion, RepoPath, TeamName};
use crate::scaffold::{
    self, FileChange, Layout, OVERRIDES, Outcome, Part, Plan, ScaffoldError, Survey, TeamRequest, Template, Wanted,
};

/// Add a team to an admin repository in a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The team's name, which is also its directory and its namespace.
    #[arg(required_unless_present = "list_settings")]
    team: Option<String>,
    /// The folder of the admin repository.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The directory in it that Flux applies; where left out, it is found.
    #[arg(long, value_name = "PATH")]
    cluster_path: Option<String>,
    /// flux-v1 or flux-v2; where left out, it is seen from the repository.
    #[arg(long, conflicts_with = "layout")]
    engine: Option<String>,
    /// flux-v1, flux-v2 or flux-v2-environments; where left out, it is seen from the repository.
    #[arg(long)]
    layout: Option<String>,
    /// The address of the team's repository; where left out, it follows the other teams' addresses.
    #[arg(long, value_name = "URL")]
    git_url: Option<String>,
    /// The branch of the team's repository; where left out, the other teams' branch, or main.
    #[arg(long)]
    branch: Option<String>,
    /// The cluster's version of Kubernetes; before 1.25 a team under Flux v1 gets a PodSecurityPolicy.
    #[arg(long, value_name = "X.Y")]
    kube_version: Option<KubernetesVersion>,
    /// A setting of the template, or environments=NAME,NAME; see --list-settings.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Lists the settings of the repository's template, and writes nothing.
    #[arg(long)]
    list_settings: bool,
    /// Also writes what the team's own repository begins with, into this folder.
    #[arg(long, value_name = "DIR")]
    team_repo: Option<PathBuf>,
    /// Shows what would be written, and writes nothing.
    #[arg(long)]
    plan: bool,
}

/// How the command failed: the exit status and one line.
pub(super) struct Failure(pub(super) Exit, pub(super) String);

/// Wrong usage, or input that cannot be read.
pub(super) fn usage(error: impl Display) -> Failure {
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
            | ScaffoldError::NotRead(_)
            | ScaffoldError::NoEnvironments
            | ScaffoldError::UnknownEnvironment { .. }
            | ScaffoldError::Edit { problem: EditError::Unreadable { .. }, .. }
            | ScaffoldError::Template(_) => Exit::Usage,
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
    let team: Option<TeamName> = args.team.as_deref().map(str::parse).transpose().map_err(usage)?;
    if !args.repo.is_dir() {
        return Err(usage(format_args!("{}: there is no such folder; name it with --repo", args.repo.display())));
    }
    // From the first look to the last write: two teams may be added at the same time.
    let only_looks = args.plan || args.list_settings;
    let _lock = if only_looks { None } else { Some(folder::lock(&args.repo).map_err(failed)?) };
    let (files, cluster_path) = read(args, only_looks)?;
    let survey = Survey::new(&files, cluster_path);
    let layout = survey.layout(wanted(args)?)?;
    let Some(team) = team.filter(|_| !args.list_settings) else {
        let template = Template::find(layout, Part::Team, &files).map_err(ScaffoldError::from)?;
        let _ = write!(output.out, "{}", list_settings(layout, &template));
        return Ok(());
    };
    survey.lists_teams(layout)?;
    let request = request(args, (team, layout), &survey)?;
    let own = args.team_repo.as_deref().map(|folder| team_repository(folder, &request, &survey)).transpose()?;
    let text = write(args, &request, (layout, scaffold::plan(&request, &survey)?))?;
    let _ = write!(output.out, "{text}");
    if let (Some(folder), Some(outcome)) = (&args.team_repo, own) {
        let _ = write!(output.out, "{}", write_team_repository(args, folder, outcome)?);
    }
    Ok(())
}

/// Writes what the admin repository gets, and says so.
fn write(args: &Args, request: &TeamRequest, (layout, outcome): (Layout, Outcome)) -> Result<String, Failure> {
    match outcome {
        Outcome::AlreadyThere => Ok(format!("{} is already there; nothing to do\n", request.team)),
        Outcome::Changes(plan) if args.plan => Ok(plan.to_string()),
        Outcome::Changes(plan) => {
            folder::write(&args.repo, &plan.changes).map_err(failed)?;
            Ok(done(request, layout, &plan))
        }
    }
}

fn failed(error: folder::FolderError) -> Failure {
    Failure(Exit::Failed, error.to_string())
}

/// What the team's own repository gets.
fn team_repository(folder: &Path, request: &TeamRequest, survey: &Survey<'_>) -> Result<Outcome, Failure> {
    if !folder.is_dir() {
        let problem =
            format_args!("{}: there is no such folder; make it, or name another with --team-repo", folder.display());
        return Err(usage(problem));
    }
    let mut there = BTreeMap::new();
    folder::read(folder, "", &mut there).map_err(usage)?;
    Ok(scaffold::team_repository(request, survey, &there)?)
}

fn write_team_repository(args: &Args, folder: &Path, outcome: Outcome) -> Result<String, Failure> {
    let place = folder.display();
    match outcome {
        Outcome::AlreadyThere => Ok(format!("{place} has all that a team's repository begins with\n")),
        Outcome::Changes(plan) if args.plan => Ok(format!("\nin {place}:\n{plan}")),
        Outcome::Changes(plan) => {
            folder::write(folder, &plan.changes).map_err(failed)?;
            let line = |file: &FileChange| format!("created {} in {place}\n", file.path);
            Ok(plan.changes.files.iter().map(line).collect())
        }
    }
}

/// What may matter beside the cluster path.
const BESIDE: [&str; 6] = ["base/flux", OVERRIDES, "clusters", "tenants", "policies", "infrastructure"];

/// The files that matter, and the cluster path. What a run left that did not end is removed, unless one only looks.
fn read(args: &Args, only_looks: bool) -> Result<(BTreeMap<RepoPath, String>, RepoPath), Failure> {
    let given = args.cluster_path.as_deref().map(|path| path.trim_end_matches('/').parse::<RepoPath>());
    let given = given.transpose().map_err(usage)?;
    let mut files = BTreeMap::new();
    let cluster = given.as_ref().map_or("cluster", RepoPath::as_str);
    for below in BESIDE.into_iter().filter(|beside| *beside != cluster).chain([cluster]) {
        let leftovers = folder::read(&args.repo, below, &mut files).map_err(usage)?;
        if !only_looks {
            folder::clean_up(&leftovers).map_err(usage)?;
        }
    }
    let cluster_path = given.or_else(|| scaffold::find_cluster_path(&files)).ok_or_else(|| {
        let folder = args.repo.display();
        usage(format_args!("{folder}: there is no cluster/ in this folder; name the directory with --cluster-path"))
    })?;
    Ok((files, cluster_path))
}

fn wanted(args: &Args) -> Result<Wanted, Failure> {
    Ok(match (&args.layout, &args.engine) {
        (Some(layout), _) => Wanted::Layout(layout.parse().map_err(usage)?),
        (None, Some(engine)) => Wanted::Engine(engine.parse().map_err(usage)?),
        (None, None) => Wanted::Seen,
    })
}

fn request(args: &Args, (team, layout): (TeamName, Layout), survey: &Survey<'_>) -> Result<TeamRequest, Failure> {
    let git_url: GitUrl = match &args.git_url {
        Some(url) => url.parse().map_err(usage)?,
        None => survey.git_url(&team).ok_or_else(|| {
            usage("the address of the team's repository is not known from other teams; give it with --git-url URL")
        })?,
    };
    let git_url = if layout.engine() == Engine::FluxV2 { git_url.with_scheme() } else { git_url };
    let branch: BranchName = match &args.branch {
        Some(branch) => branch.parse().map_err(usage)?,
        None => survey.branch().unwrap_or_else(|| "main".parse().expect("main is a branch's name")),
    };
    let (settings, environments) = settings(&args.settings)?;
    Ok(TeamRequest {
        layout: Wanted::Layout(layout),
        settings,
        environments,
        kubernetes: args.kube_version,
        ..TeamRequest::new(team, git_url, branch)
    })
}

/// What `--set` says: settings, and environments.
pub(super) fn settings(written: &[String]) -> Result<(BTreeMap<String, String>, Vec<String>), Failure> {
    let mut settings = BTreeMap::new();
    for setting in written {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| usage(format_args!("--set takes KEY=VALUE, not {setting:?}")))?;
        if settings.insert(scaffold::setting_name(key), value.to_owned()).is_some() {
            return Err(usage(format_args!("--set {key:?} is there twice; remove one")));
        }
    }
    let environments = settings.remove("environments").map(|names| environments(&names)).transpose()?;
    Ok((settings, environments.unwrap_or_default()))
}

/// The environments of a list with commas.
pub(super) fn environments(names: &str) -> Result<Vec<String>, Failure> {
    let checked = names.split(',').map(|name| {
        let fits = crate::names::is_dns_label(name) && name != "base";
        let problem =
            || usage(format_args!("{name:?} is no environment's name; use lower-case letters, digits and '-'"));
        fits.then(|| name.to_owned()).ok_or_else(problem)
    });
    checked.collect()
}

fn list_settings(layout: Layout, template: &Template) -> String {
    let mut text = format!("Settings of {layout}: --set KEY=VALUE here, --KEY VALUE behind /create-team.\n");
    for (name, parameter) in template.parameters() {
        let default = if parameter.default.is_empty() { "nothing" } else { &parameter.default };
        text.push_str(&format!("  {name} ({}; default {default})\n      {}\n", parameter.values(), parameter.help));
    }
    text
}

fn done(request: &TeamRequest, layout: Layout, plan: &Plan) -> String {
    let line = |file: &FileChange| {
        let what = if file.before.is_some() { "changed" } else { "created" };
        format!("{what} {}\n", file.path)
    };
    let files: String = plan.changes.files.iter().map(line).collect();
    let notes: String = plan.notes.iter().map(|note| format!("note: {note}\n")).collect();
    let TeamRequest { team, git_url, branch, .. } = request;
    format!("{files}{notes}{team} follows {git_url}, branch {branch}, with {layout}\n")
}
