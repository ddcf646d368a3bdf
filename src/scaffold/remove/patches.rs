//! Patches for objects that are gone: kustomize refuses those that fit nothing.

use std::collections::BTreeSet;

use regex::Regex;

use super::RemoveError;
use super::leaving::Leaving;
use super::tree::{Tree, by_hand};
use crate::manifest::{ManifestFile, Node, is_kustomization, read};
use crate::names::RepoPath;
use crate::tenancy::{ObjectId, RepositoryIndex};

const FIELDS: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// Kustomizations on the way up from a file; a repository with more has no end.
const MOST: usize = 10_000;

/// Bytes of a pattern: names have at most 253 characters.
const LONGEST: usize = 1_000;

/// What is to become of a patch.
enum Fate {
    Stays,
    /// It is for nothing any more; the file that it stands in, where it stands in one.
    Goes(Option<RepoPath>),
    /// These documents of a file are for nothing any more.
    Shrinks(RepoPath, BTreeSet<usize>),
}

/// The kustomizations that files are in, directly or through others, as it was at first.
pub(super) fn above(index: &RepositoryIndex, files: impl IntoIterator<Item = RepoPath>) -> BTreeSet<RepoPath> {
    let mut waiting: Vec<RepoPath> = files.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let directory = path.parent().filter(|_| is_kustomization(&path));
        for target in std::iter::once(path).chain(directory) {
            let new =
                index.referrers_of(&target).map(|(by, _)| by).filter(|by| found.len() < MOST && !found.contains(by));
            let new: Vec<RepoPath> = new.collect();
            found.extend(new.iter().cloned());
            waiting.extend(new);
        }
    }
    found
}

/// Takes patches for these objects, which are gone, out of these kustomizations, where nothing else is left for them.
/// Files that only they named go too.
pub(super) fn settle(
    tree: &mut Tree<'_>,
    leaving: &Leaving,
    (gone, kustomizations): (&BTreeSet<ObjectId>, &BTreeSet<RepoPath>),
) -> Result<(), RemoveError> {
    for path in kustomizations.iter().filter(|path| leaving.other_team(tree.before, path).is_none()) {
        if tree.text(path).is_none() {
            continue;
        }
        let mut files = BTreeSet::new();
        for field in FIELDS {
            let file = tree.read(path)?;
            replaces(&file, gone)?;
            let items = file.documents.first().and_then(|root| root.get(field)).into_iter().flat_map(Node::items);
            let mut numbers = BTreeSet::new();
            let mut shorter = Vec::new();
            for (number, item) in items.enumerate() {
                match fate(tree, &file, item, gone)? {
                    Fate::Stays => {}
                    Fate::Goes(named) => {
                        numbers.insert(number);
                        files.extend(named);
                    }
                    Fate::Shrinks(named, documents) => shorter.push((named, documents)),
                }
            }
            tree.without_items(path, field, &numbers)?;
            for (named, documents) in shorter {
                let file = tree.read(&named)?;
                let roots: Vec<&Node> = documents.iter().filter_map(|number| file.documents.get(*number)).collect();
                tree.without(&file, &roots)?;
            }
        }
        sweep(tree, files);
    }
    Ok(())
}

/// Deletes those of the files that nothing names any more.
pub(super) fn sweep(tree: &mut Tree<'_>, files: BTreeSet<RepoPath>) {
    let unnamed: Vec<RepoPath> =
        files.into_iter().filter(|path| tree.text(path).is_some() && !tree.index.is_named(path)).collect();
    tree.delete(unnamed);
}

fn fate(tree: &Tree<'_>, file: &ManifestFile, item: &Node, gone: &BTreeSet<ObjectId>) -> Result<Fate, RemoveError> {
    let path = item.get("path").unwrap_or(item).text();
    let named = path.and_then(|path| RepoPath::resolve(file.path.directory(), path));
    let named = named.filter(|named| tree.text(named).is_some());
    if let Some(target) = item.get("target").filter(|target| !target.is_null()) {
        let selects = Selector::of(target);
        let goes = gone.iter().any(|id| selects.fits(id)) && !remains(tree, &file.path, &|id| selects.fits(id));
        return Ok(if goes { Fate::Goes(named) } else { Fate::Stays });
    }
    let patch = match &named {
        Some(named) => tree.read(named)?,
        None => {
            let text = item.get("patch").unwrap_or(item).text().unwrap_or_default();
            read(file.path.clone(), text.as_bytes())
        }
    };
    let lost = |root: &Node| {
        let id = |id: &ObjectId| {
            root.get("kind").and_then(Node::as_str) == Some(id.kind.as_str())
                && root.at(&["metadata", "name"]).and_then(Node::as_str) == Some(id.name.as_str())
        };
        gone.iter().any(&id) && !remains(tree, &file.path, &id)
    };
    let numbers: BTreeSet<usize> =
        patch.documents.iter().enumerate().filter(|(_, root)| lost(root)).map(|(number, _)| number).collect();
    match named {
        _ if numbers.is_empty() => Ok(Fate::Stays),
        named if numbers.len() == patch.documents.len() => Ok(Fate::Goes(named)),
        Some(named) => Ok(Fate::Shrinks(named, numbers)),
        None => Err(by_hand(file, item, "a patch is for an object of the team and for others in one text")),
    }
}

/// Whether a kustomization still gathers an object like this.
fn remains(tree: &Tree<'_>, path: &RepoPath, fits: &dyn Fn(&ObjectId) -> bool) -> bool {
    let files = tree.index.files_named_by(vec![path.clone()]);
    let objects = files.iter().filter_map(|path| tree.index.file(path)).flat_map(|file| file.objects());
    objects.map(|object| object.id).any(|id| fits(&id))
}

/// What a patch's `target` selects: names and kinds are regular expressions that have to fit whole.
struct Selector {
    kind: Option<Regex>,
    name: Option<Regex>,
}

impl Selector {
    fn of(target: &Node) -> Self {
        let pattern = |key| {
            let text = target.get(key).and_then(Node::text).filter(|text| !text.is_empty() && text.len() <= LONGEST)?;
            Some(Regex::new(&format!("^(?:{text})$")).or_else(|_| Regex::new(&format!("^{}$", regex::escape(text)))))
        };
        Self { kind: pattern("kind").and_then(Result::ok), name: pattern("name").and_then(Result::ok) }
    }

    fn fits(&self, id: &ObjectId) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        let says = self.kind.is_some() || self.name.is_some();
        says && fits(&self.kind, &id.kind) && fits(&self.name, &id.name)
    }
}

/// Values that are taken from an object that is gone: kustomize refuses to build without it.
fn replaces(file: &ManifestFile, gone: &BTreeSet<ObjectId>) -> Result<(), RemoveError> {
    let root = file.documents.first();
    let lists = [("replacements", "source"), ("vars", "objref")];
    let items = lists.into_iter().flat_map(|(list, from)| {
        let items = root.and_then(|root| root.get(list)).into_iter().flat_map(Node::items);
        items.filter_map(move |item| item.get(from))
    });
    let text = |node: &Node, key| node.get(key).and_then(Node::text).map(str::to_owned);
    let mut named = items.map(|node| (node, text(node, "kind"), text(node, "name")));
    let is_gone = |kind: &Option<String>, name: &Option<String>| {
        let fits = |id: &ObjectId| kind.as_deref() == Some(&id.kind) && name.as_deref() == Some(&id.name);
        gone.iter().any(fits)
    };
    match named.find(|(_, kind, name)| is_gone(kind, name)) {
        Some((node, ..)) => Err(by_hand(file, node, "a value is taken from an object of the team")),
        None => Ok(()),
    }
}
