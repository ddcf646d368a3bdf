use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

/// Where secrets come from: the process's environment and disk, or a test's own.
pub trait SecretSource {
    /// The environment variable `name`.
    fn env(&self, name: &str) -> Result<SecretString, SecretError>;
    /// The text of the file at `path`.
    fn file(&self, path: &Path) -> Result<SecretString, SecretError>;
}

/// Why a secret could not be read. `Display` is the end of a sentence that starts with its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no such variable or file.
    #[error("does not exist")]
    Missing,
    /// It is there but cannot be read; the reason holds nothing of its content.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// The store's address, `sqlite://…` or `postgres://…`. It may hold a password, so `Debug` shows the scheme only.
#[derive(Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// The address with its password, for the store alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `sqlite` or `postgres`.
    pub fn scheme(&self) -> &'static str {
        if self.expose().starts_with("sqlite:") { "sqlite" } else { "postgres" }
    }

    /// Takes `sqlite://PATH`, `sqlite::memory:`, `postgres://…` and `postgresql://…`.
    pub(super) fn parse(url: SecretString) -> Option<Self> {
        let text = url.expose_secret();
        let rest = ["sqlite://", "postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let fits = text == "sqlite::memory:" || rest.is_some_and(|rest| !rest.is_empty());
        (fits && !text.contains(|c: char| c.is_control() || c == ' ')).then_some(Self(url))
    }

    /// The same with SQLite's file taken relative to `folder`, where its path is not whole.
    pub(super) fn beside(self, folder: &Path) -> Self {
        let file = self.expose().strip_prefix("sqlite://").filter(|file| !file.starts_with('/'));
        let Some(file) = file else { return self };
        // The address says these in its own way (<https://docs.rs/sqlx/latest/sqlx/sqlite/struct.SqliteConnectOptions.html>).
        let folder = folder.to_string_lossy().replace('%', "%25").replace('?', "%3F");
        if folder.is_empty() { self } else { Self(SecretString::from(format!("sqlite://{folder}/{file}"))) }
    }

    /// Whether it holds a password between its user and its host.
    pub(super) fn has_password(text: &str) -> bool {
        let user = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
        user.is_some_and(|(user, _)| user.contains(':')) || text.contains("password=")
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.into()).ok_or("write sqlite://FILE or postgres://USER@HOST/NAME")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({}://…)", self.scheme())
    }
}
