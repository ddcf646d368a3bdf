//! `/rotate-key`: a new deploy key takes the place of the old one, and Flux can fetch at every moment.

use std::time::Duration;

use bailiwick::store::JobState;
use http::Method;
use serde_json::json;

use crate::keys::secret_value;
use crate::support::{ADMIN, ALICE, BOB, Effect, Page, TEAM1, TestWorld};
use crate::words::told;

/// Waits until the answer to a comment holds `text`; gives what people read.
async fn answer(world: &TestWorld, comment: u64, text: &str) -> String {
    let marker = format!("<!-- bailiwick:answer/{comment} -->");
    let page = Page::requests();
    let find = |world: &TestWorld| {
        let found = world.bot_comments(&page).into_iter().find(|it| it.body.contains(&marker));
        found.filter(|it| it.body.contains(text)).map(|it| it.body)
    };
    let body = world.until(&format!("an answer with {text:?}"), find).await;
    world.read(&page).await;
    told(&body)
}

/// The names of the values in team1's Secret.
fn names(world: &TestWorld) -> Vec<String> {
    let secret = world.world.cluster.get("Secret", "team1", "flux-git-auth").expect("the Secret is there");
    let mut names: Vec<String> = secret["data"].as_object().expect("values").keys().cloned().collect();
    names.sort();
    names
}

const PLAIN: [&str; 3] = ["identity", "identity.pub", "known_hosts"];

/// Suspends team1's source, or resumes it.
fn suspend(world: &TestWorld, suspended: bool) {
    let mut source = world.world.cluster.get("GitRepository", "team1", "team1").expect("it is applied");
    source["spec"]["suspend"] = json!(suspended);
    world.world.cluster.apply(source).expect("it is a source");
}

fn registered(world: &TestWorld) -> Vec<String> {
    world.github().deploy_keys(TEAM1).into_iter().map(|key| key.key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_exchanged_and_the_old_one_goes_last() {
    let world = TestWorld::start().await;
    let before = world.github().deploy_keys(TEAM1).pop().expect("registered");
    let hosts = secret_value(&world, "team1", "known_hosts");
    let plan = world.comment(ALICE, &Page::requests(), "/rotate-key team1 --plan");
    insta::assert_snapshot!("plan", told(&world.expect_answer(plan).await));
    assert_eq!((registered(&world), names(&world)), (vec![before.key.clone()], PLAIN.map(str::to_owned).to_vec()));

    world.github().clear_request_log();
    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    insta::assert_snapshot!("done", answer(&world, comment, "has a new deploy key").await);
    let after = world.github().deploy_keys(TEAM1);
    assert_eq!(after.len(), 1, "{after:?}");
    assert!(after[0].key != before.key && after[0].read_only && after[0].title == before.title, "{after:?}");
    assert!(secret_value(&world, "team1", "identity.pub").starts_with(&after[0].key));
    assert_eq!(secret_value(&world, "team1", "known_hosts"), hosts);
    assert_eq!(names(&world), PLAIN);
    let requests = world.requests();
    let place = |wanted: &str| requests.iter().position(|line| line.starts_with(wanted));
    let (added, removed) = (place("POST /repos/org/dev-team1/keys"), place("DELETE /repos/org/dev-team1/keys/"));
    assert!(added.is_some() && added < removed, "{requests:#?}");
    let lines = world.audit_lines(&["command", "key-registered", "key-removed", "key-rotation"]).await;
    insta::assert_snapshot!("rotation_audit", lines.join("\n"));
    world.finish().await;
}

/// The moment at which the exchange runs this step.
async fn runs(world: &TestWorld, step: &str) {
    for _ in 0..4_000 {
        let jobs = world.jobs().await;
        let mut rotations = jobs.iter().filter(|job| job.kind == "rotate_key" && job.state == JobState::Running);
        if rotations.any(|job| job.payload["step"] == step) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the exchange never came to {step}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_killed_anywhere_goes_on_and_makes_no_third_key() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.queue.grace = Duration::ZERO).await;
    // Each request to the cluster takes so long that a run is met before, between and after its deeds.
    world.world.cluster.faults().slow(Some(Duration::from_millis(40)));
    for after in [10, 60, 100] {
        for step in ["prepare", "register", "switch", "fetch", "remove"] {
            let (before, made) = (registered(&world), world.audit_lines(&["key-registered"]).await.len());
            let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1 dev");
            runs(&world, step).await;
            tokio::time::sleep(Duration::from_millis(after)).await;
            world.stop_server().await;
            let between = registered(&world);
            world.start_server().await;
            answer(&world, comment, "has a new deploy key").await;
            let now = registered(&world);
            assert_eq!((now.len(), names(&world)), (1, PLAIN.map(str::to_owned).to_vec()), "{step}, {after} ms");
            assert_ne!(now, before, "{step}, {after} ms");
            assert!(between.iter().all(|key| before.contains(key) || now.contains(key)), "{step}, {after} ms");
            assert_eq!(world.audit_lines(&["key-registered"]).await.len(), made + 1, "{step}, {after} ms: one new key");
            assert!(world.team1_is_fetched(), "{step}, {after} ms");
        }
    }
    world.world.cluster.faults().slow(None);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_is_refused_leaves_the_old_key_in_its_place() {
    let world = TestWorld::start().await;
    let before = registered(&world);
    world.github().allow_deploy_keys("org", false).expect("there is this organisation");
    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    insta::assert_snapshot!("refused_by_policy", answer(&world, comment, "has stopped").await);
    assert_eq!(registered(&world), before);
    assert!(secret_value(&world, "team1", "identity.pub").starts_with(&before[0]));
    let next = secret_value(&world, "team1", "identity.next.pub");

    world.github().allow_deploy_keys("org", true).expect("there is this organisation");
    world.github().faults().next_requests(Method::GET, "/repos/org/dev-team1/keys", 1, Effect::Status(404));
    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    let text = answer(&world, comment, "has stopped").await;
    assert!(text.contains("lacks the permission `Administration: write`"), "{text}");

    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    answer(&world, comment, "has a new deploy key").await;
    assert_eq!(secret_value(&world, "team1", "identity.pub"), next, "the pair that was made is used");
    assert_eq!(registered(&world).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_flux_does_not_fetch_both_keys_stay_and_the_command_goes_on_later() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.follow = Duration::from_secs(1)).await;
    let before = registered(&world);
    suspend(&world, true);
    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    insta::assert_snapshot!("not_fetched", answer(&world, comment, "has stopped").await);
    let both = registered(&world);
    assert!(both.len() == 2 && both.contains(&before[0]), "{both:?}");
    assert!(secret_value(&world, "team1", "identity.old.pub").starts_with(&before[0]));
    let new = secret_value(&world, "team1", "identity.pub");

    suspend(&world, false);
    world.world.cluster.faults().pause_controllers(true);
    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    let text = answer(&world, comment, "has stopped").await;
    assert!(text.contains("did not answer within"), "{text}");
    world.world.cluster.faults().pause_controllers(false);

    let comment = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    answer(&world, comment, "has a new deploy key").await;
    assert_eq!(secret_value(&world, "team1", "identity.pub"), new, "no other key was made");
    assert_eq!((registered(&world).len(), names(&world)), (1, PLAIN.map(str::to_owned).to_vec()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_command_while_one_runs_begins_nothing() {
    let world = TestWorld::start().await;
    world.world.cluster.faults().pause_controllers(true);
    let first = world.comment(ALICE, &Page::requests(), "/rotate-key team1");
    let marker = format!("answer/{first} ");
    let waits = |world: &TestWorld| {
        let comments = world.bot_comments(&Page::requests());
        comments.into_iter().find(|it| it.body.contains(&marker) && it.body.contains("4. ⏳"))
    };
    world.until("the exchange to wait for Flux", waits).await;
    let second = world.comment(ALICE, &Page::requests(), "/rotate-key team1\n/help");
    let said = told(&world.expect_answer(second).await);
    assert!(
        said.starts_with(
            "**team1** is getting a new deploy key in dev already: the answer to that command, in #1, says how far it is.\n\n\
             Nothing more was done."
        ),
        "{said}"
    );
    assert_eq!(registered(&world).len(), 2);
    world.world.cluster.faults().pause_controllers(false);
    answer(&world, first, "has a new deploy key").await;
    assert_eq!(registered(&world).len(), 1);
    // Beside another command the exchange has a comment of its own; twice in one comment is once.
    let several = world.comment(ALICE, &Page::requests(), "/rotate-key team1\n\n/rotate-key team1");
    let said = world.expect_answer(several).await;
    assert!(said.contains("a comment of its own says how far it is") && said.contains("already"), "{said}");
    let marker = format!("rotate-key/{several}/0 ");
    let done = |world: &TestWorld| {
        let comments = world.bot_comments(&Page::requests());
        comments.into_iter().find(|it| it.body.contains(&marker) && it.body.contains("has a new deploy key"))
    };
    world.until("the comment of the exchange", done).await;
    world.read(&Page::requests()).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_exchanged_is_told_and_nothing_is_done() {
    let mut world = TestWorld::start().await;
    let before = registered(&world);
    let ask = |world: &TestWorld, user: &str, text: &str| world.comment(user, &Page::requests(), text);
    let mut said = Vec::new();
    for command in ["/rotate-key team11", "/rotate-key nobody", "/rotate-key team1 dve"] {
        let comment = ask(&world, ALICE, command);
        said.push(told(&world.expect_answer(comment).await));
    }
    let comment = ask(&world, BOB, "/rotate-key team1");
    said.push(told(&world.expect_answer(comment).await));
    let pull = world.open(BOB, (TEAM1, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    world.github().add_collaborator(TEAM1, BOB, crate::support::Role::Admin).expect("there is Bob");
    let comment = world.comment(BOB, &pull, "/rotate-key team1");
    said.push(told(&world.expect_answer(comment).await));
    // What Flux applies from Git it would put back.
    let label = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "flux-git-auth", "namespace": "team1",
        "labels": {"kustomize.toolkit.fluxcd.io/name": "flux-system"}}});
    world.world.apply(label).expect("a label");
    let comment = ask(&world, ALICE, "/rotate-key team1");
    said.push(answer(&world, comment, "has stopped").await);
    world.restart_with(|world| "    engine: flux-v2\n".clone_into(&mut world.connection)).await;
    let comment = ask(&world, ALICE, "/rotate-key team1");
    said.push(told(&world.expect_answer(comment).await));
    insta::assert_snapshot!("impossible", said.join("\n----\n"));
    assert_eq!(registered(&world), before);
    assert_eq!(world.github().pulls(ADMIN).len(), 0);
    world.finish().await;
}
