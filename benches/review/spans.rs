//! Where a job's time goes, from the spans that the program itself opens.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Spans in which the program waits for GitHub: for an answer of its API or of its Git.
const OUTSIDE: &[&str] = &["forge.request", "git.branch_tip", "git.fetch"];
/// Spans that run on a thread of their own, outside of the job's.
const BESIDE: &[&str] = &["git.read", "index.build", "judge", "merge"];

thread_local! {
    /// The spans that this thread is in, with its processor time when it entered them.
    static ENTERED: RefCell<Vec<(Id, Duration)>> = const { RefCell::new(Vec::new()) };
}

/// Collects how long each span was open, and how long a processor worked in it, by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopwatch(Arc<Mutex<Times>>);

/// The times of one job.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    open: BTreeMap<&'static str, Duration>,
    processor: BTreeMap<&'static str, Duration>,
}

impl Stopwatch {
    /// A stopwatch that sees every span of this process from now on.
    pub(crate) fn start() -> Self {
        let watch = Self::default();
        tracing_subscriber::registry().with(watch.clone()).init();
        watch
    }

    /// What was measured since the last call.
    pub(crate) fn take(&self) -> Times {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(
        &self,
        to: impl FnOnce(&mut Times) -> &mut BTreeMap<&'static str, Duration>,
        name: &'static str,
        time: Duration,
    ) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *to(&mut times).entry(name).or_default() += time;
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Stopwatch {
    /// Only spans, so that log lines cost here what they cost in production: next to nothing.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target().starts_with("bailiwick")
    }

    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        ENTERED.with_borrow_mut(|entered| entered.push((id.clone(), processor_time())));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let entered = ENTERED.with_borrow_mut(|entered| {
            let at = entered.iter().rposition(|(other, _)| other == id)?;
            Some(entered.remove(at).1)
        });
        let (Some(entered), Some(span)) = (entered, context.span(id)) else { return };
        self.add(|times| &mut times.processor, span.name(), processor_time().saturating_sub(entered));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions().get::<Instant>().map(Instant::elapsed) else { return };
        self.add(|times| &mut times.open, span.name(), open);
    }
}

/// How long this thread has worked: unlike the time of day it does not count other programs.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl Times {
    /// How long a span was open, all its openings together.
    pub(crate) fn of(&self, name: &str) -> Duration {
        self.open.get(name).copied().unwrap_or_default()
    }

    /// The time spent waiting for GitHub.
    pub(crate) fn outside(&self) -> Duration {
        OUTSIDE.iter().map(|name| self.of(name)).sum()
    }

    /// The job's time, from the moment the worker has it until its end is stored, without the waiting.
    pub(crate) fn own(&self) -> Duration {
        self.of("job").saturating_sub(self.outside())
    }

    /// The part of it that judges: index, merge, rules. The rest is mostly the store, which waits
    /// for the disk.
    pub(crate) fn judging(&self) -> Duration {
        ["index", "merge", "judge"].into_iter().map(|name| self.of(name)).sum()
    }

    /// How long a processor worked for the job, without what it did to talk to GitHub, and without
    /// SQLite's own thread.
    pub(crate) fn processor(&self) -> Duration {
        let of = |name: &str| self.processor.get(name).copied().unwrap_or_default();
        let outside: Duration = OUTSIDE.iter().map(|name| of(name)).sum();
        let beside: Duration = BESIDE.iter().map(|name| of(name)).sum();
        of("job").saturating_sub(outside) + beside
    }
}
