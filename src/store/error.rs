use super::JobId;
use crate::files::FileError;

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The `database` setting is not one that this build can open. The URL itself is not repeated:
    /// it may hold a password.
    #[error("the database URL {problem}; write `sqlite://<file>` or `postgres://<user>@<host>/<name>`")]
    Url {
        /// What is wrong with it.
        problem: &'static str,
        /// The parser's own words, where it has any.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// The database refused or could not be reached.
    #[error("the database could not {doing}; check that it runs, that its disk has space and that it may be written")]
    Database {
        /// What was being done, as the end of "could not …".
        doing: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The database could not be opened.
    #[error("{database} {problem}; {remedy}")]
    Open {
        /// What people call it: its file, or its name and server.
        database: String,
        /// What is wrong with it.
        problem: &'static str,
        /// What mends it.
        remedy: &'static str,
        /// The driver's error, where there is one.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// What the URL names is no file for a database.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another program's database. Nothing was written.
    #[error(
        "{database} holds another program's tables, such as {table}, and none of Bailiwick's; name another database \
         (nothing was written to this one)"
    )]
    Foreign {
        /// What people call it.
        database: String,
        /// The first of its tables, quoted.
        table: String,
    },
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date; was it written by a newer version?")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// Somebody else has taken the job over (or it has ended): whoever held the lease must stop.
    #[error("the lease of job {job} is lost: another worker has taken it over or it has ended; stop working on it")]
    LeaseLost {
        /// The job.
        job: JobId,
    },
    /// The installation has moved to another database.
    #[error("this database was moved to another one; name that one as `database` in the configuration")]
    Moved,
    /// SQLite is for one working process.
    #[error("another process runs workers on this database; stop it, or use PostgreSQL for several")]
    Claimed,
    /// A transfer needs an empty database.
    #[error("the database to move to is not empty: its table `{table}` has rows; give a new one, or empty this one")]
    NotEmpty {
        /// The first table with rows.
        table: &'static str,
    },
    /// A row holds what this version never writes.
    #[error("the database holds {what} that cannot be read; was it changed by hand or by a newer version?")]
    Unreadable {
        /// What kind of value it is.
        what: &'static str,
        /// Why it cannot be read.
        #[source]
        source: Option<serde_json::Error>,
    },
}

impl StoreError {
    /// For `map_err`: what was being done when the driver failed.
    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// The store was closed, or its runtime has ended.
    pub(super) fn closed() -> Self {
        Self::Database { doing: "store a delivery", source: sqlx::Error::PoolClosed }
    }

    pub(super) fn unreadable(what: &'static str) -> Self {
        Self::Unreadable { what, source: None }
    }
}
