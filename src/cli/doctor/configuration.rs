//! The configuration itself, the policy that it names, and the address that the server wants.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::diagnosis::Diagnosis;
use crate::config::{Config, WebhookMode};
use crate::report::count;

/// A server on this machine answers at once, or not at all.
const NEARBY: Duration = Duration::from_secs(3);

/// What was read, without secrets.
pub(super) fn read(config: &Config, file: &Path) -> Diagnosis {
    let secrets = match config.github.webhook {
        WebhookMode::Push => format!(", {}", count(config.github.webhook_secrets.len(), "webhook secret")),
        WebhookMode::Pull => String::new(),
    };
    let clusters = count(config.clusters.len(), "cluster");
    let app = config.github.app_id;
    Diagnosis::ok(format!("configuration: {}: App {app}, its key{secrets}, {clusters}", file.display()))
}

/// The policy file; none where none is named.
pub(super) fn policy(config: &Config) -> Option<Diagnosis> {
    let named = config.policy.as_ref()?;
    Some(match crate::cli::serve::policy(config) {
        Ok(_) => Diagnosis::ok(format!("policy: {} is readable", named.display())),
        Err(error) => Diagnosis::problem(
            format!("policy: {error:#}"),
            "mend the file, or correct `policy` in the configuration: `serve` does not start without it",
        ),
    })
}

/// What is at the address where the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tenant {
    Nobody,
    Bailiwick,
    Somebody,
    /// It cannot be listened on at all.
    Barred(std::io::ErrorKind),
}

pub(super) async fn listen(config: &Config) -> Vec<Diagnosis> {
    vec![judge(config.listen, tenant(config.listen).await)]
}

fn judge(address: SocketAddr, tenant: Tenant) -> Diagnosis {
    match tenant {
        Tenant::Nobody => Diagnosis::ok(format!("listen: {address} is free: no server runs there")),
        Tenant::Bailiwick => Diagnosis::ok(format!("listen: a Bailiwick answers at {address}")),
        Tenant::Somebody => Diagnosis::warning(
            format!("listen: another program has {address}"),
            "choose another `listen` address in the configuration, or stop that program",
        ),
        Tenant::Barred(kind) => Diagnosis::warning(
            format!("listen: this account cannot listen at {address} on this machine ({kind})"),
            "right where the server runs elsewhere; else choose another `listen` address in the configuration",
        ),
    }
}

/// Binds, but does not listen: a server that starts meanwhile is not disturbed.
async fn tenant(address: SocketAddr) -> Tenant {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| {
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    });
    match bound {
        Ok(()) => Tenant::Nobody,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            if is_bailiwick(reachable(address)).await {
                Tenant::Bailiwick
            } else {
                Tenant::Somebody
            }
        }
        Err(error) => Tenant::Barred(error.kind()),
    }
}

/// An address that stands for all of the machine's is asked on the loopback interface.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { IpAddr::V6(Ipv6Addr::LOCALHOST) };
        address.set_ip(loopback);
    }
    address
}

/// Whether what answers there speaks of its readiness as Bailiwick does.
async fn is_bailiwick(address: SocketAddr) -> bool {
    let builder = reqwest::Client::builder().timeout(NEARBY).no_proxy().tls_certs_only([]);
    let Ok(client) = builder.redirect(reqwest::redirect::Policy::none()).build() else { return false };
    let Ok(answer) = client.get(format!("http://{address}/readyz")).send().await else { return false };
    let said: Option<serde_json::Value> = answer.json().await.ok();
    said.is_some_and(|said| said["ready"].is_boolean() && !said["checks"]["store"].is_null())
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::Level;
    use super::{Tenant, judge, reachable, tenant};

    #[tokio::test]
    async fn who_is_at_an_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, _) = tokio::join!(tenant(address), async {
            // A program that speaks no HTTP.
            drop(listener.accept().await.expect("a caller"));
        });
        assert_eq!(seen, Tenant::Somebody);
        drop(listener);
        assert_eq!(tenant(address).await, Tenant::Nobody);
        let elsewhere = "203.0.113.7:80".parse().expect("an address of nobody");
        assert!(matches!(tenant(elsewhere).await, Tenant::Barred(_)));
        assert_eq!(judge(address, Tenant::Somebody).level, Level::Warning);
    }

    #[test]
    fn all_interfaces_are_asked_on_one() {
        let asked = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(
            [asked("0.0.0.0:80"), asked("[::]:80"), asked("10.0.0.1:80")],
            ["127.0.0.1:80", "[::1]:80", "10.0.0.1:80"]
        );
    }
}
