use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::record::Record;
use crate::clock::{Clock, Entropy};
use crate::queue::Backoff;

/// Everything a [`super::Forge`] is made from.
#[derive(Debug, Clone)]
pub struct ForgeSettings {
    /// Where the API is: `https://api.github.com`, `https://ghe.example/api/v3`, or the sandbox.
    pub api_url: String,
    /// The App's number.
    pub app_id: u64,
    /// The App's private key, PEM (PKCS#1 as GitHub hands it out, or PKCS#8).
    pub private_key: SecretString,
    /// Where the time comes from: token lifetimes and rate limits.
    pub clock: Arc<dyn Clock>,
    /// Jitter of the pauses while the forge is down.
    pub entropy: Arc<dyn Entropy>,
    /// How long anything may take.
    pub timeouts: Timeouts,
    /// How much is asked of the forge.
    pub manners: Manners,
    /// Sees every exchange, without tokens; `None` in production.
    pub recorder: Option<Arc<dyn Record>>,
}

/// Time limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To make the connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// For the whole exchange, writing the request included.
    pub total: Duration,
}

impl Default for Timeouts {
    /// GitHub ends its own work after ten seconds (docs.github.com, "Timeouts"), so little more is of use.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), read: Duration::from_secs(15), total: Duration::from_secs(30) }
    }
}

/// How much is asked of the forge in one process, for each installation. GitHub publishes the
/// numbers and no way to ask how much of them is used (docs.github.com, "Rate limits for the REST
/// API", "About secondary rate limits").
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// Points in a minute: one for reading, five for writing.
    pub points_per_minute: u32,
    /// Comments, pull requests, check runs, deployments and their statuses in a minute.
    pub content_per_minute: u32,
    /// The same in an hour.
    pub content_per_hour: u32,
    /// The pause between two of them.
    pub content_gap: Duration,
    /// How long a request may wait for that pause. A whole run of a job costs more than these two
    /// seconds, and would do again what the job did before; who would wait longer comes back later.
    pub longest_wait: Duration,
    /// Requests on their way at one time, of all installations together.
    pub concurrent: usize,
    /// For how long a forge that is down is left alone.
    pub pause: Backoff,
}

impl Default for Manners {
    /// GitHub's limits; of its hundred concurrent requests a fifth, because replicas share them.
    fn default() -> Self {
        Self {
            points_per_minute: 900,
            content_per_minute: 80,
            content_per_hour: 500,
            content_gap: Duration::from_secs(1),
            longest_wait: Duration::from_secs(2),
            concurrent: 20,
            pause: Backoff { first: Duration::from_secs(10), cap: Duration::from_secs(300) },
        }
    }
}

impl Manners {
    /// GitHub's limits, unless the forge is on this machine: only there is plain HTTP spoken.
    pub fn of(api_url: &str) -> Self {
        if api_url.starts_with("http://") { Self::at_home() } else { Self::default() }
    }

    /// For a forge on this machine that has no limits: the demo and the tests.
    pub fn at_home() -> Self {
        Self {
            points_per_minute: u32::MAX,
            content_per_minute: u32::MAX,
            content_per_hour: u32::MAX,
            content_gap: Duration::ZERO,
            pause: Backoff { first: Duration::from_millis(200), cap: Duration::from_secs(2) },
            ..Self::default()
        }
    }
}
