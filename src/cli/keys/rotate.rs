//! `bailiwick keys rotate`: asks the server to exchange a team's deploy key.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cli::desk::Desk;
use crate::cli::{FINDINGS, FINE, database, operator};
use crate::jobs::{RotateKey, Task as _, rotation_steps};
use crate::names::{ClusterName, TeamName};
use crate::report::visible;
use crate::store::{Action, AuditEntry, Store};

/// Ask the server to give a team a new deploy key; the old one goes once Flux has fetched with the new one
#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    /// The team
    team: TeamName,
    /// The cluster whose Flux fetches
    #[arg(long, value_name = "NAME")]
    cluster: ClusterName,
    /// The server's configuration
    #[arg(long, default_value = "bailiwick.yaml")]
    config: PathBuf,
    /// Show what would be done, and ask for nothing
    #[arg(long)]
    plan: bool,
}

/// Status 1 where the team has no key that can be exchanged, or that is on its way already.
///
/// # Errors
/// The configuration or the database cannot be read, or the admin repository cannot be asked.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Rotate, out: &mut dyn Write) -> Result<u8> {
    let Rotate { team, cluster, .. } = args;
    let config = crate::cli::config::load(&args.config)?;
    let mut desk = Desk::open(&config).await?;
    let problems = desk.reach_clusters().await;
    let steps = match rotation_steps(&desk.context, cluster, team).await? {
        Ok(steps) => steps,
        Err(reason) => {
            let problems = problems.iter().map(|problem| format!(" ({problem})")).collect::<String>();
            writeln!(out, "{}", visible(&format!("{team} gets no new deploy key: {reason}{problems}.")))?;
            return Ok(FINDINGS);
        }
    };
    let store = match args.plan {
        true => database::open_to_read(&config.database).await?,
        false => database::open(&config.database).await?,
    };
    let asked = ask(args, &store).await;
    store.close().await;
    if let Asked::OnItsWay = asked? {
        writeln!(out, "{team} is getting a new deploy key in {cluster} already; nothing more was asked for.")?;
        return Ok(FINDINGS);
    }
    let what = if args.plan { "The server would" } else { "Asked for. The server will" };
    writeln!(out, "{what}:")?;
    (1..).zip(&steps).try_for_each(|(number, step): (usize, _)| writeln!(out, "{number}. {}", visible(step)))?;
    if !args.plan {
        writeln!(out, "`bailiwick jobs list --kind {}` says how far it is.", RotateKey::KIND)?;
    }
    Ok(FINE)
}

/// What came of asking.
enum Asked {
    Fine,
    OnItsWay,
}

/// Puts the job where the server finds it, unless one is there or only the plan is wanted.
async fn ask(Rotate { team, cluster, plan, .. }: &Rotate, store: &Store) -> Result<Asked> {
    if RotateKey::on_its_way(store, cluster, team).await?.is_some() {
        return Ok(Asked::OnItsWay);
    }
    if *plan {
        return Ok(Asked::Fine);
    }
    let what = format!("team {team} in cluster {cluster}");
    let entry = AuditEntry::new(operator::operator(), Action::KeyRotation, what);
    let entry = AuditEntry { reason: Some("asked for".to_owned()), ..entry };
    store.record_audit_by_hand(&entry).await?;
    let job = RotateKey::new(cluster.clone(), team.clone()).to_job();
    store.enqueue(&[job]).await.context("the server was not asked")?;
    Ok(Asked::Fine)
}
