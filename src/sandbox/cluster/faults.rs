//! Misbehaviour on demand.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use tokio::sync::watch;

/// Which requests a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// All of them.
    All,
    /// GET.
    Reads,
    /// POST, PUT, PATCH and DELETE.
    Writes,
}

impl Requests {
    fn strikes(self, method: &Method) -> bool {
        match self {
            Self::All => true,
            Self::Reads => method == Method::GET,
            Self::Writes => method != Method::GET,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    failures: Vec<(u16, Requests)>,
    lost: Vec<Requests>,
    delay: Option<Duration>,
    next_fetch: Option<(String, String)>,
    next_sync: Option<(String, String)>,
    hold: bool,
    paused: bool,
    /// By the definitions' names.
    refused: BTreeMap<String, Refused>,
    warned: BTreeMap<String, String>,
}

/// How a definition is refused: code, message, and the faults of single fields.
pub(super) type Refused = (u16, String, Vec<(String, String)>);

/// The switches. Everything is off at the start.
#[derive(Debug)]
pub struct Faults {
    state: Mutex<State>,
    cut: watch::Sender<u64>,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), cut: watch::Sender::new(0) }
    }

    fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next `count` requests of this sort are answered with the status code, such as 500, 503, 429
    /// or 409, and do nothing.
    pub fn fail_requests(&self, count: usize, code: u16, only: Requests) {
        self.with(|state| state.failures.extend(std::iter::repeat_n((code, only), count)));
    }

    /// The next `count` requests of this sort are carried out, and then answered with 504: whoever
    /// asked cannot know.
    pub fn lose_answers(&self, count: usize, only: Requests) {
        self.with(|state| state.lost.extend(std::iter::repeat_n(only, count)));
    }

    /// Every answer waits this long; `None` ends it.
    pub fn slow(&self, delay: Option<Duration>) {
        self.with(|state| state.delay = delay);
    }

    /// Breaks all open watches in the middle.
    pub fn cut_watches(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// The next fetch of any GitRepository fails with this reason and message.
    pub fn fail_next_fetch(&self, reason: &str, message: &str) {
        self.with(|state| state.next_fetch = Some((reason.to_owned(), message.to_owned())));
    }

    /// The next Kustomization that is built fails with this reason (such as `HealthCheckFailed`) and message.
    pub fn fail_next_sync(&self, reason: &str, message: &str) {
        self.with(|state| state.next_sync = Some((reason.to_owned(), message.to_owned())));
    }

    /// While set, Kustomizations stop in the middle: attempted, `Ready` unknown, `Reconciling`.
    pub fn hold_syncs(&self, hold: bool) {
        self.with(|state| state.hold = hold);
    }

    /// While set, Flux does nothing at all, as if its pods were gone.
    pub fn pause_controllers(&self, paused: bool) {
        self.with(|state| state.paused = paused);
    }

    /// From now on the definition of this name is refused, by the API and for Flux, as by what only a real API server
    /// knows: the cost of a rule in CEL (422, with the faults of fields), an admission webhook (403, without).
    pub fn refuse_definition(&self, name: &str, code: u16, message: &str, causes: &[(&str, &str)]) {
        let causes = causes.iter().map(|(field, fault)| ((*field).to_owned(), (*fault).to_owned())).collect();
        self.with(|state| state.refused.insert(name.to_owned(), (code, message.to_owned(), causes)));
    }

    /// From now on the API warns of the definition of this name, as its `Warning` header does.
    pub fn warn_of_definition(&self, name: &str, text: &str) {
        self.with(|state| state.warned.insert(name.to_owned(), text.to_owned()));
    }

    /// Ends that definitions are refused or warned of.
    pub fn take_all_definitions(&self) {
        self.with(|state| (state.refused.clear(), state.warned.clear()));
    }

    pub(super) fn refusal_of_definition(&self, name: &str) -> Option<Refused> {
        self.with(|state| state.refused.get(name).cloned())
    }

    pub(super) fn warning_of_definition(&self, name: &str) -> Option<String> {
        self.with(|state| state.warned.get(name).cloned())
    }

    pub(super) fn next_failure(&self, method: &Method) -> Option<u16> {
        self.with(|state| {
            let position = state.failures.iter().position(|(_, only)| only.strikes(method))?;
            Some(state.failures.remove(position).0)
        })
    }

    pub(super) fn loses_answer(&self, method: &Method) -> bool {
        self.with(|state| {
            let position = state.lost.iter().position(|only| only.strikes(method));
            position.map(|position| state.lost.remove(position)).is_some()
        })
    }

    pub(super) async fn delay(&self) {
        if let Some(delay) = self.with(|state| state.delay) {
            tokio::time::sleep(delay).await;
        }
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    pub(super) fn take_fetch_failure(&self) -> Option<(String, String)> {
        self.with(|state| state.next_fetch.take())
    }

    pub(super) fn take_sync_failure(&self) -> Option<(String, String)> {
        self.with(|state| state.next_sync.take())
    }

    pub(super) fn holds(&self) -> bool {
        self.with(|state| state.hold)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.with(|state| state.paused)
    }
}
