//! Reading a request's body under limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::body::HttpBody as _;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// GitHub sends nothing larger (docs.github.com, "Webhook events and payloads": 25 MB).
pub(super) const MAX_BODY: usize = 25 * 1024 * 1024;
/// GitHub itself gives up after ten seconds.
pub(super) const MAX_TIME: Duration = Duration::from_secs(10);
/// How much of a body that is too large is read and thrown away, so that its sender can still
/// listen to the answer.
const MAX_THROWN_AWAY: usize = 64 * 1024 * 1024;
/// What every body may use without asking; all usual ones fit, so that large bodies of strangers
/// cannot crowd them out.
const FREE: usize = 256 * 1024;
/// What all larger bodies together may use at one time, beyond the free part.
const SHARED: usize = 128 * 1024 * 1024;
/// The grain in which memory is counted.
const GRAIN: usize = 64 * 1024;

/// The memory that large bodies share.
#[derive(Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SHARED / GRAIN)))
    }
}

/// A body, and its part of the budget until it is dropped.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    /// The connection broke or its framing is wrong.
    Broken,
    /// Other large bodies use up the memory now.
    Busy,
}

/// Reads the whole body. What is left of a refused one is thrown away in the background: the answer
/// goes out at once, and a sender that first finishes its sending still hears it.
/// `time` is for all of it.
pub(super) async fn read(time: Duration, mut body: Body, budget: &Budget) -> Result<Received, Unread> {
    let result = tokio::time::timeout(time, fill(&mut body, budget)).await.unwrap_or(Err(Unread::TooSlow));
    if let Err(Unread::TooLarge | Unread::Busy) = result {
        tokio::spawn(tokio::time::timeout(MAX_TIME, throw_away(body)));
    }
    result
}

async fn fill(body: &mut Body, budget: &Budget) -> Result<Received, Unread> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Unread::TooLarge);
    }
    let mut received = Received { bytes: Vec::new(), held: None };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        let size = received.bytes.len() + data.len();
        if size > MAX_BODY {
            return Err(Unread::TooLarge);
        }
        received.reserve(size, budget)?;
        received.bytes.extend_from_slice(&data);
    }
    Ok(received)
}

impl Received {
    /// Takes from the budget what `size` bytes in all need.
    fn reserve(&mut self, size: usize, budget: &Budget) -> Result<(), Unread> {
        let needed = size.saturating_sub(FREE).div_ceil(GRAIN);
        let more = needed.saturating_sub(self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Unread::TooLarge)?;
        let permit = Arc::clone(&budget.0).try_acquire_many_owned(more).map_err(|_| Unread::Busy)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

async fn throw_away(mut body: Body) {
    let mut thrown_away = 0;
    while thrown_away < MAX_THROWN_AWAY {
        let Some(Ok(frame)) = body.frame().await else { return };
        thrown_away += frame.into_data().map_or(0, |data| data.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(size: usize) -> Body {
        let chunk = || Ok::<_, std::io::Error>(vec![b'x'; GRAIN]);
        let whole = size / GRAIN;
        let rest = Ok(vec![b'x'; size % GRAIN]);
        Body::from_stream(futures::stream::iter((0..whole).map(move |_| chunk()).chain([rest])))
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_the_limit() {
        let budget = Budget::default();
        assert_eq!(read(MAX_TIME, body(0), &budget).await.expect("read").bytes.len(), 0);
        assert_eq!(read(MAX_TIME, body(MAX_BODY), &budget).await.expect("read").bytes.len(), MAX_BODY);
        assert_eq!(read(MAX_TIME, body(MAX_BODY + 1), &budget).await.expect_err("refused"), Unread::TooLarge);
        assert_eq!(budget.0.available_permits(), SHARED / GRAIN, "everything is given back");
    }

    #[tokio::test]
    async fn large_bodies_share_their_memory_and_leave_the_small_ones_theirs() {
        let budget = Budget::default();
        let mut held = Vec::new();
        while let Ok(received) = read(MAX_TIME, body(MAX_BODY), &budget).await {
            held.push(received);
        }
        assert_eq!(held.len(), SHARED / (MAX_BODY - FREE));
        assert_eq!(read(MAX_TIME, body(MAX_BODY), &budget).await.expect_err("refused"), Unread::Busy);
        assert!(read(MAX_TIME, body(FREE), &budget).await.is_ok());
        held.pop();
        assert!(read(MAX_TIME, body(MAX_BODY), &budget).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error() {
        let broken = Body::from_stream(futures::stream::iter([Ok(vec![1]), Err(std::io::Error::other("reset"))]));
        assert_eq!(read(MAX_TIME, broken, &Budget::default()).await.expect_err("refused"), Unread::Broken);
    }

    /// The time counts for the whole body, not between two of its bytes.
    #[tokio::test]
    async fn a_body_that_drips_is_cut_off_too() {
        let drip = |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, std::io::Error>(vec![b'x']), ()))
        };
        let dripping = Body::from_stream(futures::stream::unfold((), drip));
        let result = read(Duration::from_millis(100), dripping, &Budget::default()).await;
        assert_eq!(result.expect_err("refused"), Unread::TooSlow);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_cut_off() {
        let endless = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let result = read(Duration::ZERO, endless, &Budget::default()).await;
        assert_eq!(result.expect_err("refused"), Unread::TooSlow);
    }
}
