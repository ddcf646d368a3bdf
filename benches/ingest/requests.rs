//! Signed webhook requests, made before the clock runs.

use std::sync::Arc;

use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::sandbox::github::{AppOptions, GitHub, Options};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;

/// The webhook's secret.
pub(crate) const SECRET: &str = "a secret of this run";
/// A body of GitHub's usual size for a pull request.
const BODY: usize = 13_000;
/// Pull requests that the deliveries are about.
const PULLS: usize = 256;

/// Heads and bodies of requests; the GUID is put in between.
pub(crate) struct Requests(Vec<(String, Vec<u8>)>);

impl Requests {
    /// Writes request `number` with a GUID of its own.
    pub(crate) fn write(&self, number: u64, into: &mut Vec<u8>) {
        let place = usize::try_from(number).unwrap_or_default() % self.0.len();
        let (head, body) = &self.0[place];
        into.clear();
        into.extend_from_slice(head.as_bytes());
        into.extend_from_slice(format!("x-github-delivery: 72d3162e-cc78-11e3-81ab-{number:012x}\r\n\r\n").as_bytes());
        into.extend_from_slice(body);
    }

    /// The size of a body.
    pub(crate) fn body_bytes(&self) -> usize {
        self.0.first().map_or(0, |(_, body)| body.len())
    }
}

/// The requests: `pull_request.synchronize` of 256 pull requests.
pub(crate) fn prepare() -> Requests {
    let sample: Value = serde_json::from_str(include_str!("../../fixtures/deliveries/pull_request.opened.json"))
        .expect("a fixture is JSON");
    Requests((1..=PULLS).map(|number| request(&sample, number)).collect())
}

/// The key that `github.private_key` names; a web process signs nothing with it.
pub(crate) async fn private_key() -> anyhow::Result<SecretString> {
    let app = AppOptions { id: 1, slug: "bailiwick".to_owned(), webhook_url: None, webhook_secret: SECRET.into() };
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let github = GitHub::start(Options { listen: ([127, 0, 0, 1], 0).into(), app, clock, entropy }).await?;
    Ok(github.app_private_key())
}

fn request(sample: &Value, number: usize) -> (String, Vec<u8>) {
    let mut payload = sample.clone();
    payload["action"] = json!("synchronize");
    payload["number"] = json!(number);
    payload["pull_request"]["number"] = json!(number);
    pad(&mut payload);
    let body = payload.to_string().into_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length fits");
    mac.update(&body);
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: bench\r\nuser-agent: GitHub-Hookshot/bench\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\nx-github-event: pull_request\r\nx-hub-signature-256: sha256={}\r\n",
        body.len(),
        hex::encode(mac.finalize().into_bytes())
    );
    (head, body)
}

/// Adds links like those that fill GitHub's payloads.
fn pad(payload: &mut Value) {
    let mut links = serde_json::Map::new();
    while payload.to_string().len() + links.len() * 110 < BODY {
        let name = format!("link_{}_url", links.len());
        let url = format!("https://api.github.com/repos/org/dev-cluster/{}{{/sha}}", hex::encode(name.as_bytes()));
        links.insert(name, Value::from(url));
    }
    payload["pull_request"]["_links"] = Value::Object(links);
}
