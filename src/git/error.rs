use crate::names::CommitId;

/// Why Git could not answer, by what a caller can do about it. No text holds a token: tokens are
/// never part of an address here.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The commit is not there: its branch was deleted or force-pushed and the server has dropped
    /// it, or it was not fetched.
    #[error("commit {}: it is not there (any more): its branch was deleted or pushed over, so read the head again", .0.short())]
    Missing(CommitId),
    /// 401 or 403: the token is not good for this repository.
    #[error("{what}: Git access refused: the App's installation needs `Contents: read` there")]
    Refused {
        /// The repository's address.
        what: String,
    },
    /// 404: no such repository, or one that the token may not see.
    #[error("{what}: no such repository, or the App may not see it")]
    NotFound {
        /// The repository's address.
        what: String,
    },
    /// Something is above a limit.
    #[error("{what}: more than the limit of {limit}: make the change smaller")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit, in the unit that `what` names.
        limit: u64,
    },
    /// No connection, no answer in time, 429 or 5xx: try again later.
    #[error("{what}: cannot be fetched now ({message}): it is tried again later")]
    Unavailable {
        /// The repository's address.
        what: String,
        /// What happened.
        message: String,
        /// The transport's error, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server said something that is not the protocol, or refused in its own words.
    #[error("{what}: unexpected answer: {message}")]
    Protocol {
        /// What was asked.
        what: String,
        /// What is odd.
        message: String,
    },
    /// Two commits without a common ancestor.
    #[error("commits {} and {}: they have no common ancestor, so nothing can be said about a merge", .0.short(), .1.short())]
    Unrelated(CommitId, CommitId),
    /// Two commits with several best common ancestors: what a merge brings depends on how Git puts these
    /// together first.
    #[error("commits {} and {}: their histories cross, so it cannot be told what a merge brings: merge the base branch into the head, or rebase it", .0.short(), .1.short())]
    Crossing(CommitId, CommitId),
    /// The mirror on disk is damaged or cannot be read: discard it, it is fetched anew.
    #[error("{what}: the mirror cannot be read or written: check the disk, or delete the folder")]
    Corrupt {
        /// The mirror's folder or the object.
        what: String,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl GitError {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(super) fn corrupt(what: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Corrupt { what: what.into(), source: Box::new(source) }
    }
}
