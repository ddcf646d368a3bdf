//! What the audit log says of one deed.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use crate::names::{CommitId, DeliveryId, IssueNumber, Login, RepositoryId, RepositoryName, UserId};
use crate::store::model::reason_for_storage;
use crate::store::{Row, timestamp};

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody on the forge.
    Person {
        /// What identifies the account.
        id: UserId,
        /// What it was called then.
        login: Login,
    },
    /// The bot itself, by its configuration.
    Bot,
    /// Somebody at the bot's own command line.
    Operator {
        /// The operating system's number of the account.
        uid: Option<u64>,
        /// What the account says it is called: nobody has proven it.
        name: Option<String>,
    },
}

/// What was done, or was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A command in a comment: written before anything is done.
    Command,
    /// A check run was asked for again by its button.
    Rerun,
    /// A finding was waived.
    Waiver,
    /// Something was approved.
    Approval,
    /// A team was proposed.
    TeamCreation,
    /// A team's leaving was proposed, the first step or the second.
    TeamRemoval,
    /// Objects of a team's pull request were proposed to the admins.
    Promotion,
    /// A deploy key was registered.
    KeyRegistered,
    /// A deploy key was registered in place of others.
    KeyReplaced,
    /// A deploy key is removed: written before it is.
    KeyRemoved,
    /// The exchange of a deploy key was asked for at the command line, has ended, or has stopped.
    KeyRotation,
    /// Flux was asked to fetch a commit.
    SyncStarted,
    /// A commit was followed to its end.
    SyncEnded,
    /// A job that was given up was taken up again by a person.
    DeadLetterRetried,
    /// The installation moved to another database.
    Migration,
}

impl Action {
    /// The word for it in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Rerun => "rerun",
            Self::Waiver => "waiver",
            Self::Approval => "approval",
            Self::TeamCreation => "team-creation",
            Self::TeamRemoval => "team-removal",
            Self::Promotion => "promotion",
            Self::KeyRegistered => "key-registered",
            Self::KeyReplaced => "key-replaced",
            Self::KeyRemoved => "key-removed",
            Self::KeyRotation => "key-rotation",
            Self::SyncStarted => "sync-started",
            Self::SyncEnded => "sync-ended",
            Self::DeadLetterRetried => "dead-letter-retried",
            Self::Migration => "migration",
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be done, or was done.
    Allowed,
    /// It may not.
    Denied,
    /// Only its plan was shown.
    PlanOnly,
    /// It was allowed or not yet decided, and did not come about.
    Failed,
}

impl Decision {
    /// The word for it in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::PlanOnly => "plan-only",
            Self::Failed => "failed",
        }
    }
}

/// One thing that changed in the world: `pull_request`, `org/dev-cluster#5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEffect {
    /// What kind of thing.
    pub kind: String,
    /// Which one: its id or address.
    pub id: String,
}

impl AuditEffect {
    /// This kind of thing, this one.
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// An entry to be written. Begin with [`AuditEntry::new`] and fill in what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// Did what kind of thing.
    pub action: Action,
    /// What exactly: `/create-team team2`, `team2 in cluster dev`.
    pub what: String,
    /// In which repository.
    pub repository_id: Option<RepositoryId>,
    /// Its name at that time.
    pub repository_name: Option<RepositoryName>,
    /// On which issue or pull request.
    pub issue: Option<IssueNumber>,
    /// The commit that it was about.
    pub head: Option<CommitId>,
    /// By which right, and how that is known: `permission:maintain (live)`.
    pub proof: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What came of it.
    pub effects: Vec<AuditEffect>,
    /// The delivery that asked for it. Where absent, the first one that the job answers.
    pub delivery: Option<DeliveryId>,
}

impl AuditEntry {
    /// An entry that says no more than who did what, and that it was allowed.
    pub fn new(actor: Actor, action: Action, what: impl Into<String>) -> Self {
        Self {
            actor,
            action,
            what: what.into(),
            repository_id: None,
            repository_name: None,
            issue: None,
            head: None,
            proof: None,
            decision: Decision::Allowed,
            reason: None,
            effects: Vec::new(),
            delivery: None,
        }
    }
}

/// An entry as it is kept: plain values, so that entries of other versions can be checked too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditRecord {
    /// Its place, from 1, without holes.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// [`Action::as_str`].
    pub action: String,
    /// What exactly.
    pub what: String,
    /// `person`, `bot` or `operator`.
    pub actor_kind: String,
    /// The person's number on the forge, or the operator's on the machine.
    pub actor_id: Option<i64>,
    /// The login, or the account's name, at that time.
    pub actor_name: Option<String>,
    /// The repository's number.
    pub repository_id: Option<i64>,
    /// Its name at that time.
    pub repository_name: Option<String>,
    /// The issue or pull request.
    pub issue: Option<i64>,
    /// The commit.
    pub head: Option<String>,
    /// By which right.
    pub proof: Option<String>,
    /// [`Decision::as_str`].
    pub decision: String,
    /// Why.
    pub reason: Option<String>,
    /// A JSON list of `{"id": …, "kind": …}`.
    pub effects: String,
    /// The delivery that asked for it.
    pub delivery: Option<String>,
    /// The job that wrote it; absent for the command line.
    pub job: Option<i64>,
    /// Which step of the job.
    pub step: String,
    /// The hash of the entry before; 64 zeros for the first one.
    pub prev_hash: String,
    /// The hash of all of this.
    pub hash: String,
}

impl AuditRecord {
    /// What is kept of an entry, without its place in the chain.
    pub(super) fn of(entry: &AuditEntry, at: i64) -> Self {
        let clean = |text: &Option<String>| text.as_deref().map(reason_for_storage);
        let (actor_kind, actor_id, actor_name) = match &entry.actor {
            Actor::Person { id, login } => ("person", Some(id.get()), Some(login.to_string())),
            Actor::Bot => ("bot", None, None),
            Actor::Operator { uid, name } => ("operator", *uid, clean(name)),
        };
        let effects = entry.effects.iter();
        let effects: Value = effects
            .map(|effect| json!({"id": reason_for_storage(&effect.id), "kind": reason_for_storage(&effect.kind)}))
            .collect();
        Self {
            at,
            action: entry.action.as_str().to_owned(),
            what: reason_for_storage(&entry.what),
            actor_kind: actor_kind.to_owned(),
            actor_id: actor_id.map(u64::cast_signed),
            actor_name,
            repository_id: entry.repository_id.map(|id| id.get().cast_signed()),
            repository_name: entry.repository_name.as_ref().map(ToString::to_string),
            issue: entry.issue.map(|issue| issue.get().cast_signed()),
            head: entry.head.as_ref().map(ToString::to_string),
            proof: clean(&entry.proof),
            decision: entry.decision.as_str().to_owned(),
            reason: clean(&entry.reason),
            effects: effects.to_string(),
            delivery: entry.delivery.as_ref().map(ToString::to_string),
            ..Self::default()
        }
    }

    /// When.
    pub fn time(&self) -> Timestamp {
        timestamp(self.at)
    }

    /// The entry as `audit export` writes it: everything, in sorted keys. `None` where the effects are no list.
    pub fn json(&self) -> Option<Value> {
        let mut value = self.hashed()?;
        value.as_object_mut()?.insert("hash".to_owned(), json!(self.hash));
        value.sort_all_objects();
        Some(value)
    }

    /// What the hash is taken over, compact and in sorted keys (docs/audit.md); `None` where the effects are no
    /// list, or are not written as we write them.
    pub(super) fn digest(&self) -> Option<String> {
        Some(hex::encode(Sha256::digest(self.hashed()?.to_string())))
    }

    fn hashed(&self) -> Option<Value> {
        let effects: Value = serde_json::from_str(&self.effects).ok()?;
        let as_we_write = effects.to_string();
        if !effects.is_array() || as_we_write != self.effects {
            return None;
        }
        let number = |number: Option<i64>| number.map(i64::cast_unsigned);
        let mut value = json!({
            "action": self.action,
            "actor": {"id": number(self.actor_id), "kind": self.actor_kind, "name": self.actor_name},
            "at": self.time().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "decision": self.decision,
            "delivery": self.delivery,
            "effects": effects,
            "head": self.head,
            "issue": number(self.issue),
            "job": number(self.job),
            "prev_hash": self.prev_hash,
            "proof": self.proof,
            "reason": self.reason,
            "repository": {"id": number(self.repository_id), "name": self.repository_name},
            "seq": self.seq,
            "step": self.step,
            "what": self.what,
        });
        value.sort_all_objects();
        Some(value)
    }

    /// Reads a row of the table.
    pub(super) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            action: row.try_get("action")?,
            what: row.try_get("what")?,
            actor_kind: row.try_get("actor_kind")?,
            actor_id: row.try_get("actor_id")?,
            actor_name: row.try_get("actor_name")?,
            repository_id: row.try_get("repository_id")?,
            repository_name: row.try_get("repository_name")?,
            issue: row.try_get("issue")?,
            head: row.try_get("head")?,
            proof: row.try_get("proof")?,
            decision: row.try_get("decision")?,
            reason: row.try_get("reason")?,
            effects: row.try_get("effects")?,
            delivery: row.try_get("delivery")?,
            job: row.try_get("job")?,
            step: row.try_get("step")?,
            prev_hash: row.try_get("prev_hash")?,
            hash: row.try_get("hash")?,
        })
    }
}
