//! `bailiwick replay`: sign a stored payload and send it to a running server.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::{Entropy as _, OsEntropy};
use crate::config::LARGEST_FILE;
use crate::files;

/// How long the server may take: GitHub itself gives up after ten seconds.
const LIMIT: Duration = Duration::from_secs(10);

/// GitHub sends no larger payload, and the server takes none.
const LARGEST_PAYLOAD: u64 = 25 * 1024 * 1024;

/// Sign a stored webhook payload and send it to a running server
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The payload: the JSON body as GitHub sent it
    file: PathBuf,
    /// The event's name, such as `pull_request`
    #[arg(long)]
    event: String,
    /// Where the server listens
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/github")]
    url: String,
    /// The delivery's id; a new one where none is given
    #[arg(long)]
    delivery: Option<String>,
    /// The file that holds the webhook secret; else the environment variable BAILIWICK_WEBHOOK_SECRET
    #[arg(long)]
    secret_file: Option<PathBuf>,
}

impl Replay {
    /// Sends it and prints the answer.
    ///
    /// Returns the exit code: 0 where the server accepted it, 1 where it refused it.
    ///
    /// # Errors
    /// An unreadable file, a missing secret or a server that does not answer.
    #[expect(clippy::future_not_send, reason = "it writes to this thread's standard output")]
    pub(super) async fn run(&self, out: &mut dyn Write) -> anyhow::Result<u8> {
        let body = files::read(&self.file, LARGEST_PAYLOAD).context("the file with the payload")?;
        let signature = sign(&self.secret()?, &body);
        let delivery = self.delivery.clone().unwrap_or_else(|| OsEntropy.uuid());
        let client = reqwest::Client::builder().timeout(LIMIT).redirect(reqwest::redirect::Policy::none()).build()?;
        let answer = client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("user-agent", concat!("bailiwick-replay/", env!("CARGO_PKG_VERSION")))
            .header("x-github-event", &self.event)
            .header("x-github-delivery", &delivery)
            .header("x-hub-signature-256", signature)
            .body(body)
            .send()
            .await
            .with_context(|| format!("{}: no answer: is `bailiwick serve` running there?", self.url))?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        writeln!(out, "{status} for delivery {delivery}: {}", crate::report::visible(&text))?;
        Ok(u8::from(!status.is_success()))
    }

    fn secret(&self) -> anyhow::Result<SecretString> {
        let text = match &self.secret_file {
            Some(file) => files::read_text(file, LARGEST_FILE as u64).context("--secret-file")?,
            None => match std::env::var("BAILIWICK_WEBHOOK_SECRET") {
                Ok(secret) => secret,
                Err(_) => bail!("no secret to sign with: set BAILIWICK_WEBHOOK_SECRET or give --secret-file"),
            },
        };
        let text = Zeroizing::new(text);
        Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
    }
}

/// `X-Hub-Signature-256` of a body (docs.github.com, "Validating webhook deliveries").
fn sign(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_github_does() {
        let secret = SecretString::from("It's a Secret to Everybody");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(sign(&secret, b"Hello, World!"), expected);
    }
}
