//! The cluster. Only this room imports kube's client; what comes out are plain values.
//!
//! [`Cluster`] reads Flux's objects, asks for a reconciliation, keeps the Secret that holds a
//! team's deploy key, and tries definitions in a dry run. [`verdict`] judges what was read, without IO.

mod access;
mod client;
mod dry_run;
mod error;
mod flux;
pub mod keypair;
pub mod known_hosts;
mod pairs;
mod rights;
mod secret;
mod state;
pub mod verdict;

pub use access::KubeAccess;
pub use client::{Cluster, FluxKind};
pub use dry_run::{Cause, DryRun, Refused};
pub use error::ClusterError;
pub use keypair::KeyPair;
pub use pairs::{Pair, PairChange};
pub use rights::{GIT_SECRET, Right};
pub use secret::{EnsureOutcome, GitSecret, SecretData, public_key_of_secret};
pub use state::{Condition, ConditionStatus, NamespaceState, ObjectRef, SourceRef, SourceState, SyncState};
pub use verdict::{SourceVerdict, SyncVerdict, revision_commit, source_verdict, sync_verdict};
