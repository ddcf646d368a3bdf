//! `bailiwick config`.

mod named;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use secrecy::SecretString;
use zeroize::Zeroizing;

use self::named::Seen;
use super::{Exit, Output};
use crate::command::COMMANDS;
use crate::config::{
    self, AccessMode, ClusterConfig, Config, DryRuns, Kubeconfig, LARGEST_FILE, SecretError, SecretSource, WebhookMode,
};
use crate::files;
use crate::report::visible;

/// Look at the server's configuration
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reads a configuration and all that it names, and says what is wrong with it
    ///
    /// Read is what `serve` reads when it starts: the secrets, the App's private key, the policy and the
    /// kubeconfigs. Nothing is sent over the network; `bailiwick doctor` looks further. Whatever is missing is a
    /// problem, so this is for the machine where the server runs.
    Check {
        /// The configuration file
        file: PathBuf,
        /// The server runs on another machine: a policy or kubeconfig that is missing here is told, and is no problem
        #[arg(long)]
        elsewhere: bool,
    },
}

/// Secrets from this process's environment and from files.
#[derive(Debug, Default, Clone, Copy)]
pub struct ProcessSecrets;

impl SecretSource for ProcessSecrets {
    fn env(&self, name: &str) -> Result<SecretString, SecretError> {
        match std::env::var(name) {
            Ok(value) => Ok(value.into()),
            Err(std::env::VarError::NotPresent) => Err(SecretError::Missing),
            Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::Unreadable("it is no UTF-8".to_owned())),
        }
    }

    fn file(&self, path: &Path) -> Result<SecretString, SecretError> {
        let text = files::read_text(path, LARGEST_FILE as u64).map(Zeroizing::new);
        text.map(|text| SecretString::from(text.as_str())).map_err(|error| match error.problem() {
            files::Problem::Missing => SecretError::Missing,
            files::Problem::Unreadable(kind) => SecretError::Unreadable(kind.to_string()),
            problem => SecretError::Unreadable(format!("it {problem}")),
        })
    }
}

/// Reads a configuration with its secrets.
///
/// # Errors
/// Every problem, with its line and remedy.
pub(crate) fn load(file: &Path) -> anyhow::Result<Config> {
    let text = files::read_text(file, LARGEST_FILE as u64)?;
    Ok(config::parse(&text, &file.to_string_lossy(), &ProcessSecrets)?)
}

/// Status 2 where something is wrong.
#[expect(clippy::future_not_send, reason = "it writes to this thread\'s standard output")]
pub(super) async fn run(args: &Args, output: &mut Output<'_>) -> anyhow::Result<u8> {
    let ConfigCommand::Check { file, elsewhere } = &args.command;
    let shown = file.display();
    let config = match load(file) {
        Ok(config) => config,
        Err(error) => {
            writeln!(output.err, "{error}")?;
            return Ok(Exit::Usage.status());
        }
    };
    let mut lines = summary(&config);
    let mut exit = Exit::Fine;
    for seen in named::look(&config, *elsewhere).await {
        match seen {
            Seen::Fine(line) | Seen::Elsewhere(line) => lines.push(line),
            Seen::Broken(line) => {
                writeln!(output.err, "{shown}: {}", visible(&line))?;
                exit = Exit::Usage;
            }
        }
    }
    if exit == Exit::Fine {
        writeln!(output.out, "{shown}: fine")?;
        lines.iter().try_for_each(|line| writeln!(output.out, "  {}", visible(line)))?;
    }
    Ok(exit.status())
}

/// What a configuration says, without its secrets.
fn summary(config: &Config) -> Vec<String> {
    let github = &config.github;
    let webhook = match (github.webhook, github.webhook_secrets.len()) {
        (WebhookMode::Pull, _) => "deliveries fetched (pull)".to_owned(),
        (WebhookMode::Push, 1) => "1 webhook secret".to_owned(),
        (WebhookMode::Push, count) => format!("{count} webhook secrets"),
    };
    let mut lines = vec![
        format!("listens on {}, keeps its work in {}", config.listen, config.database.scheme()),
        format!("App {} at {}, {webhook}", github.app_id, github.api_url),
    ];
    lines.extend(config.clusters.iter().map(cluster));
    for spec in COMMANDS {
        let allow: Vec<String> = config.allow(spec.name).iter().map(ToString::to_string).collect();
        let allow = if allow.is_empty() { "nobody".to_owned() } else { allow.join(", ") };
        lines.push(format!("/{}: {allow}", spec.name));
    }
    lines
}

fn cluster(cluster: &ClusterConfig) -> String {
    let engine = cluster.engine.map_or("engine seen from the repository", crate::names::Engine::as_str);
    let reached = match &cluster.kubeconfig {
        None => "not reached".to_owned(),
        Some(Kubeconfig::InCluster) => "reached from inside".to_owned(),
        Some(Kubeconfig::File { path, context: None }) => format!("reached with {}", path.display()),
        Some(Kubeconfig::File { path, context: Some(context) }) => {
            format!("reached with {} ({context})", path.display())
        }
    };
    let keys = match cluster.git_access.mode {
        AccessMode::DeployKey => "deploy keys",
        AccessMode::GithubApp => "Flux's own App",
        AccessMode::None => "no keys",
    };
    let tried = cluster.dry_run.map_or("", |DryRuns::Definitions| "; definitions are tried there");
    let version = cluster.kubernetes_version.map(|version| format!("; Kubernetes {version}")).unwrap_or_default();
    let ClusterConfig { name, admin_repository, branch, path, team_repository, .. } = cluster;
    format!(
        "cluster {name}: {admin_repository}, branch {branch}, path {path}; {engine}{version}; {reached}; teams in \
         {team_repository} with {keys}{tried}"
    )
}
