//! The one way in for deliveries, whether GitHub brought them or they were fetched from its list: read,
//! planned, and stored together with their jobs under their GUID, so that each counts once.

use crate::forge::VerifiedDelivery;
use crate::forge::event::{Event, EventError};
use crate::names::DeliveryId;
use crate::store::{Accepted, NewDelivery, NewJob, Store, StoreError};

/// A delivery at the door. What the proof covers is in `delivery`.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// `X-GitHub-Delivery`.
    pub guid: DeliveryId,
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// The payload and the proof.
    pub delivery: VerifiedDelivery,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It and its jobs are on disk.
    New,
    /// Its GUID is known.
    Duplicate {
        /// Whether some of its work is not done yet.
        unfinished: bool,
    },
    /// It asks for no job. Nothing is stored: there is nothing to resume after a crash, and the
    /// store does not grow with events that the App never asked for.
    Ignored,
}

/// Why it could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum TakeInError {
    /// The payload does not fit the event: it never will.
    #[error("the payload does not fit the event")]
    Misfit(#[source] EventError),
    /// The store failed: nothing is stored.
    #[error("the delivery could not be stored")]
    Store(#[from] StoreError),
}

/// Takes in a delivery; `plan` says which jobs its event asks for.
///
/// # Errors
/// The payload does not fit, or the store failed.
pub async fn take_in(
    store: &Store,
    plan: &(dyn Fn(&Event) -> Vec<NewJob> + Send + Sync),
    incoming: Incoming<'_>,
) -> Result<Taken, TakeInError> {
    let Incoming { guid, event, delivery } = incoming;
    let event = Event::parse(event, delivery.body()).map_err(TakeInError::Misfit)?;
    let jobs = plan(&event);
    if jobs.is_empty() {
        tracing::debug!(delivery.id = %guid, delivery.event = event.name(), "a delivery asks for nothing");
        return Ok(Taken::Ignored);
    }
    let delivery = NewDelivery {
        event: event.name().to_owned(),
        action: event.action().map(ToOwned::to_owned),
        installation: event.installation(),
        repository: event.repository().map(|repository| repository.id),
        body: delivery.into_body(),
        guid,
    };
    let accepted = store.accept(&delivery, &jobs).await?;
    tracing::info!(
        delivery.id = %delivery.guid, delivery.event = delivery.event, delivery.action = delivery.action,
        jobs = jobs.len(), accepted = ?accepted, "a delivery came in"
    );
    Ok(match accepted {
        Accepted::New => Taken::New,
        Accepted::Duplicate { unfinished } => Taken::Duplicate { unfinished },
    })
}
