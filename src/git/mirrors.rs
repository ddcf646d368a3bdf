use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::error::GitError;
use super::folder::{Folder, Root};
use super::mirror::{Mirror, aside};
use super::remote::Clients;
use crate::names::RepositoryId;

/// How mirrors are kept and fetched.
#[derive(Debug, Clone)]
pub struct GitSettings {
    /// The folder that holds all mirrors.
    pub directory: PathBuf,
    /// The largest pack that one fetch may bring, in bytes.
    pub max_pack_bytes: u64,
    /// How long the server may be silent.
    pub read_timeout: Duration,
    /// How long one request may take, its pack included.
    pub total_timeout: Duration,
    /// With more packs than this a mirror is rewritten as one. Every fetch adds a pack, and every
    /// look-up of an object asks one pack after the other; Git's own `gc.autoPackLimit` is 50 too.
    pub max_packs: usize,
    /// How many of the commits that were asked for last a rewritten mirror keeps, besides those
    /// that are being read. It has to be more than jobs may ask for before they read.
    pub max_wanted: usize,
}

impl GitSettings {
    /// 512 MiB, one minute of silence, ten minutes for all; 50 packs, 256 commits.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_pack_bytes: 512 << 20,
            read_timeout: Duration::from_secs(60),
            total_timeout: Duration::from_secs(600),
            max_packs: 50,
            max_wanted: 256,
        }
    }
}

/// All mirrors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mirrors(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: GitSettings,
    pub(super) clients: Clients,
    pub(super) root: Root,
    opened: Mutex<HashMap<RepositoryId, Mirror>>,
    /// The mirror that was rewritten last, or could not be. One is rewritten at a time.
    pub(super) rewriting: tokio::sync::Mutex<Option<RepositoryId>>,
}

impl Mirrors {
    /// Mirrors below `settings.directory`, which is made where it is missing. What a crash left
    /// there is removed.
    ///
    /// # Errors
    /// `Corrupt` where the folder cannot be made or read.
    pub fn new(settings: GitSettings) -> Result<Self, GitError> {
        // Every object was hashed when its pack was received (see `receive`), and zlib's checksum
        // tells a damaged disk; libgit2 would hash it again whenever it is read.
        git2::opts::strict_hash_verification(false);
        let clients = Clients::new(&settings)?;
        let root = Root::open(&settings.directory)?;
        let (opened, rewriting) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Shared { settings, clients, root, opened, rewriting })))
    }

    /// The folder that holds all mirrors.
    pub fn directory(&self) -> &Path {
        &self.0.settings.directory
    }

    /// The mirror of a repository. Nothing is read yet; where there is none, it is made empty when
    /// it is used first.
    pub fn open(&self, id: RepositoryId) -> Mirror {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Mirror::new(Folder { id, generation: self.0.root.generation(id) }, &self.0);
        opened.entry(id).or_insert_with(make).clone()
    }

    /// Deletes a mirror: after `Corrupt`, or for a repository that the App has left.
    ///
    /// # Errors
    /// `Corrupt` where the folder cannot be deleted.
    pub async fn discard(&self, id: RepositoryId) -> Result<(), GitError> {
        let mirror = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let shared = Arc::clone(&self.0);
        aside(move || {
            let folder =
                mirror.map_or(Folder { id, generation: shared.root.generation(id) }, |mirror| mirror.shelf().folder());
            shared.root.remove(folder)
        })
        .await
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}
