//! What was seen of one thing, and how all of it is printed.

use crate::report::{count, visible};

/// The forge and the cluster may say much: of one line no more is shown.
const LONGEST: usize = 700;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It works, or there is nothing to do about it.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// A server would not do its work.
    Problem,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "PROBLEM",
        }
    }
}

/// What was seen of one thing. Texts may quote the forge and the cluster: they are made harmless when printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnosis {
    /// How it stands.
    pub(super) level: Level,
    /// The thing and what was seen.
    pub(super) what: String,
    /// What to do, in plain words; none where nothing has to be done.
    pub(super) remedy: Option<String>,
}

impl Diagnosis {
    /// It works.
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self { level: Level::Ok, what: what.into(), remedy: None }
    }

    /// Somebody should look.
    pub(super) fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warning, what: what.into(), remedy: Some(remedy.into()) }
    }

    /// It does not work.
    pub(super) fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Problem, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn lines(&self) -> String {
        let first = format!("{:<8} {}\n", self.level.word(), shown(&self.what));
        match &self.remedy {
            Some(remedy) => format!("{first}         to do: {}\n", shown(remedy)),
            None => first,
        }
    }
}

/// One harmless line.
fn shown(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Everything, one thing after the other, and the sum.
pub(super) fn print(all: &[Diagnosis]) -> String {
    let lines: String = all.iter().map(Diagnosis::lines).collect();
    let of = |level| all.iter().filter(|it| it.level == level).count();
    let (problems, warnings) = (of(Level::Problem), of(Level::Warning));
    let sum = match (problems, warnings) {
        (0, 0) => "nothing to do".to_owned(),
        _ => format!("{}, {}", count(problems, "problem"), count(warnings, "warning")),
    };
    format!("{lines}{} looked at: {sum}\n", count(all.len(), "thing"))
}

/// The worst of all.
pub(super) fn worst(all: &[Diagnosis]) -> Level {
    all.iter().map(|it| it.level).max().unwrap_or(Level::Ok)
}

#[cfg(test)]
mod tests {
    use super::{Diagnosis, Level, print, worst};

    #[test]
    fn one_line_per_thing_and_one_for_what_to_do() {
        let all = [
            Diagnosis::ok("database: reachable"),
            Diagnosis::warning("webhook: 1 of 2 failed", "look"),
            Diagnosis::problem("App: \u{1b}[2Jgone\nwrong", format!("say \u{202e}{}", "x".repeat(5000))),
        ];
        let text = print(&all);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok       database: reachable");
        assert_eq!(lines[1..3], ["warning  webhook: 1 of 2 failed", "         to do: look"]);
        assert_eq!(lines[3], "PROBLEM  App: \\u{1b}[2Jgone\\u{a}wrong");
        assert!(lines[4].starts_with("         to do: say \\u{202e}xxx") && lines[4].ends_with('…'), "{}", lines[4]);
        assert!(lines[4].chars().count() < 800);
        assert_eq!(lines[5..], ["3 things looked at: 1 problem, 1 warning"]);
        assert_eq!((worst(&all), worst(&all[..2]), worst(&[])), (Level::Problem, Level::Warning, Level::Ok));
        assert!(print(&all[..1]).ends_with("1 thing looked at: nothing to do\n"));
    }
}
