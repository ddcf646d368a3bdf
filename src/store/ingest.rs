//! Group commit: deliveries that arrive while a transaction is being written go into the next one
//! together, so that one flush of the disk answers many requests. Nobody waits for company that is not at the door: a
//! delivery that comes alone is written alone.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::deliveries::{Kept, accept_all};
use super::{Accepted, Inner, NewDelivery, NewJob, Store, StoreError};

/// The most deliveries that are gathered; half of them go into one transaction.
const MOST: usize = 256;
/// So many go into one transaction in any case: what a transaction costs is then shared well enough.
const FEW: usize = 16;
/// How often those that are being read are let go on before a transaction begins.
const YIELDS: usize = 4;
/// The most bytes of their bodies; one larger delivery goes alone.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How many may wait for their transaction before callers are held up.
const WAITING: usize = 1_024;

/// A delivery on its way in.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kept: Kept,
    answer: oneshot::Sender<Result<Accepted, StoreError>>,
}

impl Store {
    /// Stores a delivery and its jobs in one transaction, which it may share with others; when this
    /// returns they are on disk. A GUID that is known stores nothing and tells whether the first copy's
    /// work is done; jobs of it that were given up are taken up again. Deliveries are stored in the order
    /// in which this is called.
    ///
    /// # Errors
    /// The database failed: nothing is stored. [`StoreError::Moved`] after a transfer.
    pub async fn accept(&self, delivery: &NewDelivery, jobs: &[NewJob]) -> Result<Accepted, StoreError> {
        let (answer, answered) = oneshot::channel();
        let pending = Pending { kept: Kept::of(delivery, jobs), answer };
        self.ingest.send(pending).await.map_err(|_| StoreError::closed())?;
        answered.await.map_err(|_| StoreError::closed())?
    }
}

/// Starts the task that writes; it ends with the last [`Store`].
pub(super) fn start(inner: Arc<Inner>) -> mpsc::Sender<Pending> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(run(inner, receiver));
    sender
}

async fn run(inner: Arc<Inner>, mut receiver: mpsc::Receiver<Pending>) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match receiver.recv().await {
                Some(pending) => waiting.push_back(pending),
                None => return,
            }
        }
        gather(&mut waiting, &mut receiver).await;
        write(&inner, next(&mut waiting)).await;
    }
}

/// Takes in those that have come. A yield lets the requests go on that are being read at this moment, and takes
/// microseconds where there are none.
async fn gather(waiting: &mut VecDeque<Pending>, receiver: &mut mpsc::Receiver<Pending>) {
    for _ in 0..YIELDS {
        while waiting.len() < MOST {
            let Ok(pending) = receiver.try_recv() else { break };
            waiting.push_back(pending);
        }
        tokio::task::yield_now().await;
    }
}

/// The next transaction's: half of those that wait, so that while they are written the senders of the other half
/// need not wait for it and then come all at once; and all, where they are few.
fn next(waiting: &mut VecDeque<Pending>) -> Vec<Pending> {
    let most = waiting.len().div_ceil(2).max(FEW);
    let mut bytes = 0_usize;
    let fits = |pending: &&Pending| {
        bytes = bytes.saturating_add(pending.kept.size());
        bytes <= MOST_BYTES
    };
    let number = waiting.iter().take(most).take_while(fits).count().max(1);
    waiting.drain(..number.min(waiting.len())).collect()
}

async fn write(inner: &Inner, batch: Vec<Pending>) {
    let (kept, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|pending| (pending.kept, pending.answer)).unzip();
    match accept_all(inner, &kept).await {
        Ok(accepted) => {
            for (answer, accepted) in answers.into_iter().zip(accepted) {
                // Who went away in the meantime has its delivery stored all the same.
                let _ = answer.send(Ok(accepted));
            }
        }
        // One delivery that the database refuses must not take the others down with it.
        Err(_) if kept.len() > 1 => {
            for (kept, answer) in kept.into_iter().zip(answers) {
                let alone = accept_all(inner, std::slice::from_ref(&kept)).await;
                let _ =
                    answer.send(alone.and_then(|accepted| accepted.into_iter().next().ok_or_else(StoreError::closed)));
            }
        }
        Err(error) => {
            if let Some(answer) = answers.into_iter().next() {
                let _ = answer.send(Err(error));
            }
        }
    }
}
