//! What reaches what: which kustomizations name a file, and what they do to it.

use std::collections::BTreeSet;

use crate::manifest::{EntryRole, is_kustomization};
use crate::names::RepoPath;
use crate::rbac::Labels;

use super::builds::Way;
use super::stored::{ROLES, list};
use super::{KustomizationSummary, Layout, RepositoryIndex, SummaryEntry};

/// Where an admin repository keeps templates of its own, which are no objects yet.
pub const TEMPLATES: &str = ".bailiwick/templates";

/// How many steps up are followed: kustomizations may name each other in circles.
pub(super) const MAXIMUM_STEPS: usize = 1000;

/// How many labels that are carried along cost as much as a step.
const LABELS_OF_A_STEP: usize = 100;

/// Something that applies a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// A kustomization that names it, directly or through others.
    Kustomization(RepoPath),
    /// Flux itself, which takes every manifest below a directory (empty for the repository's
    /// root) that has no kustomization.
    Scan(String),
}

/// One way in which a file is applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// By what.
    pub root: Root,
    /// The namespace that kustomizations on the way put into its objects.
    pub namespace: Option<String>,
    /// What those on the way put before its objects' names.
    pub prefix: String,
    /// What they put behind them.
    pub suffix: String,
    /// The labels that they put on its objects.
    pub labels: Labels,
}

impl Reach {
    /// Whether names are changed on the way.
    pub fn renames(&self) -> bool {
        !self.prefix.is_empty() || !self.suffix.is_empty()
    }

    /// The way with one more kustomization at its end.
    fn through(&self, by: &RepoPath, summary: Option<KustomizationSummary>) -> Self {
        let Self { namespace, prefix, suffix, mut labels, .. } = self.clone();
        let mut summary = summary.unwrap_or_default();
        // What stands above is put over what was there.
        labels.append(&mut summary.labels);
        let Way { namespace, prefix, suffix } = Way { namespace, prefix, suffix }.through(summary);
        Self { root: Root::Kustomization(by.clone()), namespace, prefix, suffix, labels }
    }
}

/// A directory and those above it, down to the repository's root (empty).
pub(super) fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| {
        (!directory.is_empty()).then(|| directory.rsplit_once('/').map_or("", |(above, _)| above))
    })
}

/// Directories that source-controller leaves out wherever they are
/// (<https://fluxcd.io/flux/components/source/gitrepositories/#default-exclusions>).
const LEFT_OUT_DIRECTORIES: [&str; 3] = [".git", ".github", ".circleci"];

/// Names that it leaves out, of files and of directories.
const LEFT_OUT_NAMES: [&str; 13] = [
    ".gitignore",
    ".gitmodules",
    ".gitattributes",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    ".goreleaser.yml",
    ".sops.yaml",
    ".flux.yaml",
];

/// Endings that it leaves out, of files and of directories.
const LEFT_OUT_ENDINGS: [&str; 8] = [".jpg", ".jpeg", ".gif", ".png", ".wmv", ".flv", ".tar.gz", ".zip"];

pub(super) fn is_left_out_by_default(path: &RepoPath) -> bool {
    let by_name = |part: &str| LEFT_OUT_NAMES.contains(&part) || LEFT_OUT_ENDINGS.iter().any(|end| part.ends_with(end));
    path.as_str().split('/').any(by_name)
        || path.directory().split('/').any(|part| LEFT_OUT_DIRECTORIES.contains(&part))
}

impl RepositoryIndex {
    /// The kustomizations that name a path as it stands (a file, or a directory), and in which role.
    pub fn referrers_of(&self, path: &RepoPath) -> impl Iterator<Item = (RepoPath, EntryRole)> {
        ROLES.into_iter().flat_map(|role| self.referrers(path, role).map(move |by| (by, role)))
    }

    /// The entries of kustomizations that name a path as it stands.
    pub fn named_by<'a>(&'a self, path: &'a RepoPath) -> impl Iterator<Item = (RepoPath, SummaryEntry)> + use<'a> {
        let in_role = |role| self.entries_for(path, role).map(move |(by, behind)| (by, behind, role));
        let mut places: Vec<_> = ROLES.into_iter().flat_map(in_role).collect();
        // What stands earlier has more behind it.
        places.sort_by_key(|(by, behind, _)| (by.path_text(), std::cmp::Reverse(behind.len())));
        places.into_iter().map(|(by, behind, role)| (by.path(), by.entry_behind((path, role), behind)))
    }

    /// What names a file: the file itself, or its directory where it is a kustomization.
    fn named_with_directory(&self, path: &RepoPath) -> Vec<(RepoPath, EntryRole)> {
        let directory = path.parent().filter(|_| is_kustomization(path));
        let targets = std::iter::once(path.clone()).chain(directory);
        let names = targets.flat_map(|target| self.referrers_of(&target).collect::<Vec<_>>());
        names.filter(|(by, _)| by != path).collect()
    }

    /// The files below the kustomizations, and those of Flux, that put their objects into a namespace.
    pub fn files_forced_into(&self, namespace: &str) -> BTreeSet<RepoPath> {
        let (list, key) = (list::FORCING, namespace.as_bytes());
        self.files_changed_by(list, key, |sync| sync.target_namespace.as_deref() == Some(namespace))
    }

    /// The files that kustomizations name, directly or through others.
    pub fn files_named_by(&self, kustomizations: Vec<RepoPath>) -> BTreeSet<RepoPath> {
        let mut seen = BTreeSet::new();
        let mut waiting = kustomizations;
        while let Some(path) = waiting.pop() {
            let Some(summary) = self.file(&path) else { continue };
            let resources = summary.entries().filter(|entry| entry.role == EntryRole::Resource);
            for target in resources.filter_map(|entry| entry.target) {
                let below = self.kustomization_of(target.as_str()).unwrap_or(target);
                if seen.insert(below.clone()) {
                    waiting.push(below);
                }
            }
        }
        seen
    }

    /// Whether what stands in a file is meant as objects: no patches, no data, nothing that Flux never applies.
    pub fn holds_whole_objects(&self, path: &RepoPath) -> bool {
        !self.is_only_patch_or_data(path) && !self.is_foreign_to_flux(path)
    }

    /// Whether a file is a template that nothing applies: no kustomization but of templates names it in any role,
    /// directly or through others, and Flux does not take it by itself.
    pub fn is_template(&self, path: &RepoPath) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            let inside = path.below(TEMPLATES).is_some() && self.scanned_from(&path).is_none();
            if !inside || seen.len() > MAXIMUM_STEPS {
                return false;
            }
            if seen.insert(path.clone()) {
                waiting.extend(self.named_with_directory(&path).into_iter().map(|(by, _)| by));
            }
        }
        true
    }

    /// Whether a kustomization above a file patches anything: what is missing in the file may come from there.
    pub fn is_patched(&self, path: &RepoPath) -> bool {
        self.reaches(path).into_iter().any(|reach| match reach.root {
            Root::Kustomization(path) => self.file(&path).is_some_and(|file| file.patches()),
            Root::Scan(_) => false,
        })
    }

    /// Whether a kustomization names this file (or, for a kustomization, its directory) in any role.
    pub fn is_named(&self, path: &RepoPath) -> bool {
        !self.named_with_directory(path).is_empty()
    }

    /// Whether a file only changes other objects or feeds a generator, so that its own objects
    /// are not applied: it is named, never as a resource, and Flux does not take it by itself.
    pub fn is_only_patch_or_data(&self, path: &RepoPath) -> bool {
        let names = self.named_with_directory(path);
        !names.is_empty() && names.iter().all(|(_, role)| *role != EntryRole::Resource) && !self.is_scanned(path)
    }

    /// Whether a file only changes other objects: it is named, never but as a patch, and Flux does
    /// not take it by itself.
    pub fn is_only_patch(&self, path: &RepoPath) -> bool {
        let names = self.named_with_directory(path);
        !names.is_empty() && names.iter().all(|(_, role)| *role == EntryRole::Patch) && !self.is_scanned(path)
    }

    /// Whether Flux has nothing to do with a path that no kustomization names: one that its
    /// source-controller leaves out by default, or a part of a Helm chart (a directory with a
    /// `Chart.yaml`) that Flux does not take by itself. Where it does, a chart is no exception.
    pub fn is_foreign_to_flux(&self, path: &RepoPath) -> bool {
        let in_chart = || {
            ancestors(path.directory()).any(|directory| {
                RepoPath::resolve(directory, "Chart.yaml").is_some_and(|chart| self.contains_file(&chart))
            })
        };
        self.is_left_out(path) || in_chart() && !self.is_scanned(path)
    }

    /// The nearest directory at or above `directory` that holds a kustomization.
    pub fn kustomization_above(&self, directory: &str) -> Option<RepoPath> {
        ancestors(directory).find_map(|directory| self.kustomization_of(directory))
    }

    /// Every way in which a file is applied: each kustomization above it, and Flux's own scan; as many as are followed
    /// ([`RepositoryIndex::has_more_reaches`]).
    pub fn reaches(&self, path: &RepoPath) -> BTreeSet<Reach> {
        self.followed(path).0
    }

    /// Whether there are more ways than [`RepositoryIndex::reaches`] follows.
    pub fn has_more_reaches(&self, path: &RepoPath) -> bool {
        !self.followed(path).1
    }

    /// The ways, and whether they are all.
    fn followed(&self, path: &RepoPath) -> (BTreeSet<Reach>, bool) {
        let mut found = BTreeSet::new();
        let start = Reach {
            root: Root::Kustomization(path.clone()),
            namespace: None,
            prefix: String::new(),
            suffix: String::new(),
            labels: Labels::new(),
        };
        let mut waiting = vec![(path.clone(), start)];
        let mut steps = 0;
        while let Some((path, way)) = waiting.pop() {
            steps += 1 + way.labels.len() / LABELS_OF_A_STEP;
            let above: Vec<_> =
                self.named_with_directory(&path).into_iter().filter(|(_, role)| *role == EntryRole::Resource).collect();
            if steps > MAXIMUM_STEPS {
                return (found, false);
            }
            if above.is_empty() {
                let root = self.scanned_from(&path).map(Root::Scan);
                found.extend(root.map(|root| Reach { root, ..way.clone() }));
            }
            for (by, _) in above {
                let reach = way.through(&by, self.file(&by).and_then(|file| file.kustomization()));
                if found.insert(reach.clone()) {
                    waiting.push((by, reach));
                }
            }
        }
        (found, true)
    }

    /// Whether Flux takes a file by itself, be it named or not: no kustomization above decides.
    pub fn is_scanned(&self, path: &RepoPath) -> bool {
        let directory = path.directory();
        let above = if is_kustomization(path) { ancestors(directory).nth(1) } else { Some(directory) };
        let decided = above.and_then(|above| self.kustomization_above(above));
        let sync = ancestors(directory).find(|directory| self.is_flux_path(directory));
        match (decided, sync) {
            (None, _) => true,
            // A Flux `Kustomization` starts below the one that would decide.
            (Some(decided), Some(sync)) => decided.below(sync).is_none(),
            (Some(_), None) => false,
        }
    }

    /// The directory from which Flux takes a file that no kustomization names.
    pub(super) fn scanned_from(&self, path: &RepoPath) -> Option<String> {
        if !self.is_synced(path) || !self.is_scanned(path) {
            return None;
        }
        let sync = ancestors(path.directory()).find(|directory| self.is_flux_path(directory));
        Some(sync.map_or_else(|| self.default_root(path), str::to_owned))
    }

    fn default_root(&self, path: &RepoPath) -> String {
        match self.layout() {
            Layout::Cluster(cluster) => cluster.as_str().to_owned(),
            Layout::Environments => path.as_str().splitn(3, '/').take(2).collect::<Vec<_>>().join("/"),
            // Which directory of a team's repository Flux applies is said elsewhere.
            Layout::Unknown => path.directory().to_owned(),
        }
    }
}
