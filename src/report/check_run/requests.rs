//! The table of the definitions that a change asks for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{append_within, short};
use crate::report::count;
use crate::report::markdown::{code, escape};
use crate::rules::{Asked, Request, RequestedVersion};

/// So many places of use are named.
const PLACES: usize = 5;
/// So many versions of one definition are named.
const VERSIONS: usize = 10;

/// Appends the table, within `limit` bytes of the whole text; nothing where no definition is asked for.
pub(super) fn append(text: &mut String, requests: &[Request], limit: usize) {
    if requests.is_empty() {
        return;
    }
    text.push_str("\n### Definitions\n\n| Definition | Request | Scope | Versions | Verdict | Used by |\n|---|---|---|---|---|---|\n");
    append_within(text, requests.iter().map(row), limit, requests.len());
    text.push_str(
        "\n\"Used by\" counts the objects in this repository and, for what is changed or removed, in those of the teams.\n",
    );
}

fn row(request: &Request) -> String {
    let kind = request.kind.as_deref().map(|kind| format!(" {}", escape(&short(kind)))).unwrap_or_default();
    let what = match request.what {
        Asked::New => "new",
        Asked::Changed => "changed",
        Asked::Removed => "removed",
    };
    let scope = request.scope.as_deref().map(|scope| escape(&short(scope))).unwrap_or_default();
    format!(
        "| {}{kind} | {what} | {scope} | {} | {} | {} |\n",
        code(&short(&request.name)),
        versions(&request.versions),
        verdict(request),
        used(&request.used)
    )
}

fn versions(versions: &[RequestedVersion]) -> String {
    let word = |version: &RequestedVersion| {
        let marks = match (version.stored, version.served) {
            (true, true) => " (stored)",
            (true, false) => " (stored, not served)",
            (false, true) => "",
            (false, false) => " (not served)",
        };
        format!("{}{marks}", code(&short(&version.name)))
    };
    listed(versions.iter().map(word), VERSIONS, versions.len())
}

/// What the judge says in one cell: the worst first, and what nobody has judged.
fn verdict(request: &Request) -> String {
    let mut parts = Vec::new();
    if !request.refused.is_empty() {
        parts.push(format!("**refused by the API server**: {}", rules(&request.refused)));
    }
    if !request.breaking.is_empty() {
        parts.push(format!("**breaking**: {}", rules(&request.breaking)));
    }
    if parts.is_empty() {
        let fine = match request.what {
            Asked::New => "valid",
            Asked::Changed => "not breaking",
            Asked::Removed => "removed",
        };
        parts.push(fine.to_owned());
    }
    if !request.warnings.is_empty() {
        parts.push(format!("to look at: {}", rules(&request.warnings)));
    }
    if !request.accepted.is_empty() {
        parts.push(format!("accepted by the policy: {}", rules(&request.accepted)));
    }
    if request.undecided > 0 {
        parts.push(format!(
            "not judged: {} in CEL, which only the cluster can decide",
            count(request.undecided, "rule")
        ));
    }
    parts.extend(request.trials.iter().map(|(cluster, tried)| match tried {
        Ok(()) => format!("the cluster {} takes it (dry run)", code(cluster.as_str())),
        Err(why) => format!("not tried on the cluster {}: {}", code(cluster.as_str()), escape(&short(why))),
    }));
    parts.join("; ")
}

fn rules(counts: &BTreeMap<String, usize>) -> String {
    let times = |(rule, times): (&String, &usize)| match times {
        1 => code(rule),
        times => format!("{} ×{times}", code(rule)),
    };
    counts.iter().map(times).collect::<Vec<_>>().join(", ")
}

fn used(places: &BTreeMap<String, usize>) -> String {
    if places.is_empty() {
        return "nobody".to_owned();
    }
    let mut most: Vec<(&String, &usize)> = places.iter().collect();
    most.sort_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
    listed(most.into_iter().map(|(place, number)| format!("{} ({number})", code(&short(place)))), PLACES, places.len())
}

/// The first of some words, and how many more there are.
fn listed(words: impl Iterator<Item = String>, most: usize, all: usize) -> String {
    let mut text = words.take(most).collect::<Vec<_>>().join(", ");
    if all > most {
        write!(text, " and {} more", all - most).expect("a string takes every write");
    }
    text
}
