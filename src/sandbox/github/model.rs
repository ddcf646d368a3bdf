//! What the sandbox's GitHub remembers besides Git objects. Git holds commits and references; the
//! rest is here, in one value behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;

use super::access::{Level, Role};

/// A user, a bot or an organisation: GitHub keeps them in one name space.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) kind: AccountKind,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) enum AccountKind {
    User,
    Bot,
    Organization(Organization),
}

#[derive(Debug, Clone)]
pub(crate) struct Organization {
    /// Members; `true` for owners.
    pub(crate) members: BTreeMap<u64, bool>,
    /// What every member may do in every repository.
    pub(crate) base_role: Role,
    /// The organisation policy "deploy keys"; off in organisations made after 2024.
    pub(crate) deploy_keys_enabled: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) organization: u64,
    pub(crate) slug: String,
    /// Members; `true` where the invitation is accepted ("active").
    pub(crate) members: BTreeMap<u64, bool>,
    pub(crate) repositories: BTreeMap<u64, Role>,
}

#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: u64,
    pub(crate) name: String,
    /// Names it had before, `owner/name`: they redirect.
    pub(crate) old_names: Vec<String>,
    pub(crate) private: bool,
    pub(crate) archived: bool,
    pub(crate) parent: Option<u64>,
    pub(crate) default_branch: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) pushed_at: Timestamp,
    pub(crate) collaborators: BTreeMap<u64, Role>,
    /// Issues and pull requests: one sequence of numbers.
    pub(crate) issues: BTreeMap<u64, Issue>,
    /// Names of the checks that the default branch's protection demands; none: not protected.
    pub(crate) required_checks: Vec<String>,
    /// The same of a ruleset on the default branch.
    pub(crate) ruleset_checks: Vec<String>,
    /// Whether a head has to contain the default branch's tip before it is merged; `None` where the protection
    /// does not say.
    pub(crate) strict: Option<bool>,
    /// The default branch's merge queue, where its pull requests have to go through one.
    pub(crate) queue: Option<Queue>,
}

/// A merge queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    /// `ALLGREEN` or `HEADGREEN`.
    pub(crate) grouping: String,
    /// First come, first merged.
    pub(crate) entries: Vec<Entry>,
}

/// A pull request in a merge queue: a group up to it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    /// The queue's own branch, without `refs/heads/`.
    pub(crate) branch: String,
    pub(crate) head: String,
    /// The commit that it goes onto: of the entry before it, or the base branch's tip.
    pub(crate) onto: String,
    /// Who put it there.
    pub(crate) by: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) user: u64,
    pub(crate) open: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) pull: Option<Pull>,
}

/// The half of an issue that only pull requests have.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) head_repository: u64,
    /// Who owns it, also after it was deleted.
    pub(crate) head_owner: u64,
    pub(crate) head_ref: String,
    pub(crate) head_sha: String,
    pub(crate) base_ref: String,
    pub(crate) base_sha: String,
    pub(crate) draft: bool,
    pub(crate) merged: Option<Merged>,
    pub(crate) size: PullSize,
    /// Base tip, head and whether they merge without conflict: valid while both still stand.
    pub(crate) mergeable: Option<(String, String, bool)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub(crate) sha: String,
    pub(crate) by: u64,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PullSize {
    pub(crate) commits: u64,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    pub(crate) changed_files: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) number: u64,
    pub(crate) user: u64,
    pub(crate) body: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Whether an App's token wrote it.
    pub(crate) by_app: bool,
    pub(crate) reactions: Vec<Reaction>,
}

#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) content: String,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct CheckSuite {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) head_sha: String,
    pub(crate) head_branch: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) suite: u64,
    pub(crate) head_sha: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) started_at: Option<String>,
    pub(crate) completed_at: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) annotations: Vec<Value>,
    pub(crate) actions: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct DeployKey {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) title: String,
    /// Type and base64 body, without the comment: what GitHub keeps.
    pub(crate) key: String,
    pub(crate) read_only: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) added_by: u64,
    pub(crate) last_used: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) sha: String,
    pub(crate) git_ref: String,
    pub(crate) task: String,
    pub(crate) environment: String,
    pub(crate) description: Option<String>,
    pub(crate) payload: Value,
    pub(crate) transient: bool,
    pub(crate) production: bool,
    pub(crate) creator: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) statuses: Vec<DeploymentStatus>,
}

#[derive(Debug, Clone)]
pub(crate) struct DeploymentStatus {
    pub(crate) id: u64,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) environment: String,
    pub(crate) environment_url: String,
    pub(crate) log_url: String,
    pub(crate) creator: u64,
    pub(crate) created_at: Timestamp,
}

/// What the App asks for, whoever installs it. An installation keeps what was accepted when it was made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registration {
    pub(crate) permissions: BTreeMap<String, Level>,
    pub(crate) events: BTreeSet<String>,
}

/// The App in one organisation.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) account: u64,
    pub(crate) permissions: BTreeMap<String, Level>,
    pub(crate) events: BTreeSet<String>,
    /// `None`: all repositories of the account, also later ones.
    pub(crate) selected: Option<BTreeSet<u64>>,
    pub(crate) suspended: bool,
    pub(crate) created_at: Timestamp,
}

/// What an installation token may do.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) installation: u64,
    /// `None`: whatever the installation has, at the time of use.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) permissions: BTreeMap<String, Level>,
    pub(crate) expires_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) enum Token {
    Installation(Grant),
    User(u64),
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) last_id: u64,
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) teams: Vec<Team>,
    pub(crate) repositories: BTreeMap<u64, Repository>,
    pub(crate) registration: Registration,
    pub(crate) installations: BTreeMap<u64, Installation>,
    pub(crate) tokens: HashMap<String, Token>,
    /// What installation tokens were made for, oldest first, ended ones too.
    pub(crate) minted: Vec<Grant>,
    pub(crate) comments: BTreeMap<u64, Comment>,
    pub(crate) check_suites: BTreeMap<u64, CheckSuite>,
    pub(crate) check_runs: BTreeMap<u64, CheckRun>,
    pub(crate) deploy_keys: BTreeMap<u64, DeployKey>,
    pub(crate) deployments: BTreeMap<u64, Deployment>,
    /// Commits that GitHub made itself and therefore signed.
    pub(crate) verified: BTreeSet<String>,
}
