//! The files of a repository, from a folder or from a Git revision.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

use crate::manifest::{self, EntryPlace, EntryRole, Kustomization, ManifestFile, Position, Problem};
use crate::names::RepoPath;
use crate::tenancy::{FileSummary, RepositoryIndex};

/// Larger files are not opened: the reader refuses them anyway.
pub(super) const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// More than this is no admin or team repository.
const ENTRIES: usize = 500_000;

/// What stands under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file of so many bytes.
    File(u64),
    /// A symbolic link.
    Link,
    /// A pipe, a device, a submodule.
    Other,
}

/// Where the files come from.
pub(super) trait Source {
    /// Every path with its kind, `.git` left out, links not followed.
    fn list(&mut self) -> Result<BTreeMap<RepoPath, Kind>>;

    /// The bytes of a file that `list` named.
    fn read(&mut self, path: &RepoPath) -> Result<Vec<u8>>;
}

/// A repository's manifests, and the names of everything else.
#[derive(Debug)]
pub(super) struct Tree {
    /// The manifests, by path.
    pub(super) files: BTreeMap<RepoPath, Loaded>,
    /// Every path that is a file, read or not.
    pub(super) paths: Vec<RepoPath>,
}

/// A manifest with the digest of its bytes.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) file: ManifestFile,
    digest: [u8; 32],
}

impl Tree {
    /// Reads every file with a manifest's name, and every file that a kustomization lists as a
    /// resource or patch, whatever its name.
    pub(super) fn load(source: &mut dyn Source) -> Result<Self> {
        Self::load_with(source, &[])
    }

    /// The same, and whatever `other` has read, so that the two can be compared.
    pub(super) fn load_like(source: &mut dyn Source, other: &Self) -> Result<Self> {
        let odd: Vec<RepoPath> = other.files.keys().filter(|path| !manifest::is_read(path)).cloned().collect();
        Self::load_with(source, &odd)
    }

    fn load_with(source: &mut dyn Source, odd: &[RepoPath]) -> Result<Self> {
        let entries = source.list()?;
        if entries.len() > ENTRIES {
            bail!("there are more than {ENTRIES} files: give the root of an admin or team repository");
        }
        let mut files = BTreeMap::new();
        for (path, kind) in entries.iter().filter(|(path, _)| manifest::is_read(path)) {
            files.insert(path.clone(), load(source, path, *kind)?);
        }
        for path in listed(&files).into_iter().chain(odd.iter().cloned()) {
            if let Some(kind) = entries.get(&path).filter(|_| !files.contains_key(&path)) {
                let loaded = load(source, &path, *kind)?;
                files.insert(path, loaded);
            }
        }
        let paths =
            entries.into_iter().filter(|(_, kind)| matches!(kind, Kind::File(_))).map(|(path, _)| path).collect();
        Ok(Self { files, paths })
    }

    /// The manifests that are new, that differ from the base's, or that the base has and this one not;
    /// all without a base.
    pub(super) fn paths_changed_since(&self, base: Option<&Self>) -> BTreeSet<RepoPath> {
        let old = |path: &RepoPath| base.and_then(|base| base.files.get(path)).map(|old| old.digest);
        let changed = self.files.iter().filter(|(path, loaded)| old(path) != Some(loaded.digest));
        let gone = base.into_iter().flat_map(|base| base.files.keys()).filter(|path| !self.files.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).cloned().collect()
    }

    /// The manifests of [`Tree::paths_changed_since`], and the others.
    pub(super) fn split_by_change(self, base: Option<&Self>) -> (Vec<ManifestFile>, BTreeMap<RepoPath, ManifestFile>) {
        let changed = self.paths_changed_since(base);
        let (changed, same): (Vec<_>, Vec<_>) = self
            .files
            .into_iter()
            .map(|(path, loaded)| (path, loaded.file))
            .partition(|(path, _)| changed.contains(path));
        (changed.into_iter().map(|(_, file)| file).collect(), same.into_iter().collect())
    }

    /// Copies of the manifests among some paths.
    pub(super) fn among(&self, paths: &BTreeSet<RepoPath>) -> Vec<ManifestFile> {
        paths.iter().filter_map(|path| self.files.get(path)).map(|loaded| loaded.file.clone()).collect()
    }

    /// The index of everything that is there.
    pub(super) fn index(&self) -> RepositoryIndex {
        let others = self.paths.iter().map(|path| (path.clone(), Arc::new(FileSummary::other())));
        let manifests = self.files.iter().map(|(path, loaded)| (path.clone(), Arc::new(FileSummary::of(&loaded.file))));
        RepositoryIndex::from_files(others.chain(manifests).collect::<BTreeMap<_, _>>())
    }
}

fn load(source: &mut dyn Source, path: &RepoPath, kind: Kind) -> Result<Loaded> {
    let refusal = match kind {
        Kind::File(size) if size <= FILE_BYTES => {
            let bytes = source.read(path)?;
            let digest = Sha256::digest(&bytes).into();
            if bytes.len() < 1024 && bytes.starts_with(LFS) {
                let help = "Keep manifests out of Git LFS.";
                let file = manifest::unreadable(path.clone(), "This is a Git LFS pointer.", help);
                return Ok(Loaded { file, digest });
            }
            return Ok(Loaded { file: manifest::read(path.clone(), &bytes), digest });
        }
        Kind::File(size) => Problem {
            position: START,
            message: format!("The file has {size} bytes, more than are read."),
            help: "Split it: a manifest of this size cannot be applied.".to_owned(),
        },
        Kind::Link => Problem {
            position: START,
            message: "This is a symbolic link, which is not followed.".to_owned(),
            help: "Put the file itself here, or name it in the kustomization by its own path.".to_owned(),
        },
        Kind::Other => Problem {
            position: START,
            message: "This is neither a file nor a folder.".to_owned(),
            help: "Remove it, or put a file here.".to_owned(),
        },
    };
    let digest = Sha256::digest(&refusal.message).into();
    let (path, problems) = (path.clone(), vec![refusal]);
    Ok(Loaded {
        file: ManifestFile { path, source: "".into(), documents: Vec::new(), objects: Vec::new(), problems },
        digest,
    })
}

/// How a file begins that only points to one in Git LFS (git-lfs.com, "Git LFS Specification").
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

const START: Position = Position { offset: 0, line: 1, column: 1 };

fn listed(files: &BTreeMap<RepoPath, Loaded>) -> Vec<RepoPath> {
    let mut listed = Vec::new();
    for loaded in files.values() {
        let Some(kustomization) = Kustomization::of(&loaded.file) else { continue };
        let directory = loaded.file.path.parent();
        let directory = directory.as_ref().map_or("", RepoPath::as_str);
        let entries = kustomization.entries.iter().filter(|entry| {
            matches!(entry.role, EntryRole::Resource | EntryRole::Patch) && entry.place == EntryPlace::Local
        });
        listed.extend(entries.filter_map(|entry| RepoPath::resolve(directory, &entry.text)));
    }
    listed
}
