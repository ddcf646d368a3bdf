//! Which entries of the list want something to be done: pure, so that every row is a test.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::progress::Progress;
use crate::config::WebhookMode;
use crate::forge::Attempt;
use crate::jobs::plan::may_ask;
use crate::names::{DeliveryId, RepositoryId};

/// What decides, besides the entries themselves.
pub(super) struct Rules<'a> {
    /// How deliveries come in.
    pub(super) mode: WebhookMode,
    /// The stored ones, and whether all their work is done.
    pub(super) stored: &'a BTreeMap<DeliveryId, bool>,
    /// The repositories whose pushes matter; `None` where they could not be asked for.
    pub(super) admins: Option<&'a BTreeSet<RepositoryId>>,
    /// What earlier looks saw.
    pub(super) progress: &'a Progress,
}

/// What those want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The newest attempt.
    pub(super) attempt: Attempt,
    /// Whether the delivery was never seen, rather than asked for again by a person.
    pub(super) missed: bool,
}

/// What the entries since `floor` want, oldest first, one per GUID.
pub(super) fn wanted(attempts: &[Attempt], floor: Timestamp, rules: &Rules<'_>) -> Vec<Wanted> {
    let mut by_guid: BTreeMap<&DeliveryId, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.delivered_at >= floor) {
        by_guid.entry(&attempt.guid).or_default().push(attempt);
    }
    let mut found: Vec<Wanted> = by_guid.into_values().filter_map(|attempts| one(&attempts, rules)).collect();
    found.sort_by_key(|wanted| (wanted.attempt.delivered_at, wanted.attempt.id));
    found
}

fn one(attempts: &[&Attempt], rules: &Rules<'_>) -> Option<Wanted> {
    let newest = attempts.iter().max_by_key(|attempt| attempt.id)?;
    if rules.progress.handled(&newest.guid).is_some_and(|handled| handled.attempt >= newest.id) {
        return None;
    }
    let missed = match rules.stored.get(&newest.guid) {
        // Its jobs are done, or go on by themselves. What was given up is taken up again only by a
        // person's redelivery, which GitHub brings to us by itself, unless nothing can reach us.
        Some(done) if *done || rules.mode == WebhookMode::Push || !newest.redelivery => return None,
        Some(_) => false,
        None => true,
    };
    // Whoever answered for this App before this database was there has done its work.
    let born = rules.progress.born;
    let by_another = attempts.iter().any(|attempt| attempt.arrived() && attempt.delivered_at.as_millisecond() < born);
    // Most pushes are to repositories of teams, and nothing follows from them.
    let elsewhere = newest.event == "push"
        && newest.repository_id.zip(rules.admins).is_some_and(|(repository, admins)| !admins.contains(&repository));
    let wanted = may_ask(&newest.event, newest.action.as_deref()) && !elsewhere && !(missed && by_another);
    wanted.then(|| Wanted { attempt: (*newest).clone(), missed })
}
