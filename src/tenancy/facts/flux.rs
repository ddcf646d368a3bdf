//! The objects of Flux that apply, trigger or take something by name.

pub(in crate::tenancy) use super::starts::{CONTROLLERS, Flag, INSTANCE};
use super::{SourceName, text};
use crate::manifest::{Node, Object};

/// An object of Flux's that is neither a `Kustomization` nor a `GitRepository`.
#[derive(Debug, Clone)]
pub(in crate::tenancy) struct FluxFact {
    pub(in crate::tenancy) kind: FluxKind,
    pub(in crate::tenancy) name: String,
    pub(in crate::tenancy) namespace: Option<String>,
    /// `spec.serviceAccountName`.
    pub(in crate::tenancy) account: Option<String>,
    /// Whether it names a kubeconfig, and so another cluster.
    pub(in crate::tenancy) elsewhere: bool,
    /// `spec.url`, or what stands for it.
    pub(in crate::tenancy) url: Option<String>,
    /// What it names.
    pub(in crate::tenancy) names: Vec<SourceName>,
    pub(in crate::tenancy) line: u32,
}

/// Which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::tenancy) enum FluxKind {
    HelmRelease,
    OciRepository,
    Bucket,
    Receiver,
    Alert,
    ImageUpdateAutomation,
    ImagePolicy,
    /// The Flux operator's, which makes objects of its own.
    ResourceSet,
}

/// A kind: its group, its name, and where it names others.
type Row = (FluxKind, &'static str, &'static str, &'static [&'static [&'static str]]);

const KINDS: [Row; 8] = [
    (
        FluxKind::HelmRelease,
        "helm.toolkit.fluxcd.io",
        "HelmRelease",
        &[&["spec", "chart", "spec", "sourceRef"], &["spec", "chartRef"]],
    ),
    (FluxKind::OciRepository, "source.toolkit.fluxcd.io", "OCIRepository", &[]),
    (FluxKind::Bucket, "source.toolkit.fluxcd.io", "Bucket", &[]),
    (FluxKind::Receiver, "notification.toolkit.fluxcd.io", "Receiver", &[&["spec", "resources"]]),
    (FluxKind::Alert, "notification.toolkit.fluxcd.io", "Alert", &[&["spec", "eventSources"]]),
    (FluxKind::ImageUpdateAutomation, "image.toolkit.fluxcd.io", "ImageUpdateAutomation", &[&["spec", "sourceRef"]]),
    (FluxKind::ImagePolicy, "image.toolkit.fluxcd.io", "ImagePolicy", &[&["spec", "imageRepositoryRef"]]),
    (FluxKind::ResourceSet, "fluxcd.controlplane.io", "ResourceSet", &[]),
];

impl FluxKind {
    /// By its number.
    pub(in crate::tenancy) fn numbered(number: usize) -> Self {
        KINDS.get(number).map_or(Self::ResourceSet, |row| row.0)
    }

    /// Its number.
    pub(in crate::tenancy) fn number(self) -> usize {
        KINDS.iter().position(|row| row.0 == self).unwrap_or_default()
    }

    /// What people call it.
    pub(in crate::tenancy) fn word(self) -> &'static str {
        KINDS[self.number()].2
    }
}

/// The fact that an object is one of these.
pub(super) fn fact(object: &Object) -> Option<FluxFact> {
    let (kind, _, _, places) =
        KINDS.iter().find(|(_, group, kind, _)| object.group() == *group && object.kind == *kind)?;
    let nodes = places.iter().filter_map(|place| object.node.at(place));
    let names = nodes.flat_map(|node| node.items().chain(node.is_mapping().then_some(node)));
    Some(FluxFact {
        kind: *kind,
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        account: text(object, &["spec", "serviceAccountName"]),
        elsewhere: is_elsewhere(object),
        url: text(object, &["spec", "url"]).or_else(|| text(object, &["spec", "bucketName"])),
        names: names.filter_map(named).collect(),
        line: object.node.start.line,
    })
}

fn named(node: &Node) -> Option<SourceName> {
    let word = |key| node.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(SourceName { name: word("name")?, namespace: word("namespace") })
}

/// Whether an object is applied to another cluster.
pub(super) fn is_elsewhere(object: &Object) -> bool {
    object.node.at(&["spec", "kubeConfig"]).is_some_and(|node| !node.is_null())
}
