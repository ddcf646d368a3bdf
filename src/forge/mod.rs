//! The GitHub App client. Only this room knows GitHub's JSON.
//!
//! [`Forge`] is the App; [`Repo`] is one repository seen through a token with the rights of one
//! [`Access`]. Answers are read into our own small structs, which ignore what they do not know.
//! One rule for repeating: a GET whose connection broke is sent a second time at once, a POST never;
//! waiting and repeating belong to the job ([`ForgeError::retry_at`], [`Forge::down_until`]). Only
//! the gap of a second or two between two things that people are told of is waited for here.
//!
//! Every request goes through `gate.rs`: the budget of its installation (`budget.rs`, by the
//! priority of the job), whether the forge is up (`breaker.rs`), answers that we have (`etag.rs`).

pub mod event;

mod access;
mod account;
mod app;
mod breaker;
mod budget;
mod check_runs;
mod checks;
mod classify;
mod comments;
mod commits;
mod contents;
mod deliveries;
mod deployments;
mod error;
mod etag;
mod gate;
mod installations;
mod jwt;
mod keys;
mod lenient;
mod members;
mod metrics;
mod pages;
mod priority;
mod pulls;
mod record;
mod registration;
mod repo;
mod required;
mod route;
mod send;
mod settings;
mod signature;
#[cfg(test)]
mod tests;
mod token;
mod window;
mod wire;

pub use access::Access;
pub use account::{Account, AccountKind};
pub use app::{AppIdentity, Forge};
pub use breaker::ForgeHealth;
pub use checks::{
    Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRun, CheckRunUpdate, CheckState, Conclusion,
    NewCheckRun,
};
pub use comments::{Comment, Reaction};
pub use commits::{CommitMade, FileChange, NewCommit};
pub use deliveries::{Attempt, DeliveryPage, Quota};
pub use deployments::{Deployment, DeploymentState, NewDeployment, NewDeploymentStatus};
pub use error::{FieldError, ForgeError};
pub use installations::{HourlyBudget, Installed};
pub use jwt::can_sign;
pub use keys::{DeployKey, KeyError};
pub use members::{Permission, PermissionLevel};
pub use metrics::{BudgetMetrics, ForgeMetrics};
pub use priority::at_priority;
pub use pulls::{NewPull, PullRequest, PullState, PullUpdate, RepoRef, Side};
pub use record::{Exchange, JsonLines, Record};
pub use registration::{Granted, Registration, Webhook};
pub use repo::{Repo, Repository};
pub use required::{Demands, MergeQueue, Requirement};
pub use settings::{ForgeSettings, Manners, Timeouts};
pub use signature::{SecretsError, VerifiedDelivery, WebhookSecrets};

/// GitHub's limit for the body of a comment, an issue or a pull request, in characters
/// (a longer one is answered with 422 "Body is too long").
pub const BODY_LIMIT: usize = 65_536;
/// GitHub's limit for `summary` and `text` of a check run, in characters (REST, "Create a check run").
pub const SUMMARY_LIMIT: usize = 65_535;
/// How many annotations one request may carry (REST, "Create a check run").
pub const ANNOTATIONS_PER_REQUEST: usize = 50;
