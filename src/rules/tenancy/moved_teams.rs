//! What `tenancy/foreign-namespace` says of kustomizations above the teams: a namespace there is that of all objects
//! below (kustomize, `NamespaceTransformer`), whatever a team has written.

use std::collections::BTreeSet;

use super::border::{Border, team_of};
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{Kustomization, ManifestFile};
use crate::rules::{Review, Scope, shown};

/// The teams whose objects a kustomization of the platform's own moves: one finding for a namespace, with the
/// first of them.
pub(super) fn moved_teams(id: RuleId, review: &Review<'_>, file: &ManifestFile) -> Vec<Finding> {
    let Some(kustomization) = Kustomization::of(file).filter(|_| matches!(review.scope, Scope::Admin)) else {
        return Vec::new();
    };
    if team_of(review, &file.path).is_some() {
        return Vec::new();
    }
    let own = kustomization.namespace.map(|(name, node)| (name, file.location(node.start)));
    let list = file.documents.first().map(|root| file.location(root.get("resources").unwrap_or(root).start));
    // One above it wins over its own.
    let above: BTreeSet<String> =
        review.after.reaches(&file.path).into_iter().filter_map(|reach| reach.namespace).collect();
    let above = above.into_iter().filter_map(|name| Some((name, list.clone()?)));
    own.into_iter().chain(above).filter_map(|namespace| moved(id, review, file, namespace)).collect()
}

fn moved(id: RuleId, review: &Review<'_>, file: &ManifestFile, (name, place): (String, Location)) -> Option<Finding> {
    let mut paths = review.after.files_named_by(vec![file.path.clone()]).into_iter();
    let (path, team) = paths.find_map(|path| {
        let team = team_of(review, &path).filter(|team| !team.owns(&name))?;
        Some((path, team))
    })?;
    let border = Border { review, team, through: None, forced: false };
    let whose = border.stranger(&name).map(|whose| format!(", {whose}")).unwrap_or_default();
    let message = format!(
        "This puts the objects of {} ({path}), and of whoever else is below, into the namespace `{}`{whose}.",
        border.team.name,
        shown(&name)
    );
    let help = "Set the namespace in the directories whose objects it is for, not above the teams.";
    let finding = Finding::new(id, Severity::Error, place, message);
    Some(finding.with_field("namespace").with_help(help))
}
