//! A definition asks for what older versions of Kubernetes do not know.
//!
//! # What
//! Reports what came with a version of Kubernetes that the cluster may not have: `selectableFields` (1.31), of
//! validation rules `messageExpression` (1.27), `reason` and `fieldPath` (1.28) and `optionalOldSelf` (1.30), the
//! functions of CEL for sets, `strings.quote` and `format` (1.30), IP addresses (1.31), named formats and reserved words
//! as names of fields, such as `self.namespace` (1.32), macros with
//! two variables (1.33), semantic versions (1.34) and lists (1.35), and the formats `k8s-short-name` and `k8s-long-name`
//! (1.35). It is judged by the version of the cluster in the configuration, or of `--kube-version`; where there is none, by
//! 1.29, the oldest of which anything is known, as a warning. What the definition asked for before the change is not told again.
//!
//! # Why
//! What it does not know, an older API server refuses with the definition, or drops without a word (a warning): then
//! nothing selects or checks. Functions work from the version after the one that brings them, because the API server
//! compiles new rules so that it could go back by one version.
//!
//! # Bad
//! ```yaml
//! x-kubernetes-validations: [{rule: isIP(self.address)}] # on Kubernetes 1.29
//! ```
//!
//! # Good
//! ```yaml
//! address: {type: string, format: ipv4}
//! ```

use std::collections::BTreeMap;

use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::since::{Fate, OF_A_RULE, OLDEST, SELECTABLE_FIELDS, Since, VALIDATIONS, of_expression, of_format};
use crate::schema::{Definition, Schema, walk};

/// `crd/newer-kubernetes`.
#[derive(Debug)]
pub struct NewerKubernetes;

const ID: RuleId = RuleId::new("crd/newer-kubernetes");

impl Rule for NewerKubernetes {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("newer_kubernetes.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).flat_map(|definition| of_definition(review, definition)).collect()
    }
}

fn of_definition(review: &Review<'_>, definition: Definition<'_>) -> Vec<Finding> {
    let asked = Asked::of(definition);
    // The cluster has taken what was there.
    let before = old_definition(review, definition.object).map(Asked::of).unwrap_or_default();
    let new = asked.places.into_iter().filter(|(since, _)| !before.places.contains_key(since));
    new.filter_map(|(since, place)| told(review, definition, since, place)).collect()
}

fn told(
    review: &Review<'_>,
    definition: Definition<'_>,
    since: Since,
    (node, field): (&Node, String),
) -> Option<Finding> {
    let version = review.kubernetes.unwrap_or(OLDEST);
    let (severity, follows) = match since.fate(version) {
        Fate::Works => return None,
        Fate::Ignored => (Severity::Warning, "takes the definition and does nothing with it"),
        // Clusters as old as that are rare: without a version it is a warning.
        Fate::Refused if review.kubernetes.is_none() => (Severity::Warning, "refuses the definition"),
        Fate::Refused => (Severity::Error, "refuses the definition"),
    };
    let (what, from) = (since.what, since.from());
    let (cluster, help) = match review.kubernetes {
        Some(version) => {
            (format!("the cluster has {version}, which {follows}"), "Leave it out until the cluster is newer.")
        }
        None => (
            format!("no version is configured for the cluster, and {OLDEST} {follows}"),
            "Write the version of the cluster as `kubernetes_version` into the configuration (`--kube-version` on the command line), or leave this out.",
        ),
    };
    let message = format!("What is written here ({what}) works from Kubernetes {from} on; {cluster}.");
    let finding = Finding { severity, ..error(ID, definition.object, node, message) };
    Some(finding.with_field(field).with_help(help))
}

/// What a definition asks of Kubernetes, each with the first place that does.
#[derive(Default)]
struct Asked<'a> {
    places: BTreeMap<Since, (&'a Node, String)>,
}

impl<'a> Asked<'a> {
    fn of(definition: Definition<'a>) -> Self {
        let mut asked = Self::default();
        for version in definition.versions() {
            let fields = version.at(&["selectableFields"]).filter(|fields| fields.items().next().is_some());
            if let Some(node) = fields {
                asked.add(SELECTABLE_FIELDS, node, || version.field("selectableFields"));
            }
            if let Some(schema) = version.schema() {
                let path = version.field("schema.openAPIV3Schema");
                walk(schema, &path, &mut |at| asked.schema(at.schema, &at.path));
            }
        }
        asked
    }

    fn schema(&mut self, schema: Schema<'a>, path: &str) {
        if let Some((since, node)) = schema.text("format").and_then(of_format).zip(schema.get("format")) {
            self.add(since, node, || format!("{path}.format"));
        }
        let rules = schema.get("x-kubernetes-validations").into_iter().flat_map(Node::items);
        for (index, rule) in rules.enumerate() {
            let field = |key: &str| format!("{path}.x-kubernetes-validations[{index}].{key}");
            self.add(VALIDATIONS, rule, || format!("{path}.x-kubernetes-validations"));
            for since in OF_A_RULE {
                if let Some(node) = rule.get(since.what).filter(|node| !node.is_null()) {
                    self.add(since, node, || field(since.what));
                }
            }
            for key in ["rule", "messageExpression"] {
                let Some(node) = rule.get(key) else { continue };
                for since in node.as_str().map(of_expression).unwrap_or_default() {
                    self.add(since, node, || field(key));
                }
            }
        }
    }

    fn add(&mut self, since: Since, node: &'a Node, field: impl FnOnce() -> String) {
        self.places.entry(since).or_insert_with(|| (node, field()));
    }
}

#[cfg(test)]
mod tests {
    use super::NewerKubernetes;
    use crate::finding::Severity;
    use crate::manifest::read;
    use crate::names::KubernetesVersion;
    use crate::rules::{Review, Rule as _, Scope, Users};
    use crate::tenancy::RepositoryIndex;

    /// What is told of a definition on a version of Kubernetes, with what is in its version and at its root.
    fn told(version: Option<u32>, (of_version, of_schema): (&str, &str)) -> Vec<Severity> {
        let text = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.org}}\n\
             spec:\n  group: example.org\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  \
             - {{name: v1, served: true, storage: true, {of_version}schema: {{openAPIV3Schema: {{type: object, {of_schema}\
             properties: {{s: {{type: string}}}}}}}}}}\n"
        );
        let files = [read("cluster/common/crd.yaml".parse().expect("a path"), text.as_bytes())];
        assert_eq!(files[0].problems, [], "{text}");
        let index = RepositoryIndex::default();
        let review = Review {
            scope: Scope::Admin,
            before: &index,
            whole_before: &index,
            after: &index,
            files: &files,
            old: &[],
            dropped: &Default::default(),
            left_out: None,
            definitions: &[],
            elsewhere: None,
            users: &Users::default(),
            trials: None,
            kubernetes: version.map(KubernetesVersion::new),
            policy: None,
            powerful_kinds: &[],
            is_built: false,
            prepared: None,
        };
        NewerKubernetes.check(&review).into_iter().map(|finding| finding.severity).collect()
    }

    #[test]
    fn the_version_of_the_cluster_decides() {
        use Severity::{Error, Warning};
        let fields = ("selectableFields: [{jsonPath: .s}], ", "");
        let rule = ("", "x-kubernetes-validations: [{rule: isIP(self.s)}], ");
        let optional = ("", "x-kubernetes-validations: [{rule: oldSelf.hasValue(), optionalOldSelf: true}], ");
        let words = ("", "x-kubernetes-validations: [{rule: 'true', messageExpression: \"'a'\", fieldPath: .s}], ");
        for (version, what, found) in [
            (Some(29), fields, vec![Error]),
            (Some(30), fields, vec![Warning]),
            (Some(31), fields, vec![]),
            (None, fields, vec![Warning]),
            (Some(30), rule, vec![Error]),
            (Some(31), rule, vec![]),
            (None, rule, vec![Warning]),
            (Some(29), optional, vec![Error]),
            (Some(30), optional, vec![]),
            (None, optional, vec![Warning]),
            (Some(29), words, vec![]),
            (None, words, vec![]),
            (Some(27), words, vec![Error]),
            (Some(24), words, vec![Error, Error, Warning]),
            (None, ("", ""), vec![]),
        ] {
            assert_eq!(told(version, what), found, "{version:?} {what:?}");
        }
    }
}
