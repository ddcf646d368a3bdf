use std::path::Path;

use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::command::Permission;

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n";

/// Knows the two secrets of the example.
struct Secrets;

impl SecretSource for Secrets {
    fn env(&self, name: &str) -> Result<SecretString, SecretError> {
        match name {
            "BAILIWICK_WEBHOOK_SECRET" => Ok("hush\n".into()),
            "EMPTY" => Ok("\n".into()),
            "DATABASE_URL" => Ok("postgres://u:hunter2@db/bailiwick".into()),
            _ => Err(SecretError::Missing),
        }
    }

    fn file(&self, path: &Path) -> Result<SecretString, SecretError> {
        match path.to_str() {
            Some("etc/key.pem") => Ok(PEM.into()),
            Some("etc/other.pem") => Ok("hunter2".into()),
            _ => Err(SecretError::Missing),
        }
    }
}

const LEAST: &str = "\
database: sqlite://x.db
github:
  app_id: 7
  private_key: {file: key.pem}
  webhook_secrets: [{env: BAILIWICK_WEBHOOK_SECRET}]
clusters:
  - name: dev
    admin_repository: org/dev-cluster
";

fn read(text: &str) -> Result<Config, ConfigError> {
    parse(text, "etc/bailiwick.yaml", &Secrets)
}

fn refused(text: &str) -> String {
    read(text).expect_err("refused").to_string()
}

#[test]
fn the_example_is_valid_and_shows_every_key() {
    let example = include_str!("../../bot-config/bailiwick.yaml");
    let config = read(example).unwrap_or_else(|error| panic!("{error}"));
    let cluster = &config.clusters[0];
    assert_eq!(config.listen.port(), 8080);
    assert_eq!(cluster.engine, Some(Engine::FluxV2));
    assert_eq!(cluster.kubeconfig, Some(Kubeconfig::InCluster));
    assert_eq!(cluster.git_access, GitAccess { mode: AccessMode::DeployKey, access: Access::ReadOnly });
    assert_eq!(config.policy.as_deref(), Some(Path::new("etc/policy.yaml")));
    let allow: Vec<_> = config.allow("create-team").iter().map(ToString::to_string).collect();
    assert_eq!(allow, ["permission:maintain", "team:org/platform"]);
    assert_eq!(config.presets["batch"]["cpu"], "64");
    for key in [
        "listen",
        "kubeconfig",
        "team_repository",
        "team_branch",
        "git_access",
        "environments",
        "api_url",
        "webhook",
        "presets",
    ] {
        assert!(example.contains(&format!("{key}:")), "{key}");
    }
}

#[test]
fn the_policy_example_is_yaml() {
    let policy: serde_yaml::Value =
        serde_yaml::from_str(include_str!("../../bot-config/policy.yaml")).expect("readable");
    assert!(policy.get("severity").is_some() && policy.get("exceptions").is_some());
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = read(LEAST).unwrap_or_else(|error| panic!("{error}"));
    let cluster = &config.clusters[0];
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.github.api_url, "https://api.github.com");
    assert_eq!(
        (cluster.branch.as_str(), cluster.path.as_str(), cluster.team_branch.as_str()),
        ("main", "cluster", "main")
    );
    assert_eq!(cluster.team_repository.to_string(), "org/dev-{team}");
    assert_eq!((cluster.engine, &cluster.kubeconfig), (None, &None));
    assert_eq!(config.allow("create-team"), [AllowRule::Permission(Permission::Maintain)]);
    assert_eq!(config.allow("no-such-command"), []);
    assert_eq!(config.clusters_of(&"ORG/dev-cluster".parse().expect("a name")).count(), 1);
    assert_eq!(config.github.webhook_secrets[0].expose_secret(), "hush");
    assert_eq!(config.database.expose(), "sqlite://etc/x.db", "it stands beside the configuration");
    for (given, whole) in [
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
        ("sqlite://../x.db?mode=rw", "sqlite://etc/../x.db?mode=rw"),
        ("\"sqlite::memory:\"", "sqlite::memory:"),
        ("postgres://db/x", "postgres://db/x"),
    ] {
        let config = read(&LEAST.replace("sqlite://x.db", given)).expect("valid");
        assert_eq!(config.database.expose(), whole);
    }
}

#[test]
fn deliveries_are_sent_or_fetched() {
    let with = |line: &str| read(&LEAST.replace("app_id: 7", &format!("app_id: 7\n  {line}")));
    assert_eq!(read(LEAST).expect("valid").github.webhook, WebhookMode::Push);
    assert_eq!(with("webhook: push").expect("valid").github.webhook, WebhookMode::Push);
    let pull = with("webhook: pull").expect("a secret that is not needed is no mistake").github;
    assert_eq!((pull.webhook, pull.webhook_secrets.len()), (WebhookMode::Pull, 1));

    let secrets = "  webhook_secrets: [{env: BAILIWICK_WEBHOOK_SECRET}]\n";
    for least in [LEAST.replace(secrets, ""), LEAST.replace(secrets, "  webhook_secrets: []\n")] {
        assert!(refused(&least).contains("github.webhook_secrets: there is no webhook secret"), "{least}");
        let pull = read(&least.replace("app_id: 7", "app_id: 7\n  webhook: pull")).expect("nothing is signed");
        assert!(pull.github.webhook_secrets.is_empty());
    }
    let error = with("webhook: poll").expect_err("refused").to_string();
    assert!(
        error.contains(":4: github.webhook: \"poll\" is no way for deliveries to come in; write push or pull"),
        "{error}"
    );
    assert!(with("webhok: pull").expect_err("refused").to_string().contains("did you mean `webhook`?"));
}

#[test]
fn so_many_people_approve_as_the_configuration_says() {
    assert_eq!(read(LEAST).expect("valid").grants, None);
    let with = |line: &str| read(&format!("{LEAST}grants: {line}\n"));
    assert_eq!(with("{required: 2}").expect("valid").grants.map(|grants| grants.required), Some(2));
    for (line, expected) in [
        ("{required: 0}", "grants.required: 0 is no number of people who approve; write 1 to 10"),
        ("{required: 11}", "write 1 to 10"),
        ("{required: many}", "wrong type"),
        ("{}", "`required` is missing"),
        ("{require: 1}", "did you mean `required`?"),
    ] {
        let error = with(line).expect_err("refused").to_string();
        assert!(error.contains(expected) && error.contains(":9:"), "{line}: {error}");
    }
}

#[test]
fn flux_v1_keys_write_unless_told() {
    let config = read(&format!("{LEAST}    engine: flux-v1\n")).expect("valid");
    assert_eq!(config.clusters[0].git_access.access, Access::ReadWrite);
    let config = read(&format!("{LEAST}    engine: flux-v1\n    git_access: {{access: read-only}}\n")).expect("valid");
    assert_eq!(config.clusters[0].git_access.access, Access::ReadOnly);
}

#[test]
fn kubeconfig_files_are_found_from_the_folder() {
    let config = read(&format!("{LEAST}    kubeconfig: {{file: kube.yaml, context: dev}}\n")).expect("valid");
    let expected = Kubeconfig::File { path: "etc/kube.yaml".into(), context: Some("dev".into()) };
    assert_eq!(config.clusters[0].kubeconfig, Some(expected));
}

#[test]
fn unknown_keys_are_named_with_their_line_and_the_nearest() {
    for (text, expected) in [
        (
            format!("{LEAST}    brnch: main\n"),
            "etc/bailiwick.yaml:9: clusters[0]: unknown key \"brnch\"; did you mean `branch`?",
        ),
        (format!("{LEAST}polcy: x\n"), "etc/bailiwick.yaml:9: unknown key \"polcy\"; did you mean `policy`?"),
        (
            format!("{LEAST}    git_access: {{made: none}}\n"),
            "etc/bailiwick.yaml:9: clusters[0].git_access: unknown key \"made\"; did you mean `mode`?",
        ),
        (
            LEAST.replace("app_id", "id"),
            "etc/bailiwick.yaml:3: github: unknown key \"id\"; known keys here are app_id, private_key, webhook_secrets, api_url",
        ),
        (format!("{LEAST}commands: {{check: {{alow: []}}}}\n"), "did you mean `allow`?"),
        (LEAST.replace("{file: key.pem}", "{fil: key.pem}"), "did you mean `file`?"),
    ] {
        let error = refused(&text);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    let text = "\
listen: nowhere
database: mysql://x
github: {app_id: 0, private_key: {file: none.pem}, webhook_secrets: [], api_url: http://github.example}
clusters:
  - name: Dev Cluster
    admin_repository: org
  - name: two
    admin_repository: org/x
    branch: a..b
    path: ../x
    engine: flux-v3
    kubeconfig: {in_cluster: true, file: x}
    team_repository: org/dev
    git_access: {mode: magic, access: all}
    environments: [A]
commands:
  creat-team: {allow: []}
  check: {allow: [everybody]}
";
    insta::assert_snapshot!(refused(text), @r#"
    etc/bailiwick.yaml:1: listen: "nowhere" is no address; write HOST-IP:PORT
    etc/bailiwick.yaml:2: database: this is no database that we know; write sqlite://FILE or postgres://USER@HOST/DATABASE
    etc/bailiwick.yaml:3: github.app_id: 0 is no App's id; take it from the App's settings page
    etc/bailiwick.yaml:3: github.private_key: the file "etc/none.pem" does not exist; set it, or name another
    etc/bailiwick.yaml:3: github.webhook_secrets: there is no webhook secret; name at least one, and set the same in the App's settings
    etc/bailiwick.yaml:3: github.api_url: "http://github.example" would send tokens in clear; use https (http is for this machine only)
    etc/bailiwick.yaml:5: clusters[0].name: cluster name: "Dev Cluster" must be lower-case letters, digits and '-', at most 63; give it a short name such as dev
    etc/bailiwick.yaml:6: clusters[0].admin_repository: repository: "org" must be `owner/name`; write it like org/dev-cluster
    etc/bailiwick.yaml:9: clusters[1].branch: branch: "a..b" is not a branch name that Git accepts; write it without refs/heads/
    etc/bailiwick.yaml:10: clusters[1].path: path: "../x" must be a relative path that stays inside the repository; write it like cluster or clusters/dev
    etc/bailiwick.yaml:11: clusters[1].engine: engine: "flux-v3" must be flux-v1 or flux-v2; or leave it out
    etc/bailiwick.yaml:12: clusters[1].kubeconfig: this names no way to the cluster, or two; write {in_cluster: true} or {file: PATH, context: NAME}, or leave kubeconfig out
    etc/bailiwick.yaml:13: clusters[1].team_repository: "org/dev" must hold {team} after the slash; write it like {org}/dev-{team}
    etc/bailiwick.yaml:14: clusters[1].git_access.mode: "magic" is no way for Flux to read a repository; write deploy-key, github-app or none
    etc/bailiwick.yaml:14: clusters[1].git_access.access: "all" is no access; write read-only or read-write
    etc/bailiwick.yaml:15: clusters[1].environments[0]: "A" is no environment's name; use lower-case letters, digits and '-'
    etc/bailiwick.yaml:17: commands.creat-team: "creat-team" is no command; the commands are create-team, remove-team, rename-team, rotate-key, promote, waive, approve, check, help
    etc/bailiwick.yaml:18: commands.check.allow[0]: "everybody" is neither `permission:NAME` nor `team:ORG/SLUG`; write permission:maintain or team:org/platform
    "#);
}

#[test]
fn keys_that_are_there_twice_are_refused() {
    assert!(refused(&format!("{LEAST}    branch: a\n    branch: b\n")).contains("`branch` is there twice"));
    let text = format!(
        "{LEAST}commands:\n  check: {{allow: [\"permission:admin\"]}}\n  check: {{allow: [\"permission:none\"]}}\n"
    );
    let error = refused(&text);
    assert!(error.contains(":11: the key \"commands.check\" is there twice"), "{error}");
}

#[test]
fn clusters_do_not_overlap() {
    let name = format!("{LEAST}  - name: dev\n    admin_repository: org/other\n");
    assert!(refused(&name).contains(":9: clusters[1].name: there are two clusters called dev"));
    let place = format!("{LEAST}  - name: dev2\n    admin_repository: Org/Dev-Cluster\n");
    assert!(refused(&place).contains("the clusters dev and dev2 share repository, branch and path"));
    assert!(read(&format!("{place}    path: other\n")).is_ok());
    assert!(read(&format!("{place}    branch: other\n")).is_ok());
}

#[test]
fn secrets_are_never_inline_and_never_shown() {
    for text in [
        LEAST.replace("{file: key.pem}", "hunter2"),
        LEAST.replace("{file: key.pem}", "[hunter2]"),
        LEAST.replace("{file: key.pem}", "{file: other.pem}"),
        LEAST.replace("[{env: BAILIWICK_WEBHOOK_SECRET}]", "hunter2"),
        LEAST.replace("[{env: BAILIWICK_WEBHOOK_SECRET}]", "[hunter2]"),
        LEAST.replace("[{env: BAILIWICK_WEBHOOK_SECRET}]", "\"hunter2\""),
        LEAST.replace("github:", "github: hunter2 #"),
        LEAST.replace("app_id: 7", "app_id: hunter2"),
        LEAST.replace("sqlite://x.db", "postgres://u:hunter2@db/x"),
        LEAST.replace("sqlite://x.db", "postgres://db/x?password=hunter2"),
    ] {
        let error = read(&text).expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    assert!(refused(&LEAST.replace("{file: key.pem}", "x")).contains("write {env: NAME} or {file: PATH}"));
    let config = read(&LEAST.replace("sqlite://x.db", "{env: DATABASE_URL}")).expect("valid");
    assert_eq!(config.database.scheme(), "postgres");
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
}

#[test]
fn secrets_must_be_there() {
    let env = |name: &str| refused(&LEAST.replace("BAILIWICK_WEBHOOK_SECRET", name));
    assert!(env("NONE").contains(":5: github.webhook_secrets[0]: the variable \"NONE\" does not exist"));
    assert!(env("EMPTY").contains("it is empty"));
    assert!(refused(&LEAST.replace("key.pem", "x.pem")).contains("the file \"etc/x.pem\" does not exist"));
    assert!(refused(&LEAST.replace("{file: key.pem}", "{}")).contains("names no secret"));
}

#[test]
fn the_address_of_pages_is_not_the_apis() {
    let with = |url: &str| read(&LEAST.replace("app_id: 7", &format!("app_id: 7\n  api_url: \"{url}\"")));
    for (good, host) in [
        ("https://api.github.com", "github.com"),
        ("https://api.github.com/", "github.com"),
        ("https://api.octocorp.ghe.com", "octocorp.ghe.com"),
        ("https://git.example/api/v3", "git.example"),
        ("https://git.example:8443/api/v3/", "git.example"),
        ("https://api.git.example", "api.git.example"),
        ("https://proxy.example/github", "proxy.example"),
        ("http://127.0.0.1:9000", "127.0.0.1"),
        ("https://localhost:9000", "localhost"),
    ] {
        let config = with(good).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.github.git_host(), host, "{good}");
    }
    for (bad, remedy) in [
        ("https://github.com", "https://api.github.com"),
        ("https://www.github.com/", "https://api.github.com"),
        ("https://github.com/api/v3", "https://api.github.com"),
        ("https://octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://git.example/", "https://git.example/api/v3"),
    ] {
        let error = with(bad).expect_err("pages").to_string();
        assert!(error.contains("github.api_url") && error.contains(&format!("write {remedy}")), "{error}");
    }
}

#[test]
fn plain_http_is_for_this_machine() {
    let with = |url: &str| read(&LEAST.replace("app_id: 7", &format!("app_id: 7\n  api_url: \"{url}\"")));
    for good in ["http://127.0.0.1:9000", "http://localhost:1/x/", "http://[::1]:8", "https://git.example/api/v3"] {
        assert!(with(good).is_ok(), "{good}");
    }
    assert_eq!(with("http://localhost:1/x/").expect("valid").github.api_url, "http://localhost:1/x");
    for bad in [
        "http://api.github.com",
        "ftp://x",
        "x",
        "",
        "https://u:p@x",
        "https://x?y",
        "https://",
        "http://127.0.0.1.example.org",
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

#[test]
fn broken_files_have_a_line() {
    assert!(refused("x: [!a,b]").contains(":1: a tag"));
    assert!(refused("x: |\n  a").contains("unknown key"));
    assert!(read(&format!("{LEAST}policy: |\n  a")).is_ok());
    insta::assert_snapshot!(refused("listen: [\n"), @r"etc/bailiwick.yaml:1: listen: this has the wrong type; write a string");
    insta::assert_snapshot!(refused("listen: 'x\n"), @r"etc/bailiwick.yaml:2: this is not readable YAML; mend it: found unexpected end of stream at line 2 column 1, while scanning a quoted scalar");
    insta::assert_snapshot!(refused("listen: [x]\n"), @r"etc/bailiwick.yaml:1: listen: this has the wrong type; write a string");
    insta::assert_snapshot!(refused(&LEAST.replace("app_id: 7", "app_id: seven")), @r"etc/bailiwick.yaml:3: github.app_id: this has the wrong type; write a whole number");
    insta::assert_snapshot!(refused(&LEAST.replace("github:", "github: x #")), @r"etc/bailiwick.yaml:2: github: this has the wrong type; write keys and values");
    insta::assert_snapshot!(refused(""), @r"etc/bailiwick.yaml:1: `database` is missing; add it; bot-config/bailiwick.yaml shows how");
    assert!(refused(&LEAST.replace("database: sqlite://x.db\n", "")).contains("`database` is missing"));
    assert!(refused(&"x".repeat(LARGEST_FILE + 1)).contains("larger than 1 MiB"));
}

/// The parser behind serde takes minutes for these.
#[test]
fn nesting_without_end_is_refused_at_once() {
    for nest in ["[", "{", "- ", "? ", "[{"] {
        for start in ["", "listen: ", "clusters:\n  - name: "] {
            let text = format!("{start}{}", nest.repeat(100_000 / nest.len()));
            let error = refused(&text);
            assert!(error.contains("levels of nesting") || error.contains("not readable"), "{start}{nest}: {error}");
        }
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in any::<String>(), cut in 0..LEAST.len(), noise in "[a\\[\\]{}:,&*!|>'\"%@ \n-]{0,6}") {
        let _ = read(&text);
        let _ = read(&format!("{}{noise}{}", &LEAST[..cut], &LEAST[cut..]));
    }
}

#[test]
fn presets_are_words_under_names() {
    let with = |text: &str| read(&format!("{LEAST}presets:\n  big: {{cpu: 64}}\n{text}"));
    let config =
        with("  small:\n    pod-security: baseline\n    flux_objects: '20'\n    alerts: false\n").expect("valid");
    let expected = [("alerts", "false"), ("flux_objects", "20"), ("pod_security", "baseline")];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(config.presets["small"], expected);
    assert_eq!(read(LEAST).expect("valid").presets, BTreeMap::new());
    for (text, expected) in [
        ("  Big: {}\n", "etc/bailiwick.yaml:11: presets.Big: \"Big\" is no preset's name; use lower-case"),
        ("  x:\n    cpu: 1\n    CPU: 2\n", "etc/bailiwick.yaml:13: presets.x.CPU: \"CPU\" is no setting's name"),
        (
            "  x:\n    cpu: a b\n",
            "etc/bailiwick.yaml:12: presets.x.cpu: \"a b\" is no value of a setting; write one word",
        ),
        ("  x:\n    cpu: 1.5\n", "write a word or a whole number"),
        ("  x:\n    cpu: [1]\n", "write a word or a whole number"),
        ("  x: 1\n", "presets.x: this has the wrong type"),
        ("  x:\n    a_b: 1\n    a-b: 2\n", "this is set twice"),
        ("  big: {}\n", "the key \"presets.big\" is there twice"),
    ] {
        let error = with(text).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
