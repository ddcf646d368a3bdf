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
    /// `spec.suspend`.
    pub(in crate::tenancy) suspended: bool,
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
    HelmChart,
    /// Makes an `ExternalArtifact` of what sources hold.
    ArtifactGenerator,
    /// What a `GitRepository` takes in of others.
    Include,
    /// A Secret in which the token of a service account stands.
    Token,
}

/// A kind: its group, its name, and where it names others.
type Row = (FluxKind, &'static str, &'static str, &'static [&'static [&'static str]]);

const KINDS: [Row; 12] = [
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
    (FluxKind::HelmChart, "source.toolkit.fluxcd.io", "HelmChart", &[&["spec", "sourceRef"]]),
    (FluxKind::ArtifactGenerator, "source.extensions.fluxcd.io", "ArtifactGenerator", &[&["spec", "sources"]]),
    (FluxKind::Include, "source.toolkit.fluxcd.io", "GitRepository", &[]),
    (FluxKind::Token, "", "Secret", &[]),
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
pub(in crate::tenancy) fn fact(object: &Object) -> Option<FluxFact> {
    let (kind, _, _, places) =
        KINDS.iter().find(|(_, group, kind, _)| object.group() == *group && object.kind == *kind)?;
    let nodes = places.iter().filter_map(|place| object.node.at(place));
    let names = nodes.flat_map(|node| node.items().chain(node.is_mapping().then_some(node)));
    let mut names: Vec<SourceName> = names.filter_map(named).collect();
    let mut account = text(object, &["spec", "serviceAccountName"]);
    match kind {
        FluxKind::ArtifactGenerator => names.extend(items(object, "artifacts").filter_map(|made| {
            let name = made.get("name").and_then(Node::text)?.to_owned();
            Some(SourceName { kind: Some(EXTERNAL.to_owned()), name, namespace: None })
        })),
        FluxKind::Include => {
            let included = items(object, "include").filter_map(|entry| named(entry.get("repository")?));
            names.extend(included.map(|name| SourceName { kind: Some("GitRepository".to_owned()), ..name }));
            if names.is_empty() {
                return None;
            }
        }
        FluxKind::Token => {
            object.node.get("type").and_then(Node::text).filter(|kind| *kind == TOKEN)?;
            account = text(object, &["metadata", "annotations", "kubernetes.io/service-account.name"]);
        }
        _ => {}
    }
    Some(FluxFact {
        kind: *kind,
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        account,
        elsewhere: is_elsewhere(object),
        suspended: super::bool_at(object, &["spec", "suspend"]).unwrap_or_default(),
        url: text(object, &["spec", "url"]).or_else(|| text(object, &["spec", "bucketName"])),
        names,
        line: object.node.start.line,
    })
}

/// What an `ArtifactGenerator` makes (<https://fluxcd.io/flux/components/source/artifactgenerators/>).
pub(in crate::tenancy) const EXTERNAL: &str = "ExternalArtifact";

/// The type of a Secret into which the control plane writes an account's token
/// (<https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets>).
const TOKEN: &str = "kubernetes.io/service-account-token";

fn items<'a>(object: &'a Object, field: &'a str) -> impl Iterator<Item = &'a Node> {
    object.node.at(&["spec", field]).into_iter().flat_map(Node::items)
}

fn named(node: &Node) -> Option<SourceName> {
    let word = |key| node.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(SourceName { kind: word("kind"), name: word("name")?, namespace: word("namespace") })
}

/// Whether an object is applied to another cluster.
pub(super) fn is_elsewhere(object: &Object) -> bool {
    object.node.at(&["spec", "kubeConfig"]).is_some_and(|node| !node.is_null())
}
