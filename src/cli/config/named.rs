//! The files that a configuration names, read as the server reads them when it starts, without the network.

use std::path::Path;

use crate::cluster::KubeAccess;
use crate::config::{Config, Kubeconfig};
use crate::files;
use crate::forge;
use crate::jobs::chain;

/// What became of one of them.
pub(super) enum Seen {
    /// It is as it should be.
    Fine(String),
    /// It is not on this machine, and need not be.
    Elsewhere(String),
    /// It is not, or not as it should be.
    Broken(String),
}

/// Looks at the App's key, the policy and every kubeconfig. `elsewhere` says that the server's files need not be here.
pub(super) async fn look(config: &Config, elsewhere: bool) -> Vec<Seen> {
    let mut all = vec![key(config)];
    if let Some(path) = &config.policy {
        let missing = missing("policy", path, elsewhere);
        all.push(missing.unwrap_or_else(|| match crate::cli::serve::policy(config) {
            Ok(_) => Seen::Fine(format!("policy: {}, readable", path.display())),
            Err(error) => Seen::Broken(format!("policy: {error:#}")),
        }));
    }
    for cluster in &config.clusters {
        let Some(named @ Kubeconfig::File { path, .. }) = &cluster.kubeconfig else { continue };
        let what = format!("kubeconfig of cluster {}", cluster.name);
        all.push(match missing(&what, path, elsewhere) {
            Some(missing) => missing,
            None => kubeconfig(&what, path, &crate::cli::server::access(named)).await,
        });
    }
    all
}

fn key(config: &Config) -> Seen {
    if forge::can_sign(&config.github.private_key) {
        return Seen::Fine("private key: signs".to_owned());
    }
    let remedy = "give the .pem file that GitHub offered when the key was generated";
    Seen::Broken(format!("github.private_key: this is no usable RSA key in PEM; {remedy}"))
}

async fn kubeconfig(what: &str, path: &Path, access: &KubeAccess) -> Seen {
    match access.check().await {
        Ok(()) => Seen::Fine(format!("{what}: {}, readable", path.display())),
        Err(error) => Seen::Broken(format!("{what}: {}", chain(&error))),
    }
}

/// The verdict on a file that is not there; `None` where something is.
fn missing(what: &str, path: &Path, elsewhere: bool) -> Option<Seen> {
    let error = files::check(path, u64::MAX).err().filter(|error| error.problem() == files::Problem::Missing)?;
    Some(if elsewhere {
        Seen::Elsewhere(format!("{what}: {} is not on this machine: not checked", path.display()))
    } else {
        Seen::Broken(format!("{what}: {error}; --elsewhere passes over it where the server runs on another machine"))
    })
}
