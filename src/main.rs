//! The `bailiwick` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bailiwick::cli::main(std::env::args_os())
}
