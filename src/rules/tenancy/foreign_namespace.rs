//! A team's objects must stay in the team's own namespaces.
//!
//! # What
//! In a team's repository, reports objects that name a namespace which the team does not own, other
//! teams' and new Namespaces, a kustomization whose `namespace` (or that of a generator) is not the
//! team's, Flux objects whose `targetNamespace` or source is in another namespace, and Flux objects
//! without a service account. In a team's directory of the admin repository, and in what the team's
//! kustomizations name elsewhere, reports the same where the namespace belongs to another team, to
//! the platform, or to the cluster itself (`default`, `kube-*`, `flux-system`). What a team owned
//! before the change counts as well. There a missing service account is a warning, and two teams
//! with one repository are an error.
//!
//! # Why
//! The namespace is the border between teams. In a team's repository such an object is refused by
//! the cluster, and the whole sync of the team fails; in the admin repository nothing refuses it.
//! Flux applies an object without a service account with its own rights, and those have no border.
//!
//! # Bad
//! ```yaml
//! # in the repository of team1
//! kind: ConfigMap
//! metadata:
//!   name: settings
//!   namespace: team2
//! ```
//!
//! # Good
//! ```yaml
//! kind: ConfigMap
//! metadata:
//!   name: settings
//!   namespace: team1
//! ```

use super::border::{Border, borders};
use super::flux_objects::{SOURCES, shared_repository, without_account};
use super::moved_teams::moved_teams;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile, Node, Object, ObjectScope};
use crate::rules::{Meta, Review, Rule, Scope, shown};
use crate::tenancy::is_system_namespace;

/// `tenancy/foreign-namespace`.
#[derive(Debug)]
pub struct ForeignNamespace;

const ID: RuleId = RuleId::new("tenancy/foreign-namespace");

impl Rule for ForeignNamespace {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("foreign_namespace.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        review.files.iter().flat_map(|file| check_file(review, file)).collect()
    }
}

fn check_file(review: &Review<'_>, file: &ManifestFile) -> Vec<Finding> {
    let mut findings: Vec<Finding> = shared_repository(ID, review, file).into_iter().collect();
    findings.extend(moved_teams(ID, review, file));
    for border in borders(review, &file.path) {
        if let Some(kustomization) = Kustomization::of(file) {
            findings.extend(border.kustomization(file, &kustomization));
        }
        for object in &file.objects {
            findings.extend(border.object(object));
            findings.extend(without_account(ID, &border, object));
        }
    }
    findings
}

impl Border<'_> {
    fn kustomization(&self, file: &ManifestFile, kustomization: &Kustomization) -> Vec<Finding> {
        let named = kustomization.namespace.iter().map(|named| ("namespace", named));
        let generated = kustomization.generator_namespaces.iter().map(|named| ("configMapGenerator.namespace", named));
        named
            .chain(generated)
            .filter(|_| !self.forced)
            .filter_map(|(field, (name, node))| {
                let whose = self.stranger(name)?;
                let message =
                    format!("The kustomization puts its objects into the namespace `{}`, {whose}.", shown(name));
                let finding = Finding::new(ID, Severity::Error, file.location(node.start), message);
                Some(finding.with_field(field).with_help(self.help(&file.path)))
            })
            .collect()
    }

    fn object(&self, object: &Object) -> Vec<Finding> {
        places(object, self.review)
            .filter(|(field, _)| !self.forced || *field != "metadata.namespace")
            .filter_map(|(field, node)| {
                let name = node.text().filter(|name| !name.is_empty())?;
                if self.is_shared_source(field, name) {
                    return None;
                }
                let whose = self.stranger(name)?;
                let kind = shown(&object.kind);
                let name = shown(name);
                let what = match field {
                    "metadata.name" => format!("A Namespace is declared here, `{name}`, {whose}."),
                    "metadata.namespace" => format!("{kind} stands in the namespace `{name}`, {whose}."),
                    "spec.targetNamespace" | "spec.storageNamespace" => {
                        format!("{kind} puts objects into the namespace `{name}`, {whose}.")
                    }
                    _ => format!("{kind} takes its source from the namespace `{name}`, {whose}."),
                };
                let finding = Finding::new(ID, Severity::Error, object.location(node), what);
                Some(finding.with_object(object.reference()).with_field(field).with_help(self.help(&object.file)))
            })
            .collect()
    }

    /// The admins may give a team a source of the platform's own.
    fn is_shared_source(&self, field: &str, name: &str) -> bool {
        let admin = matches!(self.review.scope, Scope::Admin);
        admin && is_system_namespace(name) && SOURCES.iter().any(|(source, _)| *source == field)
    }
}

/// Where an object names a namespace that objects stand in or come from.
fn places<'a>(object: &'a Object, review: &Review<'_>) -> impl Iterator<Item = (&'static str, &'a Node)> {
    let (group, kind) = (object.group(), object.kind.as_str());
    let cluster_wide = review.scope_of(group, kind) == Some(ObjectScope::Cluster);
    let flux = group.ends_with(".toolkit.fluxcd.io") || group == "helm.fluxcd.io";
    let fields: [(&'static str, &'static [&'static str], bool); 4] = [
        ("metadata.namespace", &["metadata", "namespace"], !cluster_wide),
        ("metadata.name", &["metadata", "name"], group.is_empty() && kind == "Namespace"),
        ("spec.targetNamespace", &["spec", "targetNamespace"], flux),
        ("spec.storageNamespace", &["spec", "storageNamespace"], flux),
    ];
    let sources = SOURCES.into_iter().map(move |(field, path)| (field, path, flux));
    fields
        .into_iter()
        .chain(sources)
        .filter(|(_, _, meant)| *meant)
        .filter_map(|(field, path, _)| Some((field, object.node.at(path)?)))
}
