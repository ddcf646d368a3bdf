//! Cluster-wide objects of a team's pull request, moved to the admin repository.
//!
//! [`gather()`] finds them in the pull request, [`plan`] decides which files of the admin repository they become. It is all
//! or nothing: where one of them cannot be moved, none is, because a binding without its role is half of something.

mod gather;
mod name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{ChangeSet, FileChange, ScaffoldError};
use crate::manifest::{self, ManifestFile, document_text, insert_list_entry};
use crate::names::{RepoPath, TeamName};
use crate::tenancy::{ObjectId, RepositoryIndex};

pub use gather::{Gathered, Pull, gather, is_promotable};

/// So many objects one pull request may hold: admins are to read each of them.
pub const MOST_OBJECTS: usize = 20;
/// So many bytes they may have together.
pub const MOST_BYTES: usize = 1 << 20;

/// An object to move, with the text of its document.
#[derive(Debug, Clone)]
pub struct ClusterObject {
    /// Which.
    pub id: ObjectId,
    /// Its file in the team's repository.
    pub file: RepoPath,
    /// Its line there, from 1.
    pub line: u32,
    /// Whether its file holds nothing else.
    pub alone: bool,
    /// Its document, byte for byte.
    pub text: String,
}

/// Why something cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file and the line, from 1, in the team's repository.
    pub place: (RepoPath, u32),
    /// The object, where it is one.
    pub object: Option<ObjectId>,
    /// A sentence; what stands between backticks in it is code.
    pub why: String,
}

/// The admin repository at its tip, as far as the objects are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Admin<'a> {
    /// What it holds.
    pub index: &'a RepositoryIndex,
    /// The directory for what is cluster-wide.
    pub common: &'a RepoPath,
    /// The kustomization files of that directory with their texts; there has to be one.
    pub kustomizations: &'a [(RepoPath, String)],
    /// Every file that holds an object of the ids that are to be moved.
    pub files: &'a BTreeMap<RepoPath, ManifestFile>,
}

/// A file that the open pull request holds from an earlier run.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Where.
    pub path: RepoPath,
    /// What is there at the tip; `None` for a new file.
    pub before: Option<String>,
    /// What the pull request makes of it.
    pub text: String,
}

/// What becomes of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It gets a file of its own.
    New(RepoPath),
    /// The file that holds it, and nothing else, is replaced.
    Changed(RepoPath),
    /// It is there already and says the same.
    Already(RepoPath),
}

/// What a promotion changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// The files to write, all or none.
    pub changes: ChangeSet,
    /// What becomes of each object, in their order.
    pub fates: Vec<Fate>,
    /// The files of earlier runs that stay, though the objects are no more in the team's pull request.
    pub kept: Vec<RepoPath>,
    /// New entries in the list of the common directory.
    entries: Vec<String>,
}

/// Decides what the objects of a team become in the admin repository.
///
/// # Errors
/// Every reason why one of them cannot be moved; nothing is to be written then.
pub fn plan(
    team: &TeamName,
    objects: &[ClusterObject],
    earlier: &[Earlier],
    admin: Admin<'_>,
) -> Result<Promotion, Vec<Refusal>> {
    let mut draft = Draft { admin, files: BTreeMap::new(), entries: Vec::new() };
    let (mut fates, mut refusals) = (Vec::new(), Vec::new());
    for object in objects {
        match draft.place(team, object) {
            Ok(fate) => fates.push(fate),
            Err(why) => refusals.push(refuse(object, why)),
        }
    }
    let changes_something = !draft.files.is_empty();
    let kept = if changes_something { draft.keep(objects, earlier) } else { Vec::new() };
    if let (true, Some(object)) = (draft.files.len() > MOST_OBJECTS, objects.first()) {
        let all = draft.files.len();
        let why = format!("With what the open pull request holds there are {all} files, and one takes {MOST_OBJECTS}.");
        refusals.push(refuse(object, why));
    }
    let (list, entries) = match draft.list() {
        Ok(list) => list,
        Err(why) => {
            refusals.extend(objects.first().map(|object| refuse(object, why)));
            return Err(refusals);
        }
    };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut files: Vec<FileChange> = draft.files.into_values().collect();
    files.extend(list);
    Ok(Promotion { changes: ChangeSet { files }, fates, kept, entries })
}

fn refuse(object: &ClusterObject, why: String) -> Refusal {
    Refusal { place: (object.file.clone(), object.line), object: Some(object.id.clone()), why }
}

/// What is put together.
struct Draft<'a> {
    admin: Admin<'a>,
    files: BTreeMap<RepoPath, FileChange>,
    entries: Vec<String>,
}

impl Draft<'_> {
    /// Finds the object's place; the error is a sentence.
    fn place(&mut self, team: &TeamName, object: &ClusterObject) -> Result<Fate, String> {
        let index = self.admin.index;
        let holds = |path: &RepoPath| index.is_synced(path) && index.holds_whole_objects(path);
        let holders: BTreeSet<RepoPath> = index.objects_with_id(&object.id).filter(holds).collect();
        let mut holders = holders.into_iter();
        match (holders.next(), holders.next()) {
            (None, _) => self.add(team, object),
            (Some(path), None) => self.replace(object, path),
            (Some(one), Some(other)) => Err(format!(
                "The admin repository has it in several files (`{one}`, `{other}`): an admin has to change it there."
            )),
        }
    }

    fn add(&mut self, team: &TeamName, object: &ClusterObject) -> Result<Fate, String> {
        let is_free = |path: &RepoPath| !self.admin.index.contains_file(path) && !self.files.contains_key(path);
        let paths = name::candidates(team, &object.id).into_iter().filter_map(|name| self.admin.common.join(&name));
        let Some(path) = paths.into_iter().find(is_free) else {
            return Err("The files that it could become are there already and hold something else.".to_owned());
        };
        self.entries.push(path.file_name().to_owned());
        let change = FileChange { path: path.clone(), before: None, after: Some(object.text.clone()) };
        self.files.insert(path.clone(), change);
        Ok(Fate::New(path))
    }

    /// Replaces the one file that holds the object.
    fn replace(&mut self, object: &ClusterObject, path: RepoPath) -> Result<Fate, String> {
        let by_hand = |problem: &str| {
            format!("The admin repository has it in `{path}`, {problem}: an admin has to change it there.")
        };
        let file = self.admin.files.get(&path).filter(|file| file.problems.is_empty());
        let file = file.ok_or_else(|| by_hand("which cannot be read"))?;
        let there = file.objects.iter().find(|there| ObjectId::of(there) == object.id);
        let there = there.ok_or_else(|| by_hand("which cannot be read"))?;
        if !self.admin.index.is_applied(&path, None) {
            return Err(by_hand("which nothing applies"));
        }
        if gather::is_same(there, &object.text) {
            return Ok(Fate::Already(path));
        }
        if file.documents.len() != 1 || document_text(file, &there.node).is_none() {
            return Err(by_hand("together with other objects"));
        }
        let change =
            FileChange { path: path.clone(), before: Some(file.source.to_string()), after: Some(object.text.clone()) };
        self.files.insert(path.clone(), change);
        Ok(Fate::Changed(path))
    }

    /// Takes over what the open pull request holds besides: who asks again must not lose what the admins have
    /// before them. What this run speaks of, or the admin repository has elsewhere meanwhile, would be there twice.
    fn keep(&mut self, objects: &[ClusterObject], earlier: &[Earlier]) -> Vec<RepoPath> {
        let mut kept = Vec::new();
        for Earlier { path, before, text } in earlier {
            let file = manifest::read(path.clone(), text.as_bytes());
            let told = |id: &ObjectId| {
                let elsewhere = self.admin.index.objects_with_id(id).any(|there| there != *path);
                elsewhere || objects.iter().any(|object| object.id == *id)
            };
            let told = file.objects.iter().map(ObjectId::of).any(|id| told(&id));
            if told || self.files.contains_key(path) || before.as_ref() == Some(text) {
                continue;
            }
            if before.is_none() && path.directory() == self.admin.common.as_str() {
                self.entries.push(path.file_name().to_owned());
            }
            let change = FileChange { path: path.clone(), before: before.clone(), after: Some(text.clone()) };
            self.files.insert(path.clone(), change);
            kept.push(path.clone());
        }
        kept
    }

    /// The list of the common directory with the new entries, where there are some; the error is a sentence.
    fn list(&self) -> Result<(Option<FileChange>, Vec<String>), String> {
        if self.entries.is_empty() {
            return Ok((None, Vec::new()));
        }
        let (path, before) = match self.admin.kustomizations {
            [] => return Err(sentence(&ScaffoldError::NoKustomization(self.admin.common.clone()))),
            [(path, text)] => (path, text),
            [(one, _), (other, _), ..] => {
                return Err(sentence(&ScaffoldError::TwoKustomizations(one.clone(), other.clone())));
            }
        };
        let (mut after, mut entries) = (before.clone(), Vec::new());
        for entry in &self.entries {
            let longer = insert_list_entry(&after, &["resources"], entry)
                .map_err(|problem| sentence(&ScaffoldError::Edit { path: path.clone(), problem }))?;
            if longer != after {
                entries.push(entry.clone());
            }
            after = longer;
        }
        let changed = after != *before;
        let change = FileChange { path: path.clone(), before: Some(before.clone()), after: Some(after) };
        Ok((changed.then_some(change), entries))
    }
}

fn sentence(error: &ScaffoldError) -> String {
    format!("In the admin repository: {error}.")
}

/// The dry run. Of what the admin repository and its pull request hold it repeats nothing: whoever reads the team's
/// pull request need not be one who may read those.
impl fmt::Display for Promotion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, file) in self.changes.files.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let verb = if file.before.is_some() { "change" } else { "create" };
            writeln!(formatter, "{separator}{verb} {}", file.path)?;
            if self.is_list(file) {
                self.entries.iter().try_for_each(|entry| writeln!(formatter, "  + - {entry}"))?;
            } else if self.kept.contains(&file.path) {
                writeln!(formatter, "  as the open pull request has it")?;
            } else {
                file.text().lines().try_for_each(|line| writeln!(formatter, "{}", format!("  + {line}").trim_end()))?;
            }
        }
        Ok(())
    }
}

impl Promotion {
    /// One whose words alone matter.
    #[cfg(test)]
    pub(crate) const fn for_words(changes: ChangeSet, fates: Vec<Fate>, kept: Vec<RepoPath>) -> Self {
        Self { changes, fates, kept, entries: Vec::new() }
    }

    /// Whether a file is the list of the common directory, which comes last.
    fn is_list(&self, file: &FileChange) -> bool {
        !self.entries.is_empty() && self.changes.files.last().is_some_and(|last| last.path == file.path)
    }
}
