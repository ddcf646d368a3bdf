//! Webhooks that come twice, in the wrong order, or from somebody else.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::support::{ADMIN, ALICE, BOB, Page, TestWorld};

/// Sends a webhook to the server, signed with `secret` where one is given; gives the status.
async fn send(world: &TestWorld, event: &str, body: &str, secret: Option<&[u8]>) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
    let url = format!("http://{}/webhooks/github", world.world.address);
    let mut request = client.post(url).body(body.to_owned());
    request = request.header("x-github-event", event).header("x-github-delivery", format!("forged-{event}"));
    if let Some(secret) = secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        request = request.header("x-hub-signature-256", signature);
    }
    request.send().await.expect("the server answers").status().as_u16()
}

fn secret(world: &TestWorld) -> Vec<u8> {
    std::fs::read(world.world.directory().join("webhook-secret")).expect("the world has written it")
}

/// The body of the last webhook of that event that GitHub sent.
fn last_body(world: &TestWorld, event: &str) -> String {
    let deliveries = world.github().deliveries();
    deliveries.into_iter().rev().find(|it| it.event == event).expect("there was one").request_body
}

/// A quiet world in which Bob's pull request was judged, and Alice's command answered by one that was judged too:
/// these two.
async fn with_verdicts_and_a_team() -> (TestWorld, Page, Page) {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (team, before) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&team, "success").await;
    world.quiet().await;
    assert_eq!(world.head(&team), before.head_sha);
    (world, pull, team)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_comes_again_does_nothing_again() {
    let (world, pull, team) = with_verdicts_and_a_team().await;
    let before = world.head(&team);

    let jobs = world.jobs().await.len();
    let deliveries = world.github().deliveries();
    for delivery in &deliveries {
        assert!(world.github().redeliver(&delivery.guid));
    }
    world.quiet().await;
    assert_eq!(world.github().deliveries().len(), deliveries.len() * 2);
    assert_eq!(world.jobs().await.len(), jobs, "a delivery was taken in twice");
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    assert_eq!(world.head(&team), before);
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    world.finish().await;
}

/// The GUID is not signed. Whoever sends an old body again under a new one sets the same jobs going, and they find
/// what they did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_delivery_under_another_guid_does_nothing_again() {
    let (world, pull, team) = with_verdicts_and_a_team().await;
    let before = world.head(&team);
    let (jobs, pulls) = (world.jobs().await.len(), world.github().pulls(ADMIN).len());
    for event in ["issue_comment", "pull_request", "push"] {
        let body = last_body(&world, event);
        assert_eq!(send(&world, event, &body, Some(&secret(&world))).await, 202);
    }
    world.quiet().await;
    assert!(world.jobs().await.len() > jobs, "they were taken in");
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    assert_eq!(world.github().pulls(ADMIN).len(), pulls);
    assert_eq!(world.head(&team), before);
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_did_not_sign_is_refused_and_not_stored() {
    let world = TestWorld::start().await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/help")).await;
    world.quiet().await;
    let stored = world.context().store.delivery_count().await.unwrap();
    let body = last_body(&world, "issue_comment");
    assert_eq!(send(&world, "issue_comment", &body, None).await, 401);
    assert_eq!(send(&world, "issue_comment", &body, Some(b"guessed")).await, 401);
    assert_eq!(send(&world, "issue_comment", "not JSON", None).await, 401, "nothing is parsed before the signature");
    assert_eq!(world.context().store.delivery_count().await.unwrap(), stored);
    assert_eq!(send(&world, "sponsorship", "{\"action\":\"created\"}", Some(&secret(&world))).await, 202);
    assert_eq!(send(&world, "issue_comment", "{\"action\":\"created\"}", Some(&secret(&world))).await, 400);
    assert_eq!(world.context().store.delivery_count().await.unwrap(), stored);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubled_and_shuffled_webhooks_come_to_the_same_end() {
    let world = TestWorld::start().await;
    world.github().faults().duplicate_percent(100);
    world.github().faults().shuffle(4);
    let pull = world.open(BOB, (ADMIN, "restless"), &[("README.md", "# 0\n")]).await;
    for number in 1..5 {
        world.push(BOB, (ADMIN, "restless"), &[("README.md", &format!("# {number}\n"))]).await;
    }
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
    world.push(BOB, (ADMIN, "restless"), &[("README.md", "# 5\n")]).await;
    world.github().faults().clear();
    world.expect_check(&pull, "success").await;
    world.expect_answer(comment).await;
    let (team, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&team, "success").await;
    world.quiet().await;
    for head in [world.head(&pull), shown.head_sha] {
        assert_eq!(world.checks_of(ADMIN, &head).len(), 1);
    }
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    assert_eq!(world.github().pulls(ADMIN).len(), 2);
    world.finish().await;
}
