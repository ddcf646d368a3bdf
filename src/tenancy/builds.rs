//! How kustomize puts a build together: which kustomizations a file ends up in, and where it comes in twice.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::MAXIMUM_STEPS;
use super::{KustomizationSummary, ObjectSummary, RepositoryIndex, SummaryEntry};
use crate::manifest::{EntryRole, ObjectScope, builtin_scope, is_kustomization};
use crate::names::RepoPath;

/// No name is longer, so nothing longer need be put together: kustomizations may name each other in
/// circles.
const LONGEST_NAME: usize = 253;

/// What the kustomizations on a way do to what they carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Way {
    pub(super) namespace: Option<String>,
    pub(super) prefix: String,
    pub(super) suffix: String,
}

/// What kustomize tells objects of one kind and written name apart by.
type Id<'a> = (Option<&'a str>, &'a str, &'a str);

impl Way {
    /// The way with one more kustomization at its end.
    pub(super) fn through(&self, summary: KustomizationSummary) -> Self {
        let joined = |one: &str, other: &str| one.chars().chain(other.chars()).take(LONGEST_NAME + 1).collect();
        Self {
            namespace: summary.namespace.or_else(|| self.namespace.clone()),
            prefix: joined(&summary.prefix, &self.prefix),
            suffix: joined(&self.suffix, &summary.suffix),
        }
    }

    /// Where an object ends up. Of a Namespace kustomize changes the name to the namespace that it puts
    /// in, and its name and those of definitions get no prefix
    /// (`api/internal/builtins/PrefixTransformer.go`, `api/konfig/builtinpluginconsts/namespace.go`).
    fn id(&self, object: &ObjectSummary) -> Id<'_> {
        let cluster_wide = builtin_scope(&object.id.group, &object.id.kind) == Some(ObjectScope::Cluster);
        let kept = matches!(object.id.kind.as_str(), "Namespace" | "CustomResourceDefinition" | "APIService");
        let placed = !cluster_wide || object.id.kind == "Namespace";
        let (prefix, suffix) = if kept { ("", "") } else { (self.prefix.as_str(), self.suffix.as_str()) };
        (self.namespace.as_deref().filter(|_| placed), prefix, suffix)
    }
}

/// Two entries of one kustomization through which it gets the same file.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// The kustomization.
    pub by: RepoPath,
    /// The entry that stands first.
    pub first: SummaryEntry,
    /// The other one.
    pub second: SummaryEntry,
    /// How the file comes in by each of them.
    pub ways: [Way; 2],
    /// How it goes on.
    after: [Way; 2],
}

impl Meeting {
    /// Whether an object of the file is the same by both entries, so that kustomize refuses it: where they
    /// come together, or once the kustomization has changed it.
    pub fn is_same(&self, object: &ObjectSummary) -> bool {
        let written = object.id.namespace.as_deref();
        // No namespace and `default` are the same to kustomize.
        let same = |[one, other]: &[Way; 2]| {
            let (one, other) = (one.id(object), other.id(object));
            let place = |id: Id<'_>| id.0.or(written).filter(|name| *name != "default").map(str::to_owned);
            place(one) == place(other) && (one.1, one.2) == (other.1, other.2)
        };
        same(&self.ways) || same(&self.after)
    }
}

/// A way to a kustomization, not yet through it.
struct Arrival {
    entry: SummaryEntry,
    way: Way,
    after: Way,
}

/// One step up: a file, how it is changed so far, and the number of the step before.
struct Step {
    at: RepoPath,
    way: Way,
    from: Option<usize>,
}

/// Whether a way that ends with this step has come past a file.
fn has_passed(steps: &[Step], last: usize, path: &RepoPath) -> bool {
    std::iter::successors(steps.get(last), |step| steps.get(step.from?)).any(|step| step.at == *path)
}

impl RepositoryIndex {
    /// The kustomizations into which a file is built, itself included where it is one.
    pub fn built_into(&self, path: &RepoPath) -> BTreeSet<RepoPath> {
        let mut found: BTreeSet<RepoPath> = is_kustomization(path).then(|| path.clone()).into_iter().collect();
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            for (by, _) in self.built_by(&path) {
                if found.len() < MAXIMUM_STEPS && found.insert(by.clone()) {
                    waiting.push(by);
                }
            }
        }
        found
    }

    /// The entries through which kustomizations build a file, or a kustomization's directory.
    fn built_by(&self, path: &RepoPath) -> Vec<(RepoPath, SummaryEntry)> {
        let directory = path.parent().filter(|directory| {
            is_kustomization(path) && self.kustomization_of(directory.as_str()).as_ref() == Some(path)
        });
        let targets = std::iter::once(path.clone()).chain(directory);
        let named = targets.flat_map(|target| self.named_by(&target).collect::<Vec<_>>());
        named.filter(|(by, entry)| entry.role == EntryRole::Resource && by != path).collect()
    }

    /// The kustomizations that get a file, or a kustomization's directory, through more than one of
    /// their entries.
    pub fn meetings(&self, path: &RepoPath) -> Vec<Meeting> {
        let mut meetings = Vec::new();
        let mut arrived: BTreeMap<RepoPath, Vec<Arrival>> = BTreeMap::new();
        let mut steps = vec![Step { at: path.clone(), way: Way::default(), from: None }];
        let mut next = 0;
        while let Some(Step { at, way, .. }) = steps.get(next) {
            let (entries, way) = (self.built_by(at), way.clone());
            for (by, entry) in entries {
                // Circles are told as such.
                if steps.len() + meetings.len() > MAXIMUM_STEPS || has_passed(&steps, next, &by) {
                    continue;
                }
                let summary = self.file(&by).and_then(|file| file.kustomization()).unwrap_or_default();
                let arrival = Arrival { entry, way: way.clone(), after: way.through(summary) };
                let before = arrived.entry(by.clone()).or_default();
                let others = before.iter().filter(|other| other.entry.position != arrival.entry.position);
                meetings.extend(others.map(|other| meeting(&by, other, &arrival)));
                if before.iter().all(|other| other.after != arrival.after) {
                    steps.push(Step { at: by, way: arrival.after.clone(), from: Some(next) });
                }
                before.push(arrival);
            }
            next += 1;
        }
        meetings
    }
}

fn meeting(by: &RepoPath, one: &Arrival, other: &Arrival) -> Meeting {
    let (first, second) = if one.entry.position <= other.entry.position { (one, other) } else { (other, one) };
    Meeting {
        by: by.clone(),
        first: first.entry.clone(),
        second: second.entry.clone(),
        ways: [first.way.clone(), second.way.clone()],
        after: [first.after.clone(), second.after.clone()],
    }
}
