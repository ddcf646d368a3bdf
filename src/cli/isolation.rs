//! `bailiwick isolation`: whether a team can reach another team or the cluster, and by which path.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::check;
use super::{FINDINGS, FINE};
use crate::names::{RepoPath, TeamName};
use crate::report;
use crate::schema::nearest_name;
use crate::tenancy::{Isolation, RepositoryIndex, Verdict};

/// Show whether a team's repository can reach another team or the cluster, and by which path
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The admin repository's root folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only what this team can reach
    #[arg(long, value_name = "NAME")]
    team: Option<TeamName>,
    /// The folder in PATH that Flux applies [default: found]
    #[arg(long, value_name = "DIR")]
    cluster_path: Option<RepoPath>,
    /// Only paths that the repository proves: take what it does not say to be as it should
    #[arg(long)]
    only_proven: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

/// Writes what every team reaches. The status is 1 where there is a path, or where none is excluded.
///
/// # Errors
/// Wrong usage, a repository that cannot be read, or a team that there is not.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    let index = check::index_of(&args.path, args.cluster_path.as_ref())?;
    if let Some(team) = &args.team {
        is_there(team, &index)?;
    }
    let mut isolation = Isolation::of(&index, args.team.as_ref());
    if args.only_proven {
        isolation = isolation.only_proven();
    }
    match args.format {
        Format::Text => out.write_all(report::isolation_text(&isolation).as_bytes())?,
        Format::Markdown => out.write_all(report::isolation_markdown(&isolation).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::isolation_json(&isolation))?,
    }
    let fine = isolation.teams.iter().all(|team| team.verdict() == Verdict::Isolated);
    Ok(if fine { FINE } else { FINDINGS })
}

fn is_there(team: &TeamName, index: &RepositoryIndex) -> Result<()> {
    if index.team(team.as_str()).is_some() {
        return Ok(());
    }
    let names: Vec<String> = index.teams().map(|team| team.name.as_str().to_owned()).collect();
    match nearest_name(team.as_str(), names.iter().map(String::as_str)) {
        _ if names.is_empty() => bail!("there is no team {team}: the repository has no teams; give its root folder"),
        Some(near) => bail!("there is no team {team}; did you mean {near}?"),
        None => bail!("there is no team {team}; the first of {} is {}", report::count(names.len(), "team"), names[0]),
    }
}
