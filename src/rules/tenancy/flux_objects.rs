//! What `tenancy/foreign-namespace` says of Flux' own objects: whose rights they use, and whose
//! repository.

use super::border::Border;
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{ManifestFile, Node, Object};
use crate::rules::{Review, Scope, shown};
use crate::tenancy::{RepositoryIndex, Team, TeamSource};

/// Where an object of Flux names the namespace of a source. `dependsOn` is not among them: it
/// only waits.
pub(super) const SOURCES: [(&str, &[&str]); 4] = [
    ("spec.sourceRef.namespace", &["spec", "sourceRef", "namespace"]),
    ("spec.chart.spec.sourceRef.namespace", &["spec", "chart", "spec", "sourceRef", "namespace"]),
    ("spec.chartRef.namespace", &["spec", "chartRef", "namespace"]),
    ("spec.imageRepositoryRef.namespace", &["spec", "imageRepositoryRef", "namespace"]),
];

/// Without a service account Flux' controllers apply an object with their own rights, which are
/// usually those of cluster-admin (<https://fluxcd.io/flux/components/kustomize/kustomizations/#service-account-reference>).
pub(super) fn without_account(id: RuleId, border: &Border<'_>, object: &Object) -> Option<Finding> {
    let in_team = matches!(border.review.scope, Scope::Team(_));
    let applies = match object.group() {
        "kustomize.toolkit.fluxcd.io" => object.kind == "Kustomization",
        "helm.toolkit.fluxcd.io" => in_team && object.kind == "HelmRelease",
        // The Flux operator's (fluxoperator.dev/docs/crd/resourceset, "Role-based access control").
        "fluxcd.controlplane.io" => in_team && matches!(object.kind.as_str(), "ResourceSet" | "FluxInstance"),
        _ => false,
    };
    let account = object.node.at(&["spec", "serviceAccountName"]).and_then(Node::as_str);
    if !applies || account.is_some_and(|account| !account.is_empty()) || border.review.after.is_only_patch(&object.file)
    {
        return None;
    }
    let severity = if in_team { Severity::Error } else { Severity::Warning };
    let kind = shown(&object.kind);
    let message = format!(
        "{kind} names no service account, so Flux applies it with its own rights, beyond {}.",
        border.team.name
    );
    let own = border.team.sync.as_ref().and_then(|sync| sync.service_account.as_deref());
    let account = own.map_or_else(|| "<the team's account>".to_owned(), shown);
    let node = object.node.get("spec").unwrap_or(&object.node);
    let finding = Finding::new(id, severity, object.location(node), message).with_object(object.reference());
    Some(finding.with_field("spec.serviceAccountName").with_help(format!("Add `serviceAccountName: {account}`.")))
}

/// In the admin repository: a team that newly takes its manifests from another team's repository.
pub(super) fn shared_repository(id: RuleId, review: &Review<'_>, file: &ManifestFile) -> Option<Finding> {
    let team = review.after.team_of_path(&file.path).filter(|_| matches!(review.scope, Scope::Admin))?;
    let source = team.source.as_ref().filter(|source| source.file == file.path)?;
    if same_team(review.before, &team).is_some_and(|before| same_repository(&before, &team)) {
        return None;
    }
    let repository = team.repository.as_ref()?;
    let mut teams = [review.before, review.after].into_iter().flat_map(|index| index.teams_of_repository(repository));
    let other = teams.find(|other| other.directory != team.directory)?;
    let message = format!("Two teams name one repository: {repository} is {}'s already.", other.name);
    let finding = Finding::new(id, Severity::Error, place_of_source(file, source)?, message).with_field("spec.url");
    Some(finding.with_help(format!("Give {} a repository of its own.", team.name)))
}

/// Where a file says which repository a team's source is.
pub(super) fn place_of_source(file: &ManifestFile, source: &TeamSource) -> Option<Location> {
    let object = file.objects.iter().find(|object| object.kind == source.kind && object.name == source.name);
    let node = object.map(|object| object.node.at(&["spec", "url"]).unwrap_or(&object.node));
    Some(file.location(node.or_else(|| file.documents.first()).map(|node| node.start)?))
}

pub(super) fn same_team(index: &RepositoryIndex, team: &Team) -> Option<Team> {
    index.team(team.name.as_str()).filter(|same| same.directory == team.directory)
}

/// GitHub ignores case in the names of repositories.
pub(super) fn same_repository(one: &Team, other: &Team) -> bool {
    let (Some(one), Some(other)) = (&one.repository, &other.repository) else { return false };
    one.as_str().eq_ignore_ascii_case(other.as_str())
}
