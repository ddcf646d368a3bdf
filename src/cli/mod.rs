//! One file per subcommand.

pub mod check;
mod config;
mod create_team;
pub mod explain;
pub mod rules;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use anyhow::Result;
use clap::Parser as _;

use crate::report::visible;

/// Exit status: everything is fine.
const FINE: u8 = 0;
/// Exit status: there are findings, or a step failed.
const FINDINGS: u8 = 1;
/// Exit status: wrong usage, or input that cannot be read.
const USAGE: u8 = 2;

/// Looks after a Kubernetes cluster that several teams share and that Flux runs from Git.
#[derive(Debug, clap::Parser)]
#[command(name = "bailiwick", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Args),
    Rules(rules::Args),
    Explain(explain::Args),
}

/// Runs the command line `args` (the program's name first) and answers the exit status: 0 fine,
/// 1 findings, 2 wrong usage or unreadable input, told in one line on `err`.
pub fn run(args: impl Iterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let result = match Cli::try_parse_from(args) {
        Ok(cli) => dispatch(&cli.command, out, err),
        Err(error) if error.use_stderr() => return say(err, &error.render().to_string(), USAGE),
        Err(help) => return say(out, &help.render().to_string(), FINE),
    };
    match result {
        Ok(status) => status,
        // Whoever read the output, such as `head`, has seen enough.
        Err(error) if is_broken_pipe(&error) => FINE,
        // One line, also where a file's name holds a line break or an escape sequence.
        Err(error) => say(err, &format!("bailiwick: {}\n", visible(&format!("{error:#}"))), USAGE),
    }
}

fn dispatch(command: &Command, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    let status = match command {
        Command::Check(args) => check::run(args, out, err),
        Command::Rules(args) => rules::run(args, out),
        Command::Explain(args) => explain::run(args, out),
    }?;
    out.flush()?;
    Ok(status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Writes a last word. Where even that fails, the status is all that is left to say.
fn say(to: &mut dyn Write, text: &str, status: u8) -> u8 {
    if to.write_all(text.as_bytes()).is_err() { USAGE.max(status) } else { status }
}
