//! A cluster's admin repository: the App there, its rights, and the tracked branch.

use super::diagnosis::Diagnosis;
use super::trouble::of_forge;
use super::{LIMIT, in_time, required};
use crate::config::{ClusterConfig, Config};
use crate::forge::{ForgeError, Installed, Registration};
use crate::jobs::{Context, JobError, needs};
use crate::names::CommitId;

/// `registration` is the App's own, where it is known.
pub(super) async fn look(
    context: &Context,
    (config, cluster): (&Config, &ClusterConfig),
    registration: Option<&Registration>,
) -> Vec<Diagnosis> {
    let repository = &cluster.admin_repository;
    let thing = repository.as_str();
    let mut usable = false;
    let mut all = in_time(thing, LIMIT, async {
        let found = context.forge.installed_on(repository).await;
        usable = matches!(&found, Ok(Some(installed)) if installed.suspended_at.is_none());
        vec![judge_installation((config, cluster), registration, &found)]
    })
    .await;
    if usable {
        let branch = in_time(thing, LIMIT, async { judge_branch(cluster, context.branch_tip(cluster).await) });
        let check = in_time(thing, LIMIT, required::look(context, (config, cluster), registration));
        let (branch, check) = tokio::join!(branch, check);
        all.extend(branch);
        all.extend(check);
    }
    all
}

fn judge_installation(
    (config, cluster): (&Config, &ClusterConfig),
    registration: Option<&Registration>,
    found: &Result<Option<Installed>, ForgeError>,
) -> Diagnosis {
    let repository = &cluster.admin_repository;
    let installed = match found {
        Ok(Some(installed)) => installed,
        Ok(None) => return absent(cluster, registration),
        Err(error) => return of_forge(repository.as_str(), error),
    };
    let page = installed.page.as_deref().unwrap_or("the organisation's settings, GitHub Apps");
    if let Some(since) = installed.suspended_at {
        return Diagnosis::problem(
            format!("{repository}: the App's installation is suspended since {since}"),
            format!("an owner of the organisation lifts that at {page}"),
        );
    }
    let owner = repository.owner();
    let of_owner = config.clusters.iter().filter(|it| it.admin_repository.owner().eq_ignore_ascii_case(owner));
    let needed = needs::access(config, of_owner);
    let missing = installed.permissions.lacks(needed);
    if missing.is_empty() {
        return Diagnosis::ok(format!("{repository}: the App is installed with the rights that it needs"));
    }
    let asked_for = registration.is_none_or(|registration| registration.permissions.lacks(needed).is_empty());
    let first = if asked_for { "" } else { "first let the App ask for them (see above); then " };
    Diagnosis::problem(
        format!("{repository}: the installation was not granted all rights: missing {}", missing.join(", ")),
        format!("{first}an owner of the organisation must accept them at {page}"),
    )
}

fn absent(cluster: &ClusterConfig, registration: Option<&Registration>) -> Diagnosis {
    let page = registration.and_then(|registration| registration.page.as_deref());
    let place = page.map_or_else(|| "on its page at GitHub".to_owned(), |page| format!("at {page}/installations/new"));
    Diagnosis::problem(
        format!("{}: the App is not installed there, or there is no such repository", cluster.admin_repository),
        format!("install it {place}, or correct `admin_repository` of cluster {}", cluster.name),
    )
}

fn judge_branch(cluster: &ClusterConfig, tip: Result<Option<CommitId>, JobError>) -> Vec<Diagnosis> {
    let (repository, branch) = (&cluster.admin_repository, &cluster.branch);
    vec![match tip {
        Ok(Some(tip)) => Diagnosis::ok(format!("{repository}: its branch {branch} is at {}", tip.short())),
        Ok(None) => Diagnosis::problem(
            format!("{repository}: it has no branch {branch}"),
            format!("make the branch, or correct `branch` of cluster {}", cluster.name),
        ),
        Err(JobError::Retry { at: Some(at), .. }) => Diagnosis::warning(
            format!("{repository}: its branches were not looked at: the budget of requests is used up"),
            format!("look again after {at}"),
        ),
        Err(error) => Diagnosis::problem(
            format!("{repository}: its branches cannot be read: {error}"),
            "fetching goes over HTTPS to GitHub itself, not to its API: look at the firewall and the proxy too",
        ),
    }]
}
