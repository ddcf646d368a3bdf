//! What a new team changes in an admin repository.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::{Existing, Places};
use super::template::{Rendered, Target};
use super::values::Values;
use super::{
    ChangeSet, FileChange, Layout, Outcome, Part, Plan, ScaffoldError, Survey, Taken, TeamRequest, Template, entries,
    near,
};
use crate::names::{Engine, GitUrl, KubernetesVersion, RepoPath};

/// Decides what a new team changes, with the repository's own template for its layout, or the built-in one.
///
/// # Errors
/// Where the name is in use for something else, the team is there with other content, the repository's own template
/// is broken, or a file cannot be edited. Nothing is to be written then.
pub fn plan(request: &TeamRequest, survey: &Survey<'_>) -> Result<Outcome, ScaffoldError> {
    let layout = survey.layout(request.layout)?;
    let template = Template::find(layout, Part::Team, survey.files())?;
    plan_with(&template, layout, request, survey)
}

/// [`plan`] with a template of one's own.
///
/// # Errors
/// Those of [`plan`].
pub fn plan_with(
    template: &Template,
    layout: Layout,
    request: &TeamRequest,
    survey: &Survey<'_>,
) -> Result<Outcome, ScaffoldError> {
    let environments = environments(layout, request, survey)?;
    let values = values(template, layout, request, survey)?;
    let places = places(template, &values, &environments)?;
    let existing = survey.existing(&request.team, layout, &places)?;
    is_free(request, &existing, &places)?;
    let rendered = template.render(&values, &environments)?;
    let mut files = changes(&rendered, &existing.team_files)?;
    let entries = template.entries(&values, &environments);
    files.extend(entries::changes(&entries, survey, request.team.namespace().as_str())?);
    if files.is_empty() {
        return Ok(Outcome::AlreadyThere);
    }
    let notes = notes(request, &existing);
    let role = values.get("role").map(str::to_owned);
    Ok(Outcome::Changes(Plan { changes: ChangeSet { files }, notes, role }))
}

/// The environments of the layout; none where it has none.
pub(super) fn environments(
    layout: Layout,
    request: &TeamRequest,
    survey: &Survey<'_>,
) -> Result<Vec<String>, ScaffoldError> {
    let known = survey.environments();
    if layout != Layout::FluxV2Environments {
        return Ok(Vec::new());
    }
    let stranger = request.environments.iter().find(|name| !known.is_empty() && !known.contains(name));
    match (stranger, request.environments.is_empty(), known.is_empty()) {
        (Some(name), ..) => Err(ScaffoldError::UnknownEnvironment { name: name.clone(), known }),
        (None, false, _) => Ok(request.environments.clone()),
        (None, true, false) => Ok(known),
        (None, true, true) => Err(ScaffoldError::NoEnvironments),
    }
}

/// The value of every placeholder.
pub(super) fn values(
    template: &Template,
    layout: Layout,
    request: &TeamRequest,
    survey: &Survey<'_>,
) -> Result<Values, ScaffoldError> {
    let team = request.team.as_str();
    let (git_url, policies) = address(&request.git_url, layout, request.kubernetes);
    let base = survey.base_flux();
    if layout == Layout::FluxV1 && base.is_none() && template.uses("base_flux") {
        return Err(ScaffoldError::NoBaseFlux);
    }
    let directory = team_directory(survey.cluster_path(), team);
    let key = layout.engine() == Engine::FluxV2 && git_url.is_ssh();
    let values = [
        ("team", team.to_owned()),
        ("namespace", request.team.namespace().to_string()),
        ("branch", request.branch.to_string()),
        ("git_prefix", prefix(&git_url)),
        ("git_url", git_url.to_string()),
        ("cluster_path", survey.cluster_path().to_string()),
        ("base_flux", base.as_ref().map(|base| way(&directory, &base.path)).unwrap_or_default()),
        ("role_binding_api", base.map(|base| base.role_binding_api).unwrap_or_default()),
        ("pod_security_policies", policies),
    ];
    let mut values: BTreeMap<String, String> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // The secret that holds the deploy key, unless the settings name another.
    values.extend(key.then(|| ("git_secret".to_owned(), "flux-git-auth".to_owned())));
    Ok(template.values(&request.settings, request.preset.as_ref(), values)?)
}

/// The address as the layout's Flux takes it, and `true` where the cluster has PodSecurityPolicies, which are gone since
/// Kubernetes 1.25 (kubernetes.io, "PodSecurityPolicy: The Historical Context").
pub(super) fn address(url: &GitUrl, layout: Layout, kubernetes: Option<KubernetesVersion>) -> (GitUrl, String) {
    let url = match layout.engine() {
        Engine::FluxV1 => url.clone(),
        Engine::FluxV2 => url.with_scheme(),
    };
    let has_policies = kubernetes.is_some_and(|version| version < KubernetesVersion::new(25));
    (url, if has_policies { "true".to_owned() } else { String::new() })
}

/// Where repositories of the same owner are: the address without its last part.
pub(super) fn prefix(url: &GitUrl) -> String {
    let url = url.with_scheme();
    let path = url.as_str().split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let path = path.trim_end_matches('/');
    match url.as_str().trim_end_matches('/').rsplit_once('/') {
        Some((owner, _)) if path.contains('/') => format!("{owner}/"),
        _ => url.to_string(),
    }
}

fn places(template: &Template, values: &Values, environments: &[String]) -> Result<Places, ScaffoldError> {
    let mut places = Places::default();
    for (path, owned) in template.places(values, environments)? {
        places.owned.extend(owned);
        places.files.insert(path);
    }
    for (entry, values) in template.entries(values, environments) {
        if let Target::File(pattern, _) = &entry.target {
            places.lists.extend(pattern.path(&values));
        }
    }
    Ok(places)
}

/// The files that are not as they are to be.
///
/// # Errors
/// Where some are there that are not as they would be written, unless all is there as it would be.
pub(super) fn changes(
    rendered: &[Rendered],
    there: &BTreeMap<RepoPath, String>,
) -> Result<Vec<FileChange>, ScaffoldError> {
    let wanted: BTreeMap<&RepoPath, &String> = rendered.iter().map(|file| (&file.path, &file.text)).collect();
    let kept = |file: &&Rendered| file.keep && there.contains_key(&file.path);
    let new = rendered.iter().filter(|file| there.get(&file.path) != Some(&file.text) && !kept(file));
    let files: Vec<FileChange> = new
        .map(|file| FileChange {
            path: file.path.clone(),
            before: there.get(&file.path).cloned(),
            after: Some(file.text.clone()),
        })
        .collect();
    let keep = |path: &RepoPath| rendered.iter().any(|file| file.keep && file.path == *path);
    let strange = there.iter().filter(|(path, text)| wanted.get(path) != Some(text) && !keep(path));
    let paths: Vec<RepoPath> = strange.map(|(path, _)| path.clone()).collect();
    if files.is_empty() || paths.is_empty() {
        return Ok(files);
    }
    let inside = |file: &&Rendered| file.owned.as_ref().is_some_and(|owned| paths[0].below(owned.as_str()).is_some());
    let directory =
        rendered.iter().find(inside).and_then(|file| file.owned.clone()).unwrap_or_else(|| paths[0].clone());
    Err(ScaffoldError::Different { directory, paths })
}

/// Whether every use of the name is the team's own: its directories, its entries, its namespace.
fn is_free(request: &TeamRequest, existing: &Existing, places: &Places) -> Result<(), ScaffoldError> {
    let team = &request.team;
    let is_own = |path: &RepoPath| places.owned.contains(path);
    for (_, taken) in existing.taken.iter().filter(|(name, _)| name == team.as_str()) {
        let own = match taken {
            Taken::Directory(path) => is_own(path),
            Taken::Namespace(file) => places.owned.iter().any(|owned| file.below(owned.as_str()).is_some()),
            Taken::Entry { file, entry, directory: Some(path) } if is_own(path) => {
                if !existing.team_files.keys().any(|file| file.below(path.as_str()).is_some()) {
                    let (file, entry, directory) = (file.clone(), entry.clone(), path.clone());
                    return Err(ScaffoldError::Dangling { directory, file, entry });
                }
                true
            }
            Taken::Entry { .. } => false,
        };
        if !own {
            return Err(ScaffoldError::Taken { team: team.clone(), taken: taken.clone() });
        }
    }
    Ok(())
}

/// What people should look at before they take the plan.
fn notes(request: &TeamRequest, existing: &Existing) -> Vec<String> {
    let names = existing.taken.iter().map(|(name, _)| name.as_str());
    let names: BTreeSet<&str> = names.filter(|name| crate::names::is_dns_label(name)).collect();
    let alike = near::alike(request.team.as_str(), names.into_iter());
    let note =
        |name| format!("{} looks like {name}, which is there already: make sure that it is another", request.team);
    alike.into_iter().take(5).map(note).collect()
}

/// The directory of a team below the cluster path.
fn team_directory(cluster_path: &RepoPath, team: &str) -> RepoPath {
    cluster_path.join(team).expect("teams' names hold no `..`")
}

/// The relative way from one directory to another: `../../base/flux`.
pub(super) fn way(from: &RepoPath, to: &RepoPath) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.as_str().split('/').collect(), to.as_str().split('/').collect());
    let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}
