use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::app::Forge;
use super::breaker::ForgeHealth;
use super::budget::Why;
use super::gate::Who;
use crate::names::InstallationId;

/// What was asked of the forge since the start, and what may still be asked: numbers for
/// monitoring. It names installations by number and routes by their pattern, never a repository.
#[derive(Debug, Clone, Default)]
pub struct ForgeMetrics {
    /// Requests by method and route.
    pub requests: BTreeMap<(String, &'static str), u64>,
    /// Questions that named the answer we have.
    pub conditional: u64,
    /// Those of them that cost nothing, because the answer was the same.
    pub not_modified: u64,
    /// Requests that waited for the gap between two things that people are told of.
    pub waits: u64,
    /// For how long, altogether, in milliseconds.
    pub waited_ms: u64,
    /// Requests that were not sent, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Whether the forge is up.
    pub health: ForgeHealth,
    /// How often it was found down.
    pub trips: u64,
    /// The budgets.
    pub budgets: Vec<BudgetMetrics>,
}

/// The budget of one installation, or of the App itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetMetrics {
    /// `None`: the App itself.
    pub installation: Option<InstallationId>,
    /// Of each resource the hourly limit, what is left of it, and when it is new.
    pub resources: Vec<(String, u32, u32, Timestamp)>,
    /// Points of the last minute, as this process counts them.
    pub points: u32,
    /// Comments, pull requests, check runs and deployments of the last hour.
    pub content: u32,
    /// Until when the forge asked to wait.
    pub blocked: Option<Timestamp>,
}

impl Forge {
    /// What was asked of the forge, and what may still be asked.
    pub fn metrics(&self) -> ForgeMetrics {
        let gate = self.gate();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let mut refused: BTreeMap<_, _> = [("down", count(&gate.tally.down))].into();
        let counted = gate.tally.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for (why, name) in
            [(Why::Blocked, "blocked"), (Why::Primary, "hour"), (Why::Points, "points"), (Why::Content, "content")]
        {
            refused.insert(name, counted.get(&why).copied().unwrap_or_default());
        }
        drop(counted);
        let (health, trips) = gate.breaker().health();
        let mut budgets = Vec::new();
        gate.each(|who, ledger, now| {
            let told = ledger.primary().iter();
            let resources = told.map(|(name, it)| (name.clone(), it.limit, it.remaining, it.reset)).collect();
            let installation = match who {
                Who::App => None,
                Who::Installation(id) => Some(id),
            };
            let (points, content) = ledger.spent(now);
            budgets.push(BudgetMetrics { installation, resources, points, content, blocked: ledger.blocked(now) });
        });
        ForgeMetrics {
            requests: self.requests_by_route(),
            conditional: count(&gate.tally.conditional),
            not_modified: count(&gate.tally.not_modified),
            waits: count(&gate.tally.waits),
            waited_ms: count(&gate.tally.waited),
            refused,
            health,
            trips,
            budgets,
        }
    }
}
