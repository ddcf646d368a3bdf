//! A team's objects must stay in the team's own namespaces.
//!
//! # What
//! In a team's repository, reports objects that name a namespace which the team does not own, other
//! teams' and new Namespaces, a kustomization whose `namespace` (or that of a generator) is not the
//! team's, and Flux objects whose `targetNamespace` is not. In a team's directory of the admin
//! repository, reports the same where the namespace belongs to another team, to the platform, or to
//! the cluster itself (`default`, `kube-*`, `flux-system`).
//!
//! # Why
//! The namespace is the border between teams. In a team's repository such an object is refused by
//! the cluster, and the whole sync of the team fails; in the admin repository nothing refuses it.
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

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile, Node, Object, ObjectScope};
use crate::names::RepoPath;
use crate::rules::{Meta, Review, Rule, Scope};
use crate::tenancy::{Team, is_system_namespace};

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
    let team = match review.scope {
        Scope::Team(team) => Some(team),
        Scope::Admin => review.after.team_of_path(&file.path),
    };
    let Some(team) = team.filter(|_| !review.after.is_only_patch_or_data(&file.path)) else { return Vec::new() };
    let border = Border { review, team };
    let kustomization = Kustomization::of(file).map(|kustomization| border.kustomization(file, &kustomization));
    let objects = file.objects.iter().flat_map(|object| border.object(object));
    kustomization.into_iter().flatten().chain(objects).collect()
}

struct Border<'a> {
    review: &'a Review<'a>,
    team: &'a Team,
}

impl Border<'_> {
    fn kustomization(&self, file: &ManifestFile, kustomization: &Kustomization) -> Vec<Finding> {
        let named = kustomization.namespace.iter().map(|named| ("namespace", named));
        let generated = kustomization.generator_namespaces.iter().map(|named| ("configMapGenerator.namespace", named));
        named
            .chain(generated)
            .filter_map(|(field, (name, node))| {
                let (whose, help) = self.foreign(name, &file.path)?;
                let message = format!("The kustomization puts its objects into the namespace `{name}`, {whose}.");
                let finding = Finding::new(ID, Severity::Error, file.location(node.start), message);
                Some(finding.with_field(field).with_help(help))
            })
            .collect()
    }

    fn object(&self, object: &Object) -> Vec<Finding> {
        places(object, self.review)
            .filter_map(|(field, node)| {
                let name = node.text().filter(|name| !name.is_empty())?;
                let (whose, help) = self.foreign(name, &object.file)?;
                let what = match field {
                    "metadata.name" => format!("A Namespace is declared here, `{name}`, {whose}."),
                    "metadata.namespace" => format!("{} stands in the namespace `{name}`, {whose}.", object.kind),
                    _ => format!("{} puts objects into the namespace `{name}`, {whose}.", object.kind),
                };
                let finding = Finding::new(ID, Severity::Error, object.location(node), what);
                Some(finding.with_object(object.reference()).with_field(field).with_help(help))
            })
            .collect()
    }

    /// Whose a namespace is, where it is not the team's, and what mends that.
    fn foreign(&self, name: &str, file: &RepoPath) -> Option<(String, String)> {
        let whose = match self.review.scope {
            Scope::Team(team) if team.owns(name) => None,
            Scope::Team(_) => Some("which this team does not own".to_owned()),
            Scope::Admin => self.owner(name),
        }?;
        let home = self.team.namespaces.first().map_or_else(String::new, |home| format!(" (`{home}`)"));
        let help = match self.review.scope {
            Scope::Team(_) => format!("Use the team's own namespace{home}, or leave it out."),
            Scope::Admin => format!("Use the team's own namespace{home}, or move this out of {}.", file.directory()),
        };
        Some((whose, help))
    }

    /// In the admin repository: somebody else who owns the namespace.
    fn owner(&self, name: &str) -> Option<String> {
        if is_system_namespace(name) {
            return Some("which belongs to the cluster itself".to_owned());
        }
        let owners = self.review.after.owners_of_namespace(name);
        if let Some(other) = owners.into_iter().find(|owner| owner.directory != self.team.directory) {
            return Some(format!("which belongs to {}", other.name));
        }
        if self.team.owns(name) {
            return None;
        }
        let declared = self.review.after.declarations_of_namespace(name).next()?;
        Some(format!("which {declared} declares"))
    }
}

/// Where an object names a namespace that objects stand in.
fn places<'a>(object: &'a Object, review: &Review<'_>) -> impl Iterator<Item = (&'static str, &'a Node)> {
    let (group, kind) = (object.group(), object.kind.as_str());
    let cluster_wide = review.after.scope_of(group, kind) == Some(ObjectScope::Cluster);
    let flux = matches!(group, "kustomize.toolkit.fluxcd.io" | "helm.toolkit.fluxcd.io" | "helm.fluxcd.io");
    let fields: [(&'static str, [&str; 2], bool); 4] = [
        ("metadata.namespace", ["metadata", "namespace"], !cluster_wide),
        ("metadata.name", ["metadata", "name"], group.is_empty() && kind == "Namespace"),
        ("spec.targetNamespace", ["spec", "targetNamespace"], flux),
        ("spec.storageNamespace", ["spec", "storageNamespace"], flux),
    ];
    fields
        .into_iter()
        .filter(|(_, _, meant)| *meant)
        .filter_map(|(field, path, _)| Some((field, object.node.at(&path)?)))
}
