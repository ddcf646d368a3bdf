//! What the API server asks of the metadata of every object, as far as a manifest can say it.

use super::{error, is_subdomain, text};
use crate::finding::{Finding, RuleId};
use crate::manifest::{Node, Object};
use crate::rules::shown;

/// All annotations together, keys and values.
const MOST_ANNOTATIONS: usize = 256 * 1024;

/// What is wrong in the metadata of an object besides its name. Of a new object the finalizers are looked at
/// too; later they belong to controllers.
pub(super) fn check(rule: RuleId, object: &Object, is_new: bool) -> Vec<Finding> {
    let checked = Checked { rule, object };
    let mut findings = checked.labels();
    findings.extend(checked.annotations());
    findings.extend(checked.owners());
    findings.extend(checked.managed_fields());
    if is_new {
        findings.extend(checked.finalizers());
        findings.extend(checked.generate_name());
    }
    findings
}

struct Checked<'a> {
    rule: RuleId,
    object: &'a Object,
}

impl<'a> Checked<'a> {
    fn at(&self, key: &str) -> Option<&'a Node> {
        self.object.node.at(&["metadata", key]).filter(|node| !node.is_null())
    }

    fn finding(&self, node: &Node, field: String, message: String, help: &str) -> Finding {
        error(self.rule, self.object, node, message).with_field(format!("metadata.{field}")).with_help(help)
    }

    fn labels(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (key, value) in self.at("labels").into_iter().flat_map(Node::entries) {
            let name = key.text().unwrap_or_default();
            findings.extend(self.key("labels", key, name));
            let Some(text) = value.as_str().filter(|text| !is_label_value(text)) else { continue };
            let message =
                format!("The label value `{}` must be at most 63 letters, digits, `-`, `_` and `.`.", shown(text));
            let help = "Shorten it, or make it an annotation.";
            findings.push(self.finding(value, format!("labels[{}]", shown(name)), message, help));
        }
        findings
    }

    fn annotations(&self) -> Vec<Finding> {
        let Some(annotations) = self.at("annotations") else { return Vec::new() };
        let mut findings = Vec::new();
        let mut size = 0;
        for (key, value) in annotations.entries() {
            let name = key.text().unwrap_or_default();
            findings.extend(self.key("annotations", key, name));
            size += name.len() + value.as_str().map_or(0, str::len);
        }
        if size > MOST_ANNOTATIONS {
            let message =
                format!("The annotations have {size} bytes; the API server takes at most {MOST_ANNOTATIONS}.");
            findings.push(self.finding(annotations, "annotations".to_owned(), message, "Shorten them."));
        }
        findings
    }

    /// Labels and annotations have the same keys, but that in the domain of an annotation capitals may stand.
    fn key(&self, list: &str, node: &Node, name: &str) -> Option<Finding> {
        let sound = if list == "annotations" { is_key(&name.to_lowercase()) } else { is_key(name) };
        let message = format!(
            "{} cannot be a key in `metadata.{list}`: it must be a word of at most 63 letters, digits, `-`, `_` and `.`, \
             perhaps with a domain and `/` before it.",
            if name.is_empty() { "An empty text".to_owned() } else { format!("`{}`", shown(name)) }
        );
        let help = "Write a key such as `example.org/name`.";
        (!sound).then(|| self.finding(node, format!("{list}[{}]", shown(name)), message, help))
    }

    fn owners(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut has_controller = false;
        for (index, owner) in self.at("ownerReferences").into_iter().flat_map(Node::items).enumerate() {
            let field = |key: &str| format!("ownerReferences[{index}].{key}");
            let help = "Remove `ownerReferences`: what is in Git is owned by Git.";
            for key in ["apiVersion", "kind", "name", "uid"] {
                let Some(found) = text(owner, &[key]) else { continue };
                let sound = !found.is_empty() && (key != "apiVersion" || is_api_version(found));
                if !sound {
                    let message = format!("An owner reference has no proper `{key}`.");
                    findings.push(self.finding(owner.nearest(&[key]), field(key), message, help));
                }
            }
            if text(owner, &["apiVersion"]) == Some("v1") && text(owner, &["kind"]) == Some("Event") {
                findings.push(self.finding(owner, field("kind"), "An event cannot be an owner.".to_owned(), help));
            }
            if owner.get("controller").and_then(Node::as_bool) == Some(true) {
                if has_controller {
                    let message = "Two owner references have `controller: true`; only one may.".to_owned();
                    findings.push(self.finding(owner.nearest(&["controller"]), field("controller"), message, help));
                }
                has_controller = true;
            }
        }
        findings
    }

    fn managed_fields(&self) -> Option<Finding> {
        let node = self.at("managedFields").filter(|list| list.items().next().is_some())?;
        let message = "Server-side apply, which Flux uses, refuses an object with `managedFields`.".to_owned();
        let help = "Remove `managedFields`: the API server keeps its own.";
        Some(self.finding(node, "managedFields".to_owned(), message, help))
    }

    fn finalizers(&self) -> Vec<Finding> {
        let Some(list) = self.at("finalizers") else { return Vec::new() };
        let names: Vec<(&str, &Node)> = list.strings().collect();
        let help = "Remove `finalizers`: controllers set them themselves.";
        let mut findings: Vec<Finding> = names
            .iter()
            .filter(|(name, _)| !is_key(name))
            .map(|(name, node)| {
                let message = format!("`{}` cannot be a finalizer.", shown(name));
                self.finding(node, "finalizers".to_owned(), message, help)
            })
            .collect();
        let has = |wanted| names.iter().any(|(name, _)| *name == wanted);
        if has("orphan") && has("foregroundDeletion") {
            let message = "The finalizers `orphan` and `foregroundDeletion` exclude each other.".to_owned();
            findings.push(self.finding(list, "finalizers".to_owned(), message, help));
        }
        findings
    }

    fn generate_name(&self) -> Option<Finding> {
        let written = |key| text(&self.object.node, &["metadata", key]).filter(|name| !name.is_empty());
        let (name, prefix) = (written("name")?, written("generateName")?);
        let message =
            "`generateName` is checked like the name and differs from it, so the API server refuses it.".to_owned();
        let node = self.object.node.nearest(&["metadata", "generateName"]);
        (name != prefix).then(|| self.finding(node, "generateName".to_owned(), message, "Remove `generateName`."))
    }
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_word(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = [text.bytes().next(), text.bytes().last()];
    text.len() <= 63
        && text.bytes().all(inner)
        && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
}

fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_word(text)
}

/// A word, perhaps with a domain before it: what Kubernetes calls a qualified name.
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, word)) => is_subdomain(domain) && is_word(word),
        None => is_word(text),
    }
}

/// `v1`, or a group, a slash and a version.
fn is_api_version(text: &str) -> bool {
    let mut parts = text.split('/');
    let last = parts.next_back().unwrap_or_default();
    !last.is_empty() && parts.count() <= 1
}

#[cfg(test)]
mod tests {
    use super::{is_api_version, is_key, is_label_value};

    #[test]
    fn keys_and_values_are_what_kubernetes_takes() {
        let long = "x".repeat(63);
        for key in ["a", "A.b_c-d", "example.org/name", "1/2", &long] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "/", "a/", "/a", "a/b/c", "Example.org/a", "-a", "a.", "a b", &format!("{long}x"), "ä"] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_label_value("") && is_label_value("1.2_3-A") && !is_label_value("a/b") && !is_label_value("-"));
        assert!(is_api_version("v1") && is_api_version("a/v1") && is_api_version("/v1"));
        assert!(!is_api_version("a/") && !is_api_version("a/b/c"));
    }
}
