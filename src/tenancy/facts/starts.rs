//! How Flux's controllers are started, as objects say it: the arguments of their containers, as they stand.

use crate::manifest::{Node, Object};

/// How one of Flux's controllers is started, or the object from which the Flux operator makes them.
#[derive(Debug, Clone)]
pub(in crate::tenancy) struct ControllerFact {
    /// Which of [`CONTROLLERS`] it is, or [`INSTANCE`].
    pub(in crate::tenancy) role: String,
    pub(in crate::tenancy) name: String,
    pub(in crate::tenancy) namespace: Option<String>,
    /// Its labels in the group that kustomize's selectors are usually about.
    pub(in crate::tenancy) labels: Vec<(String, String)>,
    /// The container that counts, by its number and its name.
    pub(in crate::tenancy) container: usize,
    pub(in crate::tenancy) called: String,
    pub(in crate::tenancy) arguments: Vec<Argument>,
    /// Whether nothing but these arguments starts it.
    pub(in crate::tenancy) known: bool,
    /// What it does where it is a patch.
    pub(in crate::tenancy) changes: Vec<Change>,
    pub(in crate::tenancy) line: u32,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tenancy) struct Argument {
    pub(in crate::tenancy) text: String,
    pub(in crate::tenancy) line: u32,
}

/// What a patch does to the arguments of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tenancy) struct Change {
    pub(in crate::tenancy) does: Does,
    /// Which container, by its number or by its name; neither where that does not count.
    pub(in crate::tenancy) container: Option<usize>,
    pub(in crate::tenancy) called: Option<String>,
    /// At which argument.
    pub(in crate::tenancy) at: usize,
    pub(in crate::tenancy) arguments: Vec<Argument>,
    pub(in crate::tenancy) line: u32,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tenancy) enum Does {
    /// These are all arguments.
    All,
    Append,
    Insert,
    Replace,
    Remove,
    /// The object is taken away.
    Gone,
    /// Something that is not followed.
    Unknown,
}

const DOES: [Does; 7] = [Does::All, Does::Append, Does::Insert, Does::Replace, Does::Remove, Does::Gone, Does::Unknown];

impl Does {
    /// By its number.
    pub(in crate::tenancy) fn numbered(number: usize) -> Self {
        DOES.get(number).copied().unwrap_or(Self::Unknown)
    }

    /// Its number.
    pub(in crate::tenancy) fn number(self) -> usize {
        DOES.iter().position(|does| *does == self).unwrap_or(DOES.len())
    }
}

impl Change {
    /// One that is about the whole object.
    pub(in crate::tenancy) fn whole(does: Does, line: u32) -> Self {
        Self { does, container: None, called: None, at: 0, arguments: Vec::new(), line }
    }
}

/// An argument that decides over borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::tenancy) enum Flag {
    NoCrossNamespaceRefs,
    NoRemoteBases,
    DefaultServiceAccount,
    KubeconfigExec,
}

impl Flag {
    /// As it is written.
    pub(in crate::tenancy) fn word(self) -> &'static str {
        match self {
            Self::NoCrossNamespaceRefs => "no-cross-namespace-refs",
            Self::NoRemoteBases => "no-remote-bases",
            Self::DefaultServiceAccount => "default-service-account",
            Self::KubeconfigExec => "insecure-kubeconfig-exec",
        }
    }
}

/// The object from which the Flux operator makes the controllers.
pub(in crate::tenancy) const INSTANCE: &str = "FluxInstance";

/// What Flux v2's controllers are called.
pub(in crate::tenancy) const CONTROLLERS: [&str; 6] = [
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-controller",
];

/// The account of a pod.
pub(super) const ACCOUNT: [&str; 2] = ["serviceAccountName", "serviceAccount"];

const LABELS: &str = "app.kubernetes.io/";

/// How a controller is started, where an object says it. A `FluxInstance` with `multitenant` starts them locked down
/// (controlplaneio-fluxcd/flux-operator, `internal/builder/profiles.go`).
pub(super) fn controller(object: &Object) -> Option<ControllerFact> {
    match (object.group(), object.kind.as_str()) {
        ("fluxcd.controlplane.io", INSTANCE) => Some(of_instance(object)),
        ("apps" | "extensions", "Deployment") => of_deployment(object),
        _ => None,
    }
}

fn of_instance(object: &Object) -> ControllerFact {
    let node = &object.node;
    let on = node.at(&["spec", "cluster", "multitenant"]).filter(|node| !node.is_null());
    let account = node.at(&["spec", "cluster", "tenantDefaultServiceAccount"]).and_then(Node::text);
    let account = account.filter(|account| !account.is_empty()).unwrap_or("default");
    let mut arguments = Vec::new();
    if let Some(on) = on.filter(|node| node.as_bool() == Some(true)) {
        let flags = [Flag::NoCrossNamespaceRefs, Flag::NoRemoteBases, Flag::DefaultServiceAccount];
        arguments.extend(flags.map(|flag| {
            let value = if flag == Flag::DefaultServiceAccount { account } else { "true" };
            Argument { text: format!("--{}={value}", flag.word()), line: on.start.line }
        }));
    }
    ControllerFact {
        role: INSTANCE.to_owned(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        labels: Vec::new(),
        container: 0,
        called: "manager".to_owned(),
        arguments,
        known: on.is_none_or(|node| node.as_bool().is_some()),
        changes: Vec::new(),
        line: node.start.line,
    }
}

/// A shard of a controller is called otherwise; its label or its image says what it is
/// (<https://fluxcd.io/flux/installation/configuration/sharding/>).
fn of_deployment(object: &Object) -> Option<ControllerFact> {
    let node = &object.node;
    let labels = node.at(&["metadata", "labels"]).into_iter().flat_map(Node::entries);
    let labels: Vec<(String, String)> = labels
        .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())))
        .filter(|(key, _)| key.starts_with(LABELS))
        .collect();
    let containers: Vec<&Node> =
        node.at(&["spec", "template", "spec", "containers"]).into_iter().flat_map(Node::items).collect();
    let by_label = || labels.iter().find(|(key, _)| key == "app.kubernetes.io/component").map(|(_, value)| value);
    let role = role_named(&object.name)
        .or_else(|| by_label().and_then(|component| role_named(component)))
        .or_else(|| containers.iter().find_map(|container| role_of_image(container)))?;
    let is_manager = |container: &&Node| container.get("name").and_then(Node::text) == Some("manager");
    let place = containers.iter().position(is_manager);
    let known = place.is_some() || containers.len() <= 1;
    let place = place.unwrap_or_default();
    let manager = containers.get(place);
    let called = manager.and_then(|container| container.get("name")).and_then(Node::text).unwrap_or("manager");
    let written = manager.map_or_else(|| Some(Vec::new()), |container| arguments(container, 0));
    Some(ControllerFact {
        role: role.to_owned(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        labels,
        container: place,
        called: called.to_owned(),
        known: known && written.is_some(),
        arguments: written.unwrap_or_default(),
        changes: merged(node, 0),
        line: node.start.line,
    })
}

fn role_named(name: &str) -> Option<&'static str> {
    CONTROLLERS.into_iter().find(|known| *known == name)
}

fn role_of_image(container: &Node) -> Option<&'static str> {
    let last = container.get("image")?.text()?.rsplit('/').next()?;
    role_named(last.split([':', '@']).next()?)
}

/// The arguments of a container; `None` where something else starts it, or what cannot be read.
fn arguments(container: &Node, before: u32) -> Option<Vec<Argument>> {
    let command = container.get("command").filter(|node| !node.is_null());
    if command.is_some() {
        return None;
    }
    container.get("args").filter(|node| !node.is_null()).map_or(Some(Vec::new()), |list| listed(list, before))
}

/// A list of arguments; `before` lines stand before its text.
pub(super) fn listed(list: &Node, before: u32) -> Option<Vec<Argument>> {
    let one = |node: &Node| Some(Argument { text: node.text()?.to_owned(), line: before + node.start.line });
    if list.is_sequence() { list.items().map(one).collect() } else { None }
}

/// What a Deployment does to another one of the same name, as a strategic merge patch: a list of arguments takes the
/// place of the other (kubernetes/api, core/v1 `Container`).
pub(super) fn merged(root: &Node, before: u32) -> Vec<Change> {
    let line = before + root.start.line;
    let unknown = || vec![Change::whole(Does::Unknown, line)];
    if root.get("$patch").and_then(Node::text) == Some("delete") {
        return vec![Change::whole(Does::Gone, line)];
    }
    let mut at = root;
    // With other rights it is another controller.
    let pod = root.at(&["spec", "template", "spec"]);
    let has_account = pod.is_some_and(|pod| ACCOUNT.iter().any(|field| pod.get(field).is_some()));
    for key in ["spec", "template", "spec", "containers"] {
        if directs(at) {
            return unknown();
        }
        let Some(next) = at.get(key) else { return if has_account { unknown() } else { Vec::new() } };
        if next.is_null() {
            return unknown();
        }
        at = next;
    }
    let mut found = if has_account { unknown() } else { Vec::new() };
    for container in at.items() {
        let Some(called) = container.get("name").and_then(Node::text) else { return unknown() };
        let change = |does, arguments| Change {
            called: Some(called.to_owned()),
            arguments,
            ..Change::whole(does, before + container.start.line)
        };
        match (container.get("args"), arguments(container, before)) {
            _ if directs(container) => found.push(change(Does::Unknown, Vec::new())),
            (None, Some(_)) => {}
            (Some(_), Some(arguments)) => found.push(change(Does::All, arguments)),
            (_, None) => found.push(change(Does::Unknown, Vec::new())),
        }
    }
    if at.is_sequence() { found } else { unknown() }
}

/// Whether a part of a patch says how it is to be merged.
fn directs(node: &Node) -> bool {
    node.entries().any(|(key, _)| key.text().is_some_and(|key| key.starts_with('$')))
}
