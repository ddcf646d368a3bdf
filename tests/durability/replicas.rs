//! Two replicas share a PostgreSQL database; one after the other is stopped for longer than its lease and then
//! goes on as if nothing had happened.

use std::time::Duration;

use bailiwick::cli::demo::world::{ADMIN, ALICE};
use bailiwick::sandbox::github::{Effect, RestFault};

use crate::household::{Household, LEASE};

const COMMANDS: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_slept_over_its_lease_doubles_nothing_and_the_order_is_kept() {
    let database = tokio::task::spawn_blocking(crate::postgres::database).await.expect("a server");
    let mut house = Household::new(Some(database)).await;
    house.start(0).await;
    house.start(1).await;
    // Slow answers: whoever is stopped is most likely in the middle of a request that has its effect.
    house.world.github.faults().request(RestFault {
        method: Some(http::Method::POST),
        path: "/repos/*".to_owned(),
        times: None,
        effect: Effect::Slow(Duration::from_millis(40)),
    });
    let mut commands = Vec::new();
    for round in 0..4 {
        for _ in 0..COMMANDS / 4 {
            commands.push(house.world.github.comment(ALICE, ADMIN, 1, "/help").expect("a comment"));
        }
        house.world.github.webhooks_settled().await;
        house.pause(400).await;
        // Webhooks go to the first one, so it is stopped only when all of them are in.
        let sleeper = round % 2;
        house.signal(sleeper, "STOP");
        tokio::time::sleep(Duration::from_secs(LEASE + 2)).await;
        house.signal(sleeper, "CONT");
    }
    house.world.github.faults().clear();
    house.settle().await;
    let order = house.assert_one_answer_each(1, &commands);
    assert_eq!(order, commands, "answered in the order in which they were asked");
}
