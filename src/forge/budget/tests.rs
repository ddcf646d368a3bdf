use http::HeaderValue;

use super::*;
use crate::clock::{Clock as _, ManualClock};

const READ: (Cost, &str) = (Cost::Read, "/read");
const WRITE: (Cost, &str) = (Cost::Write, "/write");
const CONTENT: (Cost, &str) = (Cost::Content, "/content");

const ALL: [Priority; 3] = [Priority::Command, Priority::Normal, Priority::Sweep];

struct Bench {
    ledger: Ledger,
    manners: Manners,
    clock: ManualClock,
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

impl Bench {
    fn new(manners: Manners) -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_000).expect("a time"));
        Self { ledger: Ledger::default(), manners, clock }
    }

    /// Milliseconds to wait, or for how many it is refused, and why.
    fn ask(&mut self, request: (Cost, &'static str), priority: Priority) -> Result<u128, (i64, Why)> {
        let now = self.clock.now();
        let leave = self.ledger.ask(&self.manners, request, priority, now);
        let away = |until: Timestamp| until.as_millisecond() - now.as_millisecond();
        leave.map(|pause| pause.as_millis()).map_err(|refusal| (away(refusal.until), refusal.why))
    }

    fn told(&mut self, remaining: u32, reset: i64) {
        self.told_of("core", remaining, reset);
    }

    fn told_of(&mut self, resource: &str, remaining: u32, reset: i64) {
        let (remaining, reset) = (remaining.to_string(), reset.to_string());
        let headers = headers(&[
            ("x-ratelimit-limit", "1000"),
            ("x-ratelimit-remaining", &remaining),
            ("x-ratelimit-reset", &reset),
            ("x-ratelimit-resource", resource),
        ]);
        self.ledger.learn("/read", &headers, self.clock.now());
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[test]
fn sweeps_go_without_first_then_events_and_commands_last() {
    // Of 1,000: who may ask with so many left?
    let rows = [
        (1000, [true, true, true]),
        (501, [true, true, true]),
        (500, [true, true, false]),
        (101, [true, true, false]),
        (100, [true, false, false]),
        (1, [true, false, false]),
        (0, [false, false, false]),
    ];
    for (remaining, expected) in rows {
        let mut bench = Bench::new(Manners::default());
        bench.told(remaining, 1_100);
        for (priority, may) in ALL.into_iter().zip(expected) {
            let asked = bench.ask(READ, priority);
            let wanted = if may { Ok(0) } else { Err((101_000, Why::Primary)) };
            assert_eq!(asked, wanted, "{remaining} left, {priority:?}");
        }
        bench.pass(101);
        assert_eq!(bench.ask(READ, Priority::Sweep), Ok(0), "a new hour");
    }
}

#[test]
fn answers_that_overtake_each_other_do_not_give_anything_back() {
    // (remaining, reset) as told one after the other; what is known after each.
    let rows = [
        ((900, 2_000), (900, 2_000)),
        ((700, 2_000), (700, 2_000)),
        ((800, 2_000), (700, 2_000)),
        ((690, 2_001), (690, 2_000)),
        // The next hour, and late answers of the last one.
        ((999, 5_600), (999, 5_600)),
        ((600, 2_000), (999, 5_600)),
    ];
    let mut bench = Bench::new(Manners::default());
    for ((remaining, reset), expected) in rows {
        bench.told(remaining, reset);
        let known = bench.ledger.primary()["core"];
        assert_eq!((known.remaining, known.reset.as_second()), expected);
    }
    bench.pass(6_000);
    bench.told(1000, 9_000);
    assert_eq!(bench.ledger.primary()["core"].remaining, 1000, "after the reset everything is new");
}

#[test]
fn resources_have_accounts_of_their_own() {
    let mut bench = Bench::new(Manners::default());
    bench.told_of("search", 0, 1_100);
    assert_eq!(bench.ask(READ, Priority::Command), Err((101_000, Why::Primary)), "this route is counted there");
    assert_eq!(bench.ask(WRITE, Priority::Sweep), Ok(0));
    for number in 0..100 {
        bench.told_of(&format!("r{}", "x".repeat(number)), 0, 1_100);
    }
    assert!(bench.ledger.primary().len() <= MOST_RESOURCES);
    bench.told_of("Nonsense {x}", 0, 1_100);
    assert!(bench.ledger.primary().keys().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())));
}

#[test]
fn unreadable_headers_say_nothing() {
    let mut bench = Bench::new(Manners::default());
    for pairs in [
        &[("x-ratelimit-remaining", "0")][..],
        &[("x-ratelimit-limit", "x"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")],
        &[("x-ratelimit-limit", "1"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "99999999999999999")],
        &[("x-ratelimit-limit", "1"), ("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "1")],
    ] {
        bench.ledger.learn("/read", &headers(pairs), bench.clock.now());
    }
    assert!(bench.ledger.primary().is_empty());
    // More left than there is at all: no underflow, nothing refused.
    bench.told(2_000, 1_100);
    assert_eq!(bench.ask(READ, Priority::Sweep), Ok(0));
}

#[test]
fn points_of_a_minute_are_shared_out_by_priority() {
    let mut bench = Bench::new(Manners { points_per_minute: 100, ..Manners::default() });
    let mut spend = |priority, request| {
        let mut count = 0;
        while bench.ask(request, priority).is_ok() {
            count += 1;
        }
        (count, bench.ask(request, priority))
    };
    assert_eq!(spend(Priority::Sweep, WRITE), (10, Err((61_000, Why::Points))));
    assert_eq!(spend(Priority::Normal, READ), (40, Err((61_000, Why::Points))));
    assert_eq!(spend(Priority::Command, WRITE), (2, Err((61_000, Why::Points))));
    bench.pass(61);
    assert_eq!(bench.ask(WRITE, Priority::Sweep), Ok(0));
}

#[test]
fn what_people_are_told_of_comes_one_by_one() {
    let mut bench = Bench::new(Manners::default());
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(0));
    assert_eq!(bench.ask(READ, Priority::Normal), Ok(0), "others do not wait");
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(1_000));
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(2_000));
    // Whoever would wait longer comes back, each at a time of its own.
    for seconds in [3, 4, 5] {
        assert_eq!(bench.ask(CONTENT, Priority::Normal), Err((seconds * 1_000, Why::Content)));
    }
    bench.pass(3);
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(0), "and then has its turn");
    bench.pass(1);
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(0));
    bench.pass(100);
    assert_eq!(bench.ask(CONTENT, Priority::Normal), Ok(0));
}

#[test]
fn a_minute_and_an_hour_hold_so_many_and_commands_have_the_rest() {
    let quick = Manners { content_gap: Duration::ZERO, points_per_minute: u32::MAX, ..Manners::default() };
    for (manners, seconds) in [
        (Manners { content_per_minute: 10, ..quick }, 61_i64),
        (Manners { content_per_minute: u32::MAX, content_per_hour: 10, ..quick }, 3_601),
    ] {
        let mut bench = Bench::new(manners);
        for (priority, count) in [(Priority::Sweep, 5), (Priority::Normal, 4), (Priority::Command, 1)] {
            for _ in 0..count {
                assert_eq!(bench.ask(CONTENT, priority), Ok(0), "{priority:?}");
            }
            assert_eq!(bench.ask(CONTENT, priority), Err((seconds * 1_000, Why::Content)), "{priority:?}");
        }
        assert_eq!(bench.ask(WRITE, Priority::Sweep), Ok(0), "others are no content");
        bench.pass(seconds.unsigned_abs());
        assert_eq!(bench.ask(CONTENT, Priority::Sweep), Ok(0));
    }
}

#[test]
fn a_named_limit_stops_everything_until_its_end() {
    let mut bench = Bench::new(Manners::default());
    let (now, at) = (bench.clock.now(), |second| Timestamp::from_second(second).expect("a time"));
    assert_eq!(bench.ledger.limited(Limit::Named(at(1_030)), now), at(1_030));
    assert_eq!(bench.ledger.limited(Limit::Named(at(1_010)), now), at(1_030), "the later one counts");
    for priority in ALL {
        assert_eq!(bench.ask(READ, priority), Err((30_000, Why::Blocked)));
    }
    assert_eq!(bench.ledger.blocked(now), Some(at(1_030)));
    bench.pass(30);
    assert_eq!(bench.ask(READ, Priority::Sweep), Ok(0));
    assert_eq!(bench.ledger.blocked(bench.clock.now()), None);
}

#[test]
fn a_limit_without_a_time_doubles_while_it_lasts() {
    let mut bench = Bench::new(Manners::default());
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        let until = bench.ledger.limited(Limit::Unnamed, bench.clock.now());
        assert_eq!(until.as_second() - bench.clock.now().as_second(), minutes * 60);
        bench.pass(minutes.unsigned_abs() * 60);
    }
    bench.told(900, 99_999);
    let until = bench.ledger.limited(Limit::Unnamed, bench.clock.now());
    assert_eq!(until.as_second() - bench.clock.now().as_second(), 60, "an answer came between");
}

#[test]
fn what_is_made_and_seen_is_content() {
    let of = |method: Method, template| Cost::of(&method, template);
    assert_eq!(of(Method::GET, "/repos/{owner}/{repo}/pulls"), Cost::Read);
    assert_eq!(of(Method::POST, "/repos/{owner}/{repo}/pulls"), Cost::Content);
    assert_eq!(of(Method::POST, "/repos/{owner}/{repo}/git/trees"), Cost::Write);
    assert_eq!(of(Method::PATCH, "/repos/{owner}/{repo}/check-runs/{check_run_id}"), Cost::Write);
}
