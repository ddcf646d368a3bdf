//! `bailiwick check`: the judge on a folder.

mod built;
mod folder;
mod policy;
mod revision;
mod tree;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use self::folder::Folder;
use self::policy::Policies;
use self::revision::Revision;
use self::tree::{FILE_BYTES, Kind, Source, Tree};
use self::units::{Kustomizations, Unit};
use super::progress::Progress;
use super::{FINDINGS, FINE, visible};
use crate::finding::Severity;
use crate::manifest::ManifestFile;
use crate::names::{KubernetesVersion, RepoPath};
use crate::report::{self, Style, count};
use crate::rules::{Aside, Change, Changed, Elsewhere, Judgement, RULES, Scope, View};
use crate::schema::builtin::Versions;
use crate::tenancy::{Layout, RepositoryIndex, Team};

/// Judge the manifests of an admin or team repository
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The repository's root folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Judge only what differs from this folder (also read the policy there)
    #[arg(long, value_name = "DIR", conflicts_with = "base_rev")]
    base: Option<PathBuf>,
    /// Judge only what differs from this Git revision (also read the policy there)
    #[arg(long, value_name = "REV")]
    base_rev: Option<String>,
    /// PATH is the repository of a team
    #[arg(long, requires_all = ["admin", "team"])]
    team_repo: bool,
    /// The admin repository, which says what the team owns
    #[arg(long, value_name = "DIR", requires = "team_repo")]
    admin: Option<PathBuf>,
    /// The team
    #[arg(long, value_name = "NAME", requires = "team_repo")]
    team: Option<String>,
    /// The policy [default: policy.yaml, .bailiwick/policy.yaml or bot-config/policy.yaml in the base, or else in PATH]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The folder in PATH that Flux applies [default: found]
    #[arg(long, value_name = "DIR", conflicts_with = "team_repo")]
    cluster_path: Option<RepoPath>,
    /// The cluster's Kubernetes version, against whose kinds objects are held [default: any that is known]
    #[arg(long, value_name = "X.Y")]
    kube_version: Option<KubernetesVersion>,
    /// Whether to judge also what kustomize makes of kustomizations that change what they list [auto: where it is at hand]
    #[arg(long, value_enum, default_value_t = Render::Auto)]
    render: Render,
    /// How the findings are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The least severity at which the exit status is 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Render {
    Auto,
    Never,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

/// The first version in which everything that the rules say of removed API versions holds.
const OLDEST: KubernetesVersion = KubernetesVersion::new(22);

/// Judges, writes the findings to `out` and remarks to `err`, and answers the exit status.
///
/// # Errors
/// Wrong usage, or input that cannot be read; the text says which and what to do.
pub fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    refuse_what_is_too_old(args)?;
    let progress = Progress::new();
    progress.say(err, &format!("reading {} …", args.path.display()));
    let judged = judge(args, out, &progress, err);
    progress.done(err);
    judged
}

fn judge(args: &Args, out: &mut dyn Write, progress: &Progress, err: &mut dyn Write) -> Result<u8> {
    let after = Tree::load(&mut Folder::open(&args.path, "the repository")?)?;
    if after.files.is_empty() {
        bail!(
            "{} holds no YAML or JSON files: give the root folder of an admin or team repository",
            args.path.display()
        );
    }
    let before = before(&args.path, (args.base.as_deref(), args.base_rev.as_deref()), &after)?;
    let policies = Policies::find(args.policy.as_deref(), &after, before.as_ref())?;
    let (team, definitions) = team(args)?;
    let roots = team.as_ref().map(|team| team.paths.clone());
    let index = |tree| index(&args.path, args.cluster_path.as_ref(), tree);
    let (before_index, after_index) = (index(before.as_ref())?, index(Some(&after))?);
    let view = View { before: before_index, after: after_index, roots, kubernetes: args.kube_version };
    let mut notes: Vec<String> = unknown_layout(args, team.as_ref(), &view).into_iter().collect();
    let (units, trusting) = units(args, &view, (&after, before.as_ref()))?;
    let is_whole = before.is_none();
    let (mut change, same) = change(view, after, before.as_ref());
    if let Some(definitions) = definitions {
        change.define_elsewhere(0, definitions);
    }
    progress.say(err, &format!("judging {} files …", change.files().len()));
    let scope = team.as_ref().map_or(Scope::Admin, Scope::Team);
    let mut judgement = change.judge(0, scope, &policies.holds);
    let mut unbuilt = !units.is_empty();
    if unbuilt && args.render != Render::Never {
        progress.say(err, &format!("building {} …", count(units.len(), "kustomization")));
        let (all, untold) = super::wait_for(built::build(args, &units, trusting))?;
        unbuilt = !untold.is_empty();
        notes.extend(untold);
        let aside = Aside { same: &same, definitions: &change.defining() };
        judgement.absorb(change.judge_built(0, (scope, &policies.holds), (&all, &aside), &judgement));
    }
    if let Some((policy, own)) = policies.own(scope, is_whole, unbuilt) {
        judgement.absorb(change.judge_policy(0, (scope, &policy), &own, &judgement));
    }
    progress.done(err);
    let newest = Versions::newest();
    if let Some(version) = args.kube_version.filter(|version| *version > newest) {
        writeln!(
            err,
            "warning: Kubernetes {version} is not known here: objects are judged as by {newest}, the newest that is"
        )?;
    }
    for note in notes {
        writeln!(err, "note: {}", visible(&note))?;
    }
    write(args.format, &judgement, change.files().iter().chain(same.values()), out)?;
    Ok(status(args.fail_on, &judgement))
}

/// What a folder holds, as Flux applies it.
///
/// # Errors
/// It cannot be read, or the cluster's path is none.
pub(super) fn index_of(path: &Path, cluster_path: Option<&RepoPath>) -> Result<RepositoryIndex> {
    let tree = Tree::load(&mut Folder::open(path, "the repository")?)?;
    index(path, cluster_path, Some(&tree))
}

/// What a folder changes against another one, or against a revision.
///
/// # Errors
/// One of them cannot be read.
pub(super) fn change_between(
    path: &Path,
    (base, revision): (Option<&Path>, Option<&str>),
    cluster_path: Option<&RepoPath>,
) -> Result<Change> {
    let after = Tree::load(&mut Folder::open(path, "the repository")?)?;
    let before = before(path, (base, revision), &after)?;
    let (old, new) = (index(path, cluster_path, before.as_ref())?, index(path, cluster_path, Some(&after))?);
    let view = View { before: old, after: new, roots: None, kubernetes: None };
    Ok(change(view, after, before.as_ref()).0)
}

fn unknown_layout(args: &Args, team: Option<&Team>, view: &View) -> Option<String> {
    let unknown = team.is_none() && view.after.layout() == Layout::Unknown;
    unknown.then(|| {
        format!(
            "there is neither cluster/ nor clusters/ with tenants/ in {}: if Flux applies another folder, give --cluster-path",
            args.path.display()
        )
    })
}

/// The kustomizations that there are to be built and judged, and whether to believe where their objects say that they
/// come from.
fn units(args: &Args, view: &View, (after, before): (&Tree, Option<&Tree>)) -> Result<(Vec<Unit>, bool)> {
    if args.render == Render::Never && before.is_some() {
        return Ok((Vec::new(), false));
    }
    let kustomizations = Kustomizations::of(after, &view.after);
    let touched = match before {
        Some(before) => {
            let mut touched = after.paths_changed_since(Some(before));
            touched.extend(changed_data(args, kustomizations.data())?);
            Some(touched)
        }
        None => None,
    };
    let units = kustomizations.units(view.roots.as_deref(), touched.as_ref());
    let trusting = !units.is_empty() && !kustomizations.forges_origins();
    Ok((units, trusting))
}

/// Those of some files that differ from the base, or may.
fn changed_data(args: &Args, paths: BTreeSet<RepoPath>) -> Result<BTreeSet<RepoPath>> {
    let mut before: Box<dyn Source> = match (&args.base, &args.base_rev) {
        _ if paths.is_empty() => return Ok(paths),
        (Some(folder), _) => Box::new(Folder::open(folder, "the repository as it was before (--base)")?),
        (None, Some(revision)) => Box::new(Revision::open(&args.path, revision)?),
        (None, None) => return Ok(BTreeSet::new()),
    };
    let mut after = Folder::open(&args.path, "the repository")?;
    let (old, new) = (before.list()?, after.list()?);
    let mut changed = BTreeSet::new();
    for path in paths {
        let same = match (old.get(&path), new.get(&path)) {
            (Some(Kind::File(was)), Some(Kind::File(is))) if was == is && *is <= FILE_BYTES => {
                before.read(&path)? == after.read(&path)?
            }
            (None, None) => true,
            _ => false,
        };
        if !same {
            changed.insert(path);
        }
    }
    Ok(changed)
}

/// The manifests that differ, and those that the difference makes Flux apply; and those that are the same.
fn change(view: View, after: Tree, before: Option<&Tree>) -> (Change, BTreeMap<RepoPath, ManifestFile>) {
    if before.is_none() {
        return (Change::whole(view, after.split_by_change(None).0), BTreeMap::new());
    }
    let paths = after.paths_changed_since(before);
    let old = before.map(|before| before.among(&paths)).unwrap_or_default();
    let (files, same) = after.split_by_change(before);
    // A file may be asked for twice: as one that defines a kind, and as one that uses another.
    let read = |path: &RepoPath| Ok::<_, Infallible>(same.get(path).cloned());
    let made = Change::new(vec![view], Changed { files, old, paths }, read);
    let looked = made.and_then(|mut change| change.look_at_users(read).map(|()| change));
    let change = looked.unwrap_or_else(|never| match never {});
    (change, same)
}

fn refuse_what_is_too_old(args: &Args) -> Result<()> {
    if let Some(version) = args.kube_version.filter(|version| *version < OLDEST) {
        bail!("--kube-version {version} is too old: the rules hold for Kubernetes 1.22 and later");
    }
    Ok(())
}

fn before(path: &Path, (base, revision): (Option<&Path>, Option<&str>), after: &Tree) -> Result<Option<Tree>> {
    if let Some(folder) = base {
        let mut folder = Folder::open(folder, "the repository as it was before (--base)")?;
        return Tree::load_like(&mut folder, after).map(Some);
    }
    let Some(revision) = revision else { return Ok(None) };
    Tree::load_like(&mut Revision::open(path, revision)?, after).map(Some)
}

fn index(path: &Path, cluster_path: Option<&RepoPath>, tree: Option<&Tree>) -> Result<RepositoryIndex> {
    let Some(tree) = tree else { return Ok(RepositoryIndex::default()) };
    let index = tree.index();
    match cluster_path {
        Some(cluster) if index.contains_directory(cluster) => Ok(index.with_cluster_path(cluster.clone())),
        Some(cluster) => bail!("--cluster-path {cluster} is no folder with files in {}", path.display()),
        None => Ok(index),
    }
}

/// The team, and the files of the admin repository that define kinds.
fn team(args: &Args) -> Result<(Option<Team>, Option<Elsewhere>)> {
    let (Some(admin), Some(name)) = (&args.admin, &args.team) else { return Ok((None, None)) };
    let tree = Tree::load(&mut Folder::open(admin, "the admin repository (--admin)")?)?;
    let index = tree.index();
    let known: Vec<String> = index.teams().map(|team| team.name.to_string()).collect();
    let team = index.team(name);
    let team = team.with_context(|| match known.as_slice() {
        [] => format!("there is no team in {}: give the root folder of the admin repository", admin.display()),
        known => format!("there is no team {name:?} in {}: there are {}", admin.display(), known.join(", ")),
    })?;
    Ok((Some(team), Some(Elsewhere::of(tree.files.into_values().map(|loaded| loaded.file)))))
}

fn write<'a>(
    format: Format,
    judgement: &Judgement,
    files: impl IntoIterator<Item = &'a ManifestFile>,
    out: &mut dyn Write,
) -> Result<()> {
    match format {
        Format::Text => out.write_all(report::text(judgement, files, style()).as_bytes())?,
        Format::Github => out.write_all(report::github(judgement).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::json(judgement))?,
        Format::Sarif => {
            let rules: Vec<_> = RULES.iter().map(|rule| rule.meta()).collect();
            writeln!(out, "{:#}", report::sarif(judgement, &rules))?;
        }
    }
    Ok(())
}

/// Colours on a terminal, unless the person says no (<https://no-color.org>).
fn style() -> Style {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !refused { Style::Coloured } else { Style::Plain }
}

fn status(fail_on: FailOn, judgement: &Judgement) -> u8 {
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Never => return FINE,
    };
    if judgement.findings.iter().any(|finding| finding.severity >= least) { FINDINGS } else { FINE }
}
