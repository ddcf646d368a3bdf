//! What is cluster-wide belongs into the common directory.
//!
//! # What
//! Reports cluster-wide objects (CRDs, ClusterRoles, webhooks and so on) in a team's directory of
//! the admin repository, and anywhere in a team's repository. A team's own Namespace may stand in
//! its directory, and for Flux v1 so may the ClusterRoleBindings of the team's own service accounts.
//! A ClusterRole or PodSecurityPolicy that carries the team's name, and a ClusterRoleBinding of the
//! team's own service accounts, give a warning, as does a cluster-wide object elsewhere that a
//! team's kustomization names. Directories of the platform, such as `cluster/gatekeeper`, are not
//! meant. In a team's repository, a kind of which nobody knows whether it is cluster-wide gives a
//! note where no namespace is written.
//!
//! CRDs, ClusterRoles and ClusterRoleBindings of a team's pull request are proposed in the admin repository by the
//! comment `/promote`.
//!
//! # Why
//! A cluster-wide object touches every team, so every team's admins should see it in one place. In
//! a team's repository it fails: Flux applies it with the team's rights, and those end at the namespace.
//!
//! # Bad
//! ```yaml
//! # cluster/team1/crds.yaml
//! apiVersion: apiextensions.k8s.io/v1
//! kind: CustomResourceDefinition
//! ```
//!
//! # Good
//! ```yaml
//! # cluster/common/crds.yaml
//! apiVersion: apiextensions.k8s.io/v1
//! kind: CustomResourceDefinition
//! ```

use super::border::{Border, borders};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{ManifestFile, Node, Object, ObjectScope};
use crate::names::Engine;
use crate::rules::{Meta, Review, Rule, Scope, shown};
use crate::scaffold::promote::is_promotable;
use crate::tenancy::Team;

/// `tenancy/cluster-object-outside-common`.
#[derive(Debug)]
pub struct ClusterObjectOutsideCommon;

const ID: RuleId = RuleId::new("tenancy/cluster-object-outside-common");

impl Rule for ClusterObjectOutsideCommon {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("cluster_object_outside_common.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        review.files.iter().flat_map(|file| check_file(review, file)).collect()
    }
}

fn check_file(review: &Review<'_>, file: &ManifestFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for border in borders(review, &file.path) {
        for object in &file.objects {
            findings.extend(match (review.scope, review.scope_of(object.group(), &object.kind)) {
                (_, Some(ObjectScope::Namespaced)) | (Scope::Admin, None) => None,
                (Scope::Team(team), Some(ObjectScope::Cluster)) => in_team_repository(object, team),
                (Scope::Team(_), None) => of_unknown_scope(object),
                (Scope::Admin, Some(ObjectScope::Cluster)) => in_admin_repository(object, &border),
            });
        }
    }
    findings
}

fn in_team_repository(object: &Object, team: &Team) -> Option<Finding> {
    let severity = match is_namespace(object) {
        // Of a foreign one `tenancy/foreign-namespace` speaks.
        true if !team.owns(&object.name) => return None,
        true => Severity::Warning,
        false => Severity::Error,
    };
    let message = format!(
        "{} is cluster-wide, and a team's repository may hold only what lives in its namespace.",
        shown(&object.kind)
    );
    let help = if is_promotable(object.group(), &object.kind) {
        "Comment `/promote` on the pull request to propose it in the admin repository, in `cluster/common`, and remove it here."
    } else {
        "Propose it in the admin repository, in `cluster/common`, and remove it here."
    };
    Some(finding(object, severity, message).with_help(help))
}

fn of_unknown_scope(object: &Object) -> Option<Finding> {
    if object.namespace.is_some() || object.node.at(&["metadata", "name"]).is_none() {
        return None;
    }
    let message =
        format!("Nobody here knows whether {} is cluster-wide, which a team may not apply.", shown(&object.kind));
    Some(finding(object, Severity::Note, message).with_help("Write `namespace:` where the kind lives in one."))
}

fn in_admin_repository(object: &Object, border: &Border<'_>) -> Option<Finding> {
    let (team, common) = (&border.team, border.review.after.layout().common());
    let help = format!("Move it to `{common}`, where all teams see it.");
    let kind = shown(&object.kind);
    let Some(by) = &border.through else {
        let message = format!("{kind} is cluster-wide, but stands in the directory of {}.", team.name);
        return Some(finding(object, severity(object, team)?, message).with_help(help));
    };
    severity(object, team).filter(|_| object.file.below(&common).is_none())?;
    let message = format!("{kind} is cluster-wide, but {by} names it, which belongs to {}.", team.name);
    Some(finding(object, Severity::Warning, message).with_help(help))
}

/// How bad the object is in this team's directory; nothing where it may stand there.
fn severity(object: &Object, team: &Team) -> Option<Severity> {
    match object.kind.as_str() {
        "Namespace" => None,
        "ClusterRoleBinding" if binds_only(object, team) => {
            // A Flux v1 daemon has to list CRDs and namespaces, and cannot without one.
            (team.engine == Engine::FluxV2).then_some(Severity::Warning)
        }
        "ClusterRole" | "PodSecurityPolicy" if carries_name(&object.name, team.name.as_str()) => {
            Some(Severity::Warning)
        }
        _ => Some(Severity::Error),
    }
}

/// Whether all subjects are service accounts of the team's own namespaces.
fn binds_only(object: &Object, team: &Team) -> bool {
    let subjects = object.node.get("subjects");
    let own = |subject: &Node| {
        let text = |key| subject.get(key).and_then(Node::as_str);
        text("kind") == Some("ServiceAccount") && text("namespace").is_some_and(|namespace| team.owns(namespace))
    };
    subjects.is_some_and(|subjects| subjects.items().next().is_some() && subjects.items().all(own))
}

fn carries_name(name: &str, team: &str) -> bool {
    let joint = |character: Option<char>| character.is_none_or(|character| "-.:".contains(character));
    name.match_indices(team)
        .any(|(at, _)| joint(name[..at].chars().next_back()) && joint(name[at + team.len()..].chars().next()))
}

fn is_namespace(object: &Object) -> bool {
    object.group().is_empty() && object.kind == "Namespace"
}

fn finding(object: &Object, severity: Severity, message: String) -> Finding {
    let node = object.node.get("kind").unwrap_or(&object.node);
    Finding::new(ID, severity, object.location(node), message).with_object(object.reference()).with_field("kind")
}
