//! `bailiwick config`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{Exit, Output};
use crate::command::COMMANDS;
use crate::config::{
    self, AccessMode, ClusterConfig, Config, Kubeconfig, LARGEST_FILE, SecretError, SecretSource, WebhookMode,
};

/// Look at the server's configuration
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reads a configuration with its secrets and says what is wrong with it.
    Check {
        /// The configuration file.
        file: PathBuf,
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
        let text = read(path).map(Zeroizing::new);
        text.map(|text| SecretString::from(text.as_str())).map_err(|error| match error.kind() {
            ErrorKind::NotFound => SecretError::Missing,
            ErrorKind::InvalidData => SecretError::Unreadable("it is no UTF-8".to_owned()),
            kind => SecretError::Unreadable(kind.to_string()),
        })
    }
}

/// Reads a small file; a larger one than any configuration or key is an error.
fn read(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > LARGEST_FILE as u64 {
        return Err(ErrorKind::FileTooLarge.into());
    }
    std::fs::read_to_string(path)
}

/// Reads a configuration with its secrets.
///
/// # Errors
/// Every problem, with its line and remedy.
pub(crate) fn load(file: &Path) -> anyhow::Result<Config> {
    let text = read(file).map_err(|error| {
        anyhow::anyhow!("{}: cannot be read ({}); name the configuration file", file.display(), error.kind())
    })?;
    Ok(config::parse(&text, &file.to_string_lossy(), &ProcessSecrets)?)
}

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> Exit {
    let ConfigCommand::Check { file } = &args.command;
    let shown = file.display();
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(output.err, "{shown}: cannot be read ({}); name the configuration file", error.kind());
            return Exit::Usage;
        }
    };
    match config::parse(&text, &file.to_string_lossy(), &ProcessSecrets) {
        Ok(config) => {
            let _ = write!(output.out, "{shown}: fine\n{}", summary(&config));
            Exit::Fine
        }
        Err(error) => {
            let _ = writeln!(output.err, "{error}");
            Exit::Usage
        }
    }
}

/// What a configuration says, without its secrets.
fn summary(config: &Config) -> String {
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
    if let Some(policy) = &config.policy {
        lines.push(format!("policy: {}", policy.display()));
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
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
    let ClusterConfig { name, admin_repository, branch, path, team_repository, .. } = cluster;
    format!(
        "cluster {name}: {admin_repository}, branch {branch}, path {path}; {engine}; {reached}; teams in \
         {team_repository} with {keys}"
    )
}
