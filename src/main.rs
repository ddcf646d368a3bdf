//! The `bailiwick` command.

use std::io::{BufWriter, stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    bailiwick::telemetry::guard_panics(stderr);
    // Neither is locked for the whole run: the log of a server writes to standard error as well.
    let mut out = BufWriter::new(stdout());
    let status = bailiwick::cli::run(std::env::args_os(), &mut out, &mut stderr());
    ExitCode::from(status)
}
