//! The GitHub App client. Only this room knows GitHub's JSON.
//!
//! [`Forge`] is the App; [`Repo`] is one repository seen through a token with the rights of one
//! [`Access`]. Answers are read into our own small structs, which ignore what they do not know.
//! One rule for repeating: nothing sleeps here. A GET whose connection broke is sent a second time
//! at once, a POST never; waiting and repeating belong to the job ([`ForgeError::retry_at`]).

pub mod event;

mod access;
mod account;
mod app;
mod check_runs;
mod checks;
mod classify;
mod comments;
mod commits;
mod contents;
mod deliveries;
mod deployments;
mod error;
mod jwt;
mod keys;
mod lenient;
mod members;
mod pages;
mod pulls;
mod record;
mod repo;
mod route;
mod send;
mod settings;
mod signature;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use access::Access;
pub use account::{Account, AccountKind};
pub use app::{AppIdentity, Forge};
pub use checks::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRun, CheckRunUpdate, CheckState, Conclusion,
    NewCheckRun,
};
pub use comments::{Comment, Reaction};
pub use commits::{CommitMade, FileChange, NewCommit};
pub use deliveries::{Attempt, DeliveryPage, Quota};
pub use deployments::{Deployment, DeploymentState, NewDeployment, NewDeploymentStatus};
pub use error::{FieldError, ForgeError};
pub use keys::{DeployKey, KeyError};
pub use members::{Permission, PermissionLevel};
pub use pulls::{NewPull, PullRequest, PullState, PullUpdate, RepoRef, Side};
pub use record::{Exchange, JsonLines, Record};
pub use repo::{Repo, Repository};
pub use settings::{ForgeSettings, Timeouts};
pub use signature::{SecretsError, VerifiedDelivery, WebhookSecrets};

/// GitHub's limit for the body of a comment, an issue or a pull request, in characters
/// (a longer one is answered with 422 "Body is too long").
pub const BODY_LIMIT: usize = 65_536;
/// GitHub's limit for `summary` and `text` of a check run, in characters (REST, "Create a check run").
pub const SUMMARY_LIMIT: usize = 65_535;
/// How many annotations one request may carry (REST, "Create a check run").
pub const ANNOTATIONS_PER_REQUEST: usize = 50;
