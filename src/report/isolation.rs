//! Whether teams can reach each other, for a terminal, for a comment and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::markdown::{code, escape};
use super::{count, visible};
use crate::redact::redact_value;
use crate::tenancy::{Assumption, Isolation, IsolationPath, Place, Step, Target, TeamIsolation, Verdict};

/// So many teams of a group are named; the others are counted.
const NAMES: usize = 5;
/// So many paths are shown in words; JSON has all of them.
const PATHS: usize = 40;
/// So many assumptions are shown in words.
const ASSUMPTIONS: usize = 20;

/// What is never looked at.
const NOT_LOOKED_AT: &str = "Not looked at: the network, what a pod can do to its node, admission policies, what \
                             people and controllers other than Flux's may do, and looking at what is no Secret.";

/// Teams whose paths are the same but for their names.
struct Group<'a> {
    teams: Vec<&'a str>,
    path: &'a IsolationPath,
}

/// For a terminal.
pub fn isolation_text(isolation: &Isolation) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a string takes every write");
    let groups = groups(isolation);
    for group in groups.iter().take(PATHS) {
        line(&format!("{}:", visible(&title(group))));
        for (number, step) in group.path.steps.iter().enumerate() {
            line(&format!("  {}. {}", number + 1, visible(&said(step))));
            step.places.iter().for_each(|place| line(&format!("     {}", visible(&at(place)))));
        }
        same(group).into_iter().for_each(|words| line(&format!("  {}", visible(&words))));
        line("");
    }
    left_out(&groups).into_iter().for_each(|words| line(&words));
    summary(isolation).iter().for_each(|words| line(&visible(words)));
    for (title, steps) in evidence(isolation) {
        line(&format!("\n{}", visible(&title)));
        for step in steps {
            let places: Vec<String> = step.places.iter().map(at).collect();
            line(&format!("  - {}", visible(&format!("{} ({})", said(step), places.join(", ")))));
        }
    }
    if !isolation.assumptions.is_empty() {
        line("\nLeft open:");
        for assumption in isolation.assumptions.iter().take(ASSUMPTIONS) {
            line(&format!("  - {}", visible(&assumed(assumption))));
        }
        more_assumptions(isolation).into_iter().for_each(|words| line(&format!("  - {words}")));
    }
    line(&format!("\n{NOT_LOOKED_AT}"));
    text
}

/// For a comment or a page.
pub fn isolation_markdown(isolation: &Isolation) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a string takes every write");
    let groups = groups(isolation);
    for group in groups.iter().take(PATHS) {
        line(&format!("### {}\n", escape(&title(group))));
        for (number, step) in group.path.steps.iter().enumerate() {
            let places: Vec<String> = step.places.iter().map(|place| code(&at(place))).collect();
            let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            line(&format!("{}. {}{places}", number + 1, escape(&said(step))));
        }
        same(group).into_iter().for_each(|words| line(&format!("\n{}", escape(&words))));
        line("");
    }
    left_out(&groups).into_iter().for_each(|words| line(&words));
    summary(isolation).iter().for_each(|words| line(&escape(words)));
    for (title, steps) in evidence(isolation) {
        line(&format!("\n{}\n", escape(&title)));
        for step in steps {
            let places: Vec<String> = step.places.iter().map(|place| code(&at(place))).collect();
            line(&format!("- {} ({})", escape(&said(step)), places.join(", ")));
        }
    }
    if !isolation.assumptions.is_empty() {
        line("\nLeft open:\n");
        for assumption in isolation.assumptions.iter().take(ASSUMPTIONS) {
            line(&format!("- {}", escape(&assumed(assumption))));
        }
        more_assumptions(isolation).into_iter().for_each(|words| line(&format!("- {words}")));
    }
    line(&format!("\n{NOT_LOOKED_AT}"));
    text
}

/// For scripts: nothing is left out.
pub fn isolation_json(isolation: &Isolation) -> Value {
    let place = |place: &Place| json!({"file": place.file.as_str(), "line": place.line});
    let step = |step: &Step| {
        let places: Vec<Value> = step.places.iter().map(place).collect();
        json!({"says": step.words, "places": places, "assumed": step.assumed})
    };
    let path = |path: &IsolationPath| {
        let steps: Vec<Value> = path.steps.iter().map(step).collect();
        json!({"to": target_json(&path.to), "assumed": path.assumed, "steps": steps})
    };
    let team = |team: &TeamIsolation| {
        let verdict = match team.verdict() {
            Verdict::Isolated => "isolated",
            Verdict::Unproven => "unproven",
            Verdict::Reaches => "reaches",
        };
        let paths: Vec<Value> = team.paths.iter().map(path).collect();
        let begins: Vec<Value> = team.begins.iter().map(step).collect();
        let namespaces: Vec<&str> = team.namespaces.iter().map(|namespace| namespace.as_str()).collect();
        json!({"team": team.team.as_str(), "namespaces": namespaces, "verdict": verdict, "paths": paths, "begins": begins, "complete": team.complete})
    };
    let assumption = |one: &Assumption| json!({"says": one.words, "place": one.place.as_ref().map(place)});
    redact_value(json!({
        "teams": isolation.teams.iter().map(team).collect::<Vec<_>>(),
        "locks": isolation.locks.iter().map(step).collect::<Vec<_>>(),
        "assumptions": isolation.assumptions.iter().map(assumption).collect::<Vec<_>>(),
        "not_looked_at": NOT_LOOKED_AT.trim_start_matches("Not looked at: "),
    }))
}

fn target_json(target: &Target) -> Value {
    match target {
        Target::Cluster => json!({"kind": "cluster", "name": null}),
        Target::EveryTeam => json!({"kind": "every-team", "name": null}),
        Target::Team(name) => json!({"kind": "team", "name": name.as_str()}),
        Target::Namespace(name) => json!({"kind": "namespace", "name": name}),
    }
}

/// What a target is called: `the cluster`, `team2`.
pub(super) fn target(target: &Target) -> String {
    match target {
        Target::Cluster => "the cluster, and with it every team".to_owned(),
        Target::EveryTeam => "something of every team".to_owned(),
        Target::Team(name) => name.to_string(),
        Target::Namespace(name) => format!("namespace {name}, which is no team's"),
    }
}

fn title(group: &Group<'_>) -> String {
    let team = group.teams[0];
    match group.path.assumed {
        false => format!("{team} reaches {}", target(&group.path.to)),
        true => format!("{team} may reach {} (nothing here excludes it)", target(&group.path.to)),
    }
}

fn said(step: &Step) -> String {
    if step.assumed { format!("{} (assumed)", step.words) } else { step.words.clone() }
}

fn at(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

fn assumed(assumption: &Assumption) -> String {
    let place = assumption.place.as_ref().map(|place| format!(" ({})", at(place))).unwrap_or_default();
    format!("{}{place}", assumption.words)
}

fn same(group: &Group<'_>) -> Option<String> {
    let others = &group.teams[1..];
    (!others.is_empty()).then(|| format!("The same way: {}.", named(others)))
}

fn named(teams: &[&str]) -> String {
    let shown = teams.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match teams.len().saturating_sub(NAMES) {
        0 => shown,
        others => format!("{shown} and {}", count(others, "other")),
    }
}

fn left_out(groups: &[Group<'_>]) -> Option<String> {
    let rest = groups.len().saturating_sub(PATHS);
    (rest > 0).then(|| format!("… and {}; --format json shows them all.\n", count(rest, "more path")))
}

fn more_assumptions(isolation: &Isolation) -> Option<String> {
    let rest = isolation.assumptions.len().saturating_sub(ASSUMPTIONS);
    (rest > 0).then(|| format!("… and {rest} more; --format json shows them all"))
}

/// What the answer rests on: of few teams also where their paths begin.
fn evidence(isolation: &Isolation) -> Vec<(String, Vec<&Step>)> {
    let few = if isolation.teams.len() <= NAMES { isolation.teams.as_slice() } else { &[] };
    let isolated = few.iter().filter(|team| team.verdict() == Verdict::Isolated);
    let begins = isolated.map(|team| {
        (format!("What applies the repository of {}:", team.team), team.begins.iter().take(PATHS).collect())
    });
    let locks = ("How Flux is locked down:".to_owned(), isolation.locks.iter().take(PATHS).collect());
    begins.chain([locks]).filter(|(_, steps): &(String, Vec<&Step>)| !steps.is_empty()).collect()
}

/// One line for each kind of answer.
fn summary(isolation: &Isolation) -> Vec<String> {
    if isolation.teams.is_empty() {
        return vec!["There are no teams in this repository.".to_owned()];
    }
    let of = |verdict| -> Vec<&str> {
        let teams = isolation.teams.iter().filter(|team| team.verdict() == verdict);
        teams.map(|team| team.team.as_str()).collect()
    };
    let kinds = [
        (of(Verdict::Isolated), "Isolated"),
        (of(Verdict::Unproven), "Not proven to be isolated"),
        (of(Verdict::Reaches), "Not isolated"),
    ];
    let mut lines: Vec<String> = kinds
        .into_iter()
        .filter(|(teams, _)| !teams.is_empty())
        .map(|(teams, words)| format!("{words}: {} ({}).", named(&teams), count(teams.len(), "team")))
        .collect();
    let cut: Vec<&str> = isolation.teams.iter().filter(|team| !team.complete).map(|team| team.team.as_str()).collect();
    if !cut.is_empty() {
        lines.push(format!("Not looked at whole: {}.", named(&cut)));
    }
    lines
}

/// The paths, each shape once. Two have the same shape where they read the same but for the teams' names.
fn groups(isolation: &Isolation) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for team in &isolation.teams {
        for path in &team.paths {
            let place = *known.entry(shape(team, path)).or_insert_with(|| {
                groups.push(Group { teams: Vec::new(), path });
                groups.len() - 1
            });
            groups[place].teams.push(team.team.as_str());
        }
    }
    groups.sort_by_key(|group| (group.path.assumed, group.path.to != Target::Cluster));
    groups
}

fn shape(team: &TeamIsolation, path: &IsolationPath) -> String {
    let steps = path.steps.iter().map(|step| step.words.as_str());
    let words: Vec<&str> = steps.collect();
    let text = format!("{}\n{}", target(&path.to), words.join("\n")).replace(team.team.as_str(), "\0");
    team.namespaces.iter().fold(text, |text, namespace| text.replace(namespace.as_str(), "\u{1}"))
}
