use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::record::Record;
use crate::clock::Clock;

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
    /// How long anything may take.
    pub timeouts: Timeouts,
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
