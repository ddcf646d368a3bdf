//! `GET /metrics`: what this process has done and what it may still ask, for Prometheus.
//!
//! Labels hold words of our own, routes as patterns and numbers of installations: no name of a repository or
//! a person, so that anybody who may look at the cluster's monitoring may look at this.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;

use super::Shared;
use super::health::Verdict;
use crate::forge::{BudgetMetrics, ForgeHealth, ForgeMetrics};
use crate::store::Counts;

/// `GET /metrics`: the text format of Prometheus (prometheus.io, "Exposition formats").
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let mut page = Page::default();
    page.family("bailiwick_deliveries_total", "counter", "Webhook requests since the start, by what became of them.");
    for (verdict, name) in Verdict::ALL {
        page.sample(&[("result", &name)], shared.tally.of(verdict));
    }
    // Without the store the rest is still worth knowing.
    if let Ok(counts) = shared.receiver.store.counts().await {
        jobs(&mut page, &counts);
    }
    if let Some(forge) = &shared.receiver.forge {
        let told = forge.metrics();
        requests(&mut page, &told);
        health(&mut page, &told);
        budgets(&mut page, &told.budgets);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page.text).into_response()
}

/// The text as it grows: a family's head, then its samples.
#[derive(Default)]
struct Page {
    text: String,
    family: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.text.push_str(self.family);
        for (at, (name, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{name}=\"{value}\"", if at == 0 { '{' } else { ',' });
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{end} {value}");
    }

    fn counter(&mut self, name: &'static str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(&[], value);
    }
}

fn jobs(page: &mut Page, counts: &Counts) {
    page.family("bailiwick_jobs", "gauge", "Jobs in the store, by state.");
    let states =
        [("waiting", counts.waiting), ("running", counts.running), ("done", counts.done), ("dead", counts.dead)];
    for (state, count) in states {
        page.sample(&[("state", &state)], count);
    }
}

fn requests(page: &mut Page, told: &ForgeMetrics) {
    page.family("bailiwick_forge_requests_total", "counter", "Requests to the forge since the start.");
    for ((method, route), count) in &told.requests {
        page.sample(&[("method", method), ("route", route)], count);
    }
    page.counter("bailiwick_forge_conditional_total", "Questions that named the answer we have.", told.conditional);
    page.counter(
        "bailiwick_forge_not_modified_total",
        "Of these, those that cost nothing: the answer was the same.",
        told.not_modified,
    );
    page.counter(
        "bailiwick_forge_spaced_total",
        "Requests that waited for the gap between two that people are told of.",
        told.waits,
    );
    page.family("bailiwick_forge_spaced_seconds_total", "counter", "For how long they waited, altogether.");
    page.sample(&[], seconds(told.waited_ms));
    page.family(
        "bailiwick_forge_refused_total",
        "counter",
        "Requests that were not sent, by reason; their jobs come again.",
    );
    for (reason, count) in &told.refused {
        page.sample(&[("reason", reason)], count);
    }
}

#[expect(clippy::cast_precision_loss, reason = "no process waits for 2^52 ms")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1_000.0
}

fn health(page: &mut Page, told: &ForgeMetrics) {
    page.family("bailiwick_forge_health", "gauge", "1 for the state in which the forge is seen.");
    let states = [(ForgeHealth::Up, "up"), (ForgeHealth::Probation, "probation"), (ForgeHealth::Down, "down")];
    for (state, name) in states {
        page.sample(&[("state", &name)], u8::from(told.health == state));
    }
    page.family("bailiwick_forge_outages", "gauge", "How often it was found down since its last real answer.");
    page.sample(&[], told.trips);
}

fn budgets(page: &mut Page, told: &[BudgetMetrics]) {
    let each = |page: &mut Page, write: &dyn Fn(&mut Page, &str, &BudgetMetrics)| {
        for budget in told {
            let of = budget.installation.map_or_else(|| "app".to_owned(), |number| number.to_string());
            write(page, &of, budget);
        }
    };
    page.family("bailiwick_forge_budget_limit", "gauge", "Requests that the forge allows in an hour.");
    each(page, &|page, of, budget| {
        for (resource, limit, ..) in &budget.resources {
            page.sample(&[("installation", &of), ("resource", resource)], limit);
        }
    });
    page.family("bailiwick_forge_budget_remaining", "gauge", "Of these, those that are left.");
    each(page, &|page, of, budget| {
        for (resource, _, remaining, _) in &budget.resources {
            page.sample(&[("installation", &of), ("resource", resource)], remaining);
        }
    });
    page.family("bailiwick_forge_budget_reset_timestamp_seconds", "gauge", "When the hour is new.");
    each(page, &|page, of, budget| {
        for (resource, .., reset) in &budget.resources {
            page.sample(&[("installation", &of), ("resource", resource)], reset.as_second());
        }
    });
    page.family("bailiwick_forge_points", "gauge", "Points of the last minute, as this process counts them.");
    each(page, &|page, of, budget| page.sample(&[("installation", &of)], budget.points));
    page.family("bailiwick_forge_content", "gauge", "Things made in the last hour that people are told of.");
    each(page, &|page, of, budget| page.sample(&[("installation", &of)], budget.content));
    page.family(
        "bailiwick_forge_blocked_until_timestamp_seconds",
        "gauge",
        "Until when the forge asked to wait; 0: it does not.",
    );
    each(page, &|page, of, budget| {
        page.sample(&[("installation", &of)], budget.blocked.map_or(0, |until| until.as_second()));
    });
}

#[cfg(test)]
mod tests;
