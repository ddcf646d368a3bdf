//! An object must be written once.
//!
//! # What
//! Reports an object that has the same group, kind, namespace and name as another one, where both
//! are applied by the same kustomization or the same Flux sync. Files of different environments,
//! patches, and objects whose names a kustomization changes are not meant, nor doubles that were
//! there before the change.
//!
//! # Why
//! Within one kustomization the build fails ("already registered id") and nothing is applied any
//! more. Without one, whichever file comes last wins, and the two take turns in the cluster.
//!
//! # Bad
//! ```yaml
//! # cluster/common/a.yaml and cluster/common/b.yaml
//! kind: ClusterRole
//! metadata:
//!   name: reader
//! ```
//!
//! # Good
//! ```yaml
//! # cluster/common/a.yaml only
//! kind: ClusterRole
//! metadata:
//!   name: reader
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{ManifestFile, Object, ObjectScope};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, shown};
use crate::tenancy::{ObjectId, Reach, RepositoryIndex};

/// `tenancy/duplicate-object`.
#[derive(Debug)]
pub struct DuplicateObject;

const ID: RuleId = RuleId::new("tenancy/duplicate-object");

impl Rule for DuplicateObject {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("duplicate_object.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let changed = review.files.iter().map(|file| &file.path).collect();
        let doubles = Doubles { review, changed, forced: RefCell::default() };
        review.files.iter().flat_map(|file| doubles.in_file(file)).collect()
    }
}

struct Doubles<'a> {
    review: &'a Review<'a>,
    changed: BTreeSet<&'a RepoPath>,
    /// What is below the kustomizations that force a namespace, gathered once per namespace.
    forced: RefCell<BTreeMap<String, Rc<Forced>>>,
}

/// Objects by their id without a namespace, each with its file and its id as written.
type Forced = BTreeMap<ObjectId, BTreeSet<(RepoPath, ObjectId)>>;

impl Doubles<'_> {
    fn in_file(&self, file: &ManifestFile) -> Vec<Finding> {
        let index = self.review.after;
        if file.objects.is_empty() || index.is_only_patch_or_data(&file.path) {
            return Vec::new();
        }
        let reaches = index.reaches(&file.path);
        if reaches.is_empty() {
            return Vec::new();
        }
        let mut seen = BTreeMap::new();
        let mut findings = Vec::new();
        for object in file.objects.iter().filter(|object| object.node.at(&["metadata", "name"]).is_some()) {
            let id = ObjectId::of(object);
            let line = object.node.start.line;
            let earlier = seen.insert(id.clone(), line).filter(|_| self.count_before(&file.path, &id) < 2);
            let other = earlier.map(|line| (file.path.clone(), line)).or_else(|| self.elsewhere(object, &id, &reaches));
            findings.extend(other.map(|other| finding(object, &other)));
        }
        findings
    }

    fn count_before(&self, path: &RepoPath, id: &ObjectId) -> usize {
        let summary = self.review.before.file(path);
        summary.map_or(0, |summary| summary.objects().filter(|object| object.id == *id).count())
    }

    /// Another file with the same object, applied together with this one.
    fn elsewhere(&self, object: &Object, id: &ObjectId, reaches: &BTreeSet<Reach>) -> Option<(RepoPath, u32)> {
        let index = self.review.after;
        let cluster_wide = self.review.scope_of(object.group(), &object.kind) == Some(ObjectScope::Cluster);
        self.candidates(id, reaches, cluster_wide).into_iter().find_map(|(path, other)| {
            let new = self.count_before(&path, &other) == 0 || self.count_before(&object.file, id) == 0;
            let compared = new && self.is_to_be_compared(&path, &object.file) && !index.is_only_patch_or_data(&path);
            let written = (id.namespace.as_deref(), other.namespace.as_deref());
            let clash = compared && clash(reaches, &index.reaches(&path), written, cluster_wide);
            clash.then(|| (path.clone(), line_of(index, &path, &other)))
        })
    }

    /// Files that may hold the same object, with its id as it is written there: those that write
    /// the namespace in which this one ends up, and those that are put into it.
    fn candidates(
        &self,
        id: &ObjectId,
        reaches: &BTreeSet<Reach>,
        cluster_wide: bool,
    ) -> BTreeSet<(RepoPath, ObjectId)> {
        let index = self.review.after;
        let mut candidates = BTreeSet::new();
        let ends: BTreeSet<Option<&str>> = if cluster_wide {
            BTreeSet::from([None])
        } else {
            reaches.iter().map(|reach| reach.namespace.as_deref().or(id.namespace.as_deref())).collect()
        };
        for namespace in ends {
            let written = id.in_namespace(namespace);
            candidates.extend(index.objects_with_id(&written).map(|path| (path, written.clone())));
            let forced = namespace.map(|namespace| self.forced_into(namespace));
            let same = forced.as_ref().and_then(|forced| forced.get(&id.in_namespace(None)));
            candidates.extend(same.into_iter().flatten().cloned());
        }
        candidates
    }

    fn forced_into(&self, namespace: &str) -> Rc<Forced> {
        let mut forced = self.forced.borrow_mut();
        if let Some(known) = forced.get(namespace) {
            return Rc::clone(known);
        }
        let index = self.review.after;
        let mut found = Forced::new();
        for path in index.files_forced_into(namespace) {
            for object in index.file(&path).into_iter().flat_map(|file| file.objects()) {
                let same = found.entry(object.id.in_namespace(None)).or_default();
                same.insert((path.clone(), object.id));
            }
        }
        let found = Rc::new(found);
        forced.insert(namespace.to_owned(), Rc::clone(&found));
        found
    }

    /// Of two changed files only the later one is reported.
    fn is_to_be_compared(&self, other: &RepoPath, file: &RepoPath) -> bool {
        other != file && (!self.changed.contains(other) || other < file)
    }
}

/// Whether one root applies both, in one namespace, with the names as written.
fn clash(
    first: &BTreeSet<Reach>,
    second: &BTreeSet<Reach>,
    written: (Option<&str>, Option<&str>),
    cluster_wide: bool,
) -> bool {
    let place = |reach: &Reach, written: Option<&str>| {
        if cluster_wide { None } else { reach.namespace.as_deref().or(written).map(str::to_owned) }
    };
    first.iter().filter(|reach| !reach.renames()).any(|one| {
        let together = second.iter().filter(|other| !other.renames() && other.root == one.root);
        together.into_iter().any(|other| place(one, written.0) == place(other, written.1))
    })
}

fn line_of(index: &RepositoryIndex, path: &RepoPath, id: &ObjectId) -> u32 {
    let mut objects = index.file(path).into_iter().flat_map(|file| file.objects());
    objects.find(|object| object.id == *id).map_or(1, |object| object.line)
}

fn finding(object: &Object, other: &(RepoPath, u32)) -> Finding {
    let (file, line) = other;
    let message = format!(
        "{} is written a second time: it stands in {file}:{line} already.",
        shown(&object.reference().to_string())
    );
    let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
    Finding::new(ID, Severity::Error, object.location(node), message)
        .with_object(object.reference())
        .with_field("metadata.name")
        .with_help("Remove one of the two, or give it another name.")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use super::*;
    use crate::manifest::read;
    use crate::rules::{Scope, Users};
    use crate::tenancy::FileSummary;

    /// Each object is compared with its namesakes only, however many others are put into the
    /// namespace.
    #[test]
    fn many_objects_in_a_forced_namespace_are_compared_by_name() {
        let map = |text: &mut String, name: &str| {
            writeln!(text, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}").expect("a string");
        };
        let (mut many, mut one) = (String::new(), String::new());
        (0..3000).for_each(|number| map(&mut many, &format!("m{number}")));
        map(&mut one, "m2999");
        let kustomization = "namespace: team1\nresources: [a.yaml, b.yaml]\n";
        let files =
            [("cluster/a.yaml", &*many), ("cluster/b.yaml", &*one), ("cluster/kustomization.yaml", kustomization)]
                .map(|(path, text)| read(path.parse().expect("a path"), text.as_bytes()));
        let summaries = files.iter().map(|file| (file.path.clone(), Arc::new(FileSummary::of(file))));
        let (before, after) = (RepositoryIndex::default(), RepositoryIndex::from_files(summaries));
        let review = Review {
            scope: Scope::Admin,
            before: &before,
            whole_before: &before,
            after: &after,
            files: &files,
            old: &[],
            dropped: &Default::default(),
            left_out: None,
            definitions: &[],
            elsewhere: None,
            users: &Users::default(),
            trials: None,
            kubernetes: None,
            policy: None,
            powerful_kinds: &[],
            is_built: false,
            prepared: None,
        };
        let changed = files.iter().map(|file| &file.path).collect();
        let doubles = Doubles { review: &review, changed, forced: RefCell::default() };
        let compared = |file: &ManifestFile| {
            let reaches = after.reaches(&file.path);
            let counts =
                file.objects.iter().map(|object| doubles.candidates(&ObjectId::of(object), &reaches, false).len());
            counts.sum::<usize>()
        };
        let compared: usize = files.iter().map(compared).sum();
        assert_eq!(compared, 3000 - 1 + 2 * 2);
        assert_eq!(DuplicateObject.check(&review).len(), 1);
    }
}
