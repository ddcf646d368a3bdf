use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Weak};

use git2::{Commit, Oid, Repository, RepositoryInitOptions};
use tokio::runtime::Handle;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMutexGuard};
use tracing::Instrument as _;

use super::deltas::Delta;
use super::error::GitError;
use super::folder::Folder;
use super::kept::{haves, keep, missing};
use super::mirrors::Shared;
use super::receive::{Received, receive};
use super::remote::{Remote, Server};
use super::snapshot::{Held, Snapshot};
use super::store::Store;
use crate::names::{BranchName, CommitId};

/// One bare repository. Cheap to clone; clones share one handle and one fetch at a time.
#[derive(Clone)]
pub struct Mirror(Arc<Shelf>);

/// What the clones of a mirror and its snapshots share.
pub(super) struct Shelf {
    /// Only ever taken with `blocking_lock`, which panics on a thread that drives futures: no Git
    /// work, and no waiting for Git work, can hold up the threads that answer webhooks.
    state: Mutex<State>,
    /// One fetch at a time, and none while the mirror is rewritten.
    pub(super) fetching: Arc<Mutex<()>>,
    shared: Weak<Shared>,
}

pub(super) struct State {
    pub(super) folder: Folder,
    /// Opened when it is used first.
    pub(super) store: Option<Store>,
    /// The snapshots that somebody still holds.
    pub(super) snapshots: Vec<Weak<Held>>,
    /// The commits that somebody asked for, the last one last.
    pub(super) wanted: VecDeque<CommitId>,
}

/// What a fetch brought; zeros where everything was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The pack's size.
    pub bytes: u64,
    /// How many objects it held.
    pub objects: u32,
}

/// What is asked from a server.
struct Wish {
    missing: Vec<CommitId>,
    haves: Vec<CommitId>,
}

/// Runs work with the disk on a thread that may wait.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Err(closed(Some(Box::new(error)))),
    })
}

impl Mirror {
    pub(super) fn new(folder: Folder, shared: &Arc<Shared>) -> Self {
        let state = State { folder, store: None, snapshots: Vec::new(), wanted: VecDeque::new() };
        Self(Arc::new(Shelf { state: Mutex::new(state), fetching: Arc::default(), shared: Arc::downgrade(shared) }))
    }

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
        let wants = wants.to_vec();
        let missing = self.read(move |shelf| shelf.want(&wants)).await?;
        if missing.is_empty() {
            return Ok(Fetched::default());
        }
        self.fetch_missing(remote, missing, refs).instrument(tracing::debug_span!("git.fetch")).await
    }

    async fn fetch_missing(
        &self,
        remote: &Remote<'_>,
        wants: Vec<CommitId>,
        refs: &[String],
    ) -> Result<Fetched, GitError> {
        let one_at_a_time = Arc::new(Arc::clone(&self.0.fetching).lock_owned().await);
        let wish = self.wish(wants).await?;
        if wish.missing.is_empty() {
            return Ok(Fetched::default());
        }
        let shared = self.0.shared()?;
        let server = Server::connect(&shared.clients, remote).await?;
        let received = match self.bring(&server, &wish, &one_at_a_time).await {
            Err(refusal @ (GitError::Missing(_) | GitError::Protocol { .. })) if !refs.is_empty() => {
                let tips = self.wish(server.tips(refs).await?).await?;
                if tips.missing.is_empty() {
                    return Err(refusal);
                }
                self.bring(&server, &tips, &one_at_a_time).await?
            }
            brought => brought?,
        };
        if let Some(absent) = self.wish(wish.missing.clone()).await?.missing.into_iter().next() {
            return Err(GitError::Missing(absent));
        }
        let (shelf, fetched) = (Arc::clone(&self.0), received.fetched);
        aside(move || {
            let _until_it_is_kept = one_at_a_time;
            shelf.keep(&wish.missing, received.deltas)
        })
        .await?;
        tracing::debug!(git.bytes = fetched.bytes, git.objects = fetched.objects, "fetched commits into a mirror");
        Ok(fetched)
    }

    async fn wish(&self, wants: Vec<CommitId>) -> Result<Wish, GitError> {
        let shelf = Arc::clone(&self.0);
        aside(move || shelf.wish(&wants)).await
    }

    /// Asks for what is missing and writes the pack that comes. The lock lives as long as the writing, also
    /// where nobody waits for it any more.
    async fn bring(
        &self,
        server: &Server<'_>,
        wish: &Wish,
        lock: &Arc<OwnedMutexGuard<()>>,
    ) -> Result<Received, GitError> {
        let stream = server.fetch(&wish.missing, &wish.haves).await?;
        let (shelf, shared, lock, runtime) =
            (Arc::clone(&self.0), self.0.shared()?, Arc::clone(lock), Handle::current());
        aside(move || {
            let _writing = lock;
            // A handle of its own, so that the pack comes in while others read.
            let repository = open_or_make(&shared.root.path(shelf.folder()))?;
            receive(&repository, stream, shared.settings.max_pack_bytes, &runtime)
        })
        .await
    }

    /// The commit that a branch points to on the server, `None` where there is no such branch.
    ///
    /// # Errors
    /// Any [`GitError`] of the connection.
    pub async fn branch_tip(&self, remote: &Remote<'_>, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        let shared = self.0.shared()?;
        let asked = async { Server::connect(&shared.clients, remote).await?.branch_tip(branch).await };
        asked.instrument(tracing::debug_span!("git.branch_tip")).await
    }

    /// The files of a commit that was fetched.
    ///
    /// # Errors
    /// `Missing` where it is not here.
    pub async fn snapshot(&self, commit: &CommitId) -> Result<Snapshot, GitError> {
        let commit = commit.clone();
        self.read(move |shelf| shelf.snapshot(commit)).await
    }

    /// The first parent of a commit: for a merge, the branch as it was; `None` for a root.
    ///
    /// # Errors
    /// `Missing` where the commit is not here.
    pub async fn first_parent(&self, commit: &CommitId) -> Result<Option<CommitId>, GitError> {
        let commit = commit.clone();
        self.read(move |shelf| Ok(find(&shelf.lock()?.repository, &commit)?.parent_id(0).ok().map(commit_id))).await
    }

    /// Whether `ancestor` is `of` itself or one of its ancestors.
    ///
    /// # Errors
    /// `Missing` where one of them is not here.
    pub async fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, GitError> {
        if ancestor == of {
            return Ok(true);
        }
        let (ancestor, of) = (ancestor.clone(), of.clone());
        self.read(move |shelf| {
            let store = shelf.lock()?;
            let repository = &store.repository;
            let (ancestor, of) = (find(repository, &ancestor)?.id(), find(repository, &of)?.id());
            repository.graph_descendant_of(of, ancestor).map_err(|error| GitError::corrupt("history", error))
        })
        .await
    }

    /// The best common ancestors: none where the histories have nothing in common, several where they cross. It
    /// reads the disk: call it where a thread may wait, such as in `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// `Missing` where one of them is not here.
    ///
    /// # Panics
    /// On a thread that drives futures.
    pub fn merge_bases(&self, one: &CommitId, two: &CommitId) -> Result<Vec<CommitId>, GitError> {
        let store = self.0.lock()?;
        let repository = &store.repository;
        let (one, two) = (find(repository, one)?.id(), find(repository, two)?.id());
        match repository.merge_bases(one, two) {
            Ok(bases) => Ok(bases.iter().map(|base| commit_id(*base)).collect()),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(Vec::new()),
            Err(error) => Err(GitError::corrupt("history", error)),
        }
    }

    /// Whether the commit and its files are here, so that a fetch would ask nothing.
    ///
    /// # Errors
    /// `Corrupt` where the mirror cannot be opened.
    pub async fn has(&self, commit: &CommitId) -> Result<bool, GitError> {
        let commit = commit.clone();
        self.read(move |shelf| Ok(missing(&shelf.lock()?.repository, std::slice::from_ref(&commit)).is_empty())).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Shelf>) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, GitError> {
        let (shelf, span) = (Arc::clone(&self.0), tracing::debug_span!("git.read"));
        aside(move || span.in_scope(|| work(&shelf))).await
    }

    pub(super) fn shelf(&self) -> &Arc<Shelf> {
        &self.0
    }
}

impl Shelf {
    /// The state with its repository opened. Waits for whoever reads now.
    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, GitError> {
        let mut state = self.state.blocking_lock();
        if state.store.is_none() {
            let path = self.shared()?.root.path(state.folder);
            state.store = Some(Store::new(open_or_make(&path)?));
        }
        Ok(state)
    }

    pub(super) fn lock(&self) -> Result<MappedMutexGuard<'_, Store>, GitError> {
        Ok(MutexGuard::map(self.state()?, State::store))
    }

    /// Without opening it: the folder may be what is wrong.
    pub(super) fn folder(&self) -> Folder {
        self.state.blocking_lock().folder
    }

    /// Those of `wants` that are not here; all of them will be kept for a while.
    fn want(&self, wants: &[CommitId]) -> Result<Vec<CommitId>, GitError> {
        let limit = self.shared()?.settings.max_wanted;
        let mut state = self.state()?;
        state.wanted.retain(|wanted| !wants.contains(wanted));
        state.wanted.extend(wants.iter().cloned());
        let surplus = state.wanted.len().saturating_sub(limit);
        state.wanted.drain(..surplus);
        Ok(missing(&state.store().repository, wants))
    }

    fn wish(&self, wants: &[CommitId]) -> Result<Wish, GitError> {
        let store = self.lock()?;
        let missing = missing(&store.repository, wants);
        let haves = if missing.is_empty() { Vec::new() } else { haves(&store.repository) };
        Ok(Wish { missing, haves })
    }

    fn keep(&self, commits: &[CommitId], deltas: Vec<(Oid, Delta)>) -> Result<(), GitError> {
        let store = self.lock()?;
        store.remember(deltas);
        match missing(&store.repository, commits).into_iter().next() {
            Some(absent) => Err(GitError::Missing(absent)),
            None => keep(&store.repository, commits),
        }
    }

    fn snapshot(self: &Arc<Self>, commit: CommitId) -> Result<Snapshot, GitError> {
        let mut state = self.state()?;
        let tree = find(&state.store().repository, &commit)?.tree_id();
        let held = Arc::new(Held { shelf: Arc::clone(self), commit, tree });
        state.snapshots.retain(|other| other.strong_count() > 0);
        state.snapshots.push(Arc::downgrade(&held));
        Ok(Snapshot::new(held))
    }

    pub(super) fn shared(&self) -> Result<Arc<Shared>, GitError> {
        self.shared.upgrade().ok_or_else(|| closed(None))
    }
}

impl State {
    /// Goes on in another folder, which is opened when it is used next.
    pub(super) fn move_to(&mut self, folder: Folder) {
        self.folder = folder;
        self.store = None;
    }

    /// The store; [`Shelf::state`] has opened it.
    pub(super) fn store(&mut self) -> &mut Store {
        self.store.as_mut().expect("a state is only handed out with its repository opened")
    }
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mirror").finish_non_exhaustive()
    }
}

pub(super) fn closed(source: Option<Box<dyn std::error::Error + Send + Sync>>) -> GitError {
    GitError::Unavailable { what: "mirror".to_owned(), message: "the server is stopping".to_owned(), source }
}

pub(super) fn open_or_make(path: &Path) -> Result<Repository, GitError> {
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
