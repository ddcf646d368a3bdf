//! Why a database cannot be opened, in words: which one it is, what is wrong with it, and what mends that.

use std::io::ErrorKind;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use super::open::{engine, sqlite_file};
use super::{Engine, StoreError};

const RIGHTS: &str = "give this account the right to write the file and its folder";
const DISK: &str = "check its disk, and the rights of the file and its folder";

/// For `map_err`: the database of this URL could not be opened.
pub(super) fn opening(url: &str) -> impl FnOnce(sqlx::Error) -> StoreError + '_ {
    move |source| {
        let (problem, remedy) = match engine(url) {
            Ok(Engine::Sqlite) => sqlite(&source),
            _ => ("cannot be reached", "check that the server runs there and lets this account in"),
        };
        StoreError::Open { database: name(url), problem, remedy, source: Some(source) }
    }
}

/// What people call the database of a URL; without its password.
pub(super) fn name(url: &str) -> String {
    match engine(url) {
        Ok(Engine::Sqlite) => match sqlite_file(url) {
            Ok(Some(file)) => file.display().to_string(),
            _ => "the database in memory".to_owned(),
        },
        _ => PgConnectOptions::from_str(url).map_or_else(|_| "the database".to_owned(), |options| postgres(&options)),
    }
}

fn postgres(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("the database {database} at {}", socket.display()),
        None => format!("the database {database} at {}:{}", options.get_host(), options.get_port()),
    }
}

/// By SQLite's result codes, whose lower byte is the kind (sqlite.org/rescode.html).
fn sqlite(source: &sqlx::Error) -> (&'static str, &'static str) {
    if let sqlx::Error::Io(error) = source {
        return match error.kind() {
            ErrorKind::NotFound => ("cannot be made: its folder is not there", "make the folder, or correct the name"),
            ErrorKind::PermissionDenied => ("cannot be opened", RIGHTS),
            _ => ("cannot be used", DISK),
        };
    }
    match code(source) {
        Some(5 | 6) => ("is locked by another program", "stop that program, or wait until it has ended"),
        Some(8) => ("cannot be written", RIGHTS),
        Some(11) => ("is damaged", "put a backup of it in its place"),
        Some(13) => ("has no space left on its disk", "make room there"),
        Some(14) => ("cannot be opened", RIGHTS),
        Some(26) => ("is no SQLite database", "name another file as `database`, or move this one away"),
        _ => ("cannot be used", DISK),
    }
}

/// The kind of an error of SQLite's.
pub(super) fn code(source: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(error) = source else { return None };
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_holds_no_password() {
        for (url, expected) in [
            ("sqlite:///var/lib/b.db?mode=ro", "/var/lib/b.db"),
            ("postgres://bot:hunter2@db:5433/b?sslmode=require", "the database b at db:5433"),
            ("postgres://bot:hunter2@localhost/b?host=/run/pg", "the database b at /run/pg"),
        ] {
            assert_eq!(name(url), expected);
        }
    }
}
