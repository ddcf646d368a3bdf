//! What a change asks of the cluster's definitions, for the people who decide.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Judgement, Review, Scope, crd, trials};
use crate::finding::{Finding, Severity};
use crate::names::{ClusterName, RepoPath};
use crate::schema::{Definition, Version, is_definition, same};

/// One definition that a change makes, changes or takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The definition's name, as `widgets.example.org`.
    pub name: String,
    /// `spec.names.kind`, where it is known.
    pub kind: Option<String>,
    /// `spec.scope`, where it is known.
    pub scope: Option<String>,
    /// Its versions as they will be.
    pub versions: Vec<RequestedVersion>,
    /// What happens to it.
    pub what: Asked,
    /// What the API server refuses: rules, each with the number of its findings.
    pub refused: BTreeMap<String, usize>,
    /// What breaks something that exists, in the same way.
    pub breaking: BTreeMap<String, usize>,
    /// What a person should look at, in the same way.
    pub warnings: BTreeMap<String, usize>,
    /// What an exception of the policy lets pass, in the same way.
    pub accepted: BTreeMap<String, usize>,
    /// How many of its rules only the cluster can decide.
    pub undecided: usize,
    /// The clusters that take it in a dry run, and those on which it was to be tried and was not, with why.
    pub trials: BTreeMap<ClusterName, Result<(), String>>,
    /// How many objects of its kind there are: by the team in whose directory they stand, else by directory, and
    /// by the repository where it is a team's that was looked at.
    pub used: BTreeMap<String, usize>,
}

/// One version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedVersion {
    /// Its name.
    pub name: String,
    /// Whether the API server answers for it.
    pub served: bool,
    /// Whether objects are stored in it.
    pub stored: bool,
}

/// What happens to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// There was none of this name.
    New,
    /// It replaces another one.
    Changed,
    /// Flux applies it no more.
    Removed,
}

/// The requests of a change to the admin repository, in the order of their names; nothing for a team's
/// repository, where no definition may stand. A definition that is as it was is no request.
pub(super) fn of(review: &Review<'_>, judgement: &Judgement) -> Vec<Request> {
    if matches!(review.scope, Scope::Team(_)) {
        return Vec::new();
    }
    let mut requests: BTreeMap<String, Request> = BTreeMap::new();
    for definition in crd::current(review) {
        let what = match crd::old_definition(review, definition.object) {
            None => Asked::New,
            Some(old) if !same(&old.object.node, &definition.object.node) => Asked::Changed,
            Some(_) => continue,
        };
        let request = requests.entry(definition.object.name.clone()).or_insert_with(|| Request::of(definition, what));
        request.take_trial(trials::answer(review, definition.object));
    }
    let all = judgement.findings.iter().chain(judgement.waived.iter().map(|waived| &waived.finding));
    for finding in all.filter(|finding| finding.rule.as_str() == crd::DELETED) {
        let Some(object) = &finding.object else { continue };
        let old = review.old_objects().filter(|old| old.name == object.name).find_map(Definition::of);
        // It may have been changed, too, and stand in a file that Flux applies no more.
        requests.insert(object.name.clone(), Request::named(&object.name, old, Asked::Removed));
    }
    count_findings(&mut requests, judgement);
    count_users(review, &mut requests);
    requests.into_values().collect()
}

impl Request {
    fn of(definition: Definition<'_>, what: Asked) -> Self {
        let version = |version: Version<'_>| RequestedVersion {
            name: version.name().unwrap_or("?").to_owned(),
            served: version.is_served(),
            stored: version.is_stored(),
        };
        let versions = definition.versions().map(version).collect();
        Self { versions, ..Self::named(&definition.object.name, Some(definition), what) }
    }

    fn named(name: &str, definition: Option<Definition<'_>>, what: Asked) -> Self {
        Self {
            name: name.to_owned(),
            kind: definition.and_then(Definition::kind).map(str::to_owned),
            scope: definition.and_then(Definition::scope).map(str::to_owned),
            versions: Vec::new(),
            what,
            refused: BTreeMap::new(),
            breaking: BTreeMap::new(),
            warnings: BTreeMap::new(),
            accepted: BTreeMap::new(),
            undecided: 0,
            trials: BTreeMap::new(),
            used: BTreeMap::new(),
        }
    }

    /// Takes in what a cluster says of it, except for a refusal, which is a finding. Of two objects of one name the one
    /// that was not tried counts.
    fn take_trial(&mut self, answer: Option<(&ClusterName, &Answer)>) {
        let Some((cluster, answer)) = answer else { return };
        match answer {
            Answer::Accepted { .. } => drop(self.trials.entry(cluster.clone()).or_insert(Ok(()))),
            Answer::Untried { why, .. } => drop(self.trials.insert(cluster.clone(), Err(why.clone()))),
            Answer::Refused { .. } => {}
        }
    }

    /// Takes in what another cluster's view of the same change says of the same definition: the worse counts.
    pub(super) fn absorb(&mut self, other: Self) {
        let worse = |ours: &mut BTreeMap<String, usize>, theirs: BTreeMap<String, usize>| {
            for (rule, count) in theirs {
                let known = ours.entry(rule).or_default();
                *known = count.max(*known);
            }
        };
        worse(&mut self.refused, other.refused);
        worse(&mut self.breaking, other.breaking);
        worse(&mut self.warnings, other.warnings);
        worse(&mut self.accepted, other.accepted);
        worse(&mut self.used, other.used);
        self.undecided = self.undecided.max(other.undecided);
        self.trials.extend(other.trials);
    }
}

fn count_findings(requests: &mut BTreeMap<String, Request>, judgement: &Judgement) {
    for finding in &judgement.findings {
        let Some(request) = request_of(requests, finding) else { continue };
        let counted = match finding.severity {
            Severity::Error if crd::COMPARING.contains(&finding.rule.as_str()) => &mut request.breaking,
            Severity::Error => &mut request.refused,
            Severity::Warning => &mut request.warnings,
            Severity::Note => continue,
        };
        *counted.entry(finding.rule.to_string()).or_default() += 1;
    }
    for waived in &judgement.waived {
        let Some(request) = request_of(requests, &waived.finding) else { continue };
        *request.accepted.entry(waived.finding.rule.to_string()).or_default() += 1;
    }
    for finding in judgement.findings.iter().filter(|finding| finding.rule.as_str() == crd::CEL_UNDECIDED) {
        if let Some(request) = request_of(requests, finding) {
            request.undecided += 1;
        }
    }
}

fn request_of<'r>(requests: &'r mut BTreeMap<String, Request>, finding: &Finding) -> Option<&'r mut Request> {
    let object = finding.object.as_ref()?;
    let group = object.api_version.split('/').next().unwrap_or_default();
    is_definition(group, &object.kind).then(|| requests.get_mut(&object.name)).flatten()
}

fn count_users(review: &Review<'_>, requests: &mut BTreeMap<String, Request>) {
    let kind = |request: &Request| {
        let (_, group) = request.name.split_once('.')?;
        Some(((group.to_owned(), request.kind.clone()?), request.name.clone()))
    };
    let kinds: BTreeMap<(String, String), String> = requests.values().filter_map(kind).collect();
    let wanted: BTreeSet<(&str, &str)> = kinds.keys().map(|(group, kind)| (group.as_str(), kind.as_str())).collect();
    for (path, object) in review.after.objects_of(&wanted) {
        let name = kinds.get(&(object.group, object.kind));
        if let Some(request) = name.and_then(|name| requests.get_mut(name)) {
            *request.used.entry(whose(review, &path)).or_default() += 1;
        }
    }
    for ((group, kind), name) in &kinds {
        let Some(request) = requests.get_mut(name) else { continue };
        for (repository, count) in review.users.in_teams(group, kind) {
            request.used.insert(repository.to_string(), count);
        }
    }
}

/// The team in whose directory a file lies, else the directory.
fn whose(review: &Review<'_>, path: &RepoPath) -> String {
    let team = review.after.team_of_path(path).map(|team| team.name.to_string());
    team.unwrap_or_else(|| match path.as_str().rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/"),
        None => "the root".to_owned(),
    })
}
