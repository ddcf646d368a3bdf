//! What people have to know before a team goes: what will be lost, and what will not go by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::leaving::{Leaving, is_aside};
use crate::manifest::{self, ManifestFile, Node, Object};
use crate::names::RepoPath;
use crate::scaffold::{ChangeSet, FileChange};
use crate::tenancy::{Marks, ObjectId, RepositoryIndex, flux_path};

const SYNC_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// Everything that is told before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The objects that the repository has no more afterwards, in the order of their files.
    pub lost: Vec<Lost>,
    /// What does not go by itself, or takes more with it.
    pub warnings: Vec<Warning>,
}

/// An object that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub id: ObjectId,
    /// Its file.
    pub file: RepoPath,
    /// Whether data goes with it: it is a volume claim, or has some made.
    pub data: bool,
}

/// Something that does not go by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: u32,
    /// What is so, a sentence without a full stop.
    pub what: String,
    /// What to do, a sentence without a full stop.
    pub remedy: String,
}

/// What two change sets, one after the other, take away.
pub(super) fn told(
    files: &BTreeMap<RepoPath, String>,
    (index, leaving): (&RepositoryIndex, &Leaving),
    steps: [&ChangeSet; 2],
) -> Told {
    let mut told = Told::default();
    for change in steps.into_iter().flat_map(|step| &step.files) {
        let Some(before) = &change.before else { continue };
        let file = manifest::read(change.path.clone(), before.as_bytes());
        let gone = gone(change, &file);
        // Patches say what the objects become.
        gone.iter().for_each(|object| told.warn(object));
        if !is_aside(index, &change.path) {
            let lost =
                |object: &&Object| Lost { id: ObjectId::of(object), file: change.path.clone(), data: is_data(object) };
            told.lost.extend(gone.iter().map(lost));
        }
    }
    told.above(files, (index, leaving));
    told
}

/// The objects that a change takes away.
fn gone<'f>(change: &FileChange, file: &'f ManifestFile) -> Vec<&'f Object> {
    let after = manifest::read(change.path.clone(), change.text().as_bytes());
    let left: BTreeSet<ObjectId> = after.objects.iter().map(ObjectId::of).collect();
    file.objects.iter().filter(|object| !left.contains(&ObjectId::of(object))).collect()
}

fn is_data(object: &Object) -> bool {
    let claims = object.node.at(&["spec", "volumeClaimTemplates"]).is_some_and(Node::is_sequence);
    matches!(object.kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume")
        || object.kind == "StatefulSet" && claims
}

impl Told {
    fn put(&mut self, object: &Object, node: &Node, what: &str, remedy: &str) {
        let name = object.namespace.as_ref().map_or_else(|| object.name.clone(), |it| format!("{it}/{}", object.name));
        self.warnings.push(Warning {
            file: object.file.clone(),
            line: node.start.line,
            what: format!("{} {name} {what}", object.kind),
            remedy: remedy.to_owned(),
        });
    }

    /// What of an object keeps it, or what it has made, in the cluster.
    fn warn(&mut self, object: &Object) {
        let is_sync = object.group() == SYNC_GROUP && object.kind == "Kustomization";
        if is_sync {
            self.warn_of_sync(object);
        }
        if let Some(metadata) =
            object.node.get("metadata").filter(|_| Marks::of_object(&object.node).kept == Some(true))
        {
            let remedy = "take the mark away in a change before, or delete the object by hand afterwards";
            self.put(object, metadata, "is marked so that Flux never deletes it", remedy);
        }
        let finalizers = object.node.at(&["metadata", "finalizers"]);
        if let Some(list) = finalizers.filter(|list| list.items().next().is_some()) {
            let remedy = "make sure that what works them off still runs, or its namespace stays in Terminating";
            self.put(object, list, "has finalizers: it goes only once they are worked off", remedy);
        }
    }

    fn warn_of_sync(&mut self, object: &Object) {
        let spec = |key| object.node.at(&["spec", key]);
        let policy = spec("deletionPolicy").and_then(Node::as_str);
        let deletes = matches!(policy, Some("Delete" | "WaitForTermination"));
        let remedy = "set prune: true, merge that and wait until it is applied; then remove the team";
        match (policy, spec("prune")) {
            (Some("Orphan"), _) => {
                let remedy = "take deletionPolicy away, merge that and wait until it is applied; then remove the team";
                let node = spec("deletionPolicy").unwrap_or(&object.node);
                self.put(object, node, "has deletionPolicy: Orphan: what it has applied stays in the cluster", remedy);
            }
            (_, Some(prune)) if prune.as_bool() == Some(false) && !deletes => {
                self.put(object, prune, "has prune: false: what it has applied stays in the cluster", remedy);
            }
            _ => {}
        }
        if let Some(suspend) = spec("suspend").filter(|node| node.as_bool() == Some(true)) {
            let remedy = "take suspend away, merge that and wait until it is applied; then remove the team";
            self.put(object, suspend, "is suspended, and one that is does not prune when it goes", remedy);
        }
    }

    /// Whether what applies the team's directories deletes what they have no more.
    fn above(&mut self, files: &BTreeMap<RepoPath, String>, (index, leaving): (&RepositoryIndex, &Leaving)) {
        let syncs = BTreeSet::from([(SYNC_GROUP, "Kustomization")]);
        let holding: BTreeSet<RepoPath> = index.objects_of(&syncs).map(|(path, _)| path).collect();
        for path in holding.into_iter().filter(|path| index.team_of_path(path).is_none() && !is_aside(index, path)) {
            let text = files.get(&path).map(String::as_bytes).unwrap_or_default();
            let file = manifest::read(path, text);
            file.objects
                .iter()
                .filter(|object| is_above(object, leaving))
                .for_each(|object| self.warn_of_above(object));
        }
    }

    fn warn_of_above(&mut self, object: &Object) {
        let is = |key, value| object.node.at(&["spec", key]).filter(|node| node.as_bool() == Some(value));
        if let Some(prune) = is("prune", false) {
            let what =
                "applies the team's directory and has prune: false: nothing that goes here goes from the cluster";
            self.put(object, prune, what, "delete the objects by hand after each step, or set prune: true before");
        }
        if let Some(suspend) = is("suspend", true) {
            let what = "applies the team's directory and is suspended: nothing of this happens until it goes on";
            self.put(object, suspend, what, "take suspend away before");
        }
    }
}

/// Whether an object is a Kustomization of Flux that applies a directory in which one of the team's lies.
fn is_above(object: &Object, leaving: &Leaving) -> bool {
    let path = object.node.at(&["spec", "path"]).and_then(Node::as_str).unwrap_or_default();
    let path = flux_path(path).join("/");
    object.group() == SYNC_GROUP
        && leaving.directories.iter().any(|own| own.as_str() == path || own.below(&path).is_some())
}
