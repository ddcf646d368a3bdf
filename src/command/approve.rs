use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::show;

/// What is approved holds in the whole cluster: those who maintain the repository decide, where the configuration says
/// nothing.
pub(super) const SPEC: Spec = Spec {
    name: "approve",
    usage: "/approve [COMMIT] [--withdraw]",
    help: "Approves the rights in the whole cluster that the pull request grants, for its present head only; not for its \
           author.",
    allow: Permission::Maintain,
    parse,
};

/// Characters of a commit's id that tell it from one that somebody has made to look like it.
const SHORTEST: usize = 12;
/// Characters of a commit's id (SHA-256).
const LONGEST: usize = 64;

/// `/approve [COMMIT] [--withdraw]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approve {
    /// The beginning of the head's id, in lower case, where it is named.
    pub commit: Option<String>,
    /// Whether an approval is taken back.
    pub withdraw: bool,
}

/// Its arguments, each with a space before it.
impl fmt::Display for Approve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commit) = &self.commit {
            write!(formatter, " {commit}")?;
        }
        formatter.write_str(if self.withdraw { " --withdraw" } else { "" })
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let withdraw = arguments.flag("--withdraw")?;
    let commit = arguments.optional()?.map(commit).transpose()?;
    arguments.finish()?;
    Ok(Command::Approve(Approve { commit, withdraw }))
}

fn commit(word: &str) -> Result<String, String> {
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (SHORTEST..=LONGEST).contains(&word.len()) {
        return Ok(word.to_ascii_lowercase());
    }
    Err(format!("{} is no commit; write at least {SHORTEST} characters of the head's id, or none", show(word)))
}
