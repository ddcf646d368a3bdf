//! A rule must not name what no request asks for.
//!
//! # What
//! Reports, as notes, what gives nothing at all: `…/*` in `resources`, words with capitals, resources
//! of Kubernetes' own in an API group that has none of that name, and in Roles resources that are in no
//! namespace.
//!
//! # Why
//! Such an entry looks like a right and is none. Who misses the right later gives more than was meant;
//! who reads the role thinks it stronger, or more careful, than it is. `pods/*` matches nothing:
//! Kubernetes takes `*`, `pods/exec` and `*/exec`.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["deployments", "pods/*"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get"]}
//!   - {apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]}
//! ```

use super::entry::Entry;
use super::judged::JudgedRole;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `rbac/never-matches`.
#[derive(Debug)]
pub struct NeverMatches;

const ID: RuleId = RuleId::new("rbac/never-matches");

impl Rule for NeverMatches {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("never_matches.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let entries =
                prepared.roles.roles.iter().flat_map(|role| role.entries.iter().map(move |entry| (role, entry)));
            entries.flat_map(|(role, entry)| check(role, entry)).collect()
        })
    }
}

/// Resources of Kubernetes: API groups, those in namespaces, those in none. From the API reference of 1.36
/// (<https://kubernetes.io/docs/reference/kubernetes-api/>); removed groups are among them.
const RESOURCES: &[(&[&str], &[&str], &[&str])] = &[
    (
        &[""],
        &[
            "pods",
            "services",
            "endpoints",
            "configmaps",
            "secrets",
            "serviceaccounts",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "resourcequotas",
            "limitranges",
        ],
        &["nodes", "persistentvolumes"],
    ),
    (&["apps", "extensions"], &["deployments", "daemonsets", "replicasets", "statefulsets"], &[]),
    (&["batch"], &["jobs", "cronjobs"], &[]),
    (&["networking.k8s.io", "extensions"], &["networkpolicies", "ingresses"], &[]),
    (&["networking.k8s.io"], &[], &["ingressclasses"]),
    (&["policy"], &["poddisruptionbudgets"], &[]),
    (&["autoscaling"], &["horizontalpodautoscalers"], &[]),
    (&["coordination.k8s.io"], &["leases"], &[]),
    (&["discovery.k8s.io"], &["endpointslices"], &[]),
    (&["rbac.authorization.k8s.io"], &["roles", "rolebindings"], &["clusterroles", "clusterrolebindings"]),
    (&["apiextensions.k8s.io"], &[], &["customresourcedefinitions"]),
    (&["apiregistration.k8s.io"], &[], &["apiservices"]),
    (
        &["admissionregistration.k8s.io"],
        &[],
        &["validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies"],
    ),
    (&["storage.k8s.io"], &[], &["storageclasses", "csidrivers", "csinodes", "volumeattachments"]),
    (&["scheduling.k8s.io"], &[], &["priorityclasses"]),
    (&["certificates.k8s.io"], &[], &["certificatesigningrequests"]),
];

fn check(role: &JudgedRole<'_>, entry: &Entry<'_>) -> Vec<Finding> {
    let note = |field: &str, node, (message, help): (String, String)| {
        entry.finding(ID, Severity::Note, (field, node), message).with_help(help)
    };
    let resources = entry.resources.0.iter().filter_map(|(word, node)| {
        let said = spelling(word).or_else(|| wrong_group(entry, word)).or_else(|| not_in_namespaces(role, word))?;
        Some(note("resources", node, said))
    });
    let verbs = entry.verbs.0.iter().filter_map(|(word, node)| Some(note("verbs", node, capitals(word)?)));
    resources.chain(verbs).collect()
}

fn spelling(word: &str) -> Option<(String, String)> {
    if let Some(resource) = word.strip_suffix("/*") {
        let resource = shown(resource);
        let message = format!("`{resource}/*` matches nothing: Kubernetes knows no such wildcard.");
        return Some((message, format!("Write the subresources that are needed, such as `{resource}/status`.")));
    }
    capitals(word)
}

fn capitals(word: &str) -> Option<(String, String)> {
    // Verbs of other programs may be anything: only what Kubernetes itself asks for is in small letters.
    word.chars().any(char::is_uppercase).then(|| {
        let message =
            format!("`{}` matches nothing of Kubernetes: its resources and verbs are in small letters.", shown(word));
        (message, format!("Write `{}`.", shown(&word.to_lowercase())))
    })
}

fn known(
    word: &str,
) -> impl Iterator<Item = &'static (&'static [&'static str], &'static [&'static str], &'static [&'static str])> {
    let resource = word.split('/').next().unwrap_or(word);
    RESOURCES.iter().filter(move |(_, some, others)| some.contains(&resource) || others.contains(&resource))
}

/// Only where every group is one of Kubernetes' own: other groups may have resources of the same name.
fn wrong_group(entry: &Entry<'_>, word: &str) -> Option<(String, String)> {
    let right: Vec<&str> = known(word).flat_map(|(groups, _, _)| groups.iter().copied()).collect();
    let first = right.first()?;
    let is_known = |group: &str| RESOURCES.iter().any(|(groups, _, _)| groups.contains(&group));
    let groups = &entry.groups.0;
    let is_wrong = !groups.is_empty() && groups.iter().all(|(group, _)| is_known(group) && !right.contains(group));
    is_wrong.then(|| {
        let message = format!("`{}` is not in the API groups of this entry, so it matches nothing.", shown(word));
        (message, format!("Write `apiGroups: [\"{first}\"]` for it."))
    })
}

/// What is in no namespace is given by a ClusterRoleBinding only.
fn not_in_namespaces(role: &JudgedRole<'_>, word: &str) -> Option<(String, String)> {
    if role.reach.is_wide || !known(word).all(|(_, some, _)| some.is_empty() || !some.contains(&word)) {
        return None;
    }
    known(word).find(|(_, _, others)| others.contains(&word))?;
    let message = format!("`{}` are in no namespace: where this role holds, it gives nothing on them.", shown(word));
    Some((message, "Remove it, or put it into a ClusterRole of its own that a ClusterRoleBinding gives.".to_owned()))
}
