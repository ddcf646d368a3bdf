//! Where GitHub sends the App's webhooks, and what became of the last ones.

use std::collections::BTreeMap;

use super::diagnosis::Diagnosis;
use super::trouble::of_forge;
use crate::config::{Config, WebhookMode};
use crate::forge::{Attempt, Forge, Webhook};
use crate::report::count;

/// Where a server takes them in.
const PATH: &str = "/webhooks/github";
const PAGE: &str = "on the App's page at GitHub (General, Webhook)";

pub(super) async fn address(config: &Config, forge: &Forge) -> Vec<Diagnosis> {
    match forge.webhook().await {
        Ok(webhook) => judge_address(config.github.webhook, webhook.as_ref()),
        Err(error) => vec![of_forge("webhook", &error)],
    }
}

fn judge_address(mode: WebhookMode, webhook: Option<&Webhook>) -> Vec<Diagnosis> {
    let webhook = webhook.filter(|webhook| !webhook.url.is_empty());
    match (mode, webhook) {
        (WebhookMode::Pull, Some(_)) => {
            vec![Diagnosis::ok("webhook: none has to arrive: this server fetches deliveries (`webhook: pull`)")]
        }
        (WebhookMode::Pull, None) => vec![Diagnosis::problem(
            "webhook: none has to arrive (`webhook: pull`), but without an address GitHub keeps no list to fetch from",
            format!("write one where nobody answers, such as https://bailiwick.invalid/, {PAGE}, and leave it active"),
        )],
        (WebhookMode::Push, None) => vec![Diagnosis::problem(
            "webhook: it has no address: GitHub tells nobody what happens",
            format!("write https://<your host>{PATH} {PAGE}; where nobody can reach the server, set `webhook: pull`"),
        )],
        (WebhookMode::Push, Some(webhook)) => {
            let faults = faults(webhook);
            let fine = || vec![Diagnosis::ok(format!("webhook: GitHub sends to {}", webhook.url))];
            if faults.is_empty() { fine() } else { faults }
        }
    }
}

fn faults(webhook: &Webhook) -> Vec<Diagnosis> {
    let url = &webhook.url;
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let mut faults = Vec::new();
    if !path.ends_with(PATH) {
        faults.push(Diagnosis::problem(
            format!("webhook: {url} does not end with {PATH}, where the server takes them in"),
            format!("correct the address {PAGE}, unless a proxy rewrites it"),
        ));
    }
    if !webhook.is_json {
        faults.push(Diagnosis::problem(
            "webhook: its content type is not application/json",
            format!("choose application/json {PAGE}"),
        ));
    }
    if !webhook.is_signed {
        faults.push(Diagnosis::problem(
            "webhook: it has no secret: the server refuses what is not signed",
            format!("write the secret that `github.webhook_secrets` names {PAGE}"),
        ));
    }
    if !webhook.is_verified {
        faults.push(Diagnosis::warning(
            "webhook: GitHub does not look at the server's certificate: anybody on the way can read along",
            format!("enable SSL verification {PAGE}"),
        ));
    }
    faults
}

pub(super) async fn deliveries(config: &Config, forge: &Forge) -> Vec<Diagnosis> {
    vec![match forge.delivery_attempts(None).await {
        Ok(page) => judge_deliveries(config.github.webhook, &page.attempts),
        Err(error) => of_forge("deliveries", &error),
    }]
}

/// `attempts` are the last ones, the newest first.
fn judge_deliveries(mode: WebhookMode, attempts: &[Attempt]) -> Diagnosis {
    let Some(newest) = attempts.first() else {
        return Diagnosis::ok("deliveries: GitHub's list is empty: nothing happened in the last days");
    };
    let last = count(attempts.len(), "delivery").replace("deliverys", "deliveries");
    if mode == WebhookMode::Pull {
        return Diagnosis::ok(format!("deliveries: {last} in GitHub's list, the newest of {}", newest.delivered_at));
    }
    let failed: Vec<&Attempt> = attempts.iter().filter(|attempt| !attempt.arrived()).collect();
    let good = attempts.iter().find(|attempt| attempt.arrived()).map(|attempt| attempt.delivered_at);
    match (failed.first(), good) {
        (None, _) => {
            Diagnosis::ok(format!("deliveries: the last {last} arrived, the newest of {}", newest.delivered_at))
        }
        (Some(latest), Some(good)) => Diagnosis::warning(
            format!(
                "deliveries: {} of the last {last} failed ({}); the last good one is of {good}",
                failed.len(),
                why(&failed)
            ),
            remedy(latest),
        ),
        (Some(latest), None) => Diagnosis::problem(
            format!("deliveries: none of the last {last} arrived ({})", why(&failed)),
            remedy(latest),
        ),
    }
}

/// How often which status: `3 × 401 Invalid HTTP Response: 401`.
fn why(failed: &[&Attempt]) -> String {
    let mut counts: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    for attempt in failed {
        *counts.entry(attempt.outcome()).or_default() += 1;
    }
    let one = |((code, status), count): ((i64, &str), usize)| match code {
        0 => format!("{count} × {status}"),
        code => format!("{count} × {code} {status}"),
    };
    counts.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

fn remedy(latest: &Attempt) -> String {
    let cause = match latest.outcome().0 {
        401 => "the secret at GitHub is none of `github.webhook_secrets`: correct one of them",
        404 | 405 => "something answers there that is no Bailiwick that takes webhooks in: correct the address",
        413 => "something before the server refuses large bodies: let through 25 MiB",
        503 => "the server could not store it: read its log, look at its disk",
        500 | 501 | 505..=599 => "the server or a proxy before it has a fault: read their logs",
        _ => "GitHub does not reach the server: look at its name, firewall, proxy and certificate",
    };
    format!("{cause}. What did not arrive is fetched from GitHub's list within five minutes, for three days")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::diagnosis::{Level, print, worst};
    use super::*;

    fn attempts(codes: &[u16]) -> Vec<Attempt> {
        let attempt = |(place, code): (usize, &u16)| {
            json!({
                "id": 100 - place, "guid": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "event": "push",
                "delivered_at": format!("2026-11-28T10:{:02}:00Z", 59 - place), "status_code": code,
                "status": if *code == 202 { "OK" } else { "\u{1b}bad" },
            })
        };
        codes.iter().enumerate().map(attempt).map(|it| serde_json::from_value(it).expect("an attempt")).collect()
    }

    #[test]
    fn every_state_of_the_address() {
        let good = Webhook {
            url: "https://b.example/webhooks/github".to_owned(),
            is_json: true,
            is_verified: true,
            is_signed: true,
        };
        let level = |mode, webhook: Option<&Webhook>| worst(&judge_address(mode, webhook));
        let (push, pull) = (WebhookMode::Push, WebhookMode::Pull);
        assert_eq!((level(push, Some(&good)), level(pull, Some(&good))), (Level::Ok, Level::Ok));
        assert_eq!((level(push, None), level(pull, None)), (Level::Problem, Level::Problem));
        let bad = [
            Webhook { url: "https://b.example/".to_owned(), ..good.clone() },
            Webhook { url: String::new(), ..good.clone() },
            Webhook { is_json: false, ..good.clone() },
            Webhook { is_signed: false, ..good.clone() },
        ];
        for webhook in &bad {
            assert_eq!(level(push, Some(webhook)), Level::Problem, "{webhook:?}");
        }
        assert_eq!(level(push, Some(&Webhook { is_verified: false, ..good })), Level::Warning);
    }

    #[test]
    fn failed_deliveries_are_counted_by_status() {
        let push = |codes: &[u16]| judge_deliveries(WebhookMode::Push, &attempts(codes));
        assert_eq!((push(&[]).level, push(&[202, 202]).level), (Level::Ok, Level::Ok));
        assert_eq!(push(&[202]).what, "deliveries: the last 1 delivery arrived, the newest of 2026-11-28T10:59:00Z");
        let some = push(&[401, 202, 502, 401]);
        assert_eq!(some.level, Level::Warning);
        assert_eq!(
            print(&[some]).lines().next().expect("a line"),
            "warning  deliveries: 3 of the last 4 deliveries failed (2 × 401 \\u{1b}bad, 1 × 502 \\u{1b}bad); the last good \
             one is of 2026-11-28T10:58:00Z"
        );
        let none = push(&[401, 401]);
        assert!(none.level == Level::Problem && none.remedy.expect("one").contains("webhook_secrets"));
        assert_eq!(judge_deliveries(WebhookMode::Pull, &attempts(&[502])).level, Level::Ok, "as expected there");
    }
}
