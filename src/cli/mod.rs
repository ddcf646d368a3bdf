//! One file per subcommand.

mod check;
mod config;
mod create_team;
mod explain;
mod rules;
