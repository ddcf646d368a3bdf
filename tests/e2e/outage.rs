//! GitHub is down for hours, or its budget is nearly used up: nobody is given up, hardly anything is
//! asked, people go first, and afterwards everything is done.

use std::time::Duration;

use bailiwick::forge::{ForgeHealth, Manners};
use bailiwick::sandbox::github::ContentLimit;
use bailiwick::store::JobState;

use super::hours::{HOUR, Hours, manners, refresh};
use super::support::{ADMIN, Effect};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_hours_makes_no_dead_letters() {
    let world = Hours::start(manners()).await;
    let (_, head, review) = world.pull("words").await;
    let command = world.command("/help");
    world.github.faults().outage(true);
    world.github.clear_request_log();
    world.enqueue(&[refresh(), review, command]).await;
    world.pass(3 * HOUR).await;
    for job in world.jobs().await {
        assert_eq!(job.state, JobState::Waiting, "{job:?}");
        assert!(job.attempts < 5, "an outage uses up no attempts: {job:?}");
    }
    // Three hours of pauses of two and a half to five minutes, and what it took to notice.
    assert!(world.asked() < 90, "asked a forge that is down {} times", world.asked());

    world.github.faults().outage(false);
    world.pass(Duration::from_secs(6 * 60)).await;
    assert_eq!(world.conclusions(&head), [Some("success".to_owned())]);
    assert_eq!(world.answers(), 1);
    assert!(world.jobs().await.iter().all(|job| job.state != JobState::Dead));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_comes_while_one_thing_is_broken_is_answered_at_once() {
    let world = Hours::start(manners()).await;
    let (number, _, review) = world.pull("broken").await;
    let broken = format!("/repos/{ADMIN}/pulls/{number}");
    world.github.faults().next_requests(http::Method::GET, &broken, 1_000, Effect::Status(500));
    world.enqueue(&[review]).await;
    world.pass(Duration::from_secs(10 * 60)).await;
    let command = world.command("/help");
    world.enqueue(&[command]).await;
    world.pass(Duration::ZERO).await;
    assert_eq!(world.answers(), 1, "it did not wait for the pull request that GitHub cannot show");
    world.pass(4 * HOUR).await;
    let dead: Vec<_> = world.jobs().await.into_iter().filter(|job| job.state == JobState::Dead).collect();
    assert_eq!(dead.len(), 1, "and that one is given up in the end");
    assert!(dead[0].reason.as_deref().is_some_and(|reason| reason.contains("status 500")), "{:?}", dead[0].reason);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_does_not_eat_what_people_need() {
    let world = Hours::start(Manners { points_per_minute: 40, ..manners() }).await;
    for number in 0..6 {
        world.pull(&format!("words-{number}")).await;
    }
    world.enqueue(&[refresh()]).await;
    world.pass(Duration::from_secs(1)).await;
    let refused = world.context.forge.metrics().refused["points"];
    assert!(refused > 0, "the sweep's reviews found their half used up");
    let command = world.command("/help");
    world.enqueue(&[command]).await;
    world.pass(Duration::ZERO).await;
    assert_eq!(world.answers(), 1, "a person does not wait for them");
    world.pass(HOUR).await;
    let pulls = world.github.pulls(ADMIN);
    assert_eq!(pulls.len(), 6);
    for pull in pulls {
        assert_eq!(world.conclusions(&pull.head_sha), [Some("success".to_owned())], "and they are done in time");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_runs_out_is_kept_for_people_and_what_waited_is_done_in_the_next_hour() {
    let world = Hours::start(manners()).await;
    let (_, swept, _) = world.pull("swept").await;
    world.github.faults().hourly_budget(Some(40));
    world.enqueue(&[refresh()]).await;
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.conclusions(&swept), [Some("success".to_owned())]);
    let (_, head, review) = world.pull("words").await;
    let mut number = 0;
    while world.left() > 4 {
        world.spend(number).await;
        number += 1;
    }
    world.enqueue(&[review, refresh()]).await;
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.conclusions(&head), [], "what an event asked for waits");
    let command = world.command("/help");
    world.enqueue(&[command]).await;
    world.pass(Duration::ZERO).await;
    assert_eq!(world.answers(), 1, "a person does not");
    let refused = world.github.request_log().iter().filter(|request| request.status == 403).count();
    assert_eq!(refused, 0, "GitHub never had to say no");
    world.pass(2 * HOUR).await;
    assert_eq!(world.conclusions(&head), [Some("success".to_owned())]);
    assert!(world.jobs().await.iter().all(|job| job.state != JobState::Dead));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_hour_costs_nothing_of_the_budget() {
    let world = Hours::start(manners()).await;
    let (_, head, _) = world.pull("words").await;
    world.enqueue(&[refresh()]).await;
    // Tokens and what is believed for ten minutes are fresh again; then six looks around.
    world.pass(Duration::from_secs(30 * 60)).await;
    assert_eq!(world.conclusions(&head), [Some("success".to_owned())]);
    let (before, known) = (world.context.forge.metrics(), world.left());
    world.pass(Duration::from_secs(25 * 60)).await;
    let after = world.context.forge.metrics();
    assert!(after.not_modified > before.not_modified, "{after:?}");
    let conditional = after.conditional - before.conditional;
    assert_eq!(after.not_modified - before.not_modified, conditional, "nothing changed, so nothing is sent again");
    assert_eq!(world.left(), known, "and it is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_count_keeps_githubs_limit_on_writing_from_being_met() {
    let per_minute = 4;
    let world = Hours::start(Manners { content_per_minute: per_minute, ..manners() }).await;
    world.github.faults().content_limit(Some(ContentLimit { per_minute: 4, per_hour: 500 }));
    let mut jobs = Vec::new();
    for number in 0..6 {
        jobs.push(world.pull(&format!("words-{number}")).await.2);
    }
    world.enqueue(&jobs).await;
    world.pass(Duration::from_secs(5 * 60)).await;
    for pull in world.github.pulls(ADMIN) {
        assert_eq!(world.conclusions(&pull.head_sha), [Some("success".to_owned())]);
    }
    let refused = world.github.request_log().iter().filter(|request| request.status == 403).count();
    assert_eq!(refused, 0, "GitHub never had to say no");
    assert!(world.context.forge.metrics().refused["content"] > 0);
    assert_eq!(world.context.forge.metrics().health, ForgeHealth::Up);
}
