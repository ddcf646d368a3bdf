use std::fmt;

use crate::names::RepoPath;

/// Files to be written or deleted, all or none; printed, it is the dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// The files in the order in which they are to be written: the list of teams comes last when one is made.
    pub files: Vec<FileChange>,
}

/// A change set, and what people should look at before they take it; printed, it is the dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The files.
    pub changes: ChangeSet,
    /// One sentence each, without a full stop.
    pub notes: Vec<String>,
    /// The ClusterRole that Flux has in the team's namespace, where the template has a parameter `role` for it.
    pub role: Option<String>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where.
    pub path: RepoPath,
    /// What is there now; `None` for a new file.
    pub before: Option<String>,
    /// What is to be there; `None` for a file that goes.
    pub after: Option<String>,
}

impl FileChange {
    /// What is to be there, as text: nothing for a file that goes.
    pub fn text(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }
}

/// Lines around a change.
const CONTEXT: usize = 3;

impl fmt::Display for ChangeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, file) in self.files.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{file}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.changes)?;
        self.notes.iter().try_for_each(|note| write!(formatter, "\nnote: {note}\n"))
    }
}

impl fmt::Display for FileChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new: Vec<&str> = self.text().lines().collect();
        if self.after.is_none() {
            return writeln!(formatter, "delete {}", self.path);
        }
        let Some(before) = &self.before else {
            writeln!(formatter, "create {}", self.path)?;
            return new.iter().try_for_each(|line| writeln!(formatter, "  + {line}"));
        };
        let old: Vec<&str> = before.lines().collect();
        let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let most = old.len().min(new.len()) - same;
        let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
        writeln!(formatter, "change {}", self.path)?;
        let mut lines = |sign: char, lines: &[&str]| {
            lines.iter().try_for_each(|line| writeln!(formatter, "{}", format!("  {sign} {line}").trim_end()))
        };
        lines(' ', &old[same.saturating_sub(CONTEXT)..same])?;
        lines('-', &old[same..old.len() - end])?;
        lines('+', &new[same..new.len() - end])?;
        lines(' ', &old[old.len() - end..(old.len() - end + CONTEXT).min(old.len())])
    }
}
