//! What kustomize makes of a kustomization, judged too: patches, prefixes and generators change what files say.
//!
//! It only adds findings. What is wrong in a file as it stands stays wrong, as the server, which builds nothing,
//! sees it.

use std::collections::BTreeMap;

use super::policy::Verdict;
use super::{Change, Judgement, Policy, Review, Scope, Users, judge, shown_up_to};
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::manifest::{ManifestFile, Object, api_group};
use crate::names::RepoPath;
use crate::tenancy::Newly;

/// One kustomization, built.
#[derive(Debug)]
pub struct Built {
    /// The kustomization file.
    pub by: RepoPath,
    /// Its objects, by the files that they come from, or what kustomize complains of: foreign text.
    pub result: Result<Vec<ManifestFile>, String>,
}

/// What built kustomizations are held against, besides each other.
#[derive(Debug, Clone, Copy)]
pub struct Aside<'a> {
    /// The files that are no part of the change, as they stand.
    pub same: &'a BTreeMap<RepoPath, ManifestFile>,
    /// [`Change::defining`].
    pub definitions: &'a [ManifestFile],
}

/// Kustomizations that are built from different files, so that they can be judged at once.
#[derive(Default)]
struct Batch<'a> {
    /// The files as they will be, each with the kustomization that was built.
    after: BTreeMap<&'a RepoPath, (&'a RepoPath, &'a ManifestFile)>,
    /// The files as they were.
    before: BTreeMap<&'a RepoPath, &'a ManifestFile>,
}

/// A base that several kustomizations are built from is judged once for each of them.
fn batches(all: &[(Built, Option<Built>)]) -> Vec<Batch<'_>> {
    let mut batches: Vec<Batch<'_>> = Vec::new();
    for (after, before) in all {
        let files = after.result.iter().flatten();
        let olds = before.iter().flat_map(|before| before.result.iter().flatten());
        let is_free = |batch: &Batch<'_>| {
            files.clone().all(|file| !batch.after.contains_key(&file.path))
                && olds.clone().all(|file| !batch.before.contains_key(&file.path))
        };
        let place = batches.iter().position(is_free).unwrap_or_else(|| {
            batches.push(Batch::default());
            batches.len() - 1
        });
        let batch = &mut batches[place];
        batch.after.extend(files.map(|file| (&file.path, (&after.by, file))));
        batch.before.extend(olds.map(|file| (&file.path, file)));
    }
    batches
}

const CANNOT_BUILD: RuleId = RuleId::new("kustomization/cannot-build");
/// What says already why kustomize cannot build.
const REASONS: [&str; 3] = ["kustomization/cannot-build", "kustomization/missing-resource", "yaml/unreadable"];
/// How much of a complaint is shown, in characters: its end tells the cause.
const LONGEST: usize = 400;

/// Rules that are about files and what stands beside them, not about what is applied.
const OF_FILES: [&str; 4] = ["kustomization/", "yaml/ambiguous-scalar", "yaml/no-object", "tenancy/duplicate-object"];

impl Change {
    /// Copies of the files, judged or not, that hold definitions.
    pub fn defining(&self) -> Vec<ManifestFile> {
        let defines = |file: &&ManifestFile| {
            file.objects.iter().any(|object| crate::schema::is_definition(object.group(), &object.kind))
        };
        self.files.iter().chain(&self.definitions).filter(defines).cloned().collect()
    }

    /// What one of its views finds in built kustomizations that `known`, the judgement of the files as they stand,
    /// does not say already, and that was not so before. Findings stand at the object of the file that it was
    /// built from.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn judge_built(
        &self,
        view: usize,
        by: (Scope<'_>, &Policy),
        (all, aside): (&[(Built, Option<Built>)], &Aside<'_>),
        known: &Judgement,
    ) -> Judgement {
        let mut found = Judgement::default();
        for batch in batches(all) {
            found.absorb(self.judge_batch(view, by, (&batch, aside), known));
        }
        for (built, _) in all {
            if let Err(complaint) = &built.result
                && !self.is_explained(view, &built.by, known)
            {
                found.absorb(refused(by.1, &built.by, complaint));
            }
        }
        found
    }

    fn judge_batch(
        &self,
        view: usize,
        by: (Scope<'_>, &Policy),
        (batch, aside): (&Batch<'_>, &Aside<'_>),
        known: &Judgement,
    ) -> Judgement {
        let mut found = self.judge_objects(view, by, (batch.after.values().map(|(_, file)| *file), aside));
        let before = self.judge_objects(view, by, (batch.before.values().copied(), aside));
        let said = |finding: &Finding| {
            let file = self.source_file(&finding.location.file, aside);
            let waived = known.waived.iter().map(|waived| &waived.finding);
            known.findings.iter().chain(waived).any(|one| is_same(one, finding, file))
                || before.findings.iter().any(|one| is_as_before(one, finding))
        };
        found.findings.retain(|finding| !said(finding));
        found.waived.retain(|waived| !said(&waived.finding));
        let waived = found.waived.iter_mut().map(|waived| &mut waived.finding);
        for finding in found.findings.iter_mut().chain(waived) {
            let Some((by, _)) = batch.after.get(&finding.location.file) else { continue };
            place(finding, by, self.source_file(&finding.location.file, aside));
        }
        found
    }

    /// A file as it stands.
    fn source_file<'a>(&'a self, path: &RepoPath, aside: &'a Aside<'_>) -> Option<&'a ManifestFile> {
        let changed = self.files.binary_search_by(|file| file.path.cmp(path)).ok();
        changed.and_then(|place| self.files.get(place)).or_else(|| aside.same.get(path))
    }

    /// Whether a finding in a file that ends up in a kustomization tells why that cannot be built.
    fn is_explained(&self, view: usize, by: &RepoPath, known: &Judgement) -> bool {
        let explains = |finding: &Finding| {
            let file = &finding.location.file;
            let ends_up = || file == by || self.views[view].after.built_into(file).contains(by);
            REASONS.contains(&finding.rule.as_str()) && ends_up()
        };
        known.findings.iter().any(explains)
    }

    /// Everything that is found in files that were built, at their own lines.
    fn judge_objects<'f>(
        &self,
        view: usize,
        (scope, policy): (Scope<'_>, &Policy),
        (files, aside): (impl Iterator<Item = &'f ManifestFile>, &Aside<'_>),
    ) -> Judgement {
        let files: Vec<ManifestFile> = files.cloned().collect();
        if files.is_empty() {
            return Judgement::default();
        }
        let (dropped, users) = (Newly::new(), Users::default());
        let review = Review {
            files: &files,
            old: &[],
            dropped: &dropped,
            definitions: aside.definitions,
            users: &users,
            trials: None,
            is_built: true,
            ..self.review(view, scope)
        };
        let mut judgement = judge(&review, policy);
        judgement.requests.clear();
        let is_of_files = |finding: &Finding| OF_FILES.iter().any(|start| finding.rule.as_str().starts_with(start));
        judgement.findings.retain(|finding| !is_of_files(finding));
        judgement.waived.retain(|waived| !is_of_files(&waived.finding));
        judgement
    }
}

/// Puts a finding in what was built to the object of the file that it was built from.
fn place(finding: &mut Finding, by: &RepoPath, file: Option<&ManifestFile>) {
    let near = finding.object.as_ref().and_then(|object| {
        let file = file?;
        source(file, object).or_else(|| sources(file, object).next()).or_else(|| file.objects.first())
    });
    finding.location = match near {
        Some(near) => near.location(near.node.at(&["metadata", "name"]).unwrap_or(&near.node)),
        None => Location { file: finding.location.file.clone(), line: 1, column: 1 },
    };
    let directory = match by.directory() {
        "" => "the repository's root",
        directory => directory,
    };
    finding.message = format!("{} So it is once kustomize has built {directory}.", finding.message);
}

fn refused(policy: &Policy, by: &RepoPath, complaint: &str) -> Judgement {
    let location = Location { file: by.clone(), line: 1, column: 1 };
    let left_out = complaint.chars().count().saturating_sub(LONGEST);
    let end: String = complaint.chars().skip(left_out).collect();
    let start = if left_out > 0 { "…" } else { "" };
    let message = format!("kustomize cannot build this: {start}{}", shown_up_to(LONGEST, &end));
    let finding = Finding::new(CANNOT_BUILD, Severity::Error, location, message)
        .with_help("Run `kustomize build` on the directory, which says it in full.");
    let mut judgement = Judgement::default();
    match policy.apply(finding) {
        _ if policy.is_off(CANNOT_BUILD) => {}
        Verdict::Stands(finding) => judgement.findings.push(finding),
        Verdict::Waived(waived) => judgement.waived.push(waived),
    }
    judgement
}

/// Whether it was found before, on whatever line of what was built.
fn is_as_before(before: &Finding, after: &Finding) -> bool {
    says_the_same(before, after) && before.object == after.object
}

/// Whether two findings say the same of the same field of some object of the same file.
fn says_the_same(one: &Finding, other: &Finding) -> bool {
    fn words(finding: &Finding) -> (RuleId, &RepoPath, &str, &str) {
        let Finding { rule, location, field, message, .. } = finding;
        (*rule, &location.file, field, message)
    }
    words(one) == words(other)
}

/// Whether a finding of a file as it stands says the same as one of what was built from it, and no less.
fn is_same(known: &Finding, built: &Finding, file: Option<&ManifestFile>) -> bool {
    if !says_the_same(known, built) || known.severity < built.severity {
        return false;
    }
    match (&known.object, &built.object) {
        (Some(known), Some(built)) => {
            file.and_then(|file| source(file, built)).is_some_and(|source| source.reference() == *known)
        }
        (known, built) => known.is_none() && built.is_none(),
    }
}

/// The object of a file that became another one, where it can only be that one.
fn source<'f>(file: &'f ManifestFile, built: &ObjectRef) -> Option<&'f Object> {
    let mut sources = sources(file, built);
    sources.next().filter(|_| sources.next().is_none())
}

/// The objects of a file that may have become another one: kustomize puts something before and behind a name; of
/// namespaces it may put another one in its place.
fn sources<'f>(file: &'f ManifestFile, built: &ObjectRef) -> impl Iterator<Item = &'f Object> {
    file.objects.iter().filter(|one| {
        one.kind == built.kind
            && one.group() == api_group(&built.api_version)
            && (built.name.contains(&one.name) || one.kind == "Namespace")
    })
}
