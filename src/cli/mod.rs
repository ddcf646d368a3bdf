//! One file per subcommand.

mod check;
mod config;
mod create_team;
mod explain;
mod folder;
mod rules;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use config::ProcessSecrets;

/// Where a subcommand writes; tests hand in buffers.
pub(crate) struct Output<'a> {
    /// Standard output: results.
    pub(crate) out: &'a mut dyn Write,
    /// Standard error: what went wrong.
    pub(crate) err: &'a mut dyn Write,
}

/// How a subcommand ends, by the exit status that scripts depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0.
    Fine,
    /// 1: findings, or a step that was refused or failed.
    Failed,
    /// 2: wrong usage or unreadable input.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
        }
    }
}

/// Clusters that several teams share, run from Git with Flux.
#[derive(Parser)]
#[command(name = "bailiwick", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    CreateTeam(create_team::Args),
    Config(config::Args),
}

/// Runs the command line `args` (the program's name first) and gives its exit status.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            // Nobody is left to tell where the terminal is gone.
            let _ = error.print();
            return exit.into();
        }
    };
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let exit = match cli.command {
        Command::CreateTeam(args) => create_team::run(&args, &mut output),
        Command::Config(args) => config::run(&args, &mut output),
    };
    exit.into()
}
