//! What the objects of a directory say about a team, for both generations of Flux.

pub(in crate::tenancy) mod borders;
pub(in crate::tenancy) mod flux;
mod flux_v1;
mod operations;
pub(in crate::tenancy) mod patches;
pub(in crate::tenancy) mod starts;

use self::flux::FluxFact;
pub(in crate::tenancy) use self::flux_v1::{FluxV1Fact, WORKLOADS};
use self::patches::PatchFact;
use self::starts::ControllerFact;
use super::Marks;
use crate::manifest::{Node, Object, Position};
use crate::rbac::{self, Labels, read::Written};

/// One thing that an object says.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    Namespace {
        name: String,
        tenant: bool,
    },
    Source(SourceFact),
    Sync(SyncFact),
    FluxV1(FluxV1Fact),
    /// The lines of a `.sourceignore` that count.
    Ignore(Vec<String>),
    Rights(RightsFact),
    Flux(FluxFact),
    Controller(ControllerFact),
    Patch(PatchFact),
}

/// A role or a binding.
#[derive(Debug, Clone)]
pub(super) struct RightsFact {
    pub(super) written: Written,
    /// The line of the object.
    pub(super) line: u32,
}

/// A `GitRepository`.
#[derive(Debug, Clone)]
pub(super) struct SourceFact {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) url: String,
    pub(super) branch: Option<String>,
    pub(super) secret_name: Option<String>,
    /// `spec.ignore`.
    pub(super) ignore: Option<String>,
    pub(super) position: Position,
}

/// A Flux `Kustomization`.
#[derive(Debug, Clone)]
pub(super) struct SyncFact {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) target_namespace: Option<String>,
    /// `spec.namePrefix`.
    pub(super) prefix: String,
    /// `spec.nameSuffix`.
    pub(super) suffix: String,
    /// `spec.commonMetadata.labels`.
    pub(super) labels: Labels,
    pub(super) service_account: Option<String>,
    pub(super) path: Option<String>,
    /// Where the path is written; the object where it is not.
    pub(super) path_at: Position,
    /// `spec.components`, relative to the path.
    pub(super) components: Vec<(String, Position)>,
    pub(super) from_git: bool,
    pub(super) source: Option<SourceName>,
    /// Whether it names a kubeconfig, and so another cluster.
    pub(super) elsewhere: bool,
    /// `spec.suspend`.
    pub(super) suspended: bool,
    /// `spec.force`.
    pub(super) force: bool,
    /// `spec.prune`; `None` where nothing is written.
    pub(super) prune: Option<bool>,
    pub(super) when_gone: WhenGone,
    /// Those of `spec.commonMetadata`.
    pub(super) marks: Marks,
    pub(super) position: Position,
}

/// What becomes of everything that a Flux `Kustomization` applies when that goes itself: `spec.deletionPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WhenGone {
    /// What `spec.prune` says.
    #[default]
    Pruned,
    Deleted,
    Left,
}

impl SyncFact {
    /// The directory that Flux applies; the empty text is the root of the source.
    pub(super) fn directory(&self) -> String {
        directory(self.path.as_deref().unwrap_or_default())
    }

    /// Whether it changes the objects that it applies.
    pub(super) fn changes_objects(&self) -> bool {
        self.target_namespace.is_some() || !(self.prefix.is_empty() && self.suffix.is_empty() && self.labels.is_empty())
    }

    /// Every directory from which it takes something: its own one, and those of its components.
    pub(super) fn directories(&self) -> impl Iterator<Item = String> {
        let components = self.components.iter().map(|(component, _)| self.component(component));
        std::iter::once(self.directory()).chain(components)
    }

    /// The directory of one of its components.
    pub(super) fn component(&self, component: &str) -> String {
        directory(&format!("{}/{component}", self.directory()))
    }
}

/// A path as Flux reads it: inside its source whatever is written, with or without a slash before it
/// (kustomize-controller joins it with `securejoin`).
pub(super) fn directory(path: &str) -> String {
    flux_path(path).join("/")
}

/// The parts of a path as Flux reads it: below the root of its source whatever is written.
pub fn flux_path(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// Which source a Flux `Kustomization` takes its files from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceName {
    /// Its kind, where it is written.
    pub(super) kind: Option<String>,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

/// The label that Flux v2 puts on a tenant's namespace (`flux create tenant`).
const TENANT_LABEL: &str = "toolkit.fluxcd.io/tenant";

pub(super) fn facts(object: &Object) -> Option<Fact> {
    match (object.group(), object.kind.as_str()) {
        ("", "Namespace") => Some(Fact::Namespace {
            name: object.name.clone(),
            tenant: object.node.at(&["metadata", "labels", TENANT_LABEL]).is_some(),
        }),
        ("source.toolkit.fluxcd.io", "GitRepository") => Some(Fact::Source(SourceFact {
            name: object.name.clone(),
            namespace: object.namespace.clone(),
            url: text(object, &["spec", "url"]).unwrap_or_default(),
            branch: text(object, &["spec", "ref", "branch"]),
            secret_name: text(object, &["spec", "secretRef", "name"]),
            ignore: object.node.at(&["spec", "ignore"]).and_then(Node::as_str).map(str::to_owned),
            position: object.node.start,
        })),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => Some(Fact::Sync(sync(object))),
        (rbac::read::GROUP, _) => {
            rbac::read::read(object).map(|written| Fact::Rights(RightsFact { written, line: object.node.start.line }))
        }
        ("apps" | "extensions", "Deployment") => {
            starts::controller(object).map(Fact::Controller).or_else(|| flux_v1::flux_v1(object).map(Fact::FluxV1))
        }
        ("apps", _) => flux_v1::flux_v1(object).map(Fact::FluxV1),
        ("fluxcd.controlplane.io", flux::INSTANCE) => starts::controller(object).map(Fact::Controller),
        _ => flux::fact(object).map(Fact::Flux),
    }
}

fn sync(object: &Object) -> SyncFact {
    let source = || text(object, &["spec", "sourceRef", "name"]);
    let components = object.node.at(&["spec", "components"]).into_iter().flat_map(Node::strings);
    SyncFact {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        target_namespace: text(object, &["spec", "targetNamespace"]),
        prefix: text(object, &["spec", "namePrefix"]).unwrap_or_default(),
        suffix: text(object, &["spec", "nameSuffix"]).unwrap_or_default(),
        labels: object.node.at(&["spec", "commonMetadata", "labels"]).map(rbac::read::labels).unwrap_or_default(),
        service_account: text(object, &["spec", "serviceAccountName"]),
        path: text(object, &["spec", "path"]),
        path_at: object.node.at(&["spec", "path"]).map_or(object.node.start, |path| path.start),
        components: components.map(|(text, node)| (text.to_owned(), node.start)).collect(),
        from_git: text(object, &["spec", "sourceRef", "kind"]).is_some_and(|kind| kind == "GitRepository"),
        elsewhere: flux::is_elsewhere(object),
        suspended: bool_at(object, &["spec", "suspend"]).unwrap_or_default(),
        force: bool_at(object, &["spec", "force"]).unwrap_or_default(),
        prune: bool_at(object, &["spec", "prune"]),
        when_gone: match text(object, &["spec", "deletionPolicy"]).as_deref() {
            None | Some("MirrorPrune") => WhenGone::Pruned,
            Some("Orphan") => WhenGone::Left,
            Some(_) => WhenGone::Deleted,
        },
        marks: Marks::of_metadata(object.node.at(&["spec", "commonMetadata"])),
        source: source().map(|name| SourceName {
            kind: text(object, &["spec", "sourceRef", "kind"]),
            name,
            namespace: text(object, &["spec", "sourceRef", "namespace"]),
        }),
        position: object.node.start,
    }
}

/// Whether a field is set; what is written and is no boolean, such as a variable of Flux's, may be `true`.
fn bool_at(object: &Object, path: &[&str]) -> Option<bool> {
    let node = object.node.at(path).filter(|node| !node.is_null())?;
    Some(node.as_bool().unwrap_or(true))
}

fn text(object: &Object, path: &[&str]) -> Option<String> {
    object.node.at(path).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned)
}
