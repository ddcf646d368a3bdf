//! Who did what with which right: the audit log of real conversations, and what the command line says of it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::support::{ADMIN, ALICE, BOB, Level, Page, TestWorld};

/// `bailiwick audit …` on the world's database.
fn audit(database: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.arg("audit").args(arguments).arg("--database").arg(format!("sqlite://{}", database.display()));
    command.output().expect("bailiwick runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_stand_in_it_with_right_decision_and_effects() {
    let mut world = TestWorld::start().await;
    let asked = world.comment(ALICE, &Page::requests(), "/help\n/create-team   team2");
    world.expect_answer(asked).await;
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team3")).await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team --plan team3")).await;
    world.push(ALICE, (ADMIN, "main"), &[("cluster/team9/notes.txt", "mine")]).await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team9")).await;
    world.expect_answer(world.comment(BOB, &pull, "/check")).await;
    insta::assert_snapshot!(world.audit_lines(&["command", "team-creation"]).await.join("\n"));

    let entries = world.audit().await;
    let team = entries.iter().find(|entry| entry.action == "team-creation").expect("an entry");
    assert_eq!(team.head.as_ref(), Some(&shown.head_sha));
    assert!(team.effects.contains(&format!(r#"{{"id":"{ADMIN}#{}","kind":"pull_request"}}"#, pull.number)), "{team:?}");
    let deliveries = world.github().deliveries();
    let guid = team.delivery.as_ref().expect("the comment's delivery");
    assert!(deliveries.iter().any(|delivery| delivery.guid == *guid), "{guid}");
    let alice = entries.iter().find(|entry| entry.actor_name.as_deref() == Some(ALICE)).expect("hers");
    let denied = entries.iter().find(|entry| entry.decision == "denied").expect("Bob's");
    assert!(alice.actor_id.is_some() && denied.actor_id.is_some() && alice.actor_id != denied.actor_id);

    let allow = "commands: {create-team: {allow: [\"permission:admin\", \"team:org/platform\"]}}\n";
    world.reconfigure(allow).await;
    world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team3")).await;
    world.github().add_to_team(("org", "platform"), BOB, true).unwrap();
    world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team3 --plan")).await;
    let lines = world.audit_lines(&["command"]).await;
    let last: Vec<&str> = lines.iter().rev().take(2).map(String::as_str).collect();
    assert!(last[1].contains("needs permission:admin: has read; team:org/platform: is no member"), "{last:#?}");
    assert!(last[0].contains("plan-only") && last[0].contains("| team:org/platform (live) |"), "{last:#?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_had_it_judged_again_stands_in_it() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(world.audit_lines(&["rerun"]).await, Vec::<String>::new(), "a push is nobody's wish");
    world.github().rerequest_check(ALICE, check.run.id).unwrap();
    world.quiet().await;
    world.github().press_check_button(BOB, check.run.id, "judge-again").unwrap();
    world.quiet().await;
    world.github().rerequest_all_checks(BOB, check.run.id).await.unwrap();
    let expected = [ALICE, BOB, BOB].map(|who| {
        let at = format!("{ADMIN}#{}", pull.number);
        format!("{who} rerun allowed: bailiwick/review | {at} | re-run button (signed delivery) | - |")
    });
    assert_eq!(world.audit_lines(&["rerun"]).await, expected);
    assert!(
        world
            .audit()
            .await
            .iter()
            .all(|entry| entry.head.as_ref() == Some(&world.head(&pull)) || entry.action != "rerun")
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_allowed_and_did_not_come_about_stands_in_it() {
    let world = TestWorld::start().await;
    world.github().set_permission("org", "contents", Some(Level::Read)).unwrap();
    world.quiet().await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    world.expect_given_up("run_command").await;
    let lines = world.audit_lines(&["command", "team-creation"]).await;
    let [allowed, failed] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(allowed.contains("command allowed: /create-team team2"), "{allowed}");
    assert!(failed.contains("command failed: the commands of comment"), "{failed}");
    world.finish().await;
}

/// docs/audit.md says how anybody can check an export; this does so, with nothing of the bot's own code.
fn check_export(export: &str) -> usize {
    let mut previous = "0".repeat(64);
    for (place, line) in export.lines().enumerate() {
        let mut entry: Value = serde_json::from_str(line).expect("JSON");
        let fields = entry.as_object_mut().expect("an object");
        let hash = fields.shift_remove("hash").expect("a hash");
        let keys: Vec<&String> = fields.keys().collect();
        assert!(keys.is_sorted());
        assert_eq!((fields["seq"].as_u64(), &fields["prev_hash"]), (Some(place as u64 + 1), &Value::from(previous)));
        previous = hex::encode(Sha256::digest(entry.to_string()));
        assert_eq!(hash, Value::from(previous.clone()), "{line}");
    }
    export.lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_checks_it_and_hands_it_out() {
    let world = TestWorld::start().await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/help")).await;
    world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team2")).await;
    let entries = world.audit().await;
    let last = &entries.last().expect("an entry").hash;
    let database = world.world.directory().join("bailiwick.db");

    let verified = audit(&database, &["verify"]);
    assert_eq!(text(&verified.stdout), format!("{} entries, intact, last hash {last}\n", entries.len()));
    assert!(verified.status.success());
    let exported = text(&audit(&database, &["export", "--format", "jsonl"]).stdout);
    assert_eq!(check_export(&exported), entries.len());
    let shown = text(&audit(&database, &["export"]).stdout);
    let (alice, bob) = (shown.lines().rev().nth(1), shown.lines().next_back());
    assert!(
        alice.is_some_and(|line| line.contains("alice (") && line.contains("command allowed: /help in org/dev")),
        "{shown}"
    );
    assert!(bob.is_some_and(|line| line.contains("command denied: /create-team team2")), "{shown}");
    let none = audit(&database, &["export", "--since", "2999-01-01T00:00:00Z"]);
    assert!(none.status.success() && none.stdout.is_empty());

    let expected = audit(&database, &["verify", "--expect-last", last]);
    assert!(expected.status.success() && text(&expected.stdout).contains("0 came after it"), "{expected:?}");
    let cut = audit(&database, &["verify", "--expect-last", &"ab".repeat(32)]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(text(&cut.stdout).contains("cut off"), "{cut:?}");
    world.finish().await;
}
