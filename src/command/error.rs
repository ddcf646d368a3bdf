use super::COMMANDS;

/// Why a line that looks like a command is not run. Everything repeated from the comment is
/// escaped, so that look-alike letters and hidden characters can be seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is no such command.
    #[error("`/{name}` is not a command.{} Write `/help` to see all commands.", hint(.suggestion))]
    Unknown {
        /// What was written, without the slash; ASCII letters and `-` only.
        name: String,
        /// The command that is nearest to it, where one is near.
        suggestion: Option<&'static str>,
    },
    /// The command is known, its arguments are not right.
    #[error("`/{command}`: {problem}. Usage: `{usage}`")]
    Arguments {
        /// The command's name.
        command: &'static str,
        /// How it is written.
        usage: &'static str,
        /// What is wrong, without a full stop.
        problem: String,
    },
    /// The line is too long to be meant.
    #[error("`/{command}`: the line is longer than {limit} bytes; shorten it")]
    LineTooLong {
        /// The command's name.
        command: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// The comment holds too many commands; those before this error stand.
    #[error("a comment may hold at most {limit} commands; the rest was left alone, write it in another comment")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The comment is longer than GitHub allows, so nothing in it was read.
    #[error("the comment is longer than {limit} bytes and was not read; write a shorter one")]
    CommentTooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl CommandError {
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown { name: name.to_owned(), suggestion: nearest(name) }
    }
}

fn hint(suggestion: &Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" Did you mean `/{name}`?"))
}

/// The known name within a third of the letters (Damerau-Levenshtein), or one that starts alike.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&name, known);
    let (known, apart) =
        COMMANDS.iter().map(|spec| (spec.name, distance(spec.name))).min_by_key(|(_, apart)| *apart)?;
    let starts_alike = || COMMANDS.iter().find(|spec| name.len() >= 3 && spec.name.starts_with(&name));
    if apart <= (known.len() / 3).max(1) { Some(known) } else { starts_alike().map(|spec| spec.name) }
}
