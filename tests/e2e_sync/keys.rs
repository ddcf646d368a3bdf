//! A team's deploy key: made in the cluster, registered on the team's repository, secret everywhere else.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, Page, TEAM1, TEAM2, TestWorld};
use crate::words::routes;

/// Everything that this test program logs from the first call on.
pub(crate) fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let shared = Arc::clone(&log);
        let logs = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        logs.with_ansi(false).with_writer(move || Shared(Arc::clone(&shared))).init();
        log
    })
}

/// A value of the team's Secret.
pub(crate) fn secret_value(world: &TestWorld, team: &str, key: &str) -> String {
    let secret = world.world.cluster.get("Secret", team, "flux-git-auth").expect("the Secret is there");
    let coded = secret["data"][key].as_str().unwrap_or_else(|| panic!("{key} in {secret}"));
    let bytes = base64::engine::general_purpose::STANDARD.decode(coded).expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// Whether a file below the folder holds the text.
fn holds(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holds(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_team_gets_its_key_and_nobody_sees_the_private_half() {
    let log = log();
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.quiet().await;
    world.github().clear_request_log();
    world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "Flux has fetched `").await;
    insta::assert_snapshot!(report);
    insta::assert_snapshot!(routes(&world.github().request_log()));

    let keys = world.github().deploy_keys(TEAM2);
    assert_eq!(keys.len(), 1, "registered once: {keys:?}");
    assert!(keys[0].read_only && keys[0].title == "bailiwick: cluster dev, team team2", "{keys:?}");
    assert!(secret_value(&world, "team2", "identity.pub").starts_with(&keys[0].key));
    assert!(secret_value(&world, "team2", "known_hosts").starts_with("127.0.0.1 ssh-"));

    let private = secret_value(&world, "team2", "identity");
    let line = private.lines().nth(2).expect("an OpenSSH key has several lines").to_owned();
    let folder = world.world.directory();
    assert!(folder.join("bailiwick.db").exists(), "the store is among the files");
    assert_eq!(holds(folder, &line), Vec::<String>::new(), "store, its log, mirrors");
    for repository in [ADMIN, TEAM1, TEAM2] {
        let path = world.github().repository_path(repository).expect("it is there");
        let history = Command::new("git").args(["log", "--all", "-p"]).current_dir(path).output().expect("git runs");
        assert!(!String::from_utf8_lossy(&history.stdout).contains(&line), "{repository}");
    }
    assert!(!report.contains(&line));
    let lines = world.audit_lines(&["team-creation", "sync-started", "sync-ended", "key-registered"]).await;
    // What the bot does at its start, it does in any order.
    let lines: Vec<String> = lines.into_iter().skip_while(|line| !line.contains("team-creation")).collect();
    insta::assert_snapshot!("audit", lines.join("\n"));
    let logged = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let logged = String::from_utf8_lossy(&logged).into_owned();
    assert!(logged.contains("looked after a deploy key"), "the log is read");
    assert!(!logged.contains(&line), "the private key is in the log");
    assert!(!logged.contains("OPENSSH PRIVATE KEY"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_look_changes_nothing_and_gives_its_token_back() {
    let world = TestWorld::start().await;
    let before = world.github().deploy_keys(TEAM1);
    assert_eq!(before.len(), 1, "the first look around registered it");
    world.github().clear_request_log();
    world.look_after_key("team1", None).await;
    world.quiet().await;
    assert_eq!(world.github().deploy_keys(TEAM1), before);
    assert_eq!(world.audit_lines(&["key-registered"]).await.len(), 1, "written once");
    insta::assert_snapshot!(routes(&world.github().request_log()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_somebody_removed_comes_back_and_flux_fetches_with_it() {
    let world = TestWorld::start().await;
    let before = world.github().deploy_keys(TEAM1).pop().expect("registered");
    let asked = requested(&world);
    world.github().remove_deploy_key(ALICE, TEAM1, before.id).expect("it is there");
    let back = |world: &TestWorld| world.github().deploy_keys(TEAM1).pop();
    let after = world.until("the key to come back", back).await;
    assert_eq!((&after.key, after.read_only), (&before.key, true));
    world.quiet().await;
    assert_ne!(requested(&world), asked, "Flux was asked to fetch");
    world.finish().await;
}

fn requested(world: &TestWorld) -> Value {
    let source = world.world.cluster.get("GitRepository", "team1", "team1").expect("the scaffold's name");
    source["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_with_too_many_rights_is_replaced() {
    let world = TestWorld::start().await;
    let before = world.github().deploy_keys(TEAM1).pop().expect("registered");
    world.github().faults().drop_next(2);
    world.github().remove_deploy_key(ALICE, TEAM1, before.id).expect("it is there");
    let mighty = json!({"title": "by hand", "key": before.key, "read_only": false});
    world.api(ALICE, (http::Method::POST, &format!("/repos/{TEAM1}/keys")), &mighty).await;
    world.look_after_key("team1", None).await;
    world.quiet().await;
    let after = world.github().deploy_keys(TEAM1);
    assert_eq!(after.len(), 1);
    assert!(after[0].read_only && after[0].key == before.key, "{after:?}");
    let lines = world.audit_lines(&["key-registered", "key-removed", "key-replaced"]).await;
    assert_eq!(
        lines,
        [
            "bot key-registered allowed: team team1 in cluster dev | org/dev-team1#0 | team of org/dev-cluster (live) | \
             read-only | deploy_key …",
            "bot key-removed allowed: team team1 in cluster dev | org/dev-team1#0 | team of org/dev-cluster (live) | - | \
             deploy_key …",
            "bot key-replaced allowed: team team1 in cluster dev | org/dev-team1#0 | team of org/dev-cluster (live) | \
             read-only | deploy_key …",
        ]
    );
    world.finish().await;
}

/// A team that asks for the repository of another team, or of another owner, gets no key for it, and nothing
/// is made in the cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_that_names_a_repository_of_others_gets_no_key_for_it() {
    let world = TestWorld::start().await;
    world.github().create_org("victim").expect("it is new");
    world.github().create_repository("victim/secrets", &[("README.md", "Ours.\n")]).await.expect("it is new");
    for (branch, url, why) in [
        ("theirs", "org/dev-team1", "org/dev-team1 is the repository of team team1"),
        ("admins", "org/dev-cluster", "is an admin repository"),
        ("victims", "victim/secrets", "neither one of org"),
    ] {
        let before = world.github().deploy_keys(url);
        let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - common\n  - team1\n  - greedy\n";
        let team = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: greedy\n  labels:\n    toolkit.fluxcd.io/tenant: greedy\n---\n\
             apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: greedy\n  namespace: greedy\n\
             spec:\n  interval: 1m\n  url: ssh://git@github.com/{url}\n  ref:\n    branch: main\n"
        );
        let own = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - all.yaml\n";
        let files = [
            ("cluster/kustomization.yaml", list),
            ("cluster/greedy/all.yaml", &team),
            ("cluster/greedy/kustomization.yaml", own),
        ];
        let (pull, _) = world.merge_unchecked(branch, &files).await;
        let report = world.expect_report(&pull, "no deploy key").await;
        assert!(report.contains(why), "{report}");
        assert_eq!(world.github().deploy_keys(url), before, "{url}");
        assert!(world.world.cluster.get("Secret", "greedy", "flux-git-auth").is_none(), "no pair was made");
    }
    world.finish().await;
}

/// A key that is registered is not yet a key that works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_with_which_flux_does_not_fetch_is_told_as_such() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "Flux has fetched `main@sha1:").await;
    world.quiet().await;
    let mut source = world.world.cluster.get("GitRepository", "team2", "team2").expect("it is applied");
    source["spec"]["suspend"] = json!(true);
    world.world.cluster.apply(source).expect("it is a source");
    world.look_after_key("team2", Some(&pull)).await;
    let report = world.expect_report(&pull, "does not fetch with it").await;
    let line = report.lines().find(|line| line.contains("**team2**")).expect("its line");
    assert_eq!(
        line,
        "- ❌ **team2**: deploy key registered on `org/dev-team2`, read-only, but Flux does not fetch with it: \
         GitRepository team2/team2 is suspended: nothing is fetched until somebody resumes it. I look again by myself."
    );
    world.finish().await;
}

/// Whoever asked for the team reads there, in one comment, how far it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asked_for_a_team_reads_there_when_it_is_ready() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "Flux has fetched `").await;
    let told = world.expect_comment(&Page::requests(), "is ready").await;
    insta::assert_snapshot!(crate::words::told(&told.body));
    world.quiet().await;
    world.refresh().await;
    let lists = world.read(&Page::requests()).await.into_iter().filter(|it| it.body.contains("team2** is"));
    assert_eq!(lists.count(), 1, "one comment, edited");
    world.finish().await;
}
