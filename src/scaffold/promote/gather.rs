//! What of a team's pull request is to be moved, and what of it cannot be.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClusterObject, MOST_BYTES, MOST_OBJECTS, Refusal};
use crate::manifest::{self, ManifestFile, Node, Object, ObjectScope, builtin_scope, document_text};
use crate::names::RepoPath;
use crate::schema::same;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// A pull request of a team's repository.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// The repository at the head.
    pub index: &'a RepositoryIndex,
    /// The manifests that the pull request adds or changes, at the head.
    pub files: &'a [ManifestFile],
    /// The same as they were, where they were there.
    pub before: &'a [ManifestFile],
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// What is to be moved, in the order of the files.
    pub objects: Vec<ClusterObject>,
    /// What cannot be: with any of these nothing is to be moved.
    pub refusals: Vec<Refusal>,
    /// Cluster-wide objects of other kinds, which stay: kind and name, file and line.
    pub others: Vec<(ObjectId, RepoPath, u32)>,
    /// Objects of the kinds that are moved which were there before and are as they were: the check names them, because
    /// it judges whole files, but the pull request does not ask for them. They stay.
    pub unchanged: Vec<(ObjectId, RepoPath, u32)>,
    /// Files of which a kustomization of the team changes names or fields: the text is moved as it is written.
    pub transformed: BTreeSet<RepoPath>,
}

/// The kinds that are moved, with their groups. Others that are cluster-wide (webhooks, API services, priority classes)
/// reach further than a team's wish should, and an admin writes them.
const KINDS: [(&str, &str); 3] = [
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
];

/// Whether objects of a kind are moved.
pub fn is_promotable(group: &str, kind: &str) -> bool {
    KINDS.contains(&(group, kind))
}

/// Finds the definitions, cluster roles and their bindings that a pull request adds or changes.
pub fn gather(pull: Pull<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    let before = objects_by_id(pull.before);
    let mut candidates = Vec::new();
    // What Flux never takes (a chart's templates) is read by nobody, and often is no YAML.
    for file in pull.files.iter().filter(|file| !pull.index.is_foreign_to_flux(&file.path)) {
        if let Some(problem) = file.problems.first() {
            let place = (file.path.clone(), problem.position.line);
            let why = format!("The file cannot be read: {} {}", problem.message, problem.help);
            gathered.refusals.push(Refusal { place, object: None, why });
        }
        for object in &file.objects {
            let (id, line) = (ObjectId::of(object), object.node.start.line);
            let old = before.get(&(&file.path, id.clone()));
            if !is_promotable(object.group(), &object.kind) {
                let wide = builtin_scope(object.group(), &object.kind) == Some(ObjectScope::Cluster);
                gathered.others.extend((wide && id.kind != "Namespace").then(|| (id, file.path.clone(), line)));
            } else if old.is_some_and(|old| same(&old.node, &object.node)) {
                gathered.unchanged.push((id, file.path.clone(), line));
            } else {
                candidates.push((file, object));
            }
        }
    }
    gathered.take_all(pull.index, &candidates);
    gathered
}

fn objects_by_id(files: &[ManifestFile]) -> BTreeMap<(&RepoPath, ObjectId), &Object> {
    let objects = files.iter().flat_map(|file| file.objects.iter().map(move |object| (&file.path, object)));
    objects.map(|(path, object)| ((path, ObjectId::of(object)), object)).collect()
}

impl Gathered {
    /// Takes the candidates, where they are not too many to be read by an admin. Only then is each looked at closely:
    /// a file of thousands would take as long as somebody likes.
    fn take_all(&mut self, index: &RepositoryIndex, candidates: &[(&ManifestFile, &Object)]) {
        let too_much = |(file, object): &(&ManifestFile, &Object), what: String| {
            let why = format!("{what} Split this pull request.");
            Refusal { place: (file.path.clone(), object.node.start.line), object: None, why }
        };
        let Some(first) = candidates.first() else { return };
        if candidates.len() > MOST_OBJECTS {
            let count = candidates.len();
            let what = format!("There are {count} objects to move, and one pull request takes {MOST_OBJECTS}.");
            return self.refusals.push(too_much(first, what));
        }
        let mut seen = BTreeSet::new();
        for (file, object) in candidates {
            self.take(index, (file, object), &mut seen);
        }
        let bytes: usize = self.objects.iter().map(|object| object.text.len()).sum();
        if bytes > MOST_BYTES {
            let what = format!("The objects have {bytes} bytes, and one pull request takes {MOST_BYTES}.");
            self.refusals.push(too_much(first, what));
        }
    }

    fn take(
        &mut self,
        index: &RepositoryIndex,
        (file, object): (&ManifestFile, &Object),
        seen: &mut BTreeSet<ObjectId>,
    ) {
        let (id, line) = (ObjectId::of(object), object.node.start.line);
        let place = (file.path.clone(), line);
        let why = match text_of(index, file, object) {
            Ok(_) if !seen.insert(id.clone()) => "It stands in the pull request twice: keep one.".to_owned(),
            Ok(text) => {
                if index.is_patched(&file.path) || index.reaches(&file.path).iter().any(|reach| reach.renames()) {
                    self.transformed.insert(file.path.clone());
                }
                let alone = file.documents.len() == 1;
                return self.objects.push(ClusterObject { id, file: place.0, line, alone, text });
            }
            Err(why) => why,
        };
        self.refusals.push(Refusal { place, object: Some(id), why });
    }
}

/// The document of an object that can be moved as it is; the error is a sentence.
fn text_of(index: &RepositoryIndex, file: &ManifestFile, object: &Object) -> Result<String, String> {
    let refused = |why: &str| Err(why.to_owned());
    if !index.holds_whole_objects(&file.path) {
        return refused("A kustomization names its file as a patch or as data only, so it is no object: remove it.");
    }
    if object.encrypted {
        return refused("SOPS has encrypted it, and nobody here can read it: write it in clear.");
    }
    if object.node.at(&["metadata", "name"]).and_then(Node::as_str).is_none_or(str::is_empty) {
        return refused("It has no name: write `metadata.name`.");
    }
    if holds_directive(&object.node) {
        return refused("It has a directive for patches (such as `$patch`), so it is no whole object: write it out.");
    }
    let Some(text) = document_text(file, &object.node) else {
        return refused("It stands in a list with others: write it as a document of its own, between lines `---`.");
    };
    let text = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    if is_same(object, &text) {
        Ok(text)
    } else {
        refused("Its text cannot be cut out of its file: give it a file of its own.")
    }
}

/// Whether a text, read by itself, is one object that says the same.
pub(super) fn is_same(object: &Object, text: &str) -> bool {
    let path = "promoted.yaml".parse().expect("a path inside the repository");
    let file = manifest::read(path, text.as_bytes());
    let one = file.documents.len() == 1 && file.problems.is_empty();
    one && file.objects.first().is_some_and(|only| same(&only.node, &object.node))
}

/// Whether a key tells a strategic merge patch what to do (kubernetes-sigs/kustomize, `kyaml/yaml/merge2`).
fn holds_directive(node: &Node) -> bool {
    let directive = |key: &str| {
        matches!(key, "$patch" | "$retainKeys")
            || key.starts_with("$setElementOrder/")
            || key.starts_with("$deleteFromPrimitiveList/")
    };
    node.entries().any(|(key, value)| key.text().is_some_and(directive) || holds_directive(value))
        || node.items().any(holds_directive)
}
