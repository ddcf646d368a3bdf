//! `--render`: what kustomize makes of the kustomizations that change what they list.
//!
//! A kustomization that only lists needs no kustomize: its files are judged as they stand. Of the others the
//! topmost ones are built, each once; with a base only those that the change touches, before and after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use super::revision::Revision;
use super::tree::{FILE_BYTES, Kind, Source as _};
use super::units::{ORIGIN, Unit};
use super::{Args, Render};
use crate::manifest::{self, ManifestFile};
use crate::names::RepoPath;
use crate::render::{RenderError, Renderer};
use crate::report::count;
use crate::rules::Built;

/// How long `auto` begins to build.
const PATIENCE: Duration = Duration::from_secs(20);
/// What was built, as it will be and, with a base, as it was.
type Pair = (Built, Option<Built>);

/// Builds kustomizations, and gives the notes on what could not be. With `--render always` that is an error. `trusting`
/// says whether to believe what objects tell of where they come from.
///
/// # Errors
/// Where kustomize cannot be run, or the base cannot be read.
pub(super) async fn build(args: &Args, units: &[Unit], trusting: bool) -> Result<(Vec<Pair>, Vec<String>)> {
    let strict = args.render == Render::Always;
    let kustomize = match Kustomize::find(args.render, trusting).await {
        Ok(kustomize) => kustomize,
        Err(error) if strict => return Err(anyhow::Error::new(error).context("--render always")),
        Err(error) => {
            let those = count(units.len(), "kustomization");
            let note = format!("{those} judged as files only: {error}");
            return Ok((Vec::new(), vec![note]));
        }
    };
    let base = Base::of(args)?;
    let (mut all, mut untold) = (Vec::new(), BTreeMap::<String, Vec<&RepoPath>>::new());
    for unit in units {
        let by = &unit.by;
        // What is wrong there is told already, and kustomize may read it as something endless.
        if let Some(path) = &unit.unreadable {
            untold.entry(format!("{path} cannot be read")).or_default().push(by);
            continue;
        }
        match kustomize.pair((&args.path, base.as_ref().map(Base::path)), unit).await? {
            Ok(pair) => all.push(pair),
            Err(reason) if strict => bail!("--render always: {by} was not built: {reason}"),
            Err(reason) => untold.entry(reason).or_default().push(by),
        }
    }
    let note = |(reason, those): (String, Vec<&RepoPath>)| match those.as_slice() {
        [one] => format!("{one} is judged as a file only: {reason}"),
        [first, others @ ..] => format!("{first} and {} others are judged as files only: {reason}", others.len()),
        [] => reason,
    };
    Ok((all, untold.into_iter().map(note).collect()))
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

/// kustomize, and how long and how it builds.
struct Kustomize {
    renderer: Renderer,
    end: Option<Instant>,
    trusting: bool,
}

impl Kustomize {
    /// kustomize where it is at hand; without `always` for so long as a person waits.
    ///
    /// # Errors
    /// Why it cannot be used.
    async fn find(render: Render, trusting: bool) -> Result<Self, RenderError> {
        let renderer = Renderer::find(&std::env::var_os("PATH").unwrap_or_default())?;
        let version = renderer.version().await?;
        if !Renderer::is_supported(&version) {
            return Err(RenderError::Failed { complaint: format!("it is {version}, and 5 or later is needed") });
        }
        Ok(Self { renderer, end: (render == Render::Auto).then(|| Instant::now() + PATIENCE), trusting })
    }

    /// Builds a kustomization as it will be, and as it was where it was.
    async fn pair(&self, (root, base): (&Path, Option<&Path>), unit: &Unit) -> Result<Result<Pair, String>> {
        let after = match self.build(root, unit).await? {
            Ok(built) => built,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(base) = base.filter(|base| base.join(unit.by.as_str()).is_file()) else {
            return Ok(Ok((after, None)));
        };
        // What cannot be known of the past hides nothing: everything is as new then.
        Ok(Ok((after, self.build(base, unit).await?.ok())))
    }

    /// Builds a kustomization of the repository at `root`. The inner error says why it is not known what comes
    /// out.
    ///
    /// # Errors
    /// Where kustomize cannot be run at all.
    async fn build(&self, root: &Path, unit: &Unit) -> Result<Result<Built, String>> {
        if self.end.is_some_and(|end| Instant::now() > end) {
            return Ok(Err(format!("building took more than {} s; --render always has no limit", PATIENCE.as_secs())));
        }
        let root = root.canonicalize().context("the repository cannot be found any more")?;
        let overlay = Overlay::on(&root.join(unit.by.directory()), unit.is_component)?;
        let find = |path: &str| {
            let known = |path: &RepoPath| self.trusting && unit.below.contains(path);
            overlay.origin(&root, path).filter(known)
        };
        let result = match self.renderer.clone().within(root.clone()).render(overlay.0.path()).await {
            Ok(text) => Ok(by_origin(&text, &unit.by, find)),
            Err(RenderError::Failed { complaint }) => Err(overlay.tidy(&root, &complaint)),
            Err(error @ (RenderError::Spawn { .. } | RenderError::NotInstalled)) => return Err(error.into()),
            Err(error) => return Ok(Err(overlay.tidy(&root, &error.to_string()))),
        };
        Ok(Ok(Built { by: unit.by.clone(), result }))
    }
}

/// A directory that lists another one and asks kustomize to write down where objects come from.
struct Overlay(TempDir);

impl Overlay {
    fn on(directory: &Path, is_component: bool) -> Result<Self> {
        let here = tempfile::Builder::new().prefix("bailiwick-build-").tempdir()?;
        let place = here.path().canonicalize()?;
        let up: PathBuf = place.components().skip(1).map(|_| "..").collect();
        let target = up.join(directory.strip_prefix("/").unwrap_or(directory));
        let text = serde_json::json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            if is_component { "components" } else { "resources" }:
                [target.to_str().context("the repository's path is not UTF-8: move it")?],
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
        let annotation = file
            .objects
            .first()
            .and_then(|object| object.node.at(&["metadata", "annotations", ORIGIN])?.as_str().map(str::to_owned));
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
