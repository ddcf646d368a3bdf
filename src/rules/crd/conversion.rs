//! How versions are converted must be said completely, or not at all.
//!
//! # What
//! Reports in `spec.conversion` a strategy that is neither `None` nor `Webhook`; with `Webhook` a client
//! configuration that is missing, that has not exactly one of `url` and `service`, or whose parts cannot be
//! used, and review versions that are missing, doubled, no names, or without `v1` and `v1beta1`; with `None`
//! what belongs to a webhook. A `caBundle` without a certificate is an error in a change of a definition whose
//! `caBundle` was not bad before, else a warning.
//!
//! # Why
//! The API server refuses the definition. A new one with a bad `caBundle` it takes, but does not establish
//! (since Kubernetes 1.31): the kind cannot be used until somebody puts in a good one. Of an established definition the
//! bad one is refused. Flux leaves out a bad one since 2.7, which helps where somebody else puts in a good one.
//!
//! # Bad
//! ```yaml
//! conversion:
//!   strategy: Webhook
//!   webhook:
//!     clientConfig: {service: {name: webhook, namespace: system, path: convert}}
//! ```
//!
//! # Good
//! ```yaml
//! conversion:
//!   strategy: Webhook
//!   webhook:
//!     conversionReviewVersions: [v1]
//!     clientConfig: {service: {name: webhook, namespace: system, path: /convert}}
//! ```

use std::collections::BTreeSet;

use super::{ca_bundle, current, error, is_label_1035, is_subdomain, old_definition, text, warning};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, decode_base64, url};

/// `crd/conversion`.
#[derive(Debug)]
pub struct Conversion;

const ID: RuleId = RuleId::new("crd/conversion");
const CLIENT: &[&str] = &["webhook", "clientConfig"];
const REVIEW_VERSIONS: &[&str] = &["webhook", "conversionReviewVersions"];

impl Rule for Conversion {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("conversion.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |definition: Definition<'_>| -> Vec<Finding> {
            let old = old_definition(review, definition.object);
            let conversion = definition.spec(&["conversion"]).filter(|conversion| conversion.is_mapping());
            conversion.map_or_else(Vec::new, |node| Checked { definition, node, old }.check())
        };
        current(review).flat_map(check).collect()
    }
}

struct Checked<'a> {
    definition: Definition<'a>,
    /// `spec.conversion`.
    node: &'a Node,
    old: Option<Definition<'a>>,
}

impl<'a> Checked<'a> {
    fn check(&self) -> Vec<Finding> {
        let help = "Write `strategy: None` or `strategy: Webhook`.";
        match text(self.node, &["strategy"]) {
            None => Vec::new(),
            Some("None") => self.check_none(),
            Some("Webhook") => self.check_webhook(),
            Some("") => vec![self.error(&["strategy"], "`spec.conversion` has no `strategy`.".to_owned(), help)],
            Some(other) => {
                let message = format!("There is no conversion strategy `{}`, only `None` and `Webhook`.", shown(other));
                vec![self.error(&["strategy"], message, help)]
            }
        }
    }

    fn error(&self, path: &[&str], message: String, help: &str) -> Finding {
        let finding = error(ID, self.definition.object, self.node.nearest(path), message);
        finding.with_field(format!("spec.conversion.{}", path.join("."))).with_help(help)
    }

    fn at(&self, path: &[&str]) -> Option<&'a Node> {
        self.node.at(path).filter(|node| !node.is_null())
    }

    fn check_none(&self) -> Vec<Finding> {
        let has_versions = self.at(REVIEW_VERSIONS).is_some_and(|versions| versions.items().next().is_some());
        let left = [(CLIENT, self.at(CLIENT).is_some()), (REVIEW_VERSIONS, has_versions)];
        let left = left.into_iter().filter_map(|(path, is_there)| is_there.then_some(path));
        let finding = |path: &[&str]| {
            let message =
                format!("`{}` belongs to the strategy `Webhook`, and the strategy is `None`.", path.join("."));
            self.error(path, message, "Write `strategy: Webhook`, or remove `webhook`.")
        };
        left.map(finding).collect()
    }

    fn check_webhook(&self) -> Vec<Finding> {
        let mut findings = self.check_client();
        findings.extend(self.check_review_versions());
        findings
    }

    fn check_client(&self) -> Vec<Finding> {
        let Some(client) = self.at(CLIENT) else {
            let message = "The conversion by webhook has no `webhook.clientConfig`.".to_owned();
            return vec![self.error(CLIENT, message, "Say in it which `service` converts.")];
        };
        let is_there = |key| client.get(key).is_some_and(|node| !node.is_null());
        let mut findings = match (is_there("url"), is_there("service")) {
            (true, false) => self.check_url(client),
            (false, true) => self.check_service(client),
            (both, _) => {
                let what = if both { "both `url` and `service`" } else { "neither `url` nor `service`" };
                let message = format!("The conversion webhook has {what}; the API server wants one of them.");
                vec![self.error(CLIENT, message, "Keep `service` where the webhook runs in the cluster, else `url`.")]
            }
        };
        findings.extend(self.check_ca_bundle());
        findings
    }

    fn check_url(&self, client: &Node) -> Vec<Finding> {
        let Some(written) = text(client, &["url"]) else { return Vec::new() };
        let why = match url::parse(written) {
            None => "cannot be read",
            Some(url) if !url.scheme.eq_ignore_ascii_case("https") => "does not start with `https://`",
            Some(url) if url.host.is_empty() => "names no host",
            Some(url) if url.user => "names a user",
            Some(url) if !url.fragment.is_empty() => "has a fragment (`#…`)",
            Some(url) if !url.query.is_empty() => "has a query (`?…`)",
            Some(_) => return Vec::new(),
        };
        let message = format!("The URL of the conversion webhook {why}.");
        vec![self.error(&["webhook", "clientConfig", "url"], message, "Write `https://<host>/<path>`.")]
    }

    fn check_service(&self, client: &Node) -> Vec<Finding> {
        let Some(service) = client.get("service").filter(|service| service.is_mapping()) else { return Vec::new() };
        let at = |key, message: String, help| self.error(&["webhook", "clientConfig", "service", key], message, help);
        let missing = ["name", "namespace"].into_iter().filter(|key| text(service, &[key]) == Some(""));
        let mut findings: Vec<Finding> = missing
            .map(|key| {
                let message = format!("The service of the conversion webhook has no `{key}`.");
                at(key, message, "Write name and namespace of the service.")
            })
            .collect();
        let port = service.get("port").and_then(Node::as_int).filter(|port| !(1..=65535).contains(port));
        findings.extend(port.map(|port| {
            let message = format!("The port of the conversion webhook is {port}; ports are 1 to 65535.");
            at("port", message, "Write the port of the service, or nothing for 443.")
        }));
        let path = text(service, &["path"]).filter(|path| !is_path(path));
        findings.extend(path.map(|path| {
            let message = format!(
                "The path `{}` of the conversion webhook must start with `/` and have only lower-case letters, digits, \
                 `-` and `.` between slashes.",
                shown(path)
            );
            at("path", message, "Write a path such as `/convert`.")
        }));
        findings
    }

    fn check_ca_bundle(&self) -> Option<Finding> {
        let path: &[&str] = &["webhook", "clientConfig", "caBundle"];
        if !is_bad(self.at(path)?) {
            return None;
        }
        let help = "Put in the certificate of the authority, or leave `caBundle` out where somebody else puts it in.";
        let full: Vec<&str> = [&["conversion"], path].concat();
        // `allowInvalidCABundle` of apiextensions' `validation.go`: only a bad one may follow a bad one.
        if let Some(old) = self.old.filter(|old| !old.spec(&full).is_some_and(is_bad)) {
            let before = old.spec(&full).filter(|bundle| bundle.as_str().is_some_and(|text| !text.is_empty()));
            let was = if before.is_some() { "there was one before" } else { "the definition had no bad one before" };
            let message = format!(
                "There is no certificate in `caBundle`, and {was}, so the API server (since Kubernetes 1.31) refuses the \
                 change, or, where Flux leaves the bad one out, nothing can be converted until a good one is put in."
            );
            return Some(self.error(path, message, help));
        }
        let message = "There is no certificate in `caBundle`: the API server (since Kubernetes 1.31) does not serve the \
                       kind until a good one is put in, and refuses the bad one from then on; Flux before 2.7 sends it.";
        let finding = warning(ID, self.definition.object, self.node.nearest(path), message);
        Some(finding.with_field(format!("spec.conversion.{}", path.join("."))).with_help(help))
    }

    fn check_review_versions(&self) -> Vec<Finding> {
        let list = self.at(REVIEW_VERSIONS);
        if list.is_some_and(|list| !list.is_sequence()) {
            return Vec::new();
        }
        let help = "Write `conversionReviewVersions: [v1]`.";
        let versions: Vec<(usize, &Node)> = list.into_iter().flat_map(Node::items).enumerate().collect();
        if versions.is_empty() {
            let message = "The conversion webhook has no `conversionReviewVersions`.".to_owned();
            return vec![self.error(REVIEW_VERSIONS, message, help)];
        }
        let mut seen = BTreeSet::new();
        let mut findings: Vec<Finding> = versions
            .iter()
            .filter_map(|(index, node)| {
                let name = if node.is_null() { "" } else { node.as_str()? };
                let what = match (seen.insert(name), is_label_1035(name)) {
                    (true, true) => return None,
                    (true, false) => "is no name of a version",
                    (false, _) => "is there twice",
                };
                let message = format!("`{}` in `conversionReviewVersions` {what}.", shown(name));
                let field = format!("spec.conversion.webhook.conversionReviewVersions[{index}]");
                Some(error(ID, self.definition.object, node, message).with_field(field).with_help(help))
            })
            .collect();
        if !recognised(list) && self.old.is_none_or(was_recognised) {
            let message = "The API server speaks `v1` and `v1beta1` with conversion webhooks; neither is listed.";
            findings.push(self.error(REVIEW_VERSIONS, message.to_owned(), help));
        }
        findings
    }
}

fn recognised(list: Option<&Node>) -> bool {
    list.into_iter().flat_map(Node::strings).any(|(name, _)| matches!(name, "v1" | "v1beta1"))
}

/// Whether the old definition had a version that the API server speaks, or none at all: then the new one needs
/// one too.
fn was_recognised(old: Definition<'_>) -> bool {
    let list = old.spec(&["conversion", "webhook", "conversionReviewVersions"]);
    list.is_none_or(|list| list.items().next().is_none()) || recognised(list)
}

fn is_bad(bundle: &Node) -> bool {
    let bytes = bundle.as_str().and_then(decode_base64);
    bytes.is_some_and(|bytes| !bytes.is_empty() && !ca_bundle::holds_certificate(&bytes))
}

fn is_path(path: &str) -> bool {
    if matches!(path, "" | "/") {
        return true;
    }
    let Some(inner) = path.strip_prefix('/') else { return false };
    inner.strip_suffix('/').unwrap_or(inner).split('/').all(is_subdomain)
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn paths_have_whole_segments() {
        for path in ["", "/", "/convert", "/a/b-c/d.e", "/a/"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["//", "///", "a", "/a//b", "/A", "/a_b", "/a//", "/-a", "/a?b"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
