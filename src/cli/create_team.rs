//! `bailiwick create-team`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

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
    let failed = |error: folder::FolderError| Failure(Exit::Failed, error.to_string());
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
    let plan = match scaffold::plan(&request, &survey)? {
        Outcome::AlreadyThere => {
            let _ = writeln!(output.out, "{} is already there; nothing to do", request.team);
            return Ok(());
        }
        Outcome::Changes(plan) => plan,
    };
    if args.plan {
        let _ = write!(output.out, "{plan}");
        return Ok(());
    }
    folder::write(&args.repo, &plan.changes).map_err(failed)?;
    let _ = write!(output.out, "{}", done(&request, layout, &plan));
    Ok(())
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
    let mut settings = BTreeMap::new();
    for setting in &args.settings {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| usage(format_args!("--set takes KEY=VALUE, not {setting:?}")))?;
        if settings.insert(scaffold::setting_name(key), value.to_owned()).is_some() {
            return Err(usage(format_args!("--set {key:?} is there twice; remove one")));
        }
    }
    let environments = settings.remove("environments").unwrap_or_default();
    let environments = environments.split(',').filter(|name| !name.is_empty()).map(environment);
    Ok(TeamRequest {
        layout: Wanted::Layout(layout),
        settings,
        environments: environments.collect::<Result<_, _>>()?,
        kubernetes: args.kube_version,
        ..TeamRequest::new(team, git_url, branch)
    })
}

fn environment(name: &str) -> Result<String, Failure> {
    let fits = crate::names::is_dns_label(name) && name != "base";
    let problem = || usage(format_args!("{name:?} is no environment's name; use lower-case letters, digits and '-'"));
    fits.then(|| name.to_owned()).ok_or_else(problem)
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
