//! The first step: what makes Flux apply the team's repository goes, and nothing that Flux needs to prune.

use std::collections::BTreeSet;

use super::leaving::{Leaving, is_aside};
use super::named::{cut, target, unname};
use super::tree::Tree;
use super::{RemoveError, patches};
use crate::manifest::{Entry, EntryPlace, EntryRole, Kustomization, Node, Object, is_kustomization};
use crate::names::{Engine, RepoPath};
use crate::tenancy::ObjectId;

/// The groups whose objects make Flux fetch, apply or write (fluxcd.io, "Flux components"; fluxcd/flux-operator).
const APPLYING: [&str; 5] = [
    "source.toolkit.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
    "fluxcd.controlplane.io",
];

/// Whether objects of this kind make Flux apply something; one of notifications only where it starts a sync.
fn applies(id: &ObjectId) -> bool {
    APPLYING.contains(&id.group.as_str()) || id.group == "notification.toolkit.fluxcd.io" && id.kind == "Receiver"
}

/// Takes away what makes Flux apply the team.
pub(super) fn end(tree: &mut Tree<'_>, leaving: &Leaving) -> Result<(), RemoveError> {
    match leaving.engine {
        Engine::FluxV2 => objects(tree, leaving),
        Engine::FluxV1 => daemon(tree, leaving),
    }
}

/// Flux's objects in the team's directories and namespaces, or for them.
fn objects(tree: &mut Tree<'_>, leaving: &Leaving) -> Result<(), RemoveError> {
    let mut holding: Vec<RepoPath> = Vec::new();
    for file in tree.before.files() {
        let path = file.path();
        let mine = |id: &ObjectId| leaving.owns(&path) || is_inside(leaving, id.namespace.as_deref());
        let written = || tree.text(&path).is_some_and(|text| leaving.namespaces.iter().any(|name| text.contains(name)));
        let any = file.objects().any(|object| applies(&object.id) && (mine(&object.id) || written()));
        if any && !is_aside(tree.before, &path) {
            holding.push(path);
        }
    }
    let above = patches::above(tree.before, holding.iter().cloned());
    let (mut gone, mut files) = (BTreeSet::new(), BTreeSet::new());
    for path in holding {
        let file = tree.read(&path)?;
        let mine = |object: &&Object| {
            let into = object.node.at(&["spec", "targetNamespace"]).and_then(Node::as_str);
            let inside = is_inside(leaving, object.namespace.as_deref()) || is_inside(leaving, into);
            applies(&ObjectId::of(object)) && (leaving.owns(&path) || inside)
        };
        let objects: Vec<&Object> = file.objects.iter().filter(mine).collect();
        if objects.is_empty() {
            continue;
        }
        if let Some(other) = leaving.other_team(tree.before, &path) {
            return Err(leaving.shared(&path, format!("of team {} has objects of Flux for the team", other.name)));
        }
        gone.extend(objects.iter().map(|object| ObjectId::of(object)));
        let roots: Vec<&Node> = objects.iter().map(|object| &object.node).collect();
        if tree.without(&file, &roots)? {
            files.insert(path);
        }
    }
    unname(tree, leaving, &files)?;
    patches::settle(tree, leaving, (&gone, &above))
}

fn is_inside(leaving: &Leaving, namespace: Option<&str>) -> bool {
    namespace.is_some_and(|namespace| leaving.namespaces.contains(namespace))
}

/// The team's daemon of Flux v1, which comes from a base that others build on too.
fn daemon(tree: &mut Tree<'_>, leaving: &Leaving) -> Result<(), RemoveError> {
    let inside: Vec<RepoPath> = leaving.directories.iter().flat_map(|directory| tree.below(directory)).collect();
    let own: BTreeSet<RepoPath> = inside.iter().filter(|path| is_kustomization(path)).cloned().collect();
    let mut gone = BTreeSet::new();
    for path in &own {
        let bases = bases(tree, leaving, path, &mut gone)?;
        cut(tree, path, &|entry: &Entry| entry.role == EntryRole::Resource && bases.contains(&entry.text))?;
    }
    let mut files = BTreeSet::new();
    for path in &inside {
        if !holds_deployment(tree, path) || is_aside(tree.before, path) {
            continue;
        }
        let file = tree.read(path)?;
        let daemons: Vec<&Object> = file.objects.iter().filter(|object| is_daemon(object)).collect();
        gone.extend(daemons.iter().map(|object| ObjectId::of(object)));
        let roots: Vec<&Node> = daemons.iter().map(|object| &object.node).collect();
        if !roots.is_empty() && tree.without(&file, &roots)? {
            files.insert(path.clone());
        }
    }
    unname(tree, leaving, &files)?;
    let above = own.iter().cloned().chain(patches::above(tree.before, own.iter().cloned())).collect();
    patches::settle(tree, leaving, (&gone, &above))?;
    own.iter().try_for_each(|path| generators(tree, path, &gone))
}

/// The entries of a kustomization that bring a daemon in from outside of the team's directories; what else they bring
/// is noted as gone.
fn bases(
    tree: &Tree<'_>,
    leaving: &Leaving,
    path: &RepoPath,
    gone: &mut BTreeSet<ObjectId>,
) -> Result<BTreeSet<String>, RemoveError> {
    let file = tree.read(path)?;
    let entries = Kustomization::of(&file).map(|kustomization| kustomization.entries).unwrap_or_default();
    let mut bases = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.role == EntryRole::Resource) {
        if entry.place == EntryPlace::Remote && is_remote_flux(&entry.text) {
            // What it brings is not seen here; its daemon is called so (fluxcd/flux, `deploy/flux-deployment.yaml`).
            gone.insert(id("apps", "Deployment", "flux"));
            bases.insert(entry.text.clone());
            continue;
        }
        let Some(target) = target(path, entry).filter(|target| !leaving.owns(target)) else { continue };
        let base = tree.index.kustomization_of(target.as_str()).unwrap_or(target);
        let files = tree.index.files_named_by(vec![base.clone()]).into_iter().chain([base]);
        let files: Vec<RepoPath> = files.filter(|path| tree.text(path).is_some()).collect();
        let mut holds = false;
        for path in files.iter().filter(|path| holds_deployment(tree, path)) {
            holds |= tree.read(path)?.objects.iter().any(is_daemon);
        }
        if holds {
            let objects = files.iter().filter_map(|path| tree.index.file(path)).flat_map(|file| file.objects());
            gone.extend(objects.map(|object| object.id));
            bases.insert(entry.text.clone());
        }
    }
    Ok(bases)
}

fn id(group: &str, kind: &str, name: &str) -> ObjectId {
    ObjectId { group: group.to_owned(), kind: kind.to_owned(), namespace: None, name: name.to_owned() }
}

/// A base of Flux v1 elsewhere, such as `github.com/fluxcd/multi-tenancy/base/flux?ref=main`.
fn is_remote_flux(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next() == Some("flux")
}

fn holds_deployment(tree: &Tree<'_>, path: &RepoPath) -> bool {
    tree.index.file(path).is_some_and(|file| file.objects().any(|object| object.id.kind == "Deployment"))
}

/// Whether an object is a `fluxd`.
fn is_daemon(object: &Object) -> bool {
    let containers = object.node.at(&["spec", "template", "spec", "containers"]);
    let mut containers = containers.into_iter().flat_map(Node::items);
    object.kind == "Deployment"
        && containers.any(|container| {
            let image = container.get("image").and_then(Node::as_str).unwrap_or_default();
            let arguments = container.get("args").into_iter().flat_map(Node::strings);
            let marks = ["--git-url", "--k8s-allow-namespace", "--manifest-generation"];
            image.contains("/flux:")
                || image.ends_with("/flux")
                || arguments.map(|(text, _)| text).any(|text| marks.iter().any(|mark| text.starts_with(mark)))
        })
}

/// Generators that change what a base has made, which is gone.
fn generators(tree: &mut Tree<'_>, path: &RepoPath, gone: &BTreeSet<ObjectId>) -> Result<(), RemoveError> {
    let mut files = BTreeSet::new();
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        let file = tree.read(path)?;
        let items = file.documents.first().and_then(|root| root.get(field)).into_iter().flat_map(Node::items);
        let lost = |item: &Node| {
            let text = |key| item.get(key).and_then(Node::text);
            let changes = matches!(text("behavior"), Some("merge" | "replace"));
            let made = gone.iter().any(|id| id.kind == kind && text("name") == Some(&id.name));
            // What is generated below stands in no file: where nothing was seen of a base, its ConfigMaps go with it.
            changes && (made || gone.contains(&self::id("apps", "Deployment", "flux")))
        };
        let lost: Vec<(usize, &Node)> = items.enumerate().filter(|(_, item)| lost(item)).collect();
        let entries = Kustomization::of(&file).map(|kustomization| kustomization.entries).unwrap_or_default();
        let in_lost = |entry: &&Entry| {
            let at = entry.node.start.offset;
            entry.field == field && lost.iter().any(|(_, item)| (item.start.offset..item.end.offset).contains(&at))
        };
        files.extend(entries.iter().filter(in_lost).filter_map(|entry| target(path, entry)));
        let numbers = lost.iter().map(|(number, _)| *number).collect();
        tree.without_items(path, field, &numbers)?;
    }
    patches::sweep(tree, files);
    Ok(())
}
