//! A sandbox cluster with a Git server of bare repositories in a temporary directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailiwick::clock::{Clock, ManualClock, SeededEntropy};
use bailiwick::cluster::{Cluster, KeyPair, KubeAccess};
use bailiwick::names::PublicKey;
use bailiwick::sandbox::cluster::{GitServer, Options, SandboxCluster};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Repositories by URL, with the key that opens each.
#[derive(Default)]
pub(crate) struct Repositories {
    known: Mutex<HashMap<String, (PathBuf, Option<PublicKey>)>>,
}

#[async_trait::async_trait]
impl GitServer for Repositories {
    async fn bare_repository(&self, url: &str, key: Option<&PublicKey>) -> Result<PathBuf, String> {
        let known = self.known.lock().expect("nobody panicked with it");
        let (path, wanted) = known.get(url).ok_or("repository not found")?;
        if wanted.is_some() && wanted.as_ref() != key {
            return Err("ssh: unable to authenticate, attempted methods [none publickey]".to_owned());
        }
        Ok(path.clone())
    }
}

pub(crate) struct World {
    pub(crate) cluster: SandboxCluster,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) http: reqwest::Client,
    repositories: Arc<Repositories>,
    home: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let start = "2026-03-01T12:00:00Z".parse().expect("a time");
        let clock = Arc::new(ManualClock::new(start));
        let repositories = Arc::new(Repositories::default());
        let for_options: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let git_server: Arc<dyn GitServer> = Arc::<Repositories>::clone(&repositories);
        let mut options = Options::new(for_options, Arc::new(SeededEntropy::new(7)), git_server)
            .expect("kustomize is installed (`make setup` installs it)");
        change(&mut options);
        let cluster = SandboxCluster::start(options).await.expect("a free port");
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { cluster, clock, http, repositories, home: TempDir::new().expect("room") }
    }

    /// Bailiwick's client as the cluster's owner.
    pub(crate) async fn client(&self) -> Cluster {
        self.client_with(self.cluster.token()).await
    }

    pub(crate) async fn client_with(&self, token: &str) -> Cluster {
        let access = KubeAccess::Url { url: self.cluster.url(), token: token.to_owned().into() };
        Cluster::connect(&access).await.expect("a well-formed address")
    }

    pub(crate) fn apply(&self, object: Value) {
        self.cluster.apply(object).expect("a good object");
    }

    pub(crate) fn namespace(&self, name: &str) {
        self.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }

    /// A raw request as the cluster's owner; returns the status code and the JSON answer.
    pub(crate) async fn request(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.request_as(method, path, content_type, body.map(|body| body.to_string()).unwrap_or_default()).await
    }

    pub(crate) async fn request_as(&self, method: &str, path: &str, content_type: &str, body: String) -> (u16, Value) {
        let method = method.parse::<reqwest::Method>().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.cluster.url()));
        let request = request.bearer_auth(self.cluster.token()).header("content-type", content_type).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A new repository that anybody reads (`https`), or with `key` only its owner (`ssh`).
    pub(crate) fn repository(&self, url: &str, key: Option<&PublicKey>) -> Repository {
        let name = url.rsplit('/').next().expect("a last part");
        let work = self.home.path().join(format!("{name}-work"));
        let bare = self.home.path().join(format!("{name}.git"));
        git(self.home.path(), &["init", "--quiet", "--bare", "--initial-branch=main", &bare.to_string_lossy()]);
        git(self.home.path(), &["init", "--quiet", "--initial-branch=main", &work.to_string_lossy()]);
        let mut known = self.repositories.known.lock().expect("nobody panicked with it");
        known.insert(url.to_owned(), (bare.clone(), key.cloned()));
        Repository { work, bare }
    }

    /// Registers another key for a repository.
    pub(crate) fn register_key(&self, url: &str, key: &PublicKey) {
        let mut known = self.repositories.known.lock().expect("nobody panicked with it");
        known.get_mut(url).expect("a repository").1 = Some(key.clone());
    }

    /// The Secret that Flux fetches with.
    pub(crate) fn git_secret(&self, namespace: &str, pair: &KeyPair, known_hosts: &str) {
        self.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "flux-system", "namespace": namespace},
            "stringData": {"identity": pair.private_openssh.expose_secret(), "identity.pub": pair.public_line,
                           "known_hosts": known_hosts},
        }));
    }

    /// The reason and message of the `Ready` condition.
    pub(crate) fn ready(&self, kind: &str, namespace: &str, name: &str) -> (String, String) {
        let object = self.cluster.get(kind, namespace, name).expect("the object");
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready").cloned().unwrap_or_default();
        let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
        (text("reason"), text("message"))
    }
}

/// A work tree and the bare repository that it is pushed to.
pub(crate) struct Repository {
    work: PathBuf,
    bare: PathBuf,
}

impl Repository {
    /// Commits the files (`None` deletes) to `main`; returns the commit's id.
    pub(crate) fn commit(&self, files: &[(&str, Option<&str>)]) -> String {
        for (name, text) in files {
            let path = self.work.join(name);
            match text {
                Some(text) => {
                    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
                    std::fs::write(path, text).expect("a file");
                }
                None => std::fs::remove_file(path).expect("a file to delete"),
            }
        }
        git(&self.work, &["add", "--all"]);
        git(&self.work, &["commit", "--quiet", "--allow-empty", "--message=change"]);
        git(&self.work, &["push", "--quiet", &self.bare.to_string_lossy(), "HEAD:refs/heads/main"]);
        git(&self.work, &["rev-parse", "HEAD"])
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
