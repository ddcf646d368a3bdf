//! A real PostgreSQL server for a test binary: made with `initdb` in a temporary folder, run as a user without
//! rights, reached through a socket in that folder, and ended with the process, however that ends.
#![allow(dead_code, unreachable_pub, reason = "every test binary uses some of these words, none uses all")]

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

/// A server of its own; most tests share one ([`database`]).
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    /// Whose end ends the server.
    watch: Option<ChildStdin>,
    keeper: Child,
    next: AtomicU32,
}

/// Ends the server when this process is gone or lets go of it, and then the folder's contents.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= $3 \
  -c shared_buffers=32MB -c max_connections=60 -c log_min_messages=fatal 2>"$2/log" >/dev/null &
server=$!
cat >/dev/null
kill -INT $server; wait $server
rm -rf "$2/data" "$2/log"
"#;

/// The URL of a new, empty database on this process's server.
pub fn database() -> String {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start).database()
}

impl Postgres {
    /// Makes and starts a server that survives no power cut, as tests need none.
    pub fn start() -> Self {
        Self::start_with("-c fsync=off -c full_page_writes=off")
    }

    /// Makes and starts a server as it is by default, durable.
    pub fn start_durable() -> Self {
        Self::start_with("")
    }

    fn start_with(options: &str) -> Self {
        let bin = binaries();
        let folder = tempfile::Builder::new().prefix("bailiwick-pg-").tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).expect("root may give folders away");
        }
        let made = command(&bin.join("initdb"), user)
            .args(["--auth=trust", "--username=bot", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = command(Path::new("/bin/sh"), user)
            .args([OsStr::new("-c"), OsStr::new(KEEPER), OsStr::new("keeper")])
            .args([bin.as_os_str(), folder.path().as_os_str(), OsStr::new(options)])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        let watch = keeper.stdin.take();
        let server = Self { folder, bin, watch, keeper, next: AtomicU32::new(0) };
        server.wait_until_ready();
        server
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test{}", self.next.fetch_add(1, Ordering::Relaxed));
        assert!(self.sql(&format!("CREATE DATABASE {name}")), "a new database");
        format!("postgres://bot@localhost/{name}?host={}", self.folder.path().display())
    }

    /// Runs a statement as the owner; whether it went well.
    pub fn sql(&self, statement: &str) -> bool {
        let host = self.folder.path().as_os_str();
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-U", "bot", "-d", "postgres", "-c", statement, "-h"]).arg(host);
        psql.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn wait_until_ready(&self) {
        for _ in 0..600 {
            if self.sql("SELECT 1") {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut log = String::new();
        let _ = std::fs::File::open(self.folder.path().join("log")).and_then(|mut file| file.read_to_string(&mut log));
        panic!("PostgreSQL does not start: {log}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watch.take());
        let _ = self.keeper.wait();
    }
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Debian keeps the server's programs outside the PATH.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    // A link in the PATH need not have its companions beside it.
    let real = |folder: PathBuf| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned());
    let mut found: Vec<PathBuf> = found.into_iter().filter_map(real).collect();
    found.retain(|folder| ["postgres", "psql"].iter().all(|program| folder.join(program).exists()));
    found.pop().expect("PostgreSQL's server binaries: `make setup` installs them")
}

/// PostgreSQL refuses to run as root: the `postgres` account that its package makes, else `nobody`.
pub fn unprivileged() -> Option<(u32, u32)> {
    let me = std::fs::metadata("/proc/self").ok()?;
    if std::os::unix::fs::MetadataExt::uid(&me) != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("accounts");
    let account = |name: &str| {
        let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    account("postgres").or_else(|| account("nobody"))
}
