//! The daemons of Flux v1: workloads that run `fluxd`, and what its options say
//! (<https://github.com/fluxcd/flux/blob/master/docs/references/daemon.md>).

use super::text;
use crate::manifest::{Node, Object, Position};

/// The workloads that run a daemon, each with a template of its pods.
pub(in crate::tenancy) const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];

/// A daemon as one object says it, be it whole or a patch.
#[derive(Debug, Clone)]
pub(in crate::tenancy) struct FluxV1Fact {
    /// Which of [`WORKLOADS`].
    pub(in crate::tenancy) kind: &'static str,
    pub(in crate::tenancy) name: String,
    pub(in crate::tenancy) namespace: Option<String>,
    pub(in crate::tenancy) url: Option<String>,
    pub(in crate::tenancy) branch: Option<String>,
    /// `--git-path`, of which there may be several.
    pub(in crate::tenancy) paths: Vec<String>,
    pub(in crate::tenancy) allowed: Vec<String>,
    pub(in crate::tenancy) secret_name: Option<String>,
    /// The account of its pods, where one is written.
    pub(in crate::tenancy) account: Option<String>,
    /// Whether it is the helm-operator instead, which applies charts with its own rights.
    pub(in crate::tenancy) is_operator: bool,
    pub(in crate::tenancy) position: Position,
}

/// The options that count. Each takes a value, in the same word or in the next.
const OPTIONS: [&str; 5] = ["--git-url", "--git-branch", "--git-path", "--k8s-allow-namespace", "--k8s-secret-name"];

/// The daemon that an object is: it says from where it takes something, keeps to namespaces, or runs the image.
pub(super) fn flux_v1(object: &Object) -> Option<FluxV1Fact> {
    let kind = WORKLOADS.into_iter().find(|kind| *kind == object.kind)?;
    let pod = ["spec", "template", "spec"];
    let containers = object.node.at(&pod)?.get("containers")?;
    let options = options(containers);
    let all =
        |flag: &'static str| options.iter().filter(move |(name, _)| *name == flag).map(|(_, value)| value.as_str());
    let last = |flag| all(flag).next_back().filter(|value| !value.is_empty()).map(str::to_owned);
    let listed = |flag| all(flag).flat_map(|names| names.split(',')).map(str::to_owned).collect::<Vec<_>>();
    let (url, allowed) = (last("--git-url"), listed("--k8s-allow-namespace"));
    // The older name counts where the newer one is not there (kubernetes/kubernetes, `pkg/apis/core/v1/conversion.go`).
    let account = |field| text(object, &[pod[0], pod[1], pod[2], field]);
    let runs = |names: &[&str]| containers.items().any(|container| runs(container, names));
    let is_operator = runs(&["fluxcd/helm-operator"]);
    let is_daemon = url.is_some() || !allowed.is_empty() || runs(&["fluxcd/flux", "weaveworks/flux"]);
    (is_daemon || is_operator).then(|| FluxV1Fact {
        kind,
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        url,
        branch: last("--git-branch"),
        paths: listed("--git-path"),
        allowed,
        secret_name: last("--k8s-secret-name"),
        account: account("serviceAccountName").or_else(|| account("serviceAccount")),
        is_operator: is_operator && !is_daemon,
        position: object.node.start,
    })
}

/// Whether a container runs one of these images, of any registry and with any tag.
fn runs(container: &Node, names: &[&str]) -> bool {
    let image = container.get("image").and_then(Node::text).unwrap_or_default();
    let repository = image.rsplit_once('@').map_or(image, |(repository, _)| repository);
    names.iter().any(|name| repository.ends_with(name) || repository.contains(&format!("{name}:")))
}

/// The options of all containers, whether they stand in `args`, in `command`, or in a line of a shell.
fn options(containers: &Node) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for container in containers.items() {
        let written = ["command", "args"].into_iter().filter_map(|field| container.get(field)).flat_map(Node::strings);
        let words: Vec<&str> = written.flat_map(|(text, _)| words(text)).collect();
        for (place, word) in words.iter().enumerate() {
            let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
            let Some(option) = OPTIONS.into_iter().find(|option| *option == name) else { continue };
            let value = value.or_else(|| words.get(place + 1).copied()).unwrap_or_default();
            found.push((option, value.trim_matches(['"', '\'']).to_owned()));
        }
    }
    found
}

/// The words of one argument: only a line for a shell has several.
fn words(text: &str) -> Vec<&str> {
    if text.contains(" --") { text.split_whitespace().collect() } else { vec![text] }
}
