use super::arguments::Arguments;
use super::{Command, Permission, Spec};

pub(super) const SPEC: Spec =
    Spec { name: "check", usage: "/check", help: "Judges the pull request again.", allow: Permission::Read, parse };

fn parse(arguments: Arguments<'_>) -> Result<Command, String> {
    arguments.finish().map(|()| Command::Check)
}
