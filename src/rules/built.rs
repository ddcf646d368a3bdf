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

/// A built kustomization, and what it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Building<'a> {
    /// As it will be.
    pub after: &'a Built,
    /// As it was, where it was and there is a change to judge.
    pub before: Option<&'a Built>,
    /// The files that are no part of the change, as they stand.
    pub same: &'a BTreeMap<RepoPath, ManifestFile>,
    /// [`Change::defining`].
    pub definitions: &'a [ManifestFile],
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

    /// What one of its views finds in a built kustomization that `known`, the judgement of the files as they stand,
    /// does not say already, and that was not so before. Findings stand at the object of the file that it was
    /// built from.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn judge_built(
        &self,
        view: usize,
        by: (Scope<'_>, &Policy),
        building: Building<'_>,
        known: &Judgement,
    ) -> Judgement {
        if building.after.result.is_err() && self.is_explained(view, &building.after.by, known) {
            return Judgement::default();
        }
        let mut found = self.judge_result(view, by, (building.after, building.definitions));
        let before = building.before.map(|before| self.judge_result(view, by, (before, building.definitions)));
        let said = |finding: &Finding| {
            let waived = known.waived.iter().map(|waived| &waived.finding);
            known.findings.iter().chain(waived).any(|one| is_same(one, finding))
                || before.as_ref().is_some_and(|before| before.findings.iter().any(|one| is_as_before(one, finding)))
        };
        found.findings.retain(|finding| !said(finding));
        found.waived.retain(|waived| !said(&waived.finding));
        let waived = found.waived.iter_mut().map(|waived| &mut waived.finding);
        for finding in found.findings.iter_mut().chain(waived) {
            let file = self.files.iter().find(|file| file.path == finding.location.file);
            place(finding, building.after, file.or_else(|| building.same.get(&finding.location.file)));
        }
        found
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

    /// Everything that is found in a built kustomization, at the lines of what was built.
    fn judge_result(
        &self,
        view: usize,
        (scope, policy): (Scope<'_>, &Policy),
        (built, definitions): (&Built, &[ManifestFile]),
    ) -> Judgement {
        let files = match &built.result {
            Ok(files) => files,
            Err(complaint) => return refused(policy, &built.by, complaint),
        };
        let seen = &self.views[view];
        let (dropped, users) = (Newly::new(), Users::default());
        let review = Review {
            scope,
            before: &seen.before,
            whole_before: &self.whole_before[view],
            after: &seen.after,
            files,
            old: &[],
            dropped: &dropped,
            definitions,
            elsewhere: self.elsewhere.get(&view),
            users: &users,
            trials: None,
            kubernetes: seen.kubernetes,
            is_built: true,
            prepared: None,
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
fn place(finding: &mut Finding, built: &Built, file: Option<&ManifestFile>) {
    let source = finding.object.as_ref().and_then(|object| source(file?, object));
    finding.location = match source {
        Some(source) => source.location(&source.node),
        None => Location { file: finding.location.file.clone(), line: 1, column: 1 },
    };
    if built.result.is_ok() {
        let directory = match built.by.directory() {
            "" => "the repository's root",
            directory => directory,
        };
        finding.message = format!("{} So it is once kustomize has built {directory}.", finding.message);
    }
}

fn refused(policy: &Policy, by: &RepoPath, complaint: &str) -> Judgement {
    let location = Location { file: by.clone(), line: 1, column: 1 };
    let message = format!("kustomize cannot build this: {}", shown_up_to(LONGEST, complaint));
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
    let about = |finding: &Finding| (finding.rule, finding.location.file.clone(), finding.object.clone());
    about(before) == about(after) && before.field == after.field && before.message == after.message
}

/// Whether a finding of the file as it stands is the same as one of what was built.
fn is_same(known: &Finding, built: &Finding) -> bool {
    if known.rule != built.rule || known.location.file != built.location.file {
        return false;
    }
    match (&known.object, &built.object) {
        (Some(known_object), Some(object)) => is_source(known_object, object) && known.field == built.field,
        _ => true,
    }
}

/// The object of a file that became another one.
fn source<'f>(file: &'f ManifestFile, object: &ObjectRef) -> Option<&'f Object> {
    let like = |one: &&Object| is_source(&one.reference(), object);
    let equal = file.objects.iter().filter(like).find(|one| one.name == object.name);
    equal.or_else(|| file.objects.iter().find(like)).or_else(|| file.objects.first())
}

/// kustomize puts something before and behind a name; of namespaces it may put another one in its place.
fn is_source(one: &ObjectRef, built: &ObjectRef) -> bool {
    one.kind == built.kind
        && api_group(&one.api_version) == api_group(&built.api_version)
        && (built.name.contains(&one.name) || one.kind == "Namespace")
}
