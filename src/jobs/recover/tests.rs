use serde_json::json;

use super::progress::OVERLAP;
use super::*;
use crate::forge::event::{AccountKind, IssueCommentAction, IssueCommentEvent};
use crate::names::{CommentId, DeliveryId, IssueNumber, UserId};

const HOUR: i64 = 3_600;
/// The first look.
const BORN: i64 = 100 * HOUR;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// A `pull_request.opened` that failed; changed by `fields`.
fn attempt(id: u64, guid: &str, second: i64, fields: serde_json::Value) -> Attempt {
    let mut shown = json!({
        "id": id, "guid": guid, "delivered_at": at(second), "redelivery": false, "duration": 0.5,
        "status": "failed to connect to host", "status_code": 502, "event": "pull_request", "action": "opened",
        "installation_id": 9, "repository_id": 42, "throttled_at": null,
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        shown[name] = value.clone();
    }
    serde_json::from_value(shown).expect("an entry as GitHub's description has it")
}

fn page(attempts: Vec<Attempt>, next: Option<&str>) -> DeliveryPage {
    DeliveryPage { attempts, next: next.map(str::to_owned), quota: None }
}

fn guid(text: &str) -> DeliveryId {
    text.parse().expect("a GUID")
}

fn progress() -> Progress {
    Progress::new(at(BORN))
}

/// The GUIDs of what is wanted of the entries, with `again` where a person asked for it.
fn asked(mode: WebhookMode, attempts: &[Attempt], progress: &Progress) -> Vec<String> {
    let stored = [(guid("done"), true), (guid("unfinished"), false)].into_iter().collect();
    let admins = BTreeSet::from([RepositoryId::new(42)]);
    let rules = Rules { mode, stored: &stored, admins: Some(&admins), progress };
    let shown = |wanted: Wanted| format!("{}{}", wanted.attempt.guid, if wanted.missed { "" } else { " again" });
    wanted(attempts, at(BORN - HOUR), &rules).into_iter().map(shown).collect()
}

#[test]
fn what_is_stored_or_asks_for_nothing_is_left_alone() {
    let ok = || json!({"status": "OK", "status_code": 202});
    let redelivered = || json!({"redelivery": true});
    let later = BORN + 5;
    let table = [
        ("failed and never stored", attempt(1, "a", later, json!({})), vec!["a"], vec!["a"]),
        ("arrived, and never stored", attempt(1, "a", later, ok()), vec!["a"], vec!["a"]),
        ("failed before the first look", attempt(1, "a", BORN - 9, json!({})), vec!["a"], vec!["a"]),
        ("arrived at another before the first look", attempt(1, "a", BORN - 9, ok()), vec![], vec![]),
        ("too long before the first look", attempt(1, "a", BORN - HOUR - 1, json!({})), vec![], vec![]),
        ("stored and done", attempt(1, "done", later, json!({})), vec![], vec![]),
        ("stored and not done yet", attempt(1, "unfinished", later, json!({})), vec![], vec![]),
        ("asked for again, and done", attempt(1, "done", later, redelivered()), vec![], vec![]),
        (
            "asked for again, perhaps given up",
            attempt(1, "unfinished", later, redelivered()),
            vec![],
            vec!["unfinished again"],
        ),
        ("a label", attempt(1, "a", later, json!({"action": "labeled"})), vec![], vec![]),
        ("an unknown event", attempt(1, "a", later, json!({"event": "star", "action": "created"})), vec![], vec![]),
        (
            "a push to an admin repository",
            attempt(1, "a", later, json!({"event": "push", "action": null})),
            vec!["a"],
            vec!["a"],
        ),
        (
            "a push to another",
            attempt(1, "a", later, json!({"event": "push", "action": null, "repository_id": 43})),
            vec![],
            vec![],
        ),
        (
            "a push nobody knows where to",
            attempt(1, "a", later, json!({"event": "push", "action": null, "repository_id": null})),
            vec!["a"],
            vec!["a"],
        ),
    ];
    for (what, attempt, push, pull) in table {
        assert_eq!(asked(WebhookMode::Push, std::slice::from_ref(&attempt), &progress()), push, "push: {what}");
        assert_eq!(asked(WebhookMode::Pull, &[attempt], &progress()), pull, "pull: {what}");
    }
}

#[test]
fn attempts_of_one_delivery_are_one_and_the_oldest_delivery_comes_first() {
    let attempts = [
        attempt(7, "b", BORN + 7, json!({"redelivery": true})),
        attempt(5, "a", BORN + 5, json!({})),
        attempt(3, "b", BORN + 3, json!({})),
        attempt(2, "c", BORN + 2, json!({})),
    ];
    assert_eq!(asked(WebhookMode::Push, &attempts, &progress()), ["c", "a", "b"]);
}

#[test]
fn what_was_looked_at_is_looked_at_again_only_when_it_is_attempted_again() {
    let mut progress = progress();
    let first = attempt(5, "a", BORN + 5, json!({}));
    progress.handle(&first);
    assert_eq!(asked(WebhookMode::Push, std::slice::from_ref(&first), &progress), Vec::<String>::new());
    let again = attempt(6, "a", BORN + 6, json!({"redelivery": true}));
    assert_eq!(asked(WebhookMode::Push, &[again, first], &progress), ["a"]);
}

#[test]
fn a_look_ends_where_the_last_one_began_and_a_little_later() {
    let mut progress = progress();
    assert_eq!(progress.top(at(BORN)), at(BORN - HOUR) - OVERLAP, "an hour before the first look");
    let newest = attempt(9, "a", BORN + 600, json!({}));
    let floor = progress.top(at(BORN + 600));
    progress.saw_top(&page(vec![newest], None), floor);
    assert_eq!(progress.top(at(BORN + 600)), at(BORN + 600) - OVERLAP);
    assert_eq!(progress.gap(at(BORN + 600)), None);
    assert_eq!(progress.top(at(BORN + 100 * HOUR)), at(BORN + 28 * HOUR), "three days at most");
}

#[test]
fn what_does_not_fit_on_a_page_is_walked_later_and_new_things_go_first() {
    let mut progress = progress();
    let floor = progress.top(at(BORN));
    progress.saw_top(&page(vec![attempt(900, "a", BORN, json!({}))], Some("v1_900")), floor);
    assert_eq!(progress.gap(at(BORN)), Some(("v1_900".to_owned(), floor)));

    // More than a page comes before the gap is walked: it begins higher up and ends where it did.
    let top = progress.top(at(BORN + 600));
    progress.saw_top(&page(vec![attempt(1_500, "b", BORN + 600, json!({}))], Some("v1_1500")), top);
    assert_eq!(progress.gap(at(BORN + 600)), Some(("v1_1500".to_owned(), floor)));

    progress.saw_gap(&page(vec![attempt(800, "c", BORN - 60, json!({}))], Some("v1_800")), floor);
    assert_eq!(progress.gap(at(BORN)), Some(("v1_800".to_owned(), floor)));
    progress.saw_gap(&page(vec![attempt(3, "d", BORN - 3 * HOUR, json!({}))], Some("v1_3")), floor);
    assert_eq!(progress.gap(at(BORN)), None, "older than anybody wants");
    assert_eq!(progress.top(at(BORN + 600)), at(BORN + 600) - OVERLAP);
}

#[test]
fn a_cursor_that_was_forgotten_sends_the_look_back_to_the_top() {
    let mut progress = progress();
    let floor = progress.top(at(BORN));
    progress.saw_top(&page(vec![attempt(9, "a", BORN, json!({}))], Some("v1_9")), floor);
    progress.lost_gap();
    assert_eq!(progress.gap(at(BORN)), None);
    assert!(progress.top(at(BORN)) <= floor, "nothing is left out");
}

#[test]
fn what_cannot_come_up_again_is_forgotten() {
    let mut progress = progress();
    progress.handle(&attempt(1, "old", BORN, json!({})));
    progress.handle(&attempt(2, "late", BORN + 590, json!({})));
    progress.ask(&attempt(3, "asked", BORN, json!({})), at(BORN + 1));
    let floor = progress.top(at(BORN + 600));
    progress.saw_top(&page(vec![attempt(4, "new", BORN + 600, json!({}))], None), floor);
    let known = |progress: &Progress, name: &str| progress.handled(&guid(name)).is_some();
    assert!(!known(&progress, "old") && known(&progress, "late"));
    assert!(known(&progress, "asked"), "nobody is asked twice");
    progress.saw_top(&page(vec![attempt(5, "newer", BORN + 80 * HOUR, json!({}))], None), floor);
    assert!(!known(&progress, "asked"), "GitHub has forgotten it too");
}

#[test]
fn old_commands_are_not_run() {
    let account = crate::forge::event::Account {
        id: UserId::new(1),
        login: "ada".parse().expect("a login"),
        kind: AccountKind::User,
    };
    let comment = |written_at| {
        Event::IssueComment(IssueCommentEvent {
            action: IssueCommentAction::Created,
            installation: None,
            repository: crate::forge::event::Repository {
                id: RepositoryId::new(42),
                name: "org/dev-cluster".parse().expect("a name"),
            },
            number: IssueNumber::new(1),
            is_pull_request: false,
            comment: CommentId::new(1),
            body: "/create-team team2".to_owned(),
            author: Some(account.clone()),
            via_app: None,
            written_at,
            sender: account.clone(),
        })
    };
    for (written, late) in [(Some(0), true), (Some(399), true), (Some(400), false), (Some(HOUR), false), (None, true)] {
        assert_eq!(is_late(&comment(written.map(at)), at(400 + HOUR)), late, "{written:?}");
    }
}
