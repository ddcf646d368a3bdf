//! What the tracked branch demands of pull requests: the check, of this App, and on top of what is there.

use super::diagnosis::Diagnosis;
use super::trouble::of_forge;
use crate::config::{ClusterConfig, Config};
use crate::forge::{Access, Demands, ForgeError, MergeQueue, Registration, Requirement};
use crate::jobs::{CHECK_NAME, Context, GRANTS_NAME};

const UP_TO_DATE: &str = "\"Require branches to be up to date before merging\"";

/// `registration` is the App's own, where it is known.
pub(super) async fn look(
    context: &Context,
    (config, cluster): (&Config, &ClusterConfig),
    registration: Option<&Registration>,
) -> Vec<Diagnosis> {
    match demands(context, cluster, CHECK_NAME).await {
        Ok(Demands { check, up_to_date, queue }) => {
            let mut all = vec![judge_check((config, cluster), CHECK_NAME, check)];
            let required = matches!(check, Requirement::Required { .. });
            let fresh = match queue {
                Some(queue) => judge_queue(cluster, queue, registration),
                None => judge_freshness(cluster, up_to_date),
            };
            // Of a check that nobody has to wait for it does not matter what it is about.
            all.extend(required.then_some(fresh));
            all.extend(grants(context, (config, cluster)).await);
            all
        }
        Err(ForgeError::Forbidden { .. }) => vec![judge_check((config, cluster), CHECK_NAME, Requirement::Hidden)],
        // It is said of the branch itself that it is not there.
        Err(ForgeError::NotFound { .. }) => Vec::new(),
        Err(error) => vec![of_forge(cluster.admin_repository.as_str(), &error)],
    }
}

/// Approvals that nobody waits for are none.
async fn grants(context: &Context, (config, cluster): (&Config, &ClusterConfig)) -> Option<Diagnosis> {
    config.grants?;
    let found = demands(context, cluster, GRANTS_NAME).await.ok()?;
    Some(judge_check((config, cluster), GRANTS_NAME, found.check))
}

async fn demands(context: &Context, cluster: &ClusterConfig, check: &str) -> Result<Demands, ForgeError> {
    let repo = context.repository_with(&cluster.admin_repository, Access::READ).await?;
    repo.demands(&cluster.branch, check).await
}

/// A check that nobody has to wait for is a warning: Bailiwick does its work, and anybody may merge past it.
fn judge_check((config, cluster): (&Config, &ClusterConfig), name: &str, found: Requirement) -> Diagnosis {
    let (repository, branch) = (&cluster.admin_repository, &cluster.branch);
    let protect = format!(
        "require {name} for {branch} in the settings of {repository} (Branches or Rules), and set its expected \
         source to this App"
    );
    match found {
        Requirement::Required { from: Some(app) } if app == config.github.app_id => {
            Diagnosis::ok(format!("{repository}: {branch} requires {name} of this App"))
        }
        Requirement::Required { from: None } => Diagnosis::ok(format!(
            "{repository}: {branch} requires {name}, of whatever source: set the expected source to this App"
        )),
        Requirement::Required { from: Some(app) } => Diagnosis::warning(
            format!("{repository}: {branch} requires {name} of App {app}, which is another one"),
            protect,
        ),
        Requirement::NotRequired => Diagnosis::warning(
            format!("{repository}: {branch} does not require {name}: it can be merged past a red check"),
            protect,
        ),
        Requirement::Hidden => Diagnosis::ok(format!(
            "{repository}: {branch} is protected; whether it requires {name} cannot be read with the App's rights"
        )),
    }
}

/// A verdict is on a head as a change of the base as that was then: of two that are green, the first to be merged
/// may make the other one wrong.
fn judge_freshness(cluster: &ClusterConfig, up_to_date: Option<bool>) -> Diagnosis {
    let (repository, branch) = (&cluster.admin_repository, &cluster.branch);
    match up_to_date {
        Some(true) => Diagnosis::ok(format!("{repository}: {branch} takes only what was judged on top of it")),
        Some(false) => Diagnosis::warning(
            format!(
                "{repository}: {branch} takes pull requests that are behind it: a check that was green before another \
                 merge stays green, though the two may break each other"
            ),
            format!("tick {UP_TO_DATE} beside the check in the settings of {repository}, or use a merge queue"),
        ),
        None => Diagnosis::ok(format!(
            "{repository}: whether {branch} takes pull requests that are behind it cannot be read with the App's rights: \
             see that {UP_TO_DATE} is ticked, unless there is a merge queue"
        )),
    }
}

fn judge_queue(cluster: &ClusterConfig, queue: MergeQueue, registration: Option<&Registration>) -> Diagnosis {
    let (repository, branch) = (&cluster.admin_repository, &cluster.branch);
    let hears = |registration: &Registration| registration.events.iter().any(|event| event == "merge_group");
    if !registration.is_none_or(hears) {
        return Diagnosis::problem(
            format!(
                "{repository}: {branch} has a merge queue, and the App does not subscribe to merge_group: the queue \
                 waits for {CHECK_NAME} in vain"
            ),
            "give the App the right Merge queues: read and tick Merge group on its page at GitHub (Permissions & events)",
        );
    }
    if !queue.all_must_pass {
        return Diagnosis::warning(
            format!(
                "{repository}: the merge queue of {branch} merges a pull request whose check is red together with a \
                 later one whose check is green"
            ),
            format!("let the queue require all its entries to pass the required checks (Rules of {repository})"),
        );
    }
    Diagnosis::ok(format!("{repository}: {branch} has a merge queue: what it takes was judged on top of the rest"))
}
