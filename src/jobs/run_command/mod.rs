//! Runs the commands of one comment. One file per command.
//!
//! The comment is read again before anything is done: a command that somebody edited or deleted
//! meanwhile is not what its author meant. Rights are asked of the forge, now, and an unanswered
//! question is a no.

mod approve;
mod audit;
mod check;
mod create_team;
mod promote;
mod propose;
mod pull;
mod remove_team;
mod rights;
mod rotate_key;
mod waive;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::rights::Right;
use super::{Context, JobError, Next, ReviewPullRequest, Task, comments, teams};
use crate::command::{self, Command};
use crate::config::ClusterConfig;
use crate::forge::{Access, Comment, Reaction, Repo};
use crate::names::{CommentId, InstallationId, IssueNumber, Login, RepositoryId, RepositoryName, UserId};
use crate::report::comment;
use crate::store::{Lease, NewJob, Priority};

/// One comment that holds commands, as its delivery told of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunCommand {
    /// Where the App is installed.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its name at that time.
    pub repository_name: RepositoryName,
    /// The issue or pull request.
    pub issue: IssueNumber,
    /// Whether it is a pull request.
    pub is_pull: bool,
    /// The comment.
    pub comment: CommentId,
    /// SHA-256 of its text, hex: the store does not keep the text twice.
    pub body_hash: String,
    /// Who wrote it and sent it.
    pub author: UserId,
    /// The author's login, to ask the forge for rights. The answer's id has to be the author's.
    pub login: Login,
}

impl RunCommand {
    /// How a comment's text is remembered.
    pub fn hash(body: &str) -> String {
        hex::encode(Sha256::digest(body.as_bytes()))
    }
}

/// What a command is run with.
struct Call<'a> {
    context: &'a Context,
    lease: &'a Lease,
    job: &'a RunCommand,
    /// The clusters whose admin repository this is.
    clusters: Vec<&'a ClusterConfig>,
    /// The command's place in its comment.
    place: usize,
    /// Whether it is the only one there.
    is_alone: bool,
    /// The right by which it is run.
    proof: Option<String>,
    /// When the comment was written, as far as the forge says it.
    written: Option<Timestamp>,
}

#[async_trait]
impl Task for RunCommand {
    const KIND: &'static str = "run_command";
    const PRIORITY: Priority = Priority::Command;

    /// Commands of one repository run one after the other: two that make the same team must not race.
    fn subject(&self) -> String {
        format!("commands/{}", self.repository)
    }

    fn key(&self) -> String {
        format!("command/{}/{}", self.repository, self.comment)
    }

    fn repository(&self) -> Option<RepositoryId> {
        Some(self.repository)
    }

    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let name = context.known_as(self.repository, &self.repository_name);
        let clusters: Vec<_> = context.config.clusters_of(&name).collect();
        // Other repositories of the organisation have other bots and other words.
        if clusters.is_empty() && !teams::is_team_repository(context, &name).await? {
            return Ok(Next::done());
        }
        let repo = self.repo(context);
        let Some(Comment { body: text, created_at: written, .. }) = self.unchanged(&repo).await? else {
            tracing::info!(comment.id = %self.comment, "a command was edited or deleted before it was run");
            return Ok(Next::done());
        };
        match repo.react(self.comment, Reaction::Eyes).await {
            // A courtesy: where it is refused, the command still counts.
            Err(error) if !error.is_temporary() => tracing::warn!("no reaction to a command could be given: {error}"),
            reacted => reacted?,
        }
        let mut call = Call { context, lease, job: &self, clusters, place: 0, is_alone: true, proof: None, written };
        let mut answers = Vec::new();
        let mut follow_up = Vec::new();
        let commands = command::parse(&text);
        call.is_alone = commands.len() == 1;
        for (place, command) in commands.into_iter().enumerate() {
            call.place = place;
            match command {
                Ok(command) => answers.push(call.execute(command, &mut follow_up).await?),
                Err(error) => answers.push(comment::command_error(&error.to_string())),
            }
        }
        let answer = comment::together(&answers);
        comments::upsert(&context.store, lease, (&repo, self.issue), &self.purpose(), &answer).await?;
        Ok(Next::Done(follow_up))
    }

    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        // Where one of the two cannot be written, the other still is.
        let recorded = self.record_given_up(context, lease, reason).await;
        let text = comment::command_failed(reason);
        comments::upsert(&context.store, lease, (&self.repo(context), self.issue), &self.purpose(), &text).await?;
        recorded
    }
}

impl RunCommand {
    /// Its repository, for comments on its page.
    pub(super) fn repo(&self, context: &Context) -> Repo {
        let access = if self.is_pull { Access::COMMENT } else { Access::COMMENT_ON_ISSUES };
        context.forge.repo(self.installation, (self.repository, self.repository_name.clone()), access)
    }

    fn purpose(&self) -> String {
        format!("answer/{}", self.comment)
    }

    /// The comment where its text still is what its author sent.
    async fn unchanged(&self, repo: &Repo) -> Result<Option<Comment>, JobError> {
        match repo.comment(self.comment).await? {
            Some(comment) if comment.author.as_ref().map(|author| author.id) == Some(self.author) => {
                Ok((Self::hash(&comment.body) == self.body_hash).then_some(comment))
            }
            _ => Ok(None),
        }
    }
}

impl Call<'_> {
    /// Judging the pull request again, on which the command was written.
    fn review_again(&self) -> NewJob {
        let review = ReviewPullRequest {
            installation: self.job.installation,
            repository: self.job.repository,
            repository_name: self.job.repository_name.clone(),
            number: self.job.issue,
            again: true,
            pushed_by: None,
        };
        review.to_job()
    }

    async fn execute(&mut self, command: Command, follow_up: &mut Vec<NewJob>) -> Result<String, JobError> {
        let right = rights::ask(self, &command).await?;
        self.record_decision(&command, &right).await?;
        match right {
            Right::Denied { answer, .. } => return Ok(answer),
            Right::Granted { proof, .. } => self.proof = Some(proof),
        }
        match command {
            Command::Help => Ok(comment::help(&command::help_text())),
            Command::Check => Ok(check::run(self, follow_up)),
            Command::CreateTeam(command) => create_team::run(self, &command).await,
            Command::RemoveTeam(command) => remove_team::run(self, &command).await,
            Command::RenameTeam(command) => Ok(comment::rename_team(&command.old, &command.new)),
            Command::RotateKey(command) => rotate_key::run(self, &command, follow_up).await,
            Command::Promote(command) => promote::run(self, &command).await,
            Command::Waive(command) => waive::run(self, &command, follow_up).await,
            Command::Approve(command) => approve::run(self, &command).await,
        }
    }
}
