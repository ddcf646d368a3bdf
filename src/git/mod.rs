//! Bare mirrors and snapshots. Only this room imports git2.
//!
//! [`Mirrors`] keeps one bare repository per repository id. [`Mirror::fetch`] brings commits over
//! smart HTTP (protocol version 2, our own small client: libgit2's HTTP needs OpenSSL); the token
//! is only ever in the `Authorization` header. [`Snapshot`] reads files of a commit without a
//! checkout, and [`Mirror::preview_merge`] says what a merge would change.
//!
//! Whatever reads the disk is `async` or says that it may wait: those methods belong into
//! `tokio::task::spawn_blocking`, and panic on a thread that drives futures. So neither a large
//! fetch nor a long comparison can hold up the threads that answer webhooks.

mod changed;
mod deltas;
mod error;
mod folder;
mod ids;
mod kept;
mod merge;
mod mirror;
mod mirrors;
mod old;
mod pack;
mod pkt;
mod receive;
mod remote;
mod rewrite;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
mod trees;

pub use changed::{Changed, Changes, Version};
pub use error::GitError;
pub use ids::{BlobId, TreeId};
pub use merge::{MergeChange, MergePreview};
pub use mirror::{Fetched, Mirror};
pub use mirrors::{GitSettings, Mirrors};
pub use remote::Remote;
pub use rewrite::Rewritten;
pub use snapshot::{Blob, BlobKind, EntryKind, Listing, ListingEntry, Snapshot, Walk, WalkedFile};

/// A larger file is named, not read: the cluster would refuse what it holds (the API server takes 3 MiB).
pub const BLOB_LIMIT: usize = 3 << 20;
