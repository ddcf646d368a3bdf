use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use git2::{Commit, Oid, Repository, RepositoryInitOptions};
use tokio::runtime::Handle;
use tracing::Instrument as _;

use super::error::GitError;
use super::receive::receive;
use super::remote::{Clients, Remote, Server};
use super::snapshot::Snapshot;
use super::trees::Store;
use crate::names::{BranchName, CommitId, RepositoryId};

/// Every fetched commit gets a ref of its own here, so that no clean-up takes it for garbage.
const KEPT: &str = "refs/bailiwick/";
/// How many known commits a fetch names, newest first.
const HAVE_LIMIT: usize = 64;
/// Of how many of them ancestors are named too, in case the server has dropped a pushed-over head.
const HAVE_WITH_ANCESTORS: usize = 8;

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
}

impl GitSettings {
    /// 512 MiB, one minute of silence, ten minutes for all.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_pack_bytes: 512 << 20,
            read_timeout: Duration::from_secs(60),
            total_timeout: Duration::from_secs(600),
        }
    }
}

/// All mirrors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mirrors(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: GitSettings,
    clients: Clients,
    opened: Mutex<HashMap<RepositoryId, Mirror>>,
}

/// One bare repository. Cheap to clone; clones share one handle and one fetch at a time.
#[derive(Clone)]
pub struct Mirror {
    path: PathBuf,
    store: Arc<Mutex<Store>>,
    fetching: Arc<tokio::sync::Mutex<()>>,
    shared: std::sync::Weak<Shared>,
}

/// What a fetch brought; zeros where everything was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The pack's size.
    pub bytes: u64,
    /// How many objects it held.
    pub objects: u32,
}

impl Mirrors {
    /// Mirrors below `settings.directory`, which is made where it is missing.
    ///
    /// # Errors
    /// `Corrupt` where the folder cannot be made.
    pub fn new(settings: GitSettings) -> Result<Self, GitError> {
        std::fs::create_dir_all(&settings.directory)
            .map_err(|error| GitError::corrupt(settings.directory.display().to_string(), error))?;
        let clients = Clients::new(&settings)?;
        Ok(Self(Arc::new(Shared { settings, clients, opened: Mutex::default() })))
    }

    /// The mirror of a repository, made empty where there is none.
    ///
    /// # Errors
    /// `Corrupt` where it cannot be opened or made.
    pub fn open(&self, id: RepositoryId) -> Result<Mirror, GitError> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mirror) = opened.get(&id) {
            return Ok(mirror.clone());
        }
        let path = self.path(id);
        let repository = open_or_make(&path)?;
        let mirror = Mirror {
            path,
            store: Arc::new(Mutex::new(Store::new(repository))),
            fetching: Arc::default(),
            shared: Arc::downgrade(&self.0),
        };
        opened.insert(id, mirror.clone());
        Ok(mirror)
    }

    /// Deletes a mirror: after `Corrupt`, or for a repository that the App has left.
    ///
    /// # Errors
    /// `Corrupt` where the folder cannot be deleted.
    pub fn discard(&self, id: RepositoryId) -> Result<(), GitError> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.remove(&id);
        let path = self.path(id);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(GitError::corrupt(path.display().to_string(), error))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, id: RepositoryId) -> PathBuf {
        self.0.settings.directory.join(format!("{id}.git"))
    }
}

impl Mirror {
    /// Brings these commits with everything that they need. Asks nothing where they are here.
    ///
    /// # Errors
    /// `Missing` where the server has dropped one; any other [`GitError`].
    pub async fn fetch(&self, remote: &Remote<'_>, wants: &[CommitId]) -> Result<Fetched, GitError> {
        self.fetch_through(remote, wants, &[]).await
    }

    /// The same for a server that may give nothing but the tips of its refs (git-config,
    /// `uploadpack.allowAnySHA1InWant`): where it refuses a commit, those of `refs` that it has are
    /// fetched, and the commits have to be among what that brings.
    ///
    /// # Errors
    /// `Missing` where no way leads to one; any other [`GitError`].
    pub async fn fetch_through(
        &self,
        remote: &Remote<'_>,
        wants: &[CommitId],
        refs: &[String],
    ) -> Result<Fetched, GitError> {
        if self.missing(wants).is_empty() {
            return Ok(Fetched::default());
        }
        self.fetch_missing(remote, wants, refs).instrument(tracing::debug_span!("git.fetch")).await
    }

    async fn fetch_missing(
        &self,
        remote: &Remote<'_>,
        wants: &[CommitId],
        refs: &[String],
    ) -> Result<Fetched, GitError> {
        let _one_at_a_time = self.fetching.lock().await;
        let missing = self.missing(wants);
        if missing.is_empty() {
            return Ok(Fetched::default());
        }
        let shared = self.shared()?;
        let server = Server::connect(&shared.clients, remote).await?;
        let fetched = match self.bring(&server, &missing, &shared).await {
            Err(refusal @ (GitError::Missing(_) | GitError::Protocol { .. })) if !refs.is_empty() => {
                let tips = self.missing(&server.tips(refs).await?);
                if tips.is_empty() {
                    return Err(refusal);
                }
                self.bring(&server, &tips, &shared).await?
            }
            brought => brought?,
        };
        if let Some(absent) = self.missing(&missing).into_iter().next() {
            return Err(GitError::Missing(absent));
        }
        self.keep(&missing)?;
        tracing::debug!(git.bytes = fetched.bytes, git.objects = fetched.objects, "fetched commits into a mirror");
        Ok(fetched)
    }

    /// Asks for these commits and writes the pack that comes.
    async fn bring(&self, server: &Server<'_>, wants: &[CommitId], shared: &Shared) -> Result<Fetched, GitError> {
        let stream = server.fetch(wants, &self.haves()).await?;
        let (path, runtime, limit) = (self.path.clone(), Handle::current(), shared.settings.max_pack_bytes);
        let work = tokio::task::spawn_blocking(move || receive(&open_or_make(&path)?, stream, limit, &runtime));
        work.await.map_err(|error| GitError::corrupt(self.what(), error))?
    }

    /// The commit that a branch points to on the server, `None` where there is no such branch.
    ///
    /// # Errors
    /// Any [`GitError`] of the connection.
    pub async fn branch_tip(&self, remote: &Remote<'_>, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        let shared = self.shared()?;
        let asked = async { Server::connect(&shared.clients, remote).await?.branch_tip(branch).await };
        asked.instrument(tracing::debug_span!("git.branch_tip")).await
    }

    /// The files of a commit that was fetched.
    ///
    /// # Errors
    /// `Missing` where it is not here.
    pub fn snapshot(&self, commit: &CommitId) -> Result<Snapshot, GitError> {
        let tree = find(&self.lock().repository, commit)?.tree_id();
        Ok(Snapshot::new(Arc::clone(&self.store), commit.clone(), tree))
    }

    /// The best common ancestor, `None` where there is none.
    ///
    /// # Errors
    /// `Missing` where one of them is not here.
    pub fn merge_base(&self, one: &CommitId, two: &CommitId) -> Result<Option<CommitId>, GitError> {
        let store = self.lock();
        let repository = &store.repository;
        let (one, two) = (find(repository, one)?.id(), find(repository, two)?.id());
        match repository.merge_base(one, two) {
            Ok(base) => Ok(Some(commit_id(base))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::corrupt(self.what(), error)),
        }
    }

    /// The first parent of a commit: for a merge, the branch as it was; `None` for a root.
    ///
    /// # Errors
    /// `Missing` where the commit is not here.
    pub fn first_parent(&self, commit: &CommitId) -> Result<Option<CommitId>, GitError> {
        let store = self.lock();
        Ok(find(&store.repository, commit)?.parent_id(0).ok().map(commit_id))
    }

    /// Whether `ancestor` is `of` itself or one of its ancestors.
    ///
    /// # Errors
    /// `Missing` where one of them is not here.
    pub fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, GitError> {
        if ancestor == of {
            return Ok(true);
        }
        let store = self.lock();
        let repository = &store.repository;
        let (ancestor, of) = (find(repository, ancestor)?.id(), find(repository, of)?.id());
        repository.graph_descendant_of(of, ancestor).map_err(|error| GitError::corrupt(self.what(), error))
    }

    /// Whether the commit and its files are here, so that a fetch would ask nothing.
    pub fn has(&self, commit: &CommitId) -> bool {
        self.missing(std::slice::from_ref(commit)).is_empty()
    }

    fn missing(&self, wants: &[CommitId]) -> Vec<CommitId> {
        let store = self.lock();
        let repository = &store.repository;
        let here = |want: &&CommitId| find(repository, want).is_ok_and(|commit| commit.tree().is_ok());
        let mut missing: Vec<CommitId> = wants.iter().filter(|want| !here(want)).cloned().collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// Commits to name to the server so that it sends only what is new. Each of them came with a
    /// whole pack, so all that it needs is here.
    fn haves(&self) -> Vec<CommitId> {
        let store = self.lock();
        let repository = &store.repository;
        let kept = repository.references_glob(&format!("{KEPT}*"));
        let mut tips: Vec<Commit<'_>> =
            kept.into_iter().flatten().filter_map(|reference| reference.ok()?.peel_to_commit().ok()).collect();
        tips.sort_by_key(|tip| std::cmp::Reverse(tip.time().seconds()));
        tips.truncate(HAVE_LIMIT);
        let mut haves: Vec<CommitId> = tips.iter().map(|tip| commit_id(tip.id())).collect();
        for tip in tips.into_iter().take(HAVE_WITH_ANCESTORS) {
            haves.extend(sparse_ancestors(tip));
        }
        haves.sort();
        haves.dedup();
        haves
    }

    fn keep(&self, commits: &[CommitId]) -> Result<(), GitError> {
        let store = self.lock();
        let repository = &store.repository;
        for commit in commits {
            let id = find(repository, commit)?.id();
            repository
                .reference(&format!("{KEPT}{commit}"), id, true, "fetched")
                .map_err(|error| GitError::corrupt(self.what(), error))?;
        }
        Ok(())
    }

    fn shared(&self) -> Result<Arc<Shared>, GitError> {
        self.shared.upgrade().ok_or_else(|| GitError::Unavailable {
            what: self.what(),
            message: "the mirrors were closed".to_owned(),
            source: None,
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn what(&self) -> String {
        format!("mirror {}", self.path.display())
    }
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mirror").field("path", &self.path).finish_non_exhaustive()
    }
}

/// First-parent ancestors at distances 1, 2, 4 … 512.
fn sparse_ancestors(tip: Commit<'_>) -> Vec<CommitId> {
    let mut ancestors = Vec::new();
    let mut at = tip;
    for distance in 1..=512_u32 {
        let Ok(parent) = at.parent(0) else { break };
        at = parent;
        if distance.is_power_of_two() {
            ancestors.push(commit_id(at.id()));
        }
    }
    ancestors
}

fn open_or_make(path: &Path) -> Result<Repository, GitError> {
    let opened = if path.exists() {
        Repository::open_bare(path)
    } else {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head("main");
        Repository::init_opts(path, &options)
    };
    opened.map_err(|error| GitError::corrupt(format!("mirror {}", path.display()), error))
}

/// The commit, if it is here. libgit2 knows SHA-1 only, so a longer id is never here.
pub(super) fn find<'r>(repository: &'r Repository, id: &CommitId) -> Result<Commit<'r>, GitError> {
    let missing = || GitError::Missing(id.clone());
    let oid = Oid::from_str(id.as_str()).map_err(|_| missing())?;
    repository.find_commit(oid).map_err(|_| missing())
}

pub(super) fn commit_id(oid: Oid) -> CommitId {
    oid.to_string().parse().expect("libgit2 writes ids as forty lower-case hex digits")
}
