use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use secrecy::SecretString;

use super::error::ClusterError;
use crate::files;

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the API server may be silent inside one answer.
const READ: Duration = Duration::from_secs(20);
/// How long it may take to hand over one request.
const WRITE: Duration = Duration::from_secs(10);

/// Bytes of a kubeconfig that is read at all; those of people with many clusters have some 100 KiB.
const LARGEST_KUBECONFIG: u64 = 4 * 1024 * 1024;

/// Where a kubeconfig is not readable, without the parser's own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unparsed(String);

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

    /// Reads the files that lead to the cluster; nothing is sent, and no helper program is run.
    ///
    /// # Errors
    /// [`ClusterError::Access`] where one of them is unusable.
    pub async fn check(&self) -> Result<(), ClusterError> {
        self.config().await.map(drop)
    }

    async fn config(&self) -> Result<Config, ClusterError> {
        match self {
            Self::InCluster => Config::incluster()
                .map_err(|source| self.refused("run in a pod with a service account, or name a kubeconfig", source)),
            Self::Kubeconfig { path, context } => {
                let remedy = "check that the file is readable and has the context";
                files::check(path, LARGEST_KUBECONFIG).map_err(|source| self.refused(remedy, source))?;
                let kubeconfig = Kubeconfig::read_from(path).map_err(|error| self.unreadable(error))?;
                for named in named_files(&kubeconfig) {
                    // What belongs to another context may be missing; whatever is there has to be a file.
                    let odd = files::check(Path::new(named), LARGEST_KUBECONFIG).err();
                    if let Some(error) = odd.filter(|error| error.problem() != files::Problem::Missing) {
                        return Err(self.refused(remedy, error));
                    }
                }
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

    /// The parser shows the lines around its error, and those may hold tokens: only the place is told.
    fn unreadable(&self, error: KubeconfigError) -> ClusterError {
        let KubeconfigError::Parse(error) = error else {
            return self.refused("check that the file is a kubeconfig", error);
        };
        let place = error.location().map(|place| format!("line {}, column {}: ", place.line(), place.column()));
        let problem = format!("{}no kubeconfig can stand here", place.unwrap_or_default());
        self.refused("mend the file; `kubectl config view --kubeconfig FILE` reads it too", Unparsed(problem))
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

/// The certificates, keys and tokens that a kubeconfig keeps in files of their own.
fn named_files(kubeconfig: &Kubeconfig) -> impl Iterator<Item = &String> {
    let clusters =
        kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref()?.certificate_authority.as_ref());
    let users = kubeconfig.auth_infos.iter().filter_map(|named| named.auth_info.as_ref());
    clusters.chain(users.flat_map(|user| [&user.client_certificate, &user.client_key, &user.token_file]).flatten())
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

    /// Every word of the error and of what caused it.
    fn words(error: &dyn std::error::Error) -> String {
        std::iter::successors(Some(error), |error| error.source()).map(|error| format!("{error} {error:?}\n")).collect()
    }

    #[tokio::test]
    async fn an_unreadable_kubeconfig_is_not_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        let user = "users:\n- name: me\n  user:\n    token: s3cret-of-mine\n";
        for text in [
            format!("{user}    bad indent: [\n"),
            format!("{user}  \tx\n"),
            format!("{user}contexts: s3cret-of-mine\n"),
            "apiVersion: v1\nkind: Config\nclusters: []\nusers: [{name: me, user: s3cret-of-mine}]\n".to_owned(),
            "s3cret-of-mine".to_owned(),
            format!("{user}current-context: me\ncontexts: [{{name: me, context: {{cluster: c, user: me}}}}]\n"),
        ] {
            std::fs::write(&path, &text).expect("written");
            let error = KubeAccess::Kubeconfig { path: path.clone(), context: None }.client().await;
            let words = words(&error.err().expect("unreadable"));
            assert!(words.contains("/kubeconfig") && !words.contains("s3cret"), "{text}\n{words}");
        }
    }

    #[tokio::test]
    async fn what_is_no_kubeconfig_is_not_opened() {
        for (path, problem) in [("/dev/zero", "is a device"), ("/", "is a directory")] {
            let access = KubeAccess::Kubeconfig { path: path.into(), context: None };
            let words = words(&access.client().await.err().expect("refused"));
            assert!(words.contains(problem), "{words}");
        }
    }

    #[tokio::test]
    async fn what_a_kubeconfig_names_is_no_device() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        let text = "{apiVersion: v1, kind: Config, current-context: dev, contexts: [{name: dev, context: {cluster: c, \
                    user: u}}], clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: \
                    {tokenFile: /dev/zero}}]}";
        std::fs::write(&path, text).expect("written");
        let error = KubeAccess::Kubeconfig { path, context: None }.check().await.expect_err("refused");
        assert!(words(&error).contains("/dev/zero: is a device"), "{}", words(&error));
    }

    #[test]
    fn a_token_is_never_shown() {
        let access = KubeAccess::Url { url: "http://127.0.0.1:1".to_owned(), token: "s3cret".into() };
        assert!(!format!("{access:?}").contains("s3cret"));
    }
}
