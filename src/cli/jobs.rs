//! `bailiwick jobs`: look into the queue, and take up dead letters again.

mod show;

use std::io::Write;

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};

use super::database::Database;
use super::{FINDINGS, FINE};
use crate::store::{JobFilter, JobId, JobState, Store};

/// Look into the queue, and take up again what was given up
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: JobsCommand,
    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    /// List jobs, the newest first
    List {
        /// Only in this state: dead ones are those that were given up
        #[arg(long, value_enum)]
        state: Option<State>,
        /// Only of this kind, such as review_pull_request
        #[arg(long)]
        kind: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// How the list is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show one job and the deliveries that it answers
    Show {
        /// Its number
        job: i64,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Take up again jobs that were given up
    Retry {
        /// Their numbers
        #[arg(required_unless_present = "all")]
        jobs: Vec<i64>,
        /// Every job that was given up
        #[arg(long, conflicts_with = "jobs")]
        all: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Waiting,
    Running,
    Done,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// # Errors
/// Where the database cannot be read.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let store = match &args.command {
        JobsCommand::List { .. } | JobsCommand::Show { .. } => args.database.open_to_read().await?,
        JobsCommand::Retry { .. } => args.database.open().await?,
    };
    let done = match &args.command {
        JobsCommand::List { state, kind, limit, format } => {
            let filter = JobFilter {
                state: state.map(State::job_state),
                kind: kind.clone(),
                limit: Some(*limit),
                ..JobFilter::default()
            };
            list(&store, &filter, *format, out).await
        }
        JobsCommand::Show { job, format } => show(&store, JobId::new(*job), *format, out).await,
        JobsCommand::Retry { jobs, all } => {
            let jobs = if *all { dead(&store).await? } else { jobs.iter().copied().map(JobId::new).collect() };
            retry(&store, &jobs, out).await
        }
    };
    store.close().await;
    done
}

impl State {
    const fn job_state(self) -> JobState {
        match self {
            Self::Waiting => JobState::Waiting,
            Self::Running => JobState::Running,
            Self::Done => JobState::Done,
            Self::Dead => JobState::Dead,
        }
    }
}

#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
async fn list(store: &Store, filter: &JobFilter, format: Format, out: &mut dyn Write) -> Result<u8> {
    let jobs = store.jobs(filter).await?;
    match format {
        Format::Text => out.write_all(show::jobs_text(&jobs).as_bytes())?,
        Format::Json => {
            let jobs: Vec<_> = jobs.iter().map(show::job_json).collect();
            writeln!(out, "{:#}", serde_json::json!({ "jobs": jobs }))?;
        }
    }
    Ok(FINE)
}

#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
async fn show(store: &Store, job: JobId, format: Format, out: &mut dyn Write) -> Result<u8> {
    let record = store.job(job).await?;
    let record = record.with_context(|| format!("job {job}: there is none of this number; `jobs list` shows them"))?;
    match format {
        Format::Text => {
            let deliveries = store.deliveries_of(job).await?;
            out.write_all(show::job_text(&record, &deliveries).as_bytes())?;
        }
        Format::Json => writeln!(out, "{:#}", show::job_json(&record))?,
    }
    Ok(FINE)
}

async fn dead(store: &Store) -> Result<Vec<JobId>> {
    let filter = JobFilter { state: Some(JobState::Dead), limit: Some(u32::MAX), ..JobFilter::default() };
    Ok(store.jobs(&filter).await?.iter().map(|job| job.id).collect())
}

/// Every job is tried; 1 where one of them was not a dead letter.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
async fn retry(store: &Store, jobs: &[JobId], out: &mut dyn Write) -> Result<u8> {
    let operator = super::operator::operator();
    let mut status = FINE;
    for job in jobs {
        if store.revive(*job, &operator).await? {
            writeln!(out, "Job {job} waits again.")?;
        } else {
            writeln!(out, "Job {job} was not given up, or does not exist: nothing to do.")?;
            status = FINDINGS;
        }
    }
    if jobs.is_empty() {
        writeln!(out, "No job was given up.")?;
    }
    Ok(status)
}
