//! One of Flux's controllers, and what patches make of its arguments. What is not understood is unknown, never safe.

use super::settings::Known;
use crate::names::RepoPath;
use crate::tenancy::Place;
use crate::tenancy::facts::flux::{Flag, INSTANCE};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::facts::starts::{Argument, Change, ControllerFact, Does};

/// A controller as it comes to run.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) role: String,
    /// Its names and its namespaces: kustomize takes a target by any that it has had.
    names: Vec<String>,
    namespaces: Vec<Option<String>>,
    labels: Vec<(String, String)>,
    container: usize,
    called: String,
    arguments: Vec<(Argument, RepoPath)>,
    /// Whether the arguments are all that there are.
    whole: bool,
    /// Whether they can be understood at all.
    known: bool,
    pub(super) gone: bool,
    pub(super) place: Place,
}

/// Whether a patch is for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fits {
    Yes,
    No,
    Maybe,
}

/// Switches of Flux's controllers (fluxcd/pkg, `runtime`): they take no argument behind them.
const SWITCHES: [&str; 8] = [
    "no-cross-namespace-refs",
    "no-remote-bases",
    "insecure-kubeconfig-exec",
    "insecure-kubeconfig-tls",
    "enable-leader-election",
    "leader-election-release-on-cancel",
    "watch-all-namespaces",
    "insecure-allow-http",
];

impl Running {
    /// As an object says it.
    pub(super) fn written(fact: ControllerFact, file: &RepoPath) -> Self {
        Self {
            role: fact.role,
            names: vec![fact.name],
            namespaces: vec![fact.namespace],
            labels: fact.labels,
            container: fact.container,
            called: fact.called,
            arguments: fact.arguments.into_iter().map(|argument| (argument, file.clone())).collect(),
            whole: true,
            known: fact.known,
            gone: false,
            place: Place { file: file.clone(), line: fact.line },
        }
    }

    /// One that stands elsewhere, as Flux's installation has it.
    pub(super) fn elsewhere(role: &str, place: Place) -> Self {
        let label = |key: &str, value: &str| (format!("app.kubernetes.io/{key}"), value.to_owned());
        Self {
            role: role.to_owned(),
            names: vec![role.to_owned()],
            namespaces: vec![Some(super::graph::FLUX_NAMESPACE.to_owned())],
            labels: vec![label("component", role), label("part-of", "flux")],
            container: 0,
            called: "manager".to_owned(),
            arguments: Vec::new(),
            whole: false,
            known: true,
            gone: false,
            place,
        }
    }

    /// One that the Flux operator makes of an object.
    pub(super) fn made_by(&self, role: &str) -> Self {
        let made = Self::elsewhere(role, self.place.clone());
        let (arguments, known) = (self.arguments.clone(), self.known);
        Self { arguments, known, namespaces: self.namespaces.clone(), whole: true, gone: self.gone, ..made }
    }

    /// With what a kustomization puts into the object.
    pub(super) fn put(&mut self, namespace: Option<&String>, prefix: &str, suffix: &str) {
        if let Some(namespace) = namespace {
            self.namespaces.push(Some(namespace.clone()));
        }
        if !(prefix.is_empty() && suffix.is_empty()) {
            let name = self.names.last().map(|name| format!("{prefix}{name}{suffix}"));
            self.names.extend(name);
        }
    }

    /// Nothing is known of it any more.
    pub(super) fn forget(&mut self) {
        self.known = false;
    }

    /// What a patch makes of it; `file` says what the patch does.
    pub(super) fn patched(&mut self, target: &PatchFact, changes: &[Change], file: &RepoPath) {
        if changes.is_empty() {
            return;
        }
        match self.fits(target) {
            Fits::No => {}
            Fits::Maybe => self.known = false,
            Fits::Yes => changes.iter().for_each(|change| self.change(change, file)),
        }
    }

    /// Whether a patch may be for it.
    pub(super) fn may_be_for(&self, target: &PatchFact) -> bool {
        self.fits(target) != Fits::No
    }

    /// The name of the object.
    pub(super) fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Whether a patch is for it.
    fn fits(&self, target: &PatchFact) -> Fits {
        let is_instance = self.role == INSTANCE;
        let kind = if is_instance { INSTANCE } else { "Deployment" };
        let group = if is_instance { "fluxcd.controlplane.io" } else { "apps" };
        let any = |pattern: &Option<String>, words: &mut dyn Iterator<Item = Option<&str>>| {
            let Some(pattern) = pattern else { return Fits::Yes };
            let mut all: Vec<Fits> = words.map(|word| word.map_or(Fits::Maybe, |word| fits(pattern, word))).collect();
            all.dedup();
            if let [one] = all.as_slice() { *one } else { Fits::Maybe }
        };
        let version = if is_instance { None } else { Some("v1") };
        let all = [
            any(&target.kind, &mut std::iter::once(Some(kind))),
            any(&target.group, &mut std::iter::once(Some(group))),
            any(&target.version, &mut std::iter::once(version)),
            any(&target.name, &mut self.names.iter().map(|name| Some(name.as_str()))),
            any(&target.namespace, &mut self.namespaces.iter().map(Option::as_deref)),
            target.labels.as_deref().map_or(Fits::Yes, |labels| self.labelled(labels)),
            if target.annotations { Fits::Maybe } else { Fits::Yes },
        ];
        if all.contains(&Fits::No) {
            Fits::No
        } else if all.contains(&Fits::Maybe) {
            Fits::Maybe
        } else {
            Fits::Yes
        }
    }

    /// Only selectors of the kind `key=value` are followed.
    fn labelled(&self, selector: &str) -> Fits {
        let mut all = Fits::Yes;
        for part in selector.split(',') {
            let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) else { return Fits::Maybe };
            let (key, value) = (key.trim(), value.trim());
            match self.labels.iter().find(|(known, _)| known == key) {
                Some((_, known)) if known == value => {}
                Some(_) if !key.ends_with('!') => return Fits::No,
                _ => all = Fits::Maybe,
            }
        }
        all
    }

    fn change(&mut self, change: &Change, file: &RepoPath) {
        let is_other = change.container.is_some_and(|number| number != self.container)
            || change.called.as_ref().is_some_and(|called| *called != self.called);
        if is_other {
            return;
        }
        let new = || change.arguments.iter().map(|argument| (argument.clone(), file.clone()));
        // Without the list nobody knows which argument has a number.
        let counts = self.whole && change.at <= self.arguments.len();
        match change.does {
            Does::Gone => self.gone = true,
            Does::All if self.role != INSTANCE => {
                self.arguments = new().collect();
                (self.whole, self.known) = (true, true);
            }
            Does::Append => self.arguments.extend(new()),
            Does::Insert if counts => drop(self.arguments.splice(change.at..change.at, new())),
            Does::Replace | Does::Remove if counts && change.at < self.arguments.len() => {
                drop(self.arguments.splice(change.at..=change.at, new()));
            }
            _ => self.known = false,
        }
    }

    /// What is known of one argument.
    pub(super) fn ask(&self, flag: Flag) -> Known {
        if self.gone {
            return Known::Absent;
        }
        if !self.known {
            return Known::Unknown;
        }
        let unset = Known::Unset(self.place.clone());
        let mut found = if self.whole { unset } else { Known::Unknown };
        let mut place = 0;
        while let Some((argument, file)) = self.arguments.get(place) {
            place += 1;
            let text = argument.text.as_str();
            // It ends the options.
            if text == "--" {
                break;
            }
            // A variable may be any option, and its value any value.
            if text.starts_with('$') {
                found = Known::Unknown;
            }
            let Some(bare) = text.strip_prefix("--") else { continue };
            let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
            if name != flag.word() {
                // What stands behind an option that is no switch may be its value.
                let next = self.arguments.get(place).map(|(next, _)| next.text.trim_start_matches('-'));
                let is_next = next.is_some_and(|next| next.split('=').next() == Some(flag.word()));
                if value.is_none() && !SWITCHES.contains(&name) && is_next {
                    found = Known::Unknown;
                    place += 1;
                }
                continue;
            }
            let value = match (value, flag) {
                (Some(value), _) => value,
                (None, Flag::DefaultServiceAccount) => {
                    place += 1;
                    self.arguments.get(place - 1).map_or("-", |(next, _)| next.text.as_str())
                }
                (None, _) => "true",
            };
            found = said(flag, value, Place { file: file.clone(), line: argument.line });
        }
        found
    }
}

/// What a value says. Go's flags read `1`, `t` and the like as true.
fn said(flag: Flag, value: &str, place: Place) -> Known {
    if value.contains('$') || value.starts_with('-') {
        return Known::Unknown;
    }
    let is_on = match flag {
        Flag::DefaultServiceAccount => !value.is_empty(),
        _ => matches!(value, "true" | "TRUE" | "True" | "t" | "T" | "1"),
    };
    if is_on { Known::Set(value.to_owned(), place) } else { Known::Unset(place) }
}

/// Whether a word fits a regular expression of the whole word, as kustomize takes kinds and names.
pub(super) fn fits(pattern: &str, word: &str) -> Fits {
    if pattern == word {
        return Fits::Yes;
    }
    match regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 16).build() {
        Ok(pattern) if pattern.is_match(word) => Fits::Yes,
        Ok(_) => Fits::No,
        Err(_) => Fits::Maybe,
    }
}
