//! `--render`: what kustomize makes of the kustomizations that change what they list.
//!
//! A kustomization that only lists needs no kustomize: its files are judged as they stand. Of the others the
//! topmost ones are built, each once; with a base only those that the change touches, before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use super::revision::Revision;
use super::tree::{Kind, Source as _, Tree};
use super::{Args, Render};
use crate::manifest::{self, Kustomization, ManifestFile, is_kustomization};
use crate::names::RepoPath;
use crate::render::{RenderError, Renderer};
use crate::report::count;
use crate::rules::Built;
use crate::tenancy::RepositoryIndex;

/// How long `auto` begins to build.
const PATIENCE: Duration = Duration::from_secs(20);
/// Larger files of a revision are not written out for kustomize.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// What a kustomization may hold and still only list.
const LISTING: [&str; 7] = ["apiVersion", "kind", "metadata", "resources", "bases", "buildMetadata", "sortOptions"];

/// The kustomizations that change what they list.
pub(super) fn changing(tree: &Tree) -> BTreeSet<RepoPath> {
    let changes = |file: &ManifestFile| {
        let mut fields = file.documents.iter().flat_map(|root| root.entries());
        fields.any(|(field, _)| field.as_str().is_none_or(|field| !LISTING.contains(&field)))
    };
    let is_built = |file: &ManifestFile| Kustomization::of(file).is_some_and(|it| !it.is_component);
    let files = tree.files.values().map(|loaded| &loaded.file);
    files.filter(|file| is_built(file) && changes(file)).map(|file| file.path.clone()).collect()
}

/// The topmost of the `changing` kustomizations that Flux builds, beginning with `roots`; with `touched` only
/// those that one of these paths ends up in.
pub(super) fn topmost(
    (index, roots): (&RepositoryIndex, Option<&[String]>),
    changing: &BTreeSet<RepoPath>,
    touched: Option<&BTreeSet<RepoPath>>,
) -> BTreeSet<RepoPath> {
    let starts = touched.unwrap_or(changing);
    let candidates: BTreeSet<RepoPath> = starts.iter().flat_map(|path| above(index, path)).collect();
    let is_topmost = |path: &&RepoPath| !above(index, path).iter().any(|one| one != *path && changing.contains(one));
    let applied = candidates.intersection(changing).filter(|path| index.is_applied(path, roots));
    applied.filter(is_topmost).cloned().collect()
}

/// A path and every kustomization that it ends up in, in whatever role.
fn above(index: &RepositoryIndex, path: &RepoPath) -> BTreeSet<RepoPath> {
    let mut found = BTreeSet::from([path.clone()]);
    let mut waiting = vec![path.clone()];
    while let Some(path) = waiting.pop() {
        let directory = path.parent().filter(|_| is_kustomization(&path));
        for target in std::iter::once(path).chain(directory) {
            let named = index.named_by(&target).map(|(by, _)| by).filter(|by| found.insert(by.clone()));
            waiting.extend(named.collect::<Vec<_>>());
        }
    }
    found
}

/// What was built, as it will be and, with a base, as it was.
type Pair = (Built, Option<Built>);

/// Builds kustomizations, and gives the notes on what could not be. With `--render always` that is an error.
///
/// # Errors
/// Where kustomize cannot be run, or the base cannot be read.
pub(super) async fn build(args: &Args, kustomizations: &BTreeSet<RepoPath>) -> Result<(Vec<Pair>, Vec<String>)> {
    let strict = args.render == Render::Always;
    let kustomize = match Kustomize::find(args.render).await {
        Ok(kustomize) => kustomize,
        Err(error) if strict => return Err(anyhow::Error::new(error).context("--render always")),
        Err(error) => {
            let those = count(kustomizations.len(), "kustomization");
            let note = format!("{those} judged as files only: {error}");
            return Ok((Vec::new(), vec![note]));
        }
    };
    let base = Base::of(args)?;
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for by in kustomizations {
        match kustomize.pair((&args.path, base.as_ref().map(Base::path)), by).await? {
            Ok(pair) => all.push(pair),
            Err(reason) if strict => bail!("--render always: {by} was not built: {reason}"),
            Err(reason) => notes.push(format!("{by} is judged as a file only: {reason}")),
        }
    }
    Ok((all, notes))
}

/// The repository as it was before.
enum Base {
    Folder(PathBuf),
    Written(TempDir),
}

impl Base {
    fn of(args: &Args) -> Result<Option<Self>> {
        if let Some(folder) = &args.base {
            return Ok(Some(Self::Folder(folder.clone())));
        }
        let Some(revision) = &args.base_rev else { return Ok(None) };
        Ok(Some(Self::Written(write_out(&mut Revision::open(&args.path, revision)?)?)))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Written(directory) => directory.path(),
        }
    }
}

/// kustomize, and where it builds.
struct Kustomize {
    renderer: Renderer,
    end: Option<Instant>,
}

impl Kustomize {
    /// kustomize where it is at hand; without `always` for so long as a person waits.
    ///
    /// # Errors
    /// Why it cannot be used.
    async fn find(render: Render) -> Result<Self, RenderError> {
        let renderer = Renderer::find(&std::env::var_os("PATH").unwrap_or_default())?;
        let version = renderer.version().await?;
        if !Renderer::is_supported(&version) {
            return Err(RenderError::Failed { complaint: format!("it is {version}, and 5 or later is needed") });
        }
        Ok(Self { renderer, end: (render == Render::Auto).then(|| Instant::now() + PATIENCE) })
    }

    /// Builds a kustomization as it will be, and as it was where it was.
    async fn pair(&self, (root, base): (&Path, Option<&Path>), by: &RepoPath) -> Result<Result<Pair, String>> {
        let after = match self.build(root, by).await? {
            Ok(built) => built,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(base) = base.filter(|base| base.join(by.as_str()).is_file()) else { return Ok(Ok((after, None))) };
        // What cannot be known of the past hides nothing: everything is as new then.
        Ok(Ok((after, self.build(base, by).await?.ok())))
    }

    /// Builds a kustomization of the repository at `root`. The inner error says why it is not known what comes
    /// out.
    ///
    /// # Errors
    /// Where kustomize cannot be run at all.
    async fn build(&self, root: &Path, by: &RepoPath) -> Result<Result<Built, String>> {
        if self.end.is_some_and(|end| Instant::now() > end) {
            return Ok(Err(format!("building took more than {} s; --render always has no limit", PATIENCE.as_secs())));
        }
        let root = root.canonicalize().context("the repository cannot be found any more")?;
        let overlay = Overlay::on(&root.join(by.directory()))?;
        let result = match self.renderer.render(overlay.0.path()).await {
            Ok(text) => Ok(by_origin(&text, by, |path| overlay.origin(&root, path))),
            Err(RenderError::Failed { complaint }) => Err(overlay.tidy(&root, &complaint)),
            Err(error @ (RenderError::Spawn { .. } | RenderError::NotInstalled)) => return Err(error.into()),
            Err(error) => return Ok(Err(overlay.tidy(&root, &error.to_string()))),
        };
        Ok(Ok(Built { by: by.clone(), result }))
    }
}

/// A directory that lists another one and asks kustomize to write down where objects come from.
struct Overlay(TempDir);

impl Overlay {
    fn on(directory: &Path) -> Result<Self> {
        let here = tempfile::Builder::new().prefix("bailiwick-build-").tempdir()?;
        let place = here.path().canonicalize()?;
        let up: PathBuf = place.components().skip(1).map(|_| "..").collect();
        let target = up.join(directory.strip_prefix("/").unwrap_or(directory));
        let text = serde_json::json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "resources": [target.to_str().context("the repository's path is not UTF-8: move it")?],
            "buildMetadata": ["originAnnotations"],
        });
        std::fs::write(place.join("kustomization.yaml"), text.to_string())?;
        Ok(Self(here))
    }

    /// The file of the repository that kustomize names as seen from here.
    fn origin(&self, root: &Path, path: &str) -> Option<RepoPath> {
        let here = self.0.path().canonicalize().ok()?;
        let mut absolute = PathBuf::new();
        for part in here.join(path).components() {
            match part {
                std::path::Component::ParentDir => drop(absolute.pop()),
                part => absolute.push(part),
            }
        }
        absolute.strip_prefix(root).ok()?.to_str()?.parse().ok()
    }

    /// What kustomize says, without this machine's paths.
    fn tidy(&self, root: &Path, text: &str) -> String {
        let here = self.0.path().canonicalize().unwrap_or_else(|_| self.0.path().to_owned());
        let text = text.replace(&*here.to_string_lossy(), "").replace(&*root.to_string_lossy(), "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// `config.kubernetes.io/origin`
/// (<https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/buildmetadata/>).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Origin {
    /// The file of an object that was written.
    path: Option<String>,
    /// The kustomization of one that was generated.
    configured_in: Option<String>,
}

/// What was built, by the files that it comes from: a file for each, under its own path.
fn by_origin(built: &str, by: &RepoPath, find: impl Fn(&str) -> Option<RepoPath>) -> Vec<ManifestFile> {
    let mut texts: BTreeMap<RepoPath, String> = BTreeMap::new();
    // Below a document's start kustomize writes everything with an indent that could be taken for its end.
    for document in built.split("\n---\n") {
        let file = manifest::read(by.clone(), document.as_bytes());
        let annotation = file.objects.first().and_then(|object| {
            object.node.at(&["metadata", "annotations", "config.kubernetes.io/origin"])?.as_str().map(str::to_owned)
        });
        let origin: Origin = annotation.and_then(|text| serde_yaml::from_str(&text).ok()).unwrap_or_default();
        let path = origin.path.or(origin.configured_in).and_then(|path| find(&path)).unwrap_or_else(|| by.clone());
        let text = texts.entry(path).or_default();
        text.push_str(document.trim_end_matches('\n'));
        text.push_str("\n---\n");
    }
    texts.into_iter().map(|(path, text)| manifest::read(path, text.as_bytes())).collect()
}

/// A revision's files in a directory of their own, where kustomize can read them. Links and what is no file are
/// left out.
fn write_out(revision: &mut Revision) -> Result<TempDir> {
    let directory = tempfile::Builder::new().prefix("bailiwick-base-").tempdir()?;
    for (path, kind) in revision.list()? {
        if !matches!(kind, Kind::File(size) if size <= FILE_BYTES) {
            continue;
        }
        let file = directory.path().join(path.as_str());
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&file, revision.read(&path)?)?;
    }
    Ok(directory)
}
