use std::path::PathBuf;
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use secrecy::SecretString;

use super::error::ClusterError;

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the API server may be silent inside one answer.
const READ: Duration = Duration::from_secs(20);
/// How long it may take to hand over one request.
const WRITE: Duration = Duration::from_secs(10);

/// The way to a cluster.
#[derive(Debug, Clone)]
pub enum KubeAccess {
    /// The service account of the pod that Bailiwick runs in.
    InCluster,
    /// A kubeconfig file, as kubectl reads it.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context in it; its current one where none is named.
        context: Option<String>,
    },
    /// A bare URL with a bearer token, as the sandbox's cluster has.
    Url {
        /// The API server's address.
        url: String,
        /// The bearer token.
        token: SecretString,
    },
}

impl KubeAccess {
    /// A client with time limits. It does not retry by itself: a job is repeated as a whole.
    pub(super) async fn client(&self) -> Result<Client, ClusterError> {
        let mut config = self.config().await?;
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(READ);
        config.write_timeout = Some(WRITE);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        Client::try_from(config).map_err(|source| self.refused("check its address, certificates and token", source))
    }

    async fn config(&self) -> Result<Config, ClusterError> {
        match self {
            Self::InCluster => Config::incluster()
                .map_err(|source| self.refused("run in a pod with a service account, or name a kubeconfig", source)),
            Self::Kubeconfig { path, context } => {
                let remedy = "check that the file is readable and has the context";
                let kubeconfig = Kubeconfig::read_from(path).map_err(|source| self.refused(remedy, source))?;
                let options = KubeConfigOptions { context: context.clone(), ..Default::default() };
                Config::from_custom_kubeconfig(kubeconfig, &options)
                    .await
                    .map_err(|source| self.refused(remedy, source))
            }
            Self::Url { url, token } => {
                let url = url.parse().map_err(|source: http::uri::InvalidUri| self.refused("write a URL", source))?;
                let mut config = Config::new(url);
                config.auth_info = AuthInfo { token: Some(token.clone()), ..AuthInfo::default() };
                Ok(config)
            }
        }
    }

    fn refused(&self, remedy: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> ClusterError {
        let what = match self {
            Self::InCluster => "the pod's service account".to_owned(),
            Self::Kubeconfig { path, context: None } => format!("the kubeconfig {}", path.display()),
            Self::Kubeconfig { path, context: Some(context) } => {
                format!("the context {context} of the kubeconfig {}", path.display())
            }
            Self::Url { url, .. } => format!("the address {url}"),
        };
        ClusterError::Access { what, remedy, source: Box::new(source) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::KubeAccess;

    #[tokio::test]
    async fn a_missing_kubeconfig_is_named() {
        let access =
            KubeAccess::Kubeconfig { path: PathBuf::from("/nowhere/kubeconfig"), context: Some("dev".to_owned()) };
        let error = access.client().await.err().expect("there is no such file");
        assert!(error.to_string().contains("the context dev of the kubeconfig /nowhere/kubeconfig"), "{error}");
    }

    #[test]
    fn a_token_is_never_shown() {
        let access = KubeAccess::Url { url: "http://127.0.0.1:1".to_owned(), token: "s3cret".into() };
        assert!(!format!("{access:?}").contains("s3cret"));
    }
}
