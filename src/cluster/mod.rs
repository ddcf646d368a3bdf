//! The cluster. Only this room imports kube's client; what comes out are plain values.
//!
//! [`Cluster`] reads Flux's objects, asks for a reconciliation and keeps the Secret that holds a
//! team's deploy key. [`verdict`] judges what was read, without IO.

mod access;
mod client;
mod error;
mod flux;
pub mod keypair;
pub mod known_hosts;
mod rights;
mod secret;
mod state;
pub mod verdict;

pub use access::KubeAccess;
pub use client::{Cluster, FluxKind};
pub use error::ClusterError;
pub use keypair::KeyPair;
pub use rights::{GIT_SECRET, Right};
pub use secret::{EnsureOutcome, GitSecret, SecretData, public_key_of_secret};
pub use state::{Condition, ConditionStatus, NamespaceState, ObjectRef, SourceRef, SourceState, SyncState};
pub use verdict::{SourceVerdict, SyncVerdict, revision_commit, source_verdict, sync_verdict};
