//! `bailiwick keys list|rotate|sweep` beside a running server, and the keys of teams that have left.

use std::process::Stdio;

use bailiwick::clock::SeededEntropy;
use bailiwick::cluster::KeyPair;
use serde_json::json;

use crate::keys::log;
use crate::support::{ALICE, TEAM1, TEAM2, TestWorld, tidy};

/// Exit status and what is printed.
async fn keys(world: &TestWorld, arguments: &[&str]) -> (i32, String) {
    let file = world.world.directory().join("bailiwick.yaml");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.arg("keys").args(arguments).arg("--config").arg(file).stdin(Stdio::null());
    let output = command.output().await.expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("an end"), text(&output.stdout) + &text(&output.stderr))
}

/// Registers a key by hand; gives its number.
fn register(world: &TestWorld, title: &str, seed: u64) -> u64 {
    let key = KeyPair::generate(&SeededEntropy::new(seed), "by hand").expect("a key").public.to_string();
    world.github().add_deploy_key(ALICE, TEAM1, title, &key).expect("it is new")
}

fn titles(world: &TestWorld) -> Vec<String> {
    let mut titles: Vec<_> = world.github().deploy_keys(TEAM1).into_iter().map(|key| key.title).collect();
    titles.sort();
    titles
}

/// Without what differs from run to run.
fn plain(text: &str) -> String {
    let words = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word {
            _ if word.starts_with("SHA256:") => "SHA256:[…]",
            _ if word.starts_with('(') && word.trim_matches(['(', ')']).parse::<u64>().is_ok() => "([id])",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    tidy(&words.collect::<Vec<_>>().join("\n"))
}

const OURS: &str = "bailiwick: cluster dev, team team1";
const GONE: &str = "bailiwick: cluster dev, team team9";
const ELSEWHERE: &str = "bailiwick: cluster prod, team team9";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_are_listed_and_swept_and_nothing_else_is() {
    let mut world = TestWorld::start().await;
    register(&world, GONE, 1);
    register(&world, OURS, 2);
    register(&world, ELSEWHERE, 3);
    register(&world, "by hand", 4);
    world.quiet().await;
    let (status, list) = keys(&world, &["list"]).await;
    assert_eq!(status, 0, "{list}");
    insta::assert_snapshot!("list", plain(&list));
    let (status, plan) = keys(&world, &["sweep", "--plan"]).await;
    assert_eq!(status, 0, "{plan}");
    assert!(plan.contains("would remove") && plan.ends_with("Nothing was removed.\n"), "{plan}");
    assert_eq!(titles(&world).len(), 5, "nothing was removed");

    let (status, swept) = keys(&world, &["sweep"]).await;
    assert_eq!(status, 0, "{swept}");
    insta::assert_snapshot!("sweep", plain(&swept));
    assert_eq!(titles(&world), [OURS, ELSEWHERE, "by hand"]);
    let removed: Vec<_> = world.audit().await.into_iter().filter(|entry| entry.action == "key-removed").collect();
    let said: Vec<_> = removed.iter().map(|entry| (entry.actor_kind.as_str(), entry.what.as_str())).collect();
    assert_eq!(said, [("operator", "team team9 in cluster dev"), ("operator", "team team1 in cluster dev")]);
    let (_, again) = keys(&world, &["sweep"]).await;
    assert_eq!(again, "There was nothing to remove.\n");

    // What the cluster does not say is not known, and never removed.
    register(&world, GONE, 5);
    world.quiet().await;
    world.restart_with(|world| "    engine: flux-v2\n".clone_into(&mut world.connection)).await;
    let (_, unknown) = keys(&world, &["sweep"]).await;
    assert!(unknown.contains("left alone") && unknown.contains("the cluster dev is not reached"), "{unknown}");
    assert_eq!(titles(&world).len(), 4);
    let (status, _) = keys(&world, &["list", "--cluster", "prod"]).await;
    assert_eq!(status, 2, "there is no such cluster");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_asks_the_server_to_exchange_a_key() {
    let world = TestWorld::start().await;
    let before = world.github().deploy_keys(TEAM1).pop().expect("registered").key;
    let (status, plan) = keys(&world, &["rotate", "team1", "--cluster", "dev", "--plan"]).await;
    assert!(status == 0 && plan.starts_with("The server would:\n1. make a new key pair"), "{plan}");
    world.world.cluster.faults().pause_controllers(true);
    let (status, asked) = keys(&world, &["rotate", "team1", "--cluster", "dev"]).await;
    assert!(status == 0 && asked.starts_with("Asked for. The server will:\n1. "), "{asked}");
    let (status, again) = keys(&world, &["rotate", "team1", "--cluster", "dev"]).await;
    assert!(status == 1 && again.contains("already"), "{again}");
    world.world.cluster.faults().pause_controllers(false);
    world.quiet().await;
    let after = world.github().deploy_keys(TEAM1);
    assert!(after.len() == 1 && after[0].key != before, "{after:?}");
    let (status, unknown) = keys(&world, &["rotate", "taem1", "--cluster", "dev"]).await;
    assert!(status == 1 && unknown.contains("did you mean `team1`?"), "{unknown}");
    assert_eq!(world.audit_lines(&["key-rotation"]).await.len(), 2, "asked for, and done");
    world.finish().await;
}

/// A team that has left: the refresh names its key in the log, and forgets the team when nothing is left of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_a_team_that_has_left_or_moved_is_found() {
    let log = log();
    let world = TestWorld::start().await;
    let report = json!({"team": "team9", "repository": TEAM1, "state": {"Registered": {"read_only": true}}});
    let store = world.context().store.clone();
    store.set_fact("deploy-key", "dev/team9", &json!({"report": report, "pull": null})).await.expect("stored");
    let id = register(&world, GONE, 1);
    world.refresh().await;
    let logged = || String::from_utf8_lossy(&log.lock().expect("a log")).into_owned();
    let line = format!("{id} of team9 on {TEAM1}");
    assert_eq!(logged().matches(&line).count(), 1, "once in a run");
    assert!(store.fact("deploy-key", "dev/team9").await.expect("an answer").is_some());
    world.github().remove_deploy_key(ALICE, TEAM1, id).expect("it is there");
    world.refresh().await;
    assert!(store.fact("deploy-key", "dev/team9").await.expect("an answer").is_none(), "nothing is left of it");

    // A team that moved to another repository leaves its key behind on the one that it had.
    let mut fact = store.fact("deploy-key", "dev/team1").await.expect("an answer").expect("it is known");
    fact["report"]["repository"] = json!(TEAM2);
    store.set_fact("deploy-key", "dev/team1", &fact).await.expect("stored");
    let key = KeyPair::generate(&SeededEntropy::new(9), "left").expect("a key").public.to_string();
    let id = world.github().add_deploy_key(ALICE, TEAM2, OURS, &key).expect("it is new");
    world.look_after_key("team1", None).await;
    world.quiet().await;
    let (_, plan) = keys(&world, &["sweep", "--plan"]).await;
    assert!(plan.contains(&format!("({id}) from {TEAM2}: the repository of team1 is {TEAM1} now")), "{plan}");
    assert_eq!(keys(&world, &["sweep"]).await.0, 0);
    assert_eq!(world.github().deploy_keys(TEAM2), []);
    world.refresh().await;
    let fact = store.fact("deploy-key", "dev/team1").await.expect("an answer").expect("it is known");
    assert_eq!(fact["former"], json!([]), "nothing is left there");
    world.finish().await;
}
