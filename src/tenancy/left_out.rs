//! What source-controller leaves out of what it packs, and what of that a change changes. Flux applies nothing of it.
//!
//! Facts: fluxcd/pkg `sourceignore` (`LoadIgnorePatterns`), fluxcd/source-controller: the patterns of every
//! `.sourceignore`, each below its directory, and behind them those of `spec.ignore` of the `GitRepository`.

use std::collections::{BTreeMap, BTreeSet};

use super::RepositoryIndex;
use super::facts::Fact;
use super::ignore::{Pattern, lines, takes_in};
use super::reach::is_left_out_by_default;
use super::stored::list;
use crate::manifest::is_source_ignore;
use crate::names::RepoPath;

/// How many pairs of a pattern and a file are looked at; more take seconds.
const MOST_WORK: usize = 30_000_000;

/// More lines are not looked through for every file: then any of them may take it in.
const MOST_LINES: usize = 1000;

/// What a change does to that which is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Files that are there before and after, and were left out and are not any more.
    pub appear: BTreeSet<RepoPath>,
    /// Files that are there before and after, and are left out only since.
    pub vanish: BTreeSet<RepoPath>,
    /// Whether there are too many files and patterns to say.
    pub unknown: bool,
    /// What is surely left out before, and after; what says so is read before it is left out.
    sure: [BTreeSet<RepoPath>; 2],
}

/// The patterns of a repository, by what packs it: a `GitRepository` of which it is not known that it packs another
/// repository (namespace and name), and one without any of its own.
type Rules = BTreeMap<Option<(Option<String>, String)>, Vec<Pattern>>;

impl LeftOut {
    /// What a change does. Costs nothing where nothing is left out.
    pub fn between(before: &RepositoryIndex, after: &RepositoryIndex) -> Self {
        let rules = [before.ignore_rules(), after.ignore_rules()];
        let mut found = Self::default();
        let count = |rules: &Rules| rules.values().map(Vec::len).sum::<usize>();
        let most = before.file_count().max(after.file_count());
        if (count(&rules[0]) + count(&rules[1])).saturating_mul(most) > MOST_WORK {
            return Self { unknown: rules[0] != rules[1], ..found };
        }
        for (index, rules, sure) in [(before, &rules[0], 0), (after, &rules[1], 1)] {
            if rules.values().any(|patterns| !patterns.is_empty()) {
                let out = |path: &RepoPath| {
                    !is_source_ignore(path) && rules.values().all(|all| takes_in(all, path.as_str()) == Some(false))
                };
                found.sure[sure] = index.files().map(|file| file.path()).filter(out).collect();
            }
        }
        if rules[0] != rules[1] {
            found.compare((before, after), &rules);
        }
        found
    }

    fn compare(&mut self, (before, after): (&RepositoryIndex, &RepositoryIndex), [old, new]: &[Rules; 2]) {
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        // A source that is new or gone is held against one that adds nothing.
        let of = |rules: &'_ Rules, key| rules.get(key).or_else(|| rules.get(&None)).cloned().unwrap_or_default();
        let pairs: Vec<_> = keys.into_iter().map(|key| (of(old, key), of(new, key))).collect();
        for path in before.files().map(|file| file.path()).filter(|path| after.contains_file(path)) {
            let by_default = is_left_out_by_default(&path);
            let is_out = |patterns: &[Pattern]| !takes_in(patterns, path.as_str()).unwrap_or(!by_default);
            for (old, new) in pairs.iter().filter(|(old, new)| old != new) {
                match (is_out(old), is_out(new)) {
                    (true, false) => drop(self.appear.insert(path.clone())),
                    (false, true) => drop(self.vanish.insert(path.clone())),
                    _ => {}
                }
            }
        }
    }

    /// Whether a file that is there is left out after the change.
    pub fn leaves_out(&self, path: &RepoPath) -> bool {
        self.sure[1].contains(path) || self.vanish.contains(path)
    }

    /// The repository before as Flux sees it: without what it leaves out, and what appears only since.
    pub fn seen_before(&self, before: &RepositoryIndex) -> RepositoryIndex {
        without(before, self.sure[0].union(&self.appear))
    }

    /// The repository after as Flux sees it.
    pub fn seen_after(&self, after: &RepositoryIndex) -> RepositoryIndex {
        without(after, self.sure[1].union(&self.vanish))
    }
}

fn without<'p>(index: &RepositoryIndex, paths: impl Iterator<Item = &'p RepoPath>) -> RepositoryIndex {
    index.with(paths.map(|path| (path.clone(), None)))
}

impl RepositoryIndex {
    /// Whether source-controller leaves a path out by default, and no pattern may take it in again: `!/clusters` does
    /// with everything there, whatever it is called.
    pub(super) fn is_left_out(&self, path: &RepoPath) -> bool {
        is_left_out_by_default(path) && !self.may_take_in(path)
    }

    fn may_take_in(&self, path: &RepoPath) -> bool {
        let mut seen = 0;
        for file in self.listed(list::IGNORES) {
            let own = file.path();
            for fact in file.facts() {
                let (text, directory) = match fact {
                    Fact::Ignore(lines) => (lines.join("\n"), own.directory()),
                    Fact::Source(source) => (source.ignore.unwrap_or_default(), ""),
                    _ => continue,
                };
                seen += text.lines().count();
                let mut again = lines(&text).filter(|line| line.starts_with('!'));
                if seen > MOST_LINES
                    || again.any(|line| takes_in(&[Pattern::of(line, directory)], path.as_str()) == Some(true))
                {
                    return true;
                }
            }
        }
        false
    }

    fn ignore_rules(&self) -> Rules {
        let mut files: Vec<(RepoPath, Vec<String>)> = Vec::new();
        let mut sources = Vec::new();
        for file in self.listed(list::IGNORES) {
            let path = file.path();
            for fact in file.facts() {
                match fact {
                    Fact::Ignore(lines) => files.push((path.clone(), lines)),
                    Fact::Source(source) => {
                        let own = self.team_of_path(&path).and_then(|team| team.source);
                        let text = source.ignore.filter(|_| own.is_none_or(|own| own.name != source.name));
                        sources.extend(text.map(|text| ((source.namespace, source.name), text)));
                    }
                    _ => {}
                }
            }
        }
        // Those of a directory stand before those of the directories in it.
        files.sort_by(|(one, _), (other, _)| one.directory().split('/').cmp(other.directory().split('/')));
        let written =
            files.iter().flat_map(|(path, lines)| lines.iter().map(|line| Pattern::of(line, path.directory())));
        let common: Vec<Pattern> = written.collect();
        let mut rules = Rules::from([(None, common.clone())]);
        for (key, text) in sources {
            let of_source = rules.entry(Some(key)).or_insert_with(|| common.clone());
            of_source.extend(lines(&text).map(|line| Pattern::of(line, "")));
        }
        rules
    }
}
