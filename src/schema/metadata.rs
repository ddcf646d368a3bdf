//! What names, labels and annotations may be.
//!
//! Facts: kubernetes/apimachinery `pkg/util/validation` (`IsQualifiedName`, `IsValidLabelValue`, `IsDNS1123Subdomain`),
//! `pkg/api/validation/objectmeta.go`; which kind has which rule for names: kubernetes/kubernetes
//! `pkg/apis/*/validation`.

use super::value::{Problem, below};
use crate::manifest::Node;

/// The words of `metadata.managedFields` in what is applied.
pub const MANAGED_FIELDS: &str = "must not be there: server-side apply, which Flux uses, writes it itself";

/// What a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS-1123 subdomain.
    Subdomain,
    /// A DNS-1123 label. That of a Service may not begin with a digit before Kubernetes 1.34.
    Label,
    /// Anything that can be a part of a path.
    Segment,
}

/// What is wrong, or nobody can say.
#[derive(Debug)]
pub enum Fault<'v> {
    /// The server refuses it.
    Invalid(Problem<'v>),
    /// Flux fills something in.
    Undecided(Problem<'v>),
}

/// Kinds that live by the rule for DNS labels.
const LABELS: [(&str, &str); 2] = [("", "Namespace"), ("", "Service")];

/// Groups in which every other kind of Kubernetes is named by a DNS subdomain.
const SUBDOMAINS: [&str; 9] = [
    "",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "networking.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];
/// Their kinds with other rules.
const ODD: [&str; 8] =
    ["Binding", "CSIDriver", "CSINode", "ComponentStatus", "Event", "IPAddress", "LeaseCandidate", "ServiceCIDR"];

impl NameRule {
    /// That of one of Kubernetes' own kinds, or the least that is asked of every kind.
    pub fn of(group: &str, kind: &str) -> Self {
        if LABELS.contains(&(group, kind)) {
            Self::Label
        } else if SUBDOMAINS.contains(&group) && !ODD.contains(&kind) {
            Self::Subdomain
        } else {
            Self::Segment
        }
    }
}

/// A name that an object may not have.
pub fn name<'v>(node: &'v Node, field: &str, rule: NameRule) -> Option<Fault<'v>> {
    let Some(text) = node.as_str() else { return Some(invalid(node, field, "must be a text")) };
    let (is_good, words) = match rule {
        NameRule::Subdomain => (
            is_subdomain(text),
            "must be lower case letters, digits, `-` and `.`, with a letter or digit at both ends, and at most 253 characters",
        ),
        NameRule::Label => (
            text.len() <= 63 && is_label(text),
            "must be lower case letters, digits and `-`, with a letter or digit at both ends, and at most 63 characters",
        ),
        NameRule::Segment => (
            !text.contains(['/', '%']) && !matches!(text, "." | ".."),
            "must not have `/` or `%` in it, nor be `.` or `..`",
        ),
    };
    judged(is_good, node, field, words)
}

/// Labels that an object may not have.
pub fn labels<'v>(node: &'v Node, field: &str) -> Vec<Fault<'v>> {
    let mut faults = Vec::new();
    for (key, value) in node.entries() {
        let name = key.text().unwrap_or_default();
        let field = below(field, name);
        faults.extend(judged(is_qualified_name(name), key, &field, KEY));
        let text = value.as_str().unwrap_or_default();
        faults.extend(judged(is_label_value(text), value, &field, VALUE));
    }
    faults
}

/// Annotations that an object may not have. Their keys may have capitals everywhere.
pub fn annotations<'v>(node: &'v Node, field: &str) -> Vec<Fault<'v>> {
    let mut faults = Vec::new();
    let mut size = 0_usize;
    for (key, value) in node.entries() {
        let name = key.text().unwrap_or_default();
        size += name.len() + value.as_str().map_or(0, str::len);
        faults.extend(judged(is_qualified_name(&name.to_lowercase()), key, &below(field, name), KEY));
    }
    if size > MOST_ANNOTATIONS {
        faults.push(invalid(node, field, "must have at most 256 KiB together"));
    }
    faults
}

const MOST_ANNOTATIONS: usize = 256 * 1024;
const KEY: &str = "must have a key of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 \
                   characters, and before a `/` at most a DNS name";
const VALUE: &str =
    "must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, and at most 63 characters";

fn judged<'v>(is_good: bool, node: &'v Node, field: &str, words: &str) -> Option<Fault<'v>> {
    if is_good {
        return None;
    }
    if node.text().is_some_and(|text| text.contains("${")) {
        let words = "holds a variable, so that nobody can say what it will be";
        return Some(Fault::Undecided(Problem::new(node, field, words)));
    }
    Some(invalid(node, field, words))
}

fn invalid<'v>(node: &'v Node, field: &str, words: &str) -> Fault<'v> {
    Fault::Invalid(Problem::new(node, field, words))
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_part(text)
}

fn is_part(text: &str) -> bool {
    let outer = |byte: &u8| byte.is_ascii_alphanumeric();
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bytes = text.as_bytes();
    text.len() <= 63 && text.bytes().all(inner) && bytes.first().is_some_and(outer) && bytes.last().is_some_and(outer)
}

fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_part(name),
        None => is_part(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels_and_their_values() {
        for (text, is) in [
            ("app", true),
            ("App_1.x-y", true),
            ("example.org/app", true),
            ("Example.org/app", false),
            ("a/b/c", false),
            ("/app", false),
            ("app-", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_qualified_name(text), is, "{text}");
        }
        for (text, is) in [("", true), ("x", true), ("1.2.3", true), ("x y", false), ("-x", false), ("x/y", false)] {
            assert_eq!(is_label_value(text), is, "{text}");
        }
        assert!(is_label_value(&"a".repeat(63)) && !is_label_value(&"a".repeat(64)));
    }

    #[test]
    fn kinds_have_their_rules() {
        for (group, kind, rule) in [
            ("", "Service", NameRule::Label),
            ("apps", "Deployment", NameRule::Subdomain),
            ("rbac.authorization.k8s.io", "ClusterRole", NameRule::Segment),
            ("policy", "PodDisruptionBudget", NameRule::Segment),
            ("networking.k8s.io", "IPAddress", NameRule::Segment),
        ] {
            assert_eq!(NameRule::of(group, kind), rule, "{group} {kind}");
        }
    }
}
