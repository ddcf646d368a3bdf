//! From the file's shape to values that hold. Goes on after a problem, so that all are told at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};

use super::raw::{Named, RawCluster, RawCommand, RawConfig, RawGitAccess, RawGithub, RawGrants, RawKubeconfig};
use super::{
    Access, AccessMode, AllowRule, ClusterConfig, Config, DatabaseUrl, DryRuns, GitAccess, GithubConfig, Grants,
    Kubeconfig, Problem, RepositoryPattern, SecretError, SecretSource, WebhookMode, presets,
};
use crate::command::COMMANDS;
use crate::names::{Engine, KubernetesVersion, RepositoryName, api_host, is_api_host, is_dns_label, show};

/// More people than that are no more careful, and a number that was mistyped stops every change.
const MOST_APPROVALS: usize = 10;

/// Checks `raw`; the configuration is `None` only where there is a problem.
pub(super) fn check(raw: RawConfig, file: &str, secrets: &dyn SecretSource) -> (Option<Config>, Vec<Problem>) {
    let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
    let mut checker = Checker { folder, secrets, problems: Vec::new() };
    let config = checker.config(raw);
    (config, checker.problems)
}

struct Checker<'a> {
    folder: &'a Path,
    secrets: &'a dyn SecretSource,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn config(&mut self, raw: RawConfig) -> Option<Config> {
        let listen = raw.listen.as_deref().unwrap_or("127.0.0.1:8080");
        let listen = match listen.parse() {
            Ok(address) => Some(address),
            Err(_) => self.problem("listen", format!("{} is no address", show(listen)), "write HOST-IP:PORT"),
        };
        let database = self.database(raw.database);
        let github = self.github(raw.github);
        let clusters = self.clusters(raw.clusters);
        let commands = self.commands(raw.commands);
        let policy = raw.policy.map(|path| self.folder.join(path));
        let grants = raw.grants.and_then(|grants| self.grants(&grants));
        let presets = presets::check(raw.presets, &mut self.problems);
        let (listen, database, github) = (listen?, database?, github?);
        Some(Config { listen, database, github, clusters, commands, policy, grants, presets })
    }

    fn problem<T>(&mut self, key: &str, message: impl Into<String>, remedy: &str) -> Option<T> {
        self.problems.push(Problem::new(key, message, remedy));
        None
    }

    fn take<T: FromStr<Err: Display>>(&mut self, key: &str, text: &str, remedy: &str) -> Option<T> {
        text.parse().map_or_else(|error: T::Err| self.problem(key, error.to_string(), remedy), Some)
    }

    fn database(&mut self, given: Named) -> Option<DatabaseUrl> {
        let url = match given {
            Named::Inline(text) if DatabaseUrl::has_password(&text) => {
                let remedy = "keep it in a variable or a file: {env: NAME} or {file: PATH}";
                return self.problem("database", "this holds a password", remedy);
            }
            Named::Inline(text) => SecretString::from(text),
            reference @ Named::Reference { .. } => self.secret("database", reference)?,
        };
        let remedy = "write sqlite://FILE or postgres://USER@HOST/DATABASE";
        let parsed = DatabaseUrl::parse(url).map(|url| url.beside(self.folder));
        parsed.or_else(|| self.problem("database", "this is no database that we know", remedy))
    }

    fn github(&mut self, raw: RawGithub) -> Option<GithubConfig> {
        if raw.app_id == 0 {
            self.problem::<()>("github.app_id", "0 is no App's id", "take it from the App's settings page");
        }
        let private_key = self.secret("github.private_key", raw.private_key).and_then(|key| self.pem(key));
        let webhook = self.webhook(raw.webhook.as_deref());
        if raw.webhook_secrets.is_empty() && webhook != Some(WebhookMode::Pull) {
            let remedy = "name at least one, and set the same in the App's settings";
            self.problem::<()>("github.webhook_secrets", "there is no webhook secret", remedy);
        }
        let webhook_secrets = raw
            .webhook_secrets
            .into_iter()
            .enumerate()
            .filter_map(|(index, named)| self.secret(&format!("github.webhook_secrets[{index}]"), named))
            .collect();
        let api_url = raw.api_url.as_deref().unwrap_or("https://api.github.com");
        let api_url = self.api_url(api_url);
        Some(GithubConfig {
            app_id: raw.app_id,
            private_key: private_key?,
            webhook: webhook?,
            webhook_secrets,
            api_url: api_url?,
        })
    }

    fn webhook(&mut self, text: Option<&str>) -> Option<WebhookMode> {
        match text {
            None | Some("push") => Some(WebhookMode::Push),
            Some("pull") => Some(WebhookMode::Pull),
            Some(other) => {
                let message = format!("{} is no way for deliveries to come in", show(other));
                self.problem("github.webhook", message, "write push or pull")
            }
        }
    }

    fn secret(&mut self, key: &str, named: Named) -> Option<SecretString> {
        let either = "write {env: NAME} or {file: PATH}";
        let (what, read) = match named {
            Named::Inline(_) => return self.problem(key, "a secret stands here in clear", either),
            Named::Reference { env: Some(name), file: None } => {
                (format!("the variable {}", show(&name)), self.secrets.env(&name))
            }
            Named::Reference { env: None, file: Some(path) } => {
                let path = self.folder.join(path);
                (format!("the file {}", show(&path.to_string_lossy())), self.secrets.file(&path))
            }
            Named::Reference { .. } => return self.problem(key, "this names no secret, or two", either),
        };
        let read = read.and_then(|secret| {
            let trimmed = secret.expose_secret().trim_end_matches(['\r', '\n']);
            let empty = SecretError::Unreadable("it is empty".to_owned());
            if trimmed.is_empty() { Err(empty) } else { Ok(SecretString::from(trimmed)) }
        });
        read.map_or_else(|error| self.problem(key, format!("{what} {error}"), "set it, or name another"), Some)
    }

    fn pem(&mut self, key: SecretString) -> Option<SecretString> {
        let text = key.expose_secret();
        if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
            return Some(key);
        }
        let remedy = "give the .pem file that GitHub offered when the key was generated";
        self.problem("github.private_key", "this is no private key in PEM", remedy)
    }

    fn api_url(&mut self, text: &str) -> Option<String> {
        let uri = text.parse::<http::Uri>().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
        let plain =
            uri.as_ref().and_then(http::Uri::authority).is_some_and(|authority| !authority.as_str().contains('@'));
        let scheme = uri.as_ref().and_then(http::Uri::scheme_str).unwrap_or_default();
        let query = uri.as_ref().is_some_and(|uri| uri.query().is_some());
        let shown = show(text);
        if scheme == "http" && !is_loopback(host) {
            let message = format!("{shown} would send tokens in clear");
            return self.problem("github.api_url", message, "use https (http is for this machine only)");
        }
        if host.is_empty() || !plain || query || !matches!(scheme, "http" | "https") || text.contains('#') {
            let remedy = "write https://api.github.com, or https://HOST/api/v3 for an enterprise server";
            return self.problem("github.api_url", format!("{shown} is no address of an API"), remedy);
        }
        let path = uri.as_ref().map(http::Uri::path).unwrap_or_default().trim_matches('/');
        if let Some(remedy) = no_api(host, path) {
            return self.problem("github.api_url", format!("{shown} is no address of an API, but of pages"), &remedy);
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    fn clusters(&mut self, raw: Vec<RawCluster>) -> Vec<ClusterConfig> {
        if raw.is_empty() {
            self.problem::<()>("clusters", "there is no cluster", "add one; bot-config/bailiwick.yaml shows how");
        }
        let mut clusters: Vec<ClusterConfig> = Vec::new();
        for (index, raw) in raw.into_iter().enumerate() {
            let key = format!("clusters[{index}]");
            let Some(cluster) = self.cluster(&key, raw) else { continue };
            let same = |other: &&ClusterConfig| {
                (other.admin_repository.is(&cluster.admin_repository) && other.branch == cluster.branch)
                    && other.path == cluster.path
            };
            if clusters.iter().any(|other| other.name == cluster.name) {
                let message = format!("there are two clusters called {}", cluster.name);
                self.problem::<()>(&format!("{key}.name"), message, "give one of them another name");
            } else if let Some(other) = clusters.iter().find(same) {
                let message =
                    format!("the clusters {} and {} share repository, branch and path", other.name, cluster.name);
                self.problem::<()>(&key, message, "give each its own");
            }
            clusters.push(cluster);
        }
        clusters
    }

    fn cluster(&mut self, key: &str, raw: RawCluster) -> Option<ClusterConfig> {
        let at = |field: &str| format!("{key}.{field}");
        let branch = raw.branch.as_deref().unwrap_or("main");
        let team_branch = raw.team_branch.as_deref().unwrap_or("main");
        let path = raw.path.as_deref().unwrap_or("cluster");
        let name = self.take(&at("name"), &raw.name, "give it a short name such as dev");
        let admin = self.take(&at("admin_repository"), &raw.admin_repository, "write it like org/dev-cluster");
        let branch = self.take(&at("branch"), branch, "write it without refs/heads/");
        let team_branch = self.take(&at("team_branch"), team_branch, "write it without refs/heads/");
        let path = self.take(&at("path"), path.trim_end_matches('/'), "write it like cluster or clusters/dev");
        let engine = raw.engine.map(|text| self.take::<Engine>(&at("engine"), &text, "or leave it out"));
        let engine = engine.map_or(Some(None), |engine| engine.map(Some));
        let kubernetes = raw.kubernetes_version;
        let kubernetes =
            kubernetes.map(|text| self.take::<KubernetesVersion>(&at("kubernetes_version"), &text, "or leave it out"));
        let kubernetes = kubernetes.map_or(Some(None), |version| version.map(Some));
        let reached = raw.kubeconfig.is_some();
        let kubeconfig = raw.kubeconfig.map(|raw| self.kubeconfig(&at("kubeconfig"), raw));
        let kubeconfig = kubeconfig.map_or(Some(None), |kubeconfig| kubeconfig.map(Some));
        let dry_run = self.dry_run(&at("dry_run"), raw.dry_run.as_deref(), (reached, engine.flatten()));
        let pattern = raw.team_repository.as_deref().unwrap_or("{org}/dev-{team}");
        let team_repository = admin.as_ref().and_then(|admin| self.pattern(&at("team_repository"), pattern, admin));
        let git_access = self.git_access(&at("git_access"), raw.git_access, engine.flatten());
        for (index, name) in raw.environments.iter().enumerate().filter(|(_, name)| !is_dns_label(name)) {
            let message = format!("{} is no environment's name", show(name));
            self.problem::<()>(
                &at(&format!("environments[{index}]")),
                message,
                "use lower-case letters, digits and '-'",
            );
        }
        Some(ClusterConfig {
            name: name?,
            admin_repository: admin?,
            branch: branch?,
            path: path?,
            engine: engine?,
            kubeconfig: kubeconfig?,
            team_repository: team_repository?,
            team_branch: team_branch?,
            git_access: git_access?,
            kubernetes_version: kubernetes?,
            dry_run: dry_run?,
            environments: raw.environments,
        })
    }

    fn dry_run(
        &mut self,
        key: &str,
        text: Option<&str>,
        (reached, engine): (bool, Option<Engine>),
    ) -> Option<Option<DryRuns>> {
        match text {
            None => Some(None),
            Some("definitions") if !reached => {
                self.problem(key, "nothing can be tried on a cluster without `kubeconfig`", "add it, or leave this out")
            }
            Some("definitions") if engine == Some(Engine::FluxV1) => self.problem(
                key,
                "definitions are tried as Flux v2 applies them, which does not run here",
                "leave it out",
            ),
            Some("definitions") => Some(Some(DryRuns::Definitions)),
            Some(other) => {
                let message = format!("{} is nothing that can be tried", show(other));
                self.problem(key, message, "write definitions, or leave it out")
            }
        }
    }

    fn pattern(&mut self, key: &str, text: &str, admin: &RepositoryName) -> Option<RepositoryPattern> {
        RepositoryPattern::parse(text, admin)
            .map_or_else(|error| self.problem(key, error.to_string(), "write it like {org}/dev-{team}"), Some)
    }

    fn kubeconfig(&mut self, key: &str, raw: RawKubeconfig) -> Option<Kubeconfig> {
        match (raw.in_cluster, raw.file) {
            (Some(true), None) if raw.context.is_none() => Some(Kubeconfig::InCluster),
            (None | Some(false), Some(path)) => {
                let path: PathBuf = self.folder.join(path);
                Some(Kubeconfig::File { path, context: raw.context })
            }
            _ => {
                let remedy = "write {in_cluster: true} or {file: PATH, context: NAME}, or leave kubeconfig out";
                self.problem(key, "this names no way to the cluster, or two", remedy)
            }
        }
    }

    fn git_access(&mut self, key: &str, raw: Option<RawGitAccess>, engine: Option<Engine>) -> Option<GitAccess> {
        let raw = raw.unwrap_or(RawGitAccess { mode: None, access: None });
        let mode = match raw.mode.as_deref() {
            None | Some("deploy-key") => Some(AccessMode::DeployKey),
            Some("github-app") => Some(AccessMode::GithubApp),
            Some("none") => Some(AccessMode::None),
            Some(other) => {
                let message = format!("{} is no way for Flux to read a repository", show(other));
                self.problem(&format!("{key}.mode"), message, "write deploy-key, github-app or none")
            }
        };
        let access = match raw.access.as_deref() {
            None if engine == Some(Engine::FluxV1) => Some(Access::ReadWrite),
            None | Some("read-only") => Some(Access::ReadOnly),
            Some("read-write") => Some(Access::ReadWrite),
            Some(other) => {
                let message = format!("{} is no access", show(other));
                self.problem(&format!("{key}.access"), message, "write read-only or read-write")
            }
        };
        Some(GitAccess { mode: mode?, access: access? })
    }

    fn grants(&mut self, raw: &RawGrants) -> Option<Grants> {
        match usize::try_from(raw.required) {
            Ok(required @ 1..=MOST_APPROVALS) => Some(Grants { required }),
            _ => {
                let message = format!("{} is no number of people who approve", raw.required);
                let remedy = format!("write 1 to {MOST_APPROVALS}, or leave `grants` out where nobody need approve");
                self.problem("grants.required", message, &remedy)
            }
        }
    }

    fn commands(&mut self, raw: BTreeMap<String, RawCommand>) -> BTreeMap<String, Vec<AllowRule>> {
        let mut commands = BTreeMap::new();
        for (name, command) in raw {
            let key = format!("commands.{name}");
            if !COMMANDS.iter().any(|spec| spec.name == name) {
                let known: Vec<&str> = COMMANDS.iter().map(|spec| spec.name).collect();
                let message = format!("{} is no command", show(&name));
                self.problem::<()>(&key, message, &format!("the commands are {}", known.join(", ")));
            }
            let rules = command.allow.iter().enumerate().filter_map(|(index, text)| {
                self.take(&format!("{key}.allow[{index}]"), text, "write permission:maintain or team:org/platform")
            });
            commands.insert(name, rules.collect());
        }
        commands
    }
}

/// What to write instead of an address that is known to serve pages: GitHub's own, or an enterprise server's
/// without the path of its API. Another path may be a proxy's, and on this machine may be the sandbox.
fn no_api(host: &str, path: &str) -> Option<String> {
    if let Some(api) = api_host(host) {
        return Some(format!("write https://{api}"));
    }
    let server = path.is_empty() && !is_api_host(host) && !is_loopback(host);
    server.then(|| format!("write https://{host}/api/v3, where an enterprise server has its API"))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
