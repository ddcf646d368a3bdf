//! Least rights: what each job asks a token for, what the App's manifest grants, and what README.md says of both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bailiwick::forge::Access;
use serde_json::Value;
use syn::visit::Visit;

/// Every place in the jobs that asks for rights, and for which. A new one has to be added here.
const TABLE: &[(&str, &str)] = &[
    ("admin.rs", "READ"),
    ("context.rs", "COMMENT"),
    ("context.rs", "DEPLOYMENTS"),
    ("context.rs", "METADATA"),
    ("context.rs", "READ"),
    ("orphans.rs", "KEYS"),
    ("orphans.rs", "METADATA"),
    ("recover/mod.rs", "METADATA"),
    ("refresh.rs", "REVIEW"),
    ("register_deploy_key/register.rs", "KEYS"),
    ("requests.rs", "COMMENT"),
    ("requests.rs", "COMMENT_ON_ISSUES"),
    ("review_merge_group.rs", "REVIEW"),
    ("review_merge_group.rs", "VERDICT"),
    ("review_pull_request/mod.rs", "REVIEW"),
    ("review_pull_request/mod.rs", "VERDICT"),
    ("review_pull_request/team_users.rs", "READ"),
    ("rotate_key/steps.rs", "KEYS"),
    ("run_command/create_team.rs", "METADATA"),
    ("run_command/create_team.rs", "PROPOSE"),
    ("run_command/mod.rs", "COMMENT"),
    ("run_command/mod.rs", "COMMENT_ON_ISSUES"),
    ("run_command/promote/mod.rs", "PROPOSE"),
    ("run_command/promote/mod.rs", "READ"),
    ("run_command/promote/there.rs", "READ"),
    ("run_command/pull.rs", "REVIEW"),
    ("run_command/remove_team/key.rs", "KEYS"),
    ("run_command/remove_team/mod.rs", "PROPOSE"),
    ("run_command/remove_team/past.rs", "READ"),
    ("run_command/rights.rs", "MEMBERS"),
    ("run_command/rights.rs", "METADATA"),
    ("sync_cluster/look.rs", "READ"),
];

/// What the names stand for.
const RIGHTS: &[(&str, Access, &str)] = &[
    ("METADATA", Access::METADATA, "metadata: read"),
    ("READ", Access::READ, "contents: read, metadata: read, pull_requests: read"),
    ("REVIEW", Access::REVIEW, "checks: write, contents: read, metadata: read, pull_requests: read"),
    ("VERDICT", Access::VERDICT, "checks: write, metadata: read, pull_requests: read"),
    ("COMMENT", Access::COMMENT, "metadata: read, pull_requests: write"),
    ("COMMENT_ON_ISSUES", Access::COMMENT_ON_ISSUES, "issues: write, metadata: read"),
    ("PROPOSE", Access::PROPOSE, "contents: write, metadata: read, pull_requests: write"),
    ("KEYS", Access::KEYS, "administration: write, metadata: read"),
    ("DEPLOYMENTS", Access::DEPLOYMENTS, "deployments: write, metadata: read"),
    ("MEMBERS", Access::MEMBERS, "members: read, metadata: read"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The constants of `Access` that a file names.
#[derive(Default)]
struct Named(BTreeSet<String>);

impl<'ast> Visit<'ast> for Named {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [.., kind, name] = words.as_slice()
            && kind == "Access"
        {
            self.0.insert(name.clone());
        }
        syn::visit::visit_path(self, path);
    }
}

#[test]
fn the_table_of_rights_is_complete() {
    let jobs = root().join("src/jobs");
    let mut files = Vec::new();
    sources(&jobs, &mut files);
    // What all of them need together is written there; it asks for nothing, and has a test of its own.
    files.retain(|path| !path.ends_with("needs.rs"));
    let mut found = BTreeSet::new();
    for path in files {
        let mut named = Named::default();
        named.visit_file(&syn::parse_file(&std::fs::read_to_string(&path).expect("a source")).expect("Rust"));
        let name = path.strip_prefix(&jobs).expect("below").to_string_lossy().into_owned();
        found.extend(named.0.into_iter().map(|right| (name.clone(), right)));
    }
    // How a deploy key may be used is another `Access`, of the configuration.
    let table: BTreeSet<_> = TABLE.iter().map(|(file, right)| ((*file).to_owned(), (*right).to_owned())).collect();
    assert_eq!(found, table);
    for (file, right) in TABLE {
        assert!(RIGHTS.iter().any(|(name, _, _)| name == right), "{file} asks for {right}: what is that?");
    }
    for (name, access, words) in RIGHTS {
        assert_eq!(access.to_string(), *words, "{name}");
        assert!(TABLE.iter().any(|(_, right)| right == name), "nobody needs {name}");
    }
}

/// The permissions of a manifest (docs.github.com, "Registering a GitHub App from a manifest").
fn granted(manifest: &str) -> BTreeMap<String, String> {
    let manifest: Value = serde_json::from_str(&read(manifest)).expect("JSON");
    serde_json::from_value(manifest["default_permissions"].clone()).expect("level by permission")
}

const MANIFEST: &str = "deploy/github-app/app.json";
const WITH_KEYS: &str = "deploy/github-app/app-with-deploy-keys.json";

#[test]
fn no_job_asks_for_more_than_the_manifest_grants_and_the_manifest_for_no_more_than_they_need() {
    let covers = |granted: &BTreeMap<String, String>, access: Access| {
        access.permissions().iter().all(|(name, level)| {
            granted.get(*name).is_some_and(|has| has == level || (has == "write" && *level == "read"))
        })
    };
    for (name, access, _) in RIGHTS {
        assert!(covers(&granted(WITH_KEYS), *access), "{name}");
        assert_eq!(covers(&granted(MANIFEST), *access), *name != "KEYS", "{name}: only deploy keys need more");
    }
    let all = RIGHTS.iter().fold(Access::METADATA, |all, (_, access, _)| all.and(*access));
    // Without it GitHub lets nobody subscribe to `merge_group`; no token is made with it.
    let of_events = [("merge_queues", "read")];
    let needed: BTreeMap<String, String> = all
        .permissions()
        .into_iter()
        .chain(of_events)
        .map(|(name, level)| (name.to_owned(), level.to_owned()))
        .collect();
    assert_eq!(granted(WITH_KEYS), needed);
    let mut without = needed;
    assert_eq!(without.remove("administration").as_deref(), Some("write"));
    assert_eq!(granted(MANIFEST), without);
    for dangerous in ["workflows", "secrets", "actions", "organization_administration", "environments"] {
        assert!(!granted(WITH_KEYS).contains_key(dangerous), "{dangerous}");
    }
}

#[test]
fn the_manifests_differ_in_nothing_else_and_the_readme_says_the_same() {
    let (mut plain, mut keys): (Value, Value) =
        (serde_json::from_str(&read(MANIFEST)).expect("JSON"), serde_json::from_str(&read(WITH_KEYS)).expect("JSON"));
    assert_eq!(plain["public"], false, "an App that anybody may install is installed by anybody");
    let events: BTreeSet<String> = serde_json::from_value(plain["default_events"].clone()).expect("names");
    let readme = read("README.md");
    let (_, after) = readme.split_once("Subscribe to: ").expect("README.md says which events");
    let (listed, _) = after.split_once('.').expect("a sentence");
    let listed: BTreeSet<String> = listed.split(", ").map(|event| event.trim().replace(' ', "_")).collect();
    assert_eq!(listed, events);
    let rows: BTreeMap<String, String> = readme
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().split('|').map(str::trim).collect();
            let [_, name, level @ ("read" | "write"), ..] = cells.as_slice() else { return None };
            let name = name.trim_end_matches(" (organisation)").to_lowercase().replace(' ', "_");
            Some((name, (*level).to_owned()))
        })
        .collect();
    assert_eq!(rows, granted(WITH_KEYS));
    plain["default_permissions"].take();
    keys["default_permissions"].take();
    assert_eq!(plain, keys);
}
