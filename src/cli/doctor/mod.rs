//! `bailiwick doctor`: looks at everything that a running server needs, and changes nothing: no database is made
//! or migrated, nothing is sent to the forge but questions and what it takes to get a token, and nothing is
//! written in the cluster. The admin repositories are fetched into a temporary directory, which goes again.
//!
//! One file per area: it looks, and judges what it saw in a pure function. Each look has a time limit of its own,
//! and one that is broken hides no other.

mod app;
mod budget;
mod cluster;
mod configuration;
mod database;
mod diagnosis;
mod kustomize;
mod repository;
mod required;
mod trouble;
mod webhook;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;

use self::app::Signed;
use self::diagnosis::{Diagnosis, Level, print, worst};
use super::desk::Desk;
use super::{Exit, Output};
use crate::config::Config;
use crate::forge::at_priority;
use crate::store::Priority;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(20);
/// The same where a repository is fetched.
const FETCH_LIMIT: Duration = Duration::from_secs(90);

/// Look at everything that a server needs, change nothing, and say what to do
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The server's configuration
    #[arg(long, default_value = "bailiwick.yaml")]
    config: PathBuf,
}

/// Status 1 where something is a problem, 2 where the configuration cannot be read.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Args, output: &mut Output<'_>) -> anyhow::Result<u8> {
    let config = match super::config::load(&args.config) {
        Ok(config) => config,
        Err(error) => {
            writeln!(output.err, "{error}")?;
            return Ok(Exit::Usage.status());
        }
    };
    // A person waits for the answer: of a budget that runs low this is the last to go without.
    let all = at_priority(Priority::Command, examine(&config, &args.config)).await;
    output.out.write_all(print(&all).as_bytes())?;
    Ok(if worst(&all) == Level::Problem { Exit::Failed } else { Exit::Fine }.status())
}

/// Looks at everything; what is printed keeps this order.
async fn examine(config: &Config, file: &Path) -> Vec<Diagnosis> {
    let mut all = vec![configuration::read(config, file)];
    all.extend(configuration::policy(config));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let desk = Desk::open(config).await;
    let context = desk.as_ref().ok().map(|desk| &desk.context);
    let clusters = config.clusters.iter().map(|cluster| cluster::look(context, cluster));
    let (listen, database, forge, clusters, kustomize) = tokio::join!(
        in_time("listen", LIMIT, configuration::listen(config)),
        in_time("database", LIMIT, database::look(config)),
        ask_forge(config, &desk),
        join_all(clusters),
        in_time("kustomize", LIMIT, kustomize::look(&path)),
    );
    let rest = [listen, database, forge, clusters.into_iter().flatten().collect(), kustomize];
    all.extend(rest.into_iter().flatten());
    if let Ok(desk) = desk {
        desk.context.store.close().await;
    }
    all
}

/// Everything that only the forge knows.
async fn ask_forge(config: &Config, desk: &anyhow::Result<Desk>) -> Vec<Diagnosis> {
    let context = match desk {
        Ok(desk) => &desk.context,
        Err(error) => {
            return vec![Diagnosis::problem(
                format!("App: {error:#}"),
                "correct `github.private_key` and `github.api_url`; a new key is made on the App's page at GitHub",
            )];
        }
    };
    let Signed { diagnoses: mut all, refused, registration } = app::look(config, &context.forge).await;
    if refused {
        let unseen = "webhook, installations and repositories: not looked at: GitHub does not let the App in";
        all.push(Diagnosis::warning(unseen, "mend that first, then look again"));
        return all;
    }
    let registration = registration.as_ref();
    let repositories = config.clusters.iter().map(|cluster| repository::look(context, (config, cluster), registration));
    let (webhook, deliveries, repositories, budgets) = tokio::join!(
        in_time("webhook", LIMIT, webhook::address(config, &context.forge)),
        in_time("deliveries", LIMIT, webhook::deliveries(config, &context.forge)),
        join_all(repositories),
        in_time("budget", LIMIT, budget::look(&context.forge)),
    );
    all.extend([webhook, deliveries, repositories.into_iter().flatten().collect(), budgets].into_iter().flatten());
    all
}

/// A look within its time.
async fn in_time(thing: &str, limit: Duration, look: impl Future<Output = Vec<Diagnosis>>) -> Vec<Diagnosis> {
    tokio::time::timeout(limit, look).await.unwrap_or_else(|_| {
        let seen = format!("{thing}: no answer within {} s", limit.as_secs());
        vec![Diagnosis::problem(seen, "look at the network, the proxy and the firewall between this machine and it")]
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::diagnosis::{Diagnosis, Level, worst};
    use super::in_time;

    #[tokio::test]
    async fn a_look_that_takes_too_long_is_a_problem_and_hides_no_other() {
        let never = in_time("database", Duration::from_millis(5), std::future::pending());
        let quick = in_time("listen", Duration::from_secs(20), async { vec![Diagnosis::ok("listen: free")] });
        let (never, quick) = tokio::join!(never, quick);
        assert_eq!((worst(&never), worst(&quick)), (Level::Problem, Level::Ok));
        assert!(never[0].what.starts_with("database: no answer within"), "{never:?}");
    }
}
