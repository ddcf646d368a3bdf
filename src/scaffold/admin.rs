//! A new admin repository.

use std::collections::BTreeMap;

use super::issue_form::{FORM, issue_form};
use super::template::Rendered;
use super::{ChangeSet, Layout, Outcome, Part, Plan, ScaffoldError, Template, team};
use crate::names::{BranchName, GitUrl, KubernetesVersion, RepoPath};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct AdminRequest {
    /// How the repository is to keep teams.
    pub layout: Layout,
    /// Its own address, as Flux reaches it.
    pub git_url: GitUrl,
    /// Its branch that is applied.
    pub branch: BranchName,
    /// The environments; for a layout that has them.
    pub environments: Vec<String>,
    /// The cluster's version of Kubernetes, where it is known.
    pub kubernetes: Option<KubernetesVersion>,
    /// The template's parameters by name.
    pub settings: BTreeMap<String, String>,
}

/// Decides what a new admin repository holds, in a folder with these files.
///
/// # Errors
/// Where a file that is to be written is there with other content. Nothing is to be written then.
pub fn init(request: &AdminRequest, files: &BTreeMap<RepoPath, String>) -> Result<Outcome, ScaffoldError> {
    let template = Template::built_in(request.layout, Part::Admin)?;
    let has_environments = request.layout == Layout::FluxV2Environments;
    if has_environments && request.environments.is_empty() {
        return Err(ScaffoldError::NoEnvironments);
    }
    let environments = if has_environments { request.environments.as_slice() } else { &[] };
    let (git_url, policies) = team::address(&request.git_url, request.layout, request.kubernetes);
    let values = [
        ("branch", request.branch.to_string()),
        ("git_prefix", team::prefix(&git_url)),
        ("git_url", git_url.to_string()),
        ("pod_security_policies", policies),
    ];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let values = template.values(&request.settings, None, values)?;
    let mut rendered = template.render(&values, environments)?;
    rendered.push(form(request.layout)?);
    let there = |file: &Rendered| files.get_key_value(&file.path).map(|(path, text)| (path.clone(), text.clone()));
    let there: BTreeMap<RepoPath, String> = rendered.iter().filter_map(there).collect();
    let files = team::changes(&rendered, &there)?;
    let plan = Plan { changes: ChangeSet { files }, notes: Vec::new(), role: None };
    Ok(if plan.changes.files.is_empty() { Outcome::AlreadyThere } else { Outcome::Changes(plan) })
}

/// The form in which people ask for a team.
fn form(layout: Layout) -> Result<Rendered, ScaffoldError> {
    let text = issue_form(&Template::built_in(layout, Part::Team)?);
    Ok(Rendered { path: FORM.parse().expect("a path inside the repository"), owned: None, keep: false, text })
}
