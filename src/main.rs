//! The `bailiwick` command.

use std::io::{BufWriter, stderr, stdout};
use std::process::ExitCode;

/// After a whole repository was read, most of what that took goes back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    bailiwick::telemetry::guard_panics(stderr);
    // Neither is locked for the whole run: the log of a server writes to standard error as well.
    let mut out = BufWriter::new(stdout());
    let status = bailiwick::cli::run(std::env::args_os(), &mut out, &mut stderr());
    ExitCode::from(status)
}
