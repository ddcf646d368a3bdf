//! Which store a subcommand looks into.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::{OsEntropy, SystemClock};
use crate::config::DatabaseUrl;
use crate::store::Store;

/// The store: by the server's configuration, or by its URL.
#[derive(Debug, clap::Args)]
pub(super) struct Database {
    /// The server's configuration, whose `database` is meant
    #[arg(long, global = true, default_value = "bailiwick.yaml")]
    config: PathBuf,
    /// The database itself: sqlite://FILE or postgres://…
    #[arg(long, global = true, conflicts_with = "config", env = "BAILIWICK_DATABASE", hide_env_values = true)]
    database: Option<SecretString>,
}

impl Database {
    /// Opens it to write.
    ///
    /// # Errors
    /// Where the configuration or the database cannot be read.
    pub(super) async fn open(&self) -> anyhow::Result<Store> {
        open(&self.url()?).await
    }

    /// Opens it to look: nothing is made, migrated or written.
    ///
    /// # Errors
    /// Where the configuration or the database cannot be read.
    pub(super) async fn open_to_read(&self) -> anyhow::Result<Store> {
        open_to_read(&self.url()?).await
    }

    fn url(&self) -> anyhow::Result<DatabaseUrl> {
        match &self.database {
            Some(url) => url_of("--database", url),
            None => Ok(super::config::load(&self.config)?.database),
        }
    }
}

/// The URL that an option gives. It may hold a password, so an error does not repeat it, as clap's own would.
///
/// # Errors
/// Where it is none.
pub(super) fn url_of(option: &str, text: &SecretString) -> anyhow::Result<DatabaseUrl> {
    text.expose_secret().parse().map_err(|hint| anyhow::anyhow!("{option}: no URL of a database: {hint}"))
}

/// Opens a store that must exist: a command that looks into one must not make an empty one by a slip of the pen.
///
/// # Errors
/// Where there is none, or it cannot be opened.
pub(super) async fn open(url: &DatabaseUrl) -> anyhow::Result<Store> {
    is_there(url)?;
    Ok(Store::open(url.expose(), Arc::new(SystemClock), Arc::new(OsEntropy)).await?)
}

/// Opens a store to look: nothing is made, migrated or written.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub(super) async fn open_to_read(url: &DatabaseUrl) -> anyhow::Result<Store> {
    is_there(url)?;
    Ok(Store::open_to_read(url.expose(), Arc::new(SystemClock), Arc::new(OsEntropy)).await?)
}

fn is_there(url: &DatabaseUrl) -> anyhow::Result<()> {
    if let Some(file) = url.expose().strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//")) {
        let file = file.split('?').next().unwrap_or(file);
        if !file.starts_with(':') && !std::path::Path::new(file).exists() {
            anyhow::bail!("{file}: there is no such database; is it the file that `database` names?");
        }
    }
    Ok(())
}
