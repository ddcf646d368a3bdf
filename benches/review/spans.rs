//! Where a job's time goes, from the spans that the program itself opens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Spans in which the program waits for GitHub: for an answer of its API or of its Git.
const OUTSIDE: &[&str] = &["forge.request", "git.branch_tip", "git.fetch"];

/// Collects how long each span was open, by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopwatch(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

/// The times of one job.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    spans: BTreeMap<&'static str, Duration>,
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
        Times { spans: std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
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

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(elapsed) = span.extensions().get::<Instant>().map(Instant::elapsed) else { return };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(span.name()).or_default() += elapsed;
    }
}

impl Times {
    /// A span's time, all its openings together.
    pub(crate) fn of(&self, name: &str) -> Duration {
        self.spans.get(name).copied().unwrap_or_default()
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
}
