//! Comments to commands: one grammar for all.
//!
//! A command is a line of plain text that starts with `/name`, in a paragraph of its own or among
//! other lines, and nowhere else: not in code, quotes, lists, tables, headings, links, images or
//! HTML (see [`extract`]). A near miss is an error with a hint and never runs. Whether the
//! commenter may command is not decided here.
//!
//! A new command is one file with its [`Spec`], one variant of [`Command`] and one line in [`COMMANDS`].

mod approve;
mod arguments;
mod check;
mod create_team;
mod error;
mod extract;
mod help;
mod html;
mod issue_form;
mod permission;
mod promote;
mod remove_team;
mod rename_team;
mod rotate_key;
mod waive;

use std::fmt;

pub use approve::Approve;
pub use create_team::CreateTeam;
pub(crate) use create_team::is_setting_value;
pub use error::CommandError;
pub use help::help_text;
pub use issue_form::{FORM_NOTES, FORM_REPOSITORY, FORM_TEAM, issue_form};
pub use permission::{Permission, PermissionError};
pub use promote::Promote;
pub use remove_team::RemoveTeam;
pub use rename_team::RenameTeam;
pub use rotate_key::RotateKey;
pub use waive::Waive;

use arguments::Arguments;
use extract::Line;

/// Every command, in the order in which `/help` lists them.
pub const COMMANDS: &[Spec] = &[
    create_team::SPEC,
    remove_team::SPEC,
    rename_team::SPEC,
    rotate_key::SPEC,
    promote::SPEC,
    waive::SPEC,
    approve::SPEC,
    check::SPEC,
    help::SPEC,
];

/// Commands read from one comment; one more is an error, and the rest is left alone.
pub const MOST_COMMANDS: usize = 5;

/// Bytes of a command's line.
pub const LONGEST_LINE: usize = 500;

/// Bytes of a comment that is read at all: GitHub's limit is 65,536 characters of at most 4 bytes.
pub const LONGEST_COMMENT: usize = 65_536 * 4;

/// What a command is called, how it is written, and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The word after the slash.
    pub name: &'static str,
    /// How it is written, with the slash: `/create-team TEAM [--plan]`.
    pub usage: &'static str,
    /// One line for `/help`.
    pub help: &'static str,
    /// The least right on the repository where it is written, for whoever may use it where the configuration says nothing.
    pub allow: Permission,
    parse: fn(Arguments<'_>) -> Result<Command, String>,
}

/// A well-formed command. Whoever runs it still has to look up the commenter's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// List the commands.
    Help,
    /// Judge the pull request again.
    Check,
    /// Propose a new team.
    CreateTeam(CreateTeam),
    /// Propose that a team leaves.
    RemoveTeam(RemoveTeam),
    /// Say how a team gets another name.
    RenameTeam(RenameTeam),
    /// Give a team a new deploy key.
    RotateKey(RotateKey),
    /// Propose a team's cluster-wide objects to the admins.
    Promote(Promote),
    /// Let findings pass.
    Waive(Waive),
    /// Approve what a change grants in the whole cluster, or take that back.
    Approve(Approve),
}

impl Command {
    /// The word after the slash, under which the configuration knows the command.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Help => help::SPEC.name,
            Self::Check => check::SPEC.name,
            Self::CreateTeam(_) => create_team::SPEC.name,
            Self::RemoveTeam(_) => remove_team::SPEC.name,
            Self::RenameTeam(_) => rename_team::SPEC.name,
            Self::RotateKey(_) => rotate_key::SPEC.name,
            Self::Promote(_) => promote::SPEC.name,
            Self::Waive(_) => waive::SPEC.name,
            Self::Approve(_) => approve::SPEC.name,
        }
    }

    /// Whether it only asks what would be done.
    pub const fn is_plan_only(&self) -> bool {
        match self {
            Self::Help | Self::Check | Self::RenameTeam(_) | Self::Waive(_) | Self::Approve(_) => false,
            Self::CreateTeam(command) => command.plan,
            Self::RemoveTeam(command) => command.plan,
            Self::RotateKey(command) => command.plan,
            Self::Promote(command) => command.plan,
        }
    }
}

/// The command as its author could have written it: the same whatever the order and the spaces were.
impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.name())?;
        match self {
            Self::Help | Self::Check => Ok(()),
            Self::CreateTeam(command) => write!(formatter, " {command}"),
            Self::RemoveTeam(command) => write!(formatter, " {command}"),
            Self::RenameTeam(command) => write!(formatter, " {command}"),
            Self::RotateKey(command) => write!(formatter, " {command}"),
            Self::Promote(command) => write!(formatter, "{command}"),
            Self::Waive(command) => write!(formatter, " {command}"),
            Self::Approve(command) => write!(formatter, "{command}"),
        }
    }
}

/// The entry of [`COMMANDS`] called `name`.
pub fn spec(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// Reads the commands of a comment, in order. A comment without any gives an empty list.
/// Never panics, whatever the comment holds.
pub fn parse(body: &str) -> Vec<Result<Command, CommandError>> {
    if body.len() > LONGEST_COMMENT {
        return vec![Err(CommandError::CommentTooLong { limit: LONGEST_COMMENT })];
    }
    let mut commands: Vec<_> = extract::lines(body).into_iter().filter_map(|line| read(&line)).collect();
    if commands.len() > MOST_COMMANDS {
        commands.truncate(MOST_COMMANDS);
        commands.push(Err(CommandError::TooMany { limit: MOST_COMMANDS }));
    }
    commands
}

fn read(line: &Line<'_>) -> Option<Result<Command, CommandError>> {
    let (name, rest) = split_name(line.text)?;
    let Some(spec) = spec(name) else {
        return Some(Err(CommandError::unknown(name)));
    };
    if line.text.len() > LONGEST_LINE {
        return Some(Err(CommandError::LineTooLong { command: spec.name, limit: LONGEST_LINE }));
    }
    let wrong = |problem| CommandError::Arguments { command: spec.name, usage: spec.usage, problem };
    if line.formatted {
        let problem = "the line holds code, a link, emphasis or HTML; write it as plain text".to_owned();
        return Some(Err(wrong(problem)));
    }
    Some((spec.parse)(Arguments::new(rest)).map_err(wrong))
}

/// Splits `/name rest`; `None` where the line does not look like a command. A path such as
/// `/etc/passwd` does not, and neither does `/check.` or `/2fast`. A known name in the wrong case does.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('/')?;
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let looks_like_one = name.len() <= 40 && name.starts_with(|first: char| first.is_ascii_lowercase());
    let wrong_case = || COMMANDS.iter().any(|spec| spec.name.eq_ignore_ascii_case(name));
    ((looks_like_one && name.bytes().all(letters)) || wrong_case()).then_some((name, rest))
}

#[cfg(test)]
mod tests;
