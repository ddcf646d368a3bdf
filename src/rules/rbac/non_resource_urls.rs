//! A role must not reach the inside of the API server.
//!
//! # What
//! Reports paths (`nonResourceURLs`) that include `/debug/`, `/configz`, `/flagz`, `/logs` or `/proxy`
//! (warning) or `/metrics` (note), and verbs other than get, head and options on paths (warning). A
//! sole `*` is reported by `rbac/wildcard`.
//!
//! # Why
//! Profiles hold what is in the memory of the API server, secrets included, and taking them slows it
//! down. Its configuration and its metrics tell an attacker what is where.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {nonResourceURLs: ["/debug/*"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version"], verbs: ["get"]}
//! ```

use super::entry::{Entry, listed};
use super::judged::JudgedRole;
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac::covers_url;
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/non-resource-urls`.
#[derive(Debug)]
pub struct NonResourceUrls;

const ID: RuleId = RuleId::new("rbac/non-resource-urls");

impl Rule for NonResourceUrls {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("non_resource_urls.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let entries =
                prepared.roles.roles.iter().flat_map(|role| role.entries.iter().map(move |entry| (role, entry)));
            entries.flat_map(|(role, entry)| check(role, entry)).collect()
        })
    }
}

/// Paths that show more than whether the server is well.
const INSIDE: &[&str] = &["/debug/pprof/heap", "/configz", "/flagz", "/logs/kube-apiserver.log", "/proxy/stats"];

/// Verbs that only read, and the star, which `rbac/wildcard` reports.
const HARMLESS: &[&str] = &["get", "head", "options", "*"];

fn check(role: &JudgedRole<'_>, entry: &Entry<'_>) -> Vec<Finding> {
    // In a namespace paths give nothing.
    if entry.urls.is_empty() || !role.reach.is_wide {
        return Vec::new();
    }
    let paths = entry.urls.0.iter().filter(|(word, _)| *word != "*");
    let mut findings: Vec<Finding> = paths
        .filter_map(|(word, node)| {
            let (severity, what) = if INSIDE.iter().any(|path| covers_url(word, path)) {
                (Severity::Warning, "profiles, logs or the configuration of the API server")
            } else if covers_url(word, "/metrics") {
                (Severity::Note, "the metrics of the API server")
            } else {
                return None;
            };
            let message = format!("{} lets the role's holders read {what}.", listed(&[word]));
            let help = "Write the paths that are needed, such as `/healthz`, or remove the entry.";
            Some(entry.finding(ID, severity, ("nonResourceURLs", node), message).with_help(help))
        })
        .collect();
    let verb = entry.verbs.0.iter().find(|(word, _)| !HARMLESS.contains(word));
    findings.extend(verb.map(|(word, node)| {
        let message =
            format!("{} on paths lets the role's holders send data to the API server itself.", listed(&[word]));
        entry.finding(ID, Severity::Warning, ("verbs", node), message).with_help("Write `get` instead.")
    }));
    findings
}
