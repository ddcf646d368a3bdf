//! With which team's rights a file is judged, and where that team ends.

use std::collections::BTreeMap;

use crate::names::RepoPath;
use crate::rules::{Review, Scope};
use crate::tenancy::{RepositoryIndex, Root, Team, is_system_namespace};

/// A file as one team's.
#[derive(Debug)]
pub(super) struct Border<'a> {
    pub(super) review: &'a Review<'a>,
    pub(super) team: Team,
    /// The team's kustomization that names the file, where that stands outside the team's directory.
    pub(super) through: Option<RepoPath>,
    /// Whether that kustomization overwrites the namespaces that are written in the file.
    pub(super) forced: bool,
}

/// The teams as whose a file is judged; none where it belongs to the platform, or where its
/// objects are not applied.
pub(super) fn borders<'a>(review: &'a Review<'a>, path: &RepoPath) -> Vec<Border<'a>> {
    if !is_applied(review, path) {
        return Vec::new();
    }
    let own = match review.scope {
        Scope::Team(team) => Some(team.clone()),
        Scope::Admin => team_of(review, path),
    };
    match own {
        Some(team) => vec![Border { review, team, through: None, forced: false }],
        None => named_from_elsewhere(review, path),
    }
}

/// The team of a path: the one that was there, because a change must not free itself from its
/// judge by taking the team away; else the one that comes.
pub(super) fn team_of(review: &Review<'_>, path: &RepoPath) -> Option<Team> {
    review.before.team_of_path(path).or_else(|| review.after.team_of_path(path))
}

/// The teams whose kustomizations name a file of nobody's directory.
fn named_from_elsewhere<'a>(review: &'a Review<'a>, path: &RepoPath) -> Vec<Border<'a>> {
    let mut borders: BTreeMap<RepoPath, Border<'a>> = BTreeMap::new();
    for reach in review.after.reaches(path) {
        let Root::Kustomization(by) = reach.root else { continue };
        let Some(team) = team_of(review, &by) else { continue };
        let forced = reach.namespace.is_some();
        let known = borders.get(&team.directory);
        if known.is_none_or(|known| known.forced && !forced) {
            borders.insert(team.directory.clone(), Border { review, team, through: Some(by), forced });
        }
    }
    borders.into_values().collect()
}

/// Whether a file's own objects may be applied. A team's repository does not say which of its
/// directories Flux applies, so only a patch beside a kustomization is surely no more than a patch.
fn is_applied(review: &Review<'_>, path: &RepoPath) -> bool {
    match review.scope {
        Scope::Admin => !review.after.is_only_patch_or_data(path),
        Scope::Team(_) => {
            !review.after.is_only_patch(path) || review.after.kustomization_of(path.directory()).is_none()
        }
    }
}

impl Border<'_> {
    /// Whose a namespace is, where it is not the team's.
    pub(super) fn stranger(&self, name: &str) -> Option<String> {
        match self.review.scope {
            Scope::Team(team) if team.owns(name) => None,
            Scope::Team(_) => Some("which this team does not own".to_owned()),
            Scope::Admin => self.owner(name),
        }
    }

    /// In the admin repository: somebody else who owns the namespace, be it before or after the
    /// change. A team cannot take what is declared elsewhere by starting to use it.
    fn owner(&self, name: &str) -> Option<String> {
        if is_system_namespace(name) {
            return Some("which belongs to the cluster itself".to_owned());
        }
        let review = self.review;
        let mut owners = [review.before, review.after].into_iter().flat_map(|index| index.owners_of_namespace(name));
        if let Some(other) = owners.find(|owner| owner.directory != self.team.directory) {
            return Some(format!("which belongs to {}", other.name));
        }
        let own = |path: &RepoPath| team_of(review, path).is_some_and(|team| team.directory == self.team.directory);
        if self.team.owns(name) || review.after.declarations_of_namespace(name).any(|path| own(&path)) {
            return None;
        }
        let declarations = |index: &'_ RepositoryIndex| index.declarations_of_namespace(name).next();
        let declared = declarations(review.after).or_else(|| declarations(review.before))?;
        Some(format!("which {declared} declares"))
    }

    /// What mends an object outside the team's namespaces.
    pub(super) fn help(&self, file: &RepoPath) -> String {
        let home = self.team.namespaces.first().map_or_else(String::new, |home| format!(" (`{home}`)"));
        match (&self.review.scope, &self.through) {
            (Scope::Team(_), _) => format!("Use the team's own namespace{home}, or leave it out."),
            (Scope::Admin, None) => {
                format!("Use the team's own namespace{home}, or move this out of {}.", file.directory())
            }
            (Scope::Admin, Some(by)) => format!("Use the team's own namespace{home}, or do not name this in {by}."),
        }
    }
}
