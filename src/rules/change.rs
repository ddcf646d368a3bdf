//! A change, put together for the judge: the files that differ, and those that Flux applies only
//! since the change, although they are the same as before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::engine::judge_policy;
use super::users::touched;
use super::waiver::content;
use super::{
    Candidate, Elsewhere, JudgedPolicy, Judgement, ObjectChange, OwnPolicy, Policy, Prepared, Review, RightMoved,
    RightsDifference, Scope, TeamUsers, Trials, Users, judge, objects, rights, trials,
};
use crate::finding::{Location, ObjectRef};
use crate::manifest::{ManifestFile, is_manifest, is_source_ignore};
use crate::names::{KubernetesVersion, RepoPath, RepositoryName};
use crate::schema::is_definition;
use crate::tenancy::{Difference, FileSummary, LeftOut, Newly, ObjectId, RepositoryIndex, Team};

/// How somebody sees a change: a cluster that applies one path of the repository, or a team's.
#[derive(Debug, Clone)]
pub struct View {
    /// The repository before.
    pub before: RepositoryIndex,
    /// The repository after.
    pub after: RepositoryIndex,
    /// The directories that Flux starts from; `None` where the layout says it.
    pub roots: Option<Vec<String>>,
    /// The version of Kubernetes, where it is known.
    pub kubernetes: Option<KubernetesVersion>,
}

/// What differs.
#[derive(Debug, Default)]
pub struct Changed {
    /// The manifests that are new or changed, as they will be.
    pub files: Vec<ManifestFile>,
    /// The manifests that are changed or deleted, as they were. Where else definitions stood is found without it.
    pub old: Vec<ManifestFile>,
    /// Every path that differs, manifest or not.
    pub paths: BTreeSet<RepoPath>,
}

/// A change that can be judged, by each of its views.
#[derive(Debug)]
pub struct Change {
    pub(super) views: Vec<View>,
    /// What stood in the repository, by the views.
    pub(super) whole_before: Vec<RepositoryIndex>,
    pub(super) files: Vec<ManifestFile>,
    old: Vec<ManifestFile>,
    pub(super) definitions: Vec<ManifestFile>,
    /// By the numbers of the views.
    elsewhere: BTreeMap<usize, Elsewhere>,
    users: Users,
    /// By the numbers of the views.
    trials: BTreeMap<usize, Trials>,
    /// By the views.
    dropped: Vec<Newly>,
    /// By the views.
    left_out: Vec<LeftOut>,
    reached: BTreeMap<RepoPath, Option<Location>>,
}

impl Change {
    /// The change of these manifests. `read` gives a file as it will be, and is asked for what Flux applies
    /// only since the change. Such a file is judged as if it were new: views do not have it before.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn new<E>(
        views: Vec<View>,
        Changed { files, mut old, paths: changed }: Changed,
        mut read: impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
    ) -> Result<Self, E> {
        let mut known: BTreeMap<RepoPath, Option<ManifestFile>> =
            files.into_iter().map(|file| (file.path.clone(), Some(file))).collect();
        let mut reached = BTreeMap::new();
        let mut seen = Vec::with_capacity(views.len());
        let mut dropped = Vec::with_capacity(views.len());
        let mut whole_before = Vec::with_capacity(views.len());
        let mut left_out = Vec::with_capacity(views.len());
        for view in views {
            let Seen { view, newly, dropped: gone, left } = see(view, &changed, |path| {
                let file = fetch(&mut known, &mut read, path)?;
                Ok(file.map(|file| Arc::new(FileSummary::of(file))))
            })?;
            for (path, by) in &newly {
                if fetch(&mut known, &mut read, path)?.is_some() && !changed.contains(path) {
                    reached.entry(path.clone()).or_insert_with(|| by.clone());
                }
            }
            let View { before, after, roots, kubernetes } = view;
            let new = newly.into_keys().filter(|path| before.contains_file(path)).map(|path| (path, None));
            seen.push(View { before: before.with(new), after, roots, kubernetes });
            whole_before.push(before);
            dropped.push(gone);
            left_out.push(left);
        }
        let judged: BTreeSet<RepoPath> = known.keys().cloned().collect();
        let (mut elsewhere, defining) =
            (stands_elsewhere(&seen, known.values().flatten()), definitions_of(&seen, known.values().flatten()));
        let vanish = left_out.iter().flat_map(|left| &left.vanish);
        elsewhere.extend(vanish.filter(|path| is_manifest(path)).cloned());
        // What is no part of the change is as it was.
        for path in elsewhere.difference(&changed) {
            old.extend(fetch(&mut known, &mut read, path)?.cloned());
        }
        old.sort_by(|one, other| one.path.cmp(&other.path));
        for path in &defining {
            fetch(&mut known, &mut read, path)?;
        }
        let (files, aside): (BTreeMap<_, _>, BTreeMap<_, _>) =
            known.into_iter().partition(|(path, _)| judged.contains(path));
        let files = files.into_values().flatten().collect();
        let definitions = aside.into_iter().filter(|(path, _)| defining.contains(path)).filter_map(|(_, file)| file);
        let definitions = definitions.collect();
        let (elsewhere, users, trials) = (BTreeMap::new(), Users::default(), BTreeMap::new());
        Ok(Self {
            views: seen,
            whole_before,
            files,
            old,
            definitions,
            elsewhere,
            users,
            trials,
            dropped,
            left_out,
            reached,
        })
    }

    /// All of a repository as one change: everything is new.
    pub fn whole(view: View, files: Vec<ManifestFile>) -> Self {
        let (old, definitions, dropped) = (Vec::new(), Vec::new(), vec![Newly::new()]);
        let left = LeftOut::between(&view.before, &view.after);
        let view = View { after: left.seen_after(&view.after), ..view };
        Self {
            whole_before: vec![view.before.clone()],
            views: vec![view],
            files,
            old,
            definitions,
            elsewhere: BTreeMap::new(),
            users: Users::default(),
            trials: BTreeMap::new(),
            dropped,
            left_out: vec![left],
            reached: BTreeMap::new(),
        }
    }

    /// Tells what the admin repository defines to one of the views.
    pub fn define_elsewhere(&mut self, view: usize, elsewhere: Elsewhere) {
        self.elsewhere.insert(view, elsewhere);
    }

    /// Looks at the objects that exist of kinds whose definitions the change replaces. `read` gives a file as it
    /// will be.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn look_at_users<E>(
        &mut self,
        read: impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
    ) -> Result<(), E> {
        let Users { files, left, .. } = Users::of(&self.views, (&self.files, &self.old), read)?;
        (self.users.files, self.users.left) = (files, left);
        Ok(())
    }

    /// The groups and kinds of definitions that were there before and that the change replaces or takes away:
    /// what to look for in the teams' repositories.
    pub fn redefined(&self) -> BTreeSet<(&str, &str)> {
        touched(&self.files, &self.old)
    }

    /// Tells what the teams' repositories hold of the [redefined](Self::redefined) kinds, and which of them were
    /// not looked at, and why.
    pub fn look_at_teams(&mut self, teams: Vec<TeamUsers>, unseen: BTreeMap<RepositoryName, String>) {
        (self.users.teams, self.users.unseen) = (teams, unseen);
    }

    /// The teams that there are after the change, as all of its views see them.
    pub fn teams(&self) -> impl Iterator<Item = Team> {
        self.views.iter().flat_map(|view| view.after.teams())
    }

    /// The definitions that are to be tried on the cluster of one of the views of an admin repository, at most `most`
    /// of them.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn to_try(&self, view: usize, most: usize) -> Vec<Candidate> {
        trials::candidates(&self.review(view, Scope::Admin), most)
    }

    /// Tells what the cluster of one of the views says of [them](Self::to_try).
    pub fn tell_trials(&mut self, view: usize, trials: Trials) {
        self.trials.insert(view, trials);
    }

    /// The groups and kinds of the objects that are judged.
    pub fn kinds(&self) -> BTreeSet<(&str, &str)> {
        kinds(self.files.iter())
    }

    /// The objects that differ.
    pub fn objects(&self) -> Vec<ObjectChange> {
        objects::between(&self.old, &self.files)
    }

    /// Who gains and who loses which rights, as one of the views sees it.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn rights(&self, view: usize) -> RightsDifference {
        rights::of(&self.review(view, Scope::Admin))
    }

    /// The same for scripts: every right by itself. The second is whether this is all.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn each_right(&self, view: usize) -> (Vec<RightMoved>, bool) {
        let review = self.review(view, Scope::Admin);
        Prepared::with(&review, |prepared| rights::each(prepared.rights(&review)))
    }

    /// What an object of the change holds, in one word: as it will be, or as it was where it goes.
    pub fn content_of(&self, object: &ObjectRef) -> Option<String> {
        content(self.files.iter(), object).or_else(|| content(self.old.iter(), object))
    }

    /// How many views there are.
    pub fn views(&self) -> usize {
        self.views.len()
    }

    /// A file of the change as it will be, the inner `None` where it is deleted; the outer one where it is no manifest
    /// of the change.
    pub fn file(&self, path: &RepoPath) -> Option<Option<&ManifestFile>> {
        let after = self.files.iter().find(|file| file.path == *path);
        after.map(Some).or_else(|| self.old.iter().any(|file| file.path == *path).then_some(None))
    }

    /// The files that are judged, in the order of their paths.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// Judges the change as one of its views sees it. Findings in a file that is no part of the change
    /// know the line that reaches it.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn judge(&self, view: usize, scope: Scope<'_>, policy: &Policy) -> Judgement {
        let mut judgement = judge(&self.review(view, scope), policy);
        judgement.summary.reached = self.reached.len();
        let waived = judgement.waived.iter_mut().map(|waived| &mut waived.finding);
        for finding in judgement.findings.iter_mut().chain(waived) {
            finding.reached = self.reached.get(&finding.location.file).cloned().flatten();
        }
        judgement
    }

    /// What the repository's own policy has to say of itself, beside `known`: all that was found by `policy`, the one
    /// that holds.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn judge_policy(
        &self,
        view: usize,
        (scope, policy): (Scope<'_>, &Policy),
        own: &OwnPolicy,
        known: &Judgement,
    ) -> Judgement {
        let review = Review { policy: Some(JudgedPolicy::new(own, known)), ..self.review(view, scope) };
        judge_policy(&review, policy)
    }

    pub(super) fn review<'a>(&'a self, view: usize, scope: Scope<'a>) -> Review<'a> {
        let View { before, after, kubernetes, .. } = &self.views[view];
        Review {
            scope,
            before,
            whole_before: &self.whole_before[view],
            after,
            files: &self.files,
            old: &self.old,
            dropped: &self.dropped[view],
            left_out: Some(&self.left_out[view]),
            definitions: &self.definitions,
            elsewhere: self.elsewhere.get(&view),
            users: &self.users,
            trials: self.trials.get(&view),
            kubernetes: *kubernetes,
            policy: None,
            powerful_kinds: &[],
            is_built: false,
            prepared: None,
        }
    }
}

/// A view as Flux sees it, without what source-controller leaves out, and what the change does there.
struct Seen {
    view: View,
    newly: Newly,
    dropped: Newly,
    left: LeftOut,
}

/// What comes because it is not left out any more comes as if an entry had named it, and goes likewise.
fn see<E>(
    view: View,
    changed: &BTreeSet<RepoPath>,
    read: impl FnMut(&RepoPath) -> Result<Option<Arc<FileSummary>>, E>,
) -> Result<Seen, E> {
    let left = LeftOut::between(&view.before, &view.after);
    let (before, after) = (left.seen_before(&view.before), left.seen_after(&view.after));
    let roots = view.roots.as_deref();
    let differing: BTreeSet<RepoPath> = changed.iter().chain(&left.appear).chain(&left.vanish).cloned().collect();
    let difference = Difference { before: &before, after: &after, changed: &differing, roots };
    let (mut newly, after) = difference.newly_applied(read)?;
    // What the change undone would make Flux apply is what it takes away.
    let undone = Difference { before: &after, after: &before, changed: &differing, roots };
    let (mut dropped, _) = undone.newly_applied(|_| Ok(None))?;
    let is_there = |path: &&RepoPath| is_source_ignore(path) && after.contains_file(path);
    let place = changed.iter().find(is_there).map(|file| Location { file: file.clone(), line: 1, column: 1 });
    let comes = |path: &&RepoPath| after.is_applied(path, roots) || is_manifest(path) && after.is_synced(path);
    for path in left.appear.iter().filter(comes) {
        newly.entry(path.clone()).or_insert(None);
    }
    for (path, by) in &mut newly {
        let appears = by.as_ref().map_or(path, |by| &by.file);
        if left.appear.contains(appears) {
            by.clone_from(&place);
        }
    }
    for path in left.vanish.iter().filter(|path| before.is_applied(path, roots)) {
        dropped.entry(path.clone()).or_insert(None);
    }
    let View { roots, kubernetes, .. } = view;
    Ok(Seen { view: View { before, after, roots, kubernetes }, newly, dropped, left })
}

/// Where the definitions of some files stood already: a change that copies one into a new file, and lists that
/// instead of the old one, changes it all the same.
fn stands_elsewhere<'f>(views: &[View], files: impl Iterator<Item = &'f ManifestFile>) -> BTreeSet<RepoPath> {
    let definitions = files.flat_map(|file| &file.objects).filter(|object| is_definition(object.group(), &object.kind));
    let mut found = BTreeSet::new();
    for id in definitions.map(ObjectId::of) {
        found.extend(views.iter().flat_map(|view| view.before.objects_with_id(&id)));
    }
    found
}

/// The files that define the kinds of the objects in some files.
fn definitions_of<'f>(views: &[View], files: impl Iterator<Item = &'f ManifestFile>) -> BTreeSet<RepoPath> {
    let mut found = BTreeSet::new();
    for (group, kind) in kinds(files) {
        found.extend(views.iter().flat_map(|view| view.after.files_defining(group, kind)));
    }
    found
}

fn kinds<'f>(files: impl Iterator<Item = &'f ManifestFile>) -> BTreeSet<(&'f str, &'f str)> {
    files.flat_map(|file| &file.objects).map(|object| (object.group(), object.kind.as_str())).collect()
}

/// The file of this path, read where it is not known yet.
fn fetch<'a, E>(
    known: &'a mut BTreeMap<RepoPath, Option<ManifestFile>>,
    read: &mut impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
    path: &RepoPath,
) -> Result<Option<&'a ManifestFile>, E> {
    if !known.contains_key(path) {
        let file = read(path)?;
        known.insert(path.clone(), file);
    }
    Ok(known.get(path).and_then(Option::as_ref))
}
