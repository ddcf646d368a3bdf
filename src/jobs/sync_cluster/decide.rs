//! What Flux's objects say about a merged commit: pure, so that every row of the table is a test.

mod order;

use std::collections::BTreeMap;

use self::order::Order;
use crate::cluster::{
    Condition, ConditionStatus, ObjectRef, SourceState, SourceVerdict, SyncState as Kustomization, SyncVerdict,
    revision_commit, source_verdict, sync_verdict,
};
use crate::names::CommitId;
use crate::report::comment::SyncState;

/// One look at the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// How far the sync is. A failure is what Flux says now; it may still recover by itself.
    pub(super) state: SyncState,
    /// Whether the commit, or one that contains it, is fetched.
    pub(super) fetched: bool,
    /// What was seen, in words: the last thing to tell when the time is up.
    pub(super) seen: String,
}

impl View {
    /// A look that showed nothing, and why.
    pub(super) fn blind(state: SyncState, seen: String) -> Self {
        Self { state, fetched: false, seen }
    }
}

/// What was read in one look.
pub(super) struct Picture<'a> {
    /// The merged commit.
    pub(super) commit: &'a CommitId,
    /// The sources of the admin repository.
    pub(super) sources: &'a [SourceState],
    /// The Kustomizations of these.
    pub(super) kustomizations: &'a [Kustomization],
    /// Others that these wait for; `None` where there is none of that name.
    pub(super) others: &'a BTreeMap<ObjectRef, Option<Kustomization>>,
    /// Whether a commit is the merged one or a descendant of it.
    pub(super) contains: &'a dyn Fn(&CommitId) -> bool,
}

/// How far one Kustomization is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Applied(CommitId),
    Busy,
    /// It waits for a dependency.
    Waits,
    Failed(SyncState),
}

impl Picture<'_> {
    /// How far everything is: the worst counts. Where one thing fails because of another, the other is named.
    pub(super) fn judge(&self) -> View {
        let fetched: Vec<_> = self.sources.iter().map(|source| self.fetched(source)).collect();
        let missing = || fetched.iter().filter_map(|fetched| fetched.as_ref().err());
        let none_is_there = fetched.iter().all(Result::is_err);
        let failing = missing().find(|view| view.state.is_failure());
        if let Some(view) = failing.or_else(|| missing().next().filter(|_| none_is_there)) {
            return View::clone(view);
        }
        let applied = self.applied(&fetched);
        match missing().next() {
            Some(view) if !applied.state.is_failure() => View::clone(view),
            Some(_) => View { fetched: false, ..applied },
            None => applied,
        }
    }

    /// Whether a source has the commit, so that it is of use to ask who applies it.
    pub(super) fn is_fetched(&self, source: &SourceState) -> bool {
        self.fetched(source).is_ok()
    }

    /// The fetched commit that is, or contains, the merged one; what to say while there is none.
    fn fetched(&self, source: &SourceState) -> Result<CommitId, Box<View>> {
        let object = source_name(source);
        let state = match source_verdict(source, self.commit) {
            SourceVerdict::Fetched => return Ok(self.commit.clone()),
            SourceVerdict::OtherRevision(other) if (self.contains)(&other) => return Ok(other),
            SourceVerdict::OtherRevision(_) | SourceVerdict::Waiting => SyncState::Requested,
            SourceVerdict::Failed(failure) => failed(&failure.reason, &failure.message, &object),
            SourceVerdict::Stalled(failure) => given_up(&failure.reason, &failure.message, &object),
            SourceVerdict::Suspended => {
                given_up("Suspended", "spec.suspend is set: nothing is fetched until it is removed", &object)
            }
        };
        let holds = source.artifact_revision.as_deref().unwrap_or("nothing");
        let seen = format!("{object} holds {holds}{}", words(source.ready.as_ref()));
        Err(Box::new(View { state, fetched: false, seen }))
    }

    /// How far the Kustomizations are whose sources have a commit.
    fn applied(&self, fetched: &[Result<CommitId, Box<View>>]) -> View {
        let view = |state, seen| View { state, fetched: true, seen };
        let order = Order::of(self.kustomizations);
        let mut steps = Vec::new();
        for user in order.sorted() {
            let of = |source: &&SourceState| source.object == user.source_ref.object;
            let target = self.sources.iter().zip(fetched).find(|(source, _)| of(source));
            if let Some((source, Ok(target))) = target {
                steps.push((user, self.step(target, source, user, &order)));
            }
        }
        if let Some(cause) = cause(&steps) {
            let state = with_waiting(cause, &steps, &order);
            let seen = state.line();
            return view(state, seen);
        }
        let is_applied = |step: &Step| matches!(step, Step::Applied(_));
        let busy = steps.iter().filter(|(_, step)| !is_applied(step)).map(|(user, _)| user);
        let busy: Vec<_> =
            busy.map(|user| format!("{}{}", kustomization_name(user), words(user.ready.as_ref()))).collect();
        match steps.pop() {
            None if self.kustomizations.is_empty() => {
                let source = self.sources.first().map(source_name).unwrap_or_default();
                let state = given_up("NoKustomization", "no Kustomization applies this source", &source);
                view(state, "no Kustomization applies the source".to_owned())
            }
            Some((_, Step::Applied(revision))) if busy.is_empty() => {
                let seen = format!("applied {revision}");
                view(SyncState::Applied { revision }, seen)
            }
            _ => view(SyncState::Applying, busy.join("\n")),
        }
    }

    /// How far one Kustomization is, with what it waits for in mind.
    fn step(&self, target: &CommitId, source: &SourceState, user: &Kustomization, order: &Order<'_>) -> Step {
        let step = self.own_step(target, source, user);
        if step != Step::Waits {
            return step;
        }
        let name = kustomization_name(user);
        if let Some(circle) = order.circle(&user.object) {
            let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
            let message = format!("these wait for each other: {}", names.join(" → "));
            return Step::Failed(failed("DependencyNotReady", &message, &name));
        }
        let outside = user.depends_on.iter().find_map(|on| Some(format!("Kustomization {on}{}", self.hindrance(on)?)));
        match outside {
            Some(hindrance) => Step::Failed(failed("DependencyNotReady", &format!("it waits for {hindrance}"), &name)),
            None => step,
        }
    }

    /// Why a dependency that is not among ours does not become ready; `None` where nothing speaks against it.
    fn hindrance(&self, on: &ObjectRef) -> Option<String> {
        let Some(other) = self.others.get(on)? else { return Some(", which is not in the cluster".to_owned()) };
        let ready = other.ready.as_ref();
        if ready.is_some_and(|ready| ready.status == ConditionStatus::True) {
            return None;
        }
        if other.suspended {
            return Some(", which is suspended (spec.suspend)".to_owned());
        }
        let refused =
            ready.filter(|ready| ready.status == ConditionStatus::False && ready.reason != "DependencyNotReady");
        refused.map(|ready| format!(", which says {}: {}", ready.reason, ready.message))
    }

    fn own_step(&self, target: &CommitId, source: &SourceState, user: &Kustomization) -> Step {
        let name = kustomization_name(user);
        // Applied stays applied, also where a later commit is under way or fails.
        let last = user.last_applied_revision.as_deref().and_then(revision_commit);
        if let Some(last) = last.filter(|last| (self.contains)(last))
            && matches!(sync_verdict(user, Some(source), &last), SyncVerdict::Applied { .. })
        {
            return Step::Applied(last);
        }
        match sync_verdict(user, Some(source), target) {
            SyncVerdict::Applied { .. } => Step::Applied(target.clone()),
            SyncVerdict::OvertakenBy { commit, failure: None } if (self.contains)(&commit) => Step::Applied(commit),
            SyncVerdict::OvertakenBy { commit, failure: Some(failure) } if (self.contains)(&commit) => {
                Step::Failed(failed(&failure.reason, &failure.message, &name))
            }
            SyncVerdict::Failed(failure) | SyncVerdict::Unhealthy(failure) | SyncVerdict::NeverAttempted(failure) => {
                Step::Failed(failed(&failure.reason, &failure.message, &name))
            }
            SyncVerdict::Stalled(failure) => Step::Failed(given_up(&failure.reason, &failure.message, &name)),
            SyncVerdict::AccessDenied { message } => Step::Failed(given_up("AccessDenied", &message, &name)),
            SyncVerdict::Suspended => {
                let message = "spec.suspend is set: nothing is applied until it is removed";
                Step::Failed(given_up("Suspended", message, &name))
            }
            SyncVerdict::DependencyNotReady { .. } => Step::Waits,
            SyncVerdict::Applying | SyncVerdict::Waiting | SyncVerdict::OvertakenBy { .. } => Step::Busy,
        }
    }
}

/// The failure behind the others: what is waited for fails before what waits, and one whose health is
/// checked may only say that another one fails.
fn cause<'a>(steps: &[(&'a Kustomization, Step)]) -> Option<(&'a Kustomization, SyncState)> {
    let failed = steps.iter().filter_map(|(user, step)| match step {
        Step::Failed(state) => Some((*user, state.clone())),
        _ => None,
    });
    // The first of the least: they stand in the order of their dependencies.
    let is_echo =
        |state: &SyncState| matches!(state, SyncState::Failed { reason, .. } if reason == "HealthCheckFailed");
    failed.min_by_key(|(_, state)| is_echo(state))
}

/// The failure, with the names of what waits for its object.
fn with_waiting(
    (user, state): (&Kustomization, SyncState),
    steps: &[(&Kustomization, Step)],
    order: &Order<'_>,
) -> SyncState {
    let SyncState::Failed { reason, message, object, retried, .. } = state else { return state };
    let waits = |(other, step): &&(&Kustomization, Step)| {
        let itself = other.object == user.object;
        !itself && !matches!(step, Step::Applied(_)) && order.depends(&other.object, &user.object)
    };
    let waiting = steps.iter().filter(waits).map(|(other, _)| kustomization_name(other)).collect();
    SyncState::Failed { reason, message, object, retried, waiting }
}

fn failed(reason: &str, message: &str, object: &str) -> SyncState {
    failure((reason, message, object), true)
}

/// A failure that Flux does not try to get over by itself.
fn given_up(reason: &str, message: &str, object: &str) -> SyncState {
    failure((reason, message, object), false)
}

fn failure((reason, message, object): (&str, &str, &str), retried: bool) -> SyncState {
    let text = str::to_owned;
    let (reason, message, object) = (text(reason), text(message), text(object));
    SyncState::Failed { reason, message, object, waiting: Vec::new(), retried }
}

pub(super) fn source_name(source: &SourceState) -> String {
    format!("GitRepository {}", source.object)
}

pub(super) fn kustomization_name(kustomization: &Kustomization) -> String {
    format!("Kustomization {}", kustomization.object)
}

/// What a condition says, to stand after a name.
fn words(condition: Option<&Condition>) -> String {
    condition.map_or_else(
        || ": its controller has said nothing yet".to_owned(),
        |condition| format!(": {}: {}", condition.reason, condition.message),
    )
}

#[cfg(test)]
mod tests;
