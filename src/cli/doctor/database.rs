//! The store: there, of which age, and what waits in it. Nothing is made or migrated.

use super::diagnosis::Diagnosis;
use crate::config::Config;
use crate::jobs::chain;
use crate::report::count;
use crate::store::{Counts, Inspection, Schema, Store, StoreError};

pub(super) async fn look(config: &Config) -> Vec<Diagnosis> {
    let seen = Store::inspect(config.database.expose()).await;
    judge(config.database.scheme(), &seen)
}

/// `scheme` is all that is said of the URL: it may hold a password.
fn judge(scheme: &str, seen: &Result<Inspection, StoreError>) -> Vec<Diagnosis> {
    let one = |diagnosis| vec![diagnosis];
    match seen {
        Err(error) => one(Diagnosis::problem(
            format!("database: {scheme} cannot be used: {}", chain(error)),
            "correct `database` in the configuration, or start the database server and let this account in",
        )),
        Ok(Inspection::Memory) => one(Diagnosis::warning(
            "database: in memory: everything is forgotten when the server stops",
            "write `database: sqlite://FILE` or `postgres://…`",
        )),
        Ok(Inspection::Absent { file, folder: true }) => {
            one(Diagnosis::ok(format!("database: {} is not there yet: `serve` makes it", file.display())))
        }
        Ok(Inspection::Absent { file, folder: false }) => one(Diagnosis::problem(
            format!("database: {}: its folder is not there", file.display()),
            "make the folder, or correct `database` in the configuration",
        )),
        Ok(Inspection::Empty) => one(Diagnosis::ok(format!("database: {scheme}, empty: `serve` makes its tables"))),
        Ok(Inspection::There { moved: true, .. }) => one(Diagnosis::problem(
            format!("database: {scheme}: this installation was moved to another one"),
            "name that one as `database` in the configuration",
        )),
        Ok(Inspection::There { schema, counts, unwritable, .. }) => {
            let mut all = vec![age(scheme, *schema)];
            all.extend(unwritable.as_ref().map(|cause| refusal(scheme, cause)));
            all.extend(counts.as_ref().map(jobs));
            all
        }
    }
}

fn refusal(scheme: &str, cause: &str) -> Diagnosis {
    Diagnosis::problem(
        format!("database: {scheme}: nothing can be written: {cause}"),
        "let this account write there: no delivery can be stored and no job can end until then",
    )
}

fn age(scheme: &str, Schema { version, ours }: Schema) -> Diagnosis {
    match version.cmp(&ours) {
        std::cmp::Ordering::Equal => Diagnosis::ok(format!("database: {scheme}, schema {version}")),
        std::cmp::Ordering::Less => Diagnosis::ok(format!(
            "database: {scheme}, schema {version}, of an older version: `serve` brings it to {ours} when it starts"
        )),
        std::cmp::Ordering::Greater => Diagnosis::problem(
            format!("database: {scheme}, schema {version}, of a newer version: this program knows {ours}"),
            "run the newer Bailiwick, or name another database",
        ),
    }
}

fn jobs(counts: &Counts) -> Diagnosis {
    let Counts { waiting, running, done, dead } = counts;
    let seen = format!("jobs: {waiting} waiting, {running} running, {done} done");
    if *dead == 0 {
        return Diagnosis::ok(seen);
    }
    let dead = count(usize::try_from(*dead).unwrap_or(usize::MAX), "job");
    Diagnosis::warning(
        format!("{seen}; {dead} given up"),
        "`bailiwick jobs list --state dead` says why; `bailiwick jobs retry` takes them up again",
    )
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::{Level, print, worst};
    use super::*;

    fn there(version: i64, counts: Option<Counts>, moved: bool) -> Vec<Diagnosis> {
        judge("sqlite", &Ok(Inspection::There { schema: Schema { version, ours: 3 }, counts, moved, unwritable: None }))
    }

    #[test]
    fn every_state_of_a_database() {
        assert_eq!(worst(&there(3, Some(Counts::default()), false)), Level::Ok);
        let older = there(2, Some(Counts::default()), false);
        assert!(worst(&older) == Level::Ok && print(&older).contains("`serve` brings it to 3"), "{older:?}");
        let newer = there(4, None, false);
        assert!(worst(&newer) == Level::Problem && newer.len() == 1, "{newer:?}");
        assert_eq!(worst(&there(3, Some(Counts::default()), true)), Level::Problem, "moved");
        let cause = Some("it is read-only".to_owned());
        let schema = Schema { version: 3, ours: 3 };
        let counts = Some(Counts::default());
        let refused = Ok(Inspection::There { schema, counts, moved: false, unwritable: cause });
        let refused = judge("sqlite", &refused);
        assert!(
            worst(&refused) == Level::Problem && print(&refused).contains("nothing can be written: it is read-only")
        );
        let dead = there(3, Some(Counts { dead: 2, ..Counts::default() }), false);
        assert!(
            worst(&dead) == Level::Warning && print(&dead).contains("bailiwick jobs list --state dead"),
            "{dead:?}"
        );
        let absent = |folder| judge("sqlite", &Ok(Inspection::Absent { file: "a/b.db".into(), folder }));
        assert_eq!((worst(&absent(true)), worst(&absent(false))), (Level::Ok, Level::Problem));
        assert_eq!(worst(&judge("sqlite", &Ok(Inspection::Empty))), Level::Ok);
        assert_eq!(worst(&judge("sqlite", &Ok(Inspection::Memory))), Level::Warning);
    }
}
