//! The plan as text: what `--plan` prints.

use std::collections::BTreeMap;
use std::fmt;

use super::{Lost, Removal, Told};
use crate::names::Engine;

/// So many objects of one kind are named.
const MOST_NAMES: usize = 20;

impl fmt::Display for Removal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { team, engine, first, second, told, notes, .. } = self;
        let rule = |title: &str| format!("{title}\n{}\n", "-".repeat(title.chars().count()));
        match first.files.is_empty() {
            true => writeln!(formatter, "{}done: nothing here makes Flux apply {team}", rule("Step 1 of 2"))?,
            false if *engine == Engine::FluxV1 => {
                write!(formatter, "{}{first}", rule("Step 1 of 2: the team's Flux goes"))?
            }
            false => write!(formatter, "{}{first}", rule("Step 1 of 2: Flux stops, and prunes what it has applied"))?,
        }
        write!(formatter, "\n{}{second}", rule("Step 2 of 2, once step 1 is applied: everything else"))?;
        write!(formatter, "\n{told}")?;
        notes.iter().try_for_each(|note| writeln!(formatter, "note: {note}"))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, names) in self.kinds() {
            writeln!(formatter, "lost: {kind} {names}")?;
        }
        for lost in self.lost.iter().filter(|lost| lost.data) {
            writeln!(formatter, "data lost: {} {} ({})", lost.id.kind, lost.name(), lost.file)?;
        }
        for warning in &self.warnings {
            let (file, line) = (&warning.file, warning.line);
            writeln!(formatter, "warning: {file}:{line}: {}; {}", warning.what, warning.remedy)?;
        }
        Ok(())
    }
}

impl Told {
    /// What goes, by kind: the names with commas between, cut where there are many.
    pub fn kinds(&self) -> Vec<(&str, String)> {
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for lost in &self.lost {
            kinds.entry(&lost.id.kind).or_default().push(lost.name());
        }
        let names = |mut names: Vec<String>| {
            names.sort_unstable();
            names.dedup();
            let more = names.len().saturating_sub(MOST_NAMES);
            names.truncate(MOST_NAMES);
            let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
            names.join(", ") + &rest
        };
        kinds.into_iter().map(|(kind, all)| (kind, names(all))).collect()
    }
}

impl Lost {
    /// `namespace/name`, or the name alone.
    pub fn name(&self) -> String {
        let name = &self.id.name;
        self.id.namespace.as_ref().map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"))
    }
}
