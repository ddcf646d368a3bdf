//! What every part of the sandbox's GitHub shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use tokio_util::sync::CancellationToken;

use super::app::App;
use super::events::Event;
use super::faults::Faults;
use super::git::Git;
use super::hooks::{Hooks, Parcel, Target};
use super::limits::Limits;
use super::model::State;
use super::recorder::Recorder;
use super::shapes::Show;
use crate::clock::{Clock, Entropy};

/// One running GitHub.
#[derive(Debug)]
pub(crate) struct Shared {
    /// `http://127.0.0.1:<port>`.
    pub(crate) base: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) app: App,
    pub(crate) git: Git,
    pub(crate) hooks: Hooks,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) recorder: Recorder,
    pub(crate) target: Mutex<Target>,
    pub(crate) state: Mutex<State>,
    /// Whoever moves references holds this, so that pull requests follow one push at a time.
    pub(crate) moving: tokio::sync::Mutex<()>,
    /// Set when the sandbox stops: connections that are still open are cut.
    pub(crate) stop: CancellationToken,
    /// The directory of the repositories: removed with the last owner.
    pub(crate) _root: tempfile::TempDir,
}

impl Shared {
    /// The state, locked. Never held while Git runs.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn target(&self) -> Target {
        self.target_mut().clone()
    }

    /// Where webhooks go, to change it.
    pub(crate) fn target_mut(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        // GitHub's times have no fractions.
        let now = self.clock.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The state as GitHub's JSON.
    pub(crate) fn show<'a>(&'a self, state: &'a State) -> Show<'a> {
        Show { state, app: &self.app, base: &self.base }
    }

    /// Tells the App what happened, if it is installed there, subscribed and permitted.
    pub(crate) fn emit(&self, state: &mut State, event: Event) {
        let Some((payload, installation)) = self.show(state).payload(&event) else { return };
        self.hooks.deliver(Parcel {
            guid: self.entropy.uuid(),
            event: event.name.to_owned(),
            action: event.action.map(str::to_owned),
            repository: event.repository,
            installation: Some(installation),
            body: payload.to_string().into(),
            redelivery: false,
        });
    }
}
