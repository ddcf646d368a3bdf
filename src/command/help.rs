use std::fmt::Write as _;

use super::arguments::Arguments;
use super::{COMMANDS, Command, Permission, Spec};

pub(super) const SPEC: Spec =
    Spec { name: "help", usage: "/help", help: "Lists these commands.", allow: Permission::None, parse };

fn parse(arguments: Arguments<'_>) -> Result<Command, String> {
    arguments.finish().map(|()| Command::Help)
}

/// The answer to `/help`: a Markdown list of every command with its usage and what it does.
pub fn help_text() -> String {
    let mut text = String::from("Commands start a line of a new comment, as plain text:\n\n");
    for spec in COMMANDS {
        writeln!(text, "- `{}`: {}", spec.usage, spec.help).expect("writing to a String cannot fail");
    }
    text
}
