//! A thousand deliveries while the server is killed again and again, GitHub answers every twentieth request
//! with an error, and its webhooks come twice and in the wrong order.

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::clock::Entropy as _;
use bailiwick::jobs::CHECK_NAME;
use bailiwick::sandbox::github::{Change, NewPullRequest};
use bailiwick::store::{JobFilter, JobState};

use crate::household::Household;
use bailiwick::cli::demo::world::{ADMIN, ALICE};

const DELIVERIES: usize = 1_000;
const PULLS: usize = 5;
/// Of the deliveries so many are pushes to pull requests; the others are commands.
const PUSHES: usize = 60;
/// One of the events in so many is a push.
const EVERY: usize = DELIVERIES / PUSHES;

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_is_done_and_acts_once_on_sqlite() {
    crash(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_is_done_and_acts_once_on_postgres() {
    let database = tokio::task::spawn_blocking(crate::postgres::database).await.expect("a server");
    crash(Some(database)).await;
}

async fn crash(database: Option<String>) {
    let mut house = Household::new(database).await;
    house.start(0).await;
    let faults = house.world.github.faults();
    faults.error_percent(5);
    faults.duplicate_percent(5);
    faults.shuffle(4);
    let (mut commands, mut heads) = (Vec::new(), BTreeMap::new());
    let mut sent = 0;
    while sent < DELIVERIES {
        for _ in 0..20 + house.entropy.below(60) {
            if sent % EVERY == 0 {
                push(&house, sent, &mut heads).await;
            } else {
                commands.push(house.world.github.comment(ALICE, ADMIN, 1, "/help").expect("a comment"));
            }
            sent += 1;
        }
        house.pause(2_000).await;
        house.kill(0);
        house.pause(300).await;
        house.start(0).await;
    }
    house.world.github.faults().clear();
    // What came while it was dead is fetched by the look around that follows a start.
    house.kill(0);
    house.start(0).await;
    house.settle().await;

    assert!(house.deliveries_with_work(&house.config()).len() >= DELIVERIES);
    house.assert_one_answer_each(1, &commands);
    for (number, head) in heads.values() {
        let runs = house.world.github.check_runs(ADMIN, head);
        let done: Vec<_> = runs.iter().filter(|run| run.name == CHECK_NAME).collect();
        assert_eq!(done.len(), 1, "one check run on the head of #{number}: {done:#?}");
        assert_eq!(done[0].conclusion.as_deref(), Some("success"), "{:?}", done[0].summary);
    }
    assert_eq!(house.world.github.unfinished_check_runs().len(), 0, "no check run is left open");
    let store = house.store().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let left = JobFilter { state: Some(JobState::Running), ..JobFilter::default() };
    let running = store.jobs(&left).await.expect("a list");
    assert!(running.iter().all(|job| job.lease_until > Some(jiff_now())), "nothing is left leased: {running:?}");
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let dead = store.jobs(&dead).await.expect("a list");
    assert!(dead.is_empty(), "nothing was given up: {dead:#?}\n{}", house.last_words());
    store.close().await;
}

fn jiff_now() -> jiff::Timestamp {
    use bailiwick::clock::Clock as _;
    bailiwick::clock::SystemClock.now()
}

/// Pushes to one of the pull requests, which is opened with its first commit.
async fn push(house: &Household, sent: usize, heads: &mut BTreeMap<usize, (u64, String)>) {
    let github = &house.world.github;
    let at = sent / EVERY % PULLS;
    let branch = format!("change-{at}");
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: change-{at}\n  namespace: team1\ndata:\n  sent: \"{sent}\"\n"
    );
    let change = Change::write("cluster/team1/namespace-notes.txt", &text);
    let head = github.push(ALICE, (ADMIN, &branch), &[change], "Change a note").await.expect("pushed");
    let number = match heads.get(&at) {
        Some((number, _)) => *number,
        None => {
            let new = NewPullRequest { head: &branch, base: "main", title: "Change a note", body: "" };
            github.open_pull(ALICE, ADMIN, new).await.expect("opened")
        }
    };
    heads.insert(at, (number, head));
}
