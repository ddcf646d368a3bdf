//! The key that a GitRepository fetches with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Flux;
use crate::names::PublicKey;
use crate::sandbox::cluster::store::json::text;

/// What went wrong: reason and message.
pub(super) type Failure = (String, String);

impl Flux {
    /// The public half of the key that the Secret holds; `None` for an HTTP address.
    pub(super) fn key_for(&self, object: &Value, url: &str) -> Result<Option<PublicKey>, Failure> {
        let refused = |message: String| ("AuthenticationFailed".to_owned(), message);
        let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/spec/secretRef/name"));
        let secret = self.shared.store(|store| store.find("Secret", namespace, name).cloned());
        if !name.is_empty() && secret.is_none() {
            let place = format!("'{namespace}/{name}'");
            let message =
                format!("failed to get secret {place}: failed to get secret {place}: Secret {name:?} not found");
            return Err(refused(message));
        }
        if !url.starts_with("ssh://") {
            return Ok(None);
        }
        let value = |key: &str| secret.as_ref().and_then(|secret| decoded(secret, key));
        let required = |key: &str| {
            value(key).filter(|text| !text.is_empty()).ok_or_else(|| {
                let problem = format!("invalid 'ssh' auth option: '{key}' is required");
                refused(format!("failed to configure authentication options: {problem}"))
            })
        };
        let identity = required("identity")?;
        let known_hosts = required("known_hosts")?;
        let handshake = |problem: &str| {
            let message = format!(
                "failed to checkout and determine revision: unable to list remote for '{url}': ssh: handshake failed: {problem}"
            );
            ("GitOperationFailed".to_owned(), message)
        };
        if !knows(&known_hosts, host(url)) {
            return Err(handshake("knownhosts: key is unknown"));
        }
        let key = public_half(&identity, value("identity.pub").as_deref());
        key.map(Some).ok_or_else(|| handshake("ssh: no key found"))
    }
}

fn decoded(secret: &Value, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(secret["data"].get(key)?.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// The public half of an OpenSSH key. A PKCS#8 key, as Flux's own tool writes it, is believed to be
/// the one in `identity.pub`: the sandbox does not take it apart.
fn public_half(identity: &str, public: Option<&str>) -> Option<PublicKey> {
    if let Ok(key) = ssh_key::PrivateKey::from_openssh(identity) {
        return key.public_key().to_openssh().ok()?.parse().ok();
    }
    public.filter(|_| identity.starts_with("-----BEGIN PRIVATE KEY-----"))?.parse().ok()
}

/// The host of `ssh://user@host:port/path`, as `known_hosts` names it.
fn host(url: &str) -> String {
    let rest = url.strip_prefix("ssh://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port != "22" => format!("[{name}]:{port}"),
        Some((name, _)) => name.to_owned(),
        None => host.to_owned(),
    }
}

/// Whether a line is for the host. Hashed names (`|1|…`) are not taken apart.
fn knows(known_hosts: &str, host: String) -> bool {
    let hosts = known_hosts.lines().filter_map(|line| line.split_whitespace().next());
    hosts.flat_map(|names| names.split(',')).any(|name| name == host || name.starts_with("|1|"))
}

#[cfg(test)]
mod tests {
    use super::{host, knows};

    #[test]
    fn hosts_are_named_as_known_hosts_names_them() {
        assert_eq!(host("ssh://git@github.com/org/repo"), "github.com");
        assert_eq!(host("ssh://git@github.com:22/org/repo"), "github.com");
        assert_eq!(host("ssh://git@127.0.0.1:2222/org/repo"), "[127.0.0.1]:2222");
        assert!(knows("a.example,github.com ssh-rsa AAAA\n", "github.com".to_owned()));
        assert!(!knows("github.com.evil ssh-rsa AAAA\n", "github.com".to_owned()));
    }
}
