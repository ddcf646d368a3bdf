//! What in a repository makes roles that no file of it has: Helm releases, and what kustomize fetches from elsewhere.

use crate::finding::Location;
use crate::manifest::{EntryPlace, EntryRole};
use crate::names::RepoPath;
use crate::rbac::{Key, Scope};
use crate::rules::{Review, shown};
use crate::tenancy::Team;

/// Kinds whose objects install a chart: of Flux (helm-controller, and the operator of Flux v1), and of K3s
/// (<https://docs.k3s.io/add-ons/helm>).
const RELEASES: [(&str, &str); 3] =
    [("helm.toolkit.fluxcd.io", "HelmRelease"), ("helm.fluxcd.io", "HelmRelease"), ("helm.cattle.io", "HelmChart")];

/// All of them in one repository.
#[derive(Debug)]
pub(super) struct Makers(Vec<Maker>);

/// So many are held against each role.
const LOOKED_AT: usize = 1_000;

#[derive(Debug)]
struct Maker {
    words: String,
    /// The release's name; nothing of what is fetched.
    name: String,
    /// The teams whose namespace it is in; it is the cluster's where there are none.
    teams: Vec<Team>,
    at: Location,
}

impl Makers {
    /// Finds them among what Flux may apply.
    pub(super) fn of(review: &Review<'_>) -> Self {
        let index = review.after;
        let mut all = Vec::new();
        let teams = |namespace: Option<&str>| namespace.map(|one| index.owners_of_namespace(one)).unwrap_or_default();
        for file in index.files() {
            if all.len() >= LOOKED_AT {
                break;
            }
            let path = file.path();
            let at = |line| Location { file: path.clone(), line, column: 1 };
            let before = all.len();
            for object in file.objects().filter(|object| is_release(&object.id.group, &object.id.kind)) {
                let (name, namespace) = (object.id.name, object.id.namespace);
                let place = namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
                let words = format!("{} `{}`", object.id.kind, shown(&format!("{place}{name}")));
                all.push(Maker { words, name, teams: teams(namespace.as_deref()), at: at(object.line) });
            }
            let fetched =
                file.entries().filter(|entry| entry.place == EntryPlace::Remote && entry.role == EntryRole::Resource);
            for entry in fetched {
                let teams = teams(file.kustomization().and_then(|it| it.namespace).as_deref());
                let words = format!("what is fetched from `{}`", shown(&entry.text));
                all.push(Maker { words, name: String::new(), teams, at: at(entry.position.line) });
            }
            if all.len() > before && !is_applied(review, &path) {
                all.truncate(before);
            }
        }
        Self(all)
    }

    /// Which of them may make a role, in words: one whose name is part of the role's or the other way round, as charts
    /// name things, or else one of them all.
    pub(super) fn of_role(&self, role: &Key) -> Option<String> {
        let able: Vec<&Maker> = self.0.iter().filter(|maker| maker.may_make(role)).collect();
        let fits = |maker: &&&Maker| {
            !maker.name.is_empty() && (role.name.contains(&maker.name) || maker.name.contains(&role.name))
        };
        let placed = |maker: &Maker| format!("{} ({}:{})", maker.words, maker.at.file, maker.at.line);
        // The longest says most.
        match (able.iter().filter(fits).max_by_key(|maker| maker.name.len()), able.as_slice()) {
            (Some(maker), _) => Some(placed(maker)),
            (None, []) => None,
            (None, [only]) => Some(placed(only)),
            (None, [first, others @ ..]) => Some(format!("{} or one of {} others", placed(first), others.len())),
        }
    }
}

impl Maker {
    /// What a team's own namespace holds is applied with the team's rights, which end there.
    fn may_make(&self, role: &Key) -> bool {
        self.teams.is_empty()
            || match &role.scope {
                Scope::Cluster => false,
                Scope::Namespace(namespace) => self.teams.iter().any(|team| team.owns(namespace)),
            }
    }
}

fn is_release(group: &str, kind: &str) -> bool {
    RELEASES.contains(&(group, kind))
}

fn is_applied(review: &Review<'_>, path: &RepoPath) -> bool {
    review.is_synced(path) || review.after.is_named(path)
}
