//! One file per subcommand.

mod audit;
pub mod check;
mod config;
mod create_team;
mod database;
pub mod demo;
mod desk;
mod diff;
mod doctor;
pub mod explain;
mod folder;
mod init;
mod isolation;
mod jobs;
mod keys;
mod migrate;
mod operator;
mod progress;
mod remove_team;
mod replay;
pub mod role;
pub mod rules;
mod serve;
pub mod server;
mod who_can;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use anyhow::Result;
use clap::Parser as _;

use crate::report::visible;
use crate::telemetry::{Redacting, Style};

pub use config::ProcessSecrets;

/// Exit status: everything is fine.
const FINE: u8 = 0;
/// Exit status: there are findings, or a step failed.
const FINDINGS: u8 = 1;
/// Exit status: wrong usage, or input that cannot be read.
const USAGE: u8 = 2;

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

impl Exit {
    const fn status(self) -> u8 {
        match self {
            Self::Fine => FINE,
            Self::Failed => FINDINGS,
            Self::Usage => USAGE,
        }
    }
}

/// Look after a Kubernetes cluster that several teams share and that Flux runs from Git.
#[derive(Debug, clap::Parser)]
#[command(name = "bailiwick", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Check(check::Args),
    Diff(diff::Args),
    WhoCan(who_can::Args),
    Isolation(isolation::Args),
    CreateTeam(create_team::Args),
    RemoveTeam(remove_team::Args),
    Keys(keys::Args),
    Init(init::Args),
    Rules(rules::Args),
    Explain(explain::Args),
    Config(config::Args),
    Doctor(doctor::Args),
    Audit(audit::Args),
    Jobs(jobs::Args),
    Migrate(migrate::Args),
    Replay(replay::Replay),
}

/// Runs the command line `args` (the program's name first) and answers the exit status: 0 fine,
/// 1 findings, 2 wrong usage or unreadable input, told in one line on `err`. What goes to `err` holds no secret.
pub fn run(args: impl Iterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut err = Redacting::new(err, Style::Text);
    let result = match Cli::try_parse_from(args) {
        Ok(cli) => dispatch(&cli.command, out, &mut err),
        Err(error) if error.use_stderr() => return say(&mut err, &error.render().to_string(), USAGE),
        Err(help) => return say(out, &help.render().to_string(), FINE),
    };
    match result {
        Ok(status) => status,
        // Whoever read the output, such as `head`, has seen enough.
        Err(error) if is_broken_pipe(&error) => FINE,
        Err(error) => say(&mut err, &last_word(&error), USAGE),
    }
}

fn dispatch(command: &Command, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    let status = match command {
        Command::Demo(args) => wait_for(demo::run(args, out)),
        Command::Serve(args) => wait_for(serve::run(args)),
        Command::Check(args) => check::run(args, out, err),
        Command::Diff(args) => diff::run(args, out),
        Command::WhoCan(args) => who_can::run(args, out),
        Command::Isolation(args) => isolation::run(args, out),
        Command::CreateTeam(args) => Ok(create_team::run(args, &mut Output { out, err }).status()),
        Command::RemoveTeam(args) => Ok(remove_team::run(args, &mut Output { out, err }).status()),
        Command::Keys(args) => keys::run(args, out, err),
        Command::Init(args) => Ok(init::run(args, &mut Output { out, err }).status()),
        Command::Config(args) => wait_for(config::run(args, &mut Output { out, err })),
        Command::Doctor(args) => wait_for(doctor::run(args, &mut Output { out, err })),
        Command::Audit(args) => wait_for(audit::run(args, out)),
        Command::Jobs(args) => wait_for(jobs::run(args, out)),
        Command::Migrate(args) => wait_for(migrate::run(args, out)),
        Command::Replay(args) => wait_for(args.run(out)),
        Command::Rules(args) => rules::run(args, out),
        Command::Explain(args) => explain::run(args, out),
    }?;
    out.flush()?;
    Ok(status)
}

/// Runs what needs the network.
fn wait_for<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // Whoever had to wait for its tasks has waited; what runs on is what somebody would not wait for.
    runtime.shutdown_background();
    result
}

/// The error on one line, also where a file's name holds a line break or an escape sequence. A configuration may have
/// several problems: each has its line.
fn last_word(error: &anyhow::Error) -> String {
    if let Some(problems) = error.downcast_ref::<crate::config::ConfigError>() {
        let text = problems.to_string();
        return text.lines().map(|line| format!("bailiwick: {}\n", visible(line))).collect();
    }
    format!("bailiwick: {}\n", visible(&format!("{error:#}")))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Writes a last word. Where even that fails, the status is all that is left to say.
fn say(to: &mut dyn Write, text: &str, status: u8) -> u8 {
    if to.write_all(text.as_bytes()).and_then(|()| to.flush()).is_err() { USAGE.max(status) } else { status }
}
