use proptest::prelude::*;
use serde_json::json;

use super::{MARK, redact, redact_json, redacted};

/// What must not be seen, inside the form that gives it away.
#[derive(Debug, Clone)]
struct Secret {
    form: String,
    cores: Vec<String>,
}

impl Secret {
    fn new(form: String, core: &str) -> Self {
        Self { form, cores: vec![core.to_owned()] }
    }
}

const PEM_LABELS: [&str; 5] =
    ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

fn tokens() -> impl Strategy<Value = Secret> {
    let prefix = prop::sample::select(vec!["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AGE-SECRET-KEY-1"]);
    let usual = (prefix, "[A-Za-z0-9]{36,82}").prop_map(|(prefix, core)| Secret::new(format!("{prefix}{core}"), &core));
    let stateless = ("[0-9]{4,7}", "[A-Za-z0-9_-]{40}", "[A-Za-z0-9_-]{380}", "[A-Za-z0-9_-]{86}").prop_map(
        |(app, header, claims, signature)| Secret {
            form: format!("ghs_{app}_eyJ{header}.eyJ{claims}.{signature}"),
            cores: vec![header, claims, signature],
        },
    );
    let old = "v1\\.[0-9a-f]{40}".prop_map(|token| Secret::new(token.clone(), &token[3..]));
    let jwt =
        ("[A-Za-z0-9_-]{20}", "[A-Za-z0-9_-]{40}", "[A-Za-z0-9_-]{342}").prop_map(|(header, claims, signature)| {
            Secret { form: format!("eyJ{header}.eyJ{claims}.{signature}"), cores: vec![claims, signature] }
        });
    prop_oneof![usual, stateless, old, jwt]
}

fn private_keys() -> impl Strategy<Value = Secret> {
    let breaks = prop::sample::select(vec!["\n", "\r\n", "\\n", "\\\\n", "\\u{a}"]);
    let lines = prop::collection::vec("[A-Za-z0-9+/]{64}", 1..6);
    let label = prop::sample::select(PEM_LABELS.to_vec());
    let whole = (lines, label, breaks, any::<bool>()).prop_map(|(lines, label, line_break, is_cut)| {
        let end = if is_cut { String::new() } else { format!("{line_break}-----END {label}-----") };
        let form = format!("-----BEGIN {label}-----{line_break}{}{end}", lines.join(line_break));
        Secret { form, cores: lines }
    });
    let again = (prop::sample::select(PEM_LABELS.to_vec()), "[A-Za-z0-9+/]{64}").prop_map(|(label, line)| {
        use base64::Engine as _;
        let text = format!("-----BEGIN {label}-----\n{line}\n-----END {label}-----\n");
        let form = base64::engine::general_purpose::STANDARD.encode(text);
        let core = form[40..].to_owned();
        Secret::new(form, &core)
    });
    prop_oneof![whole, again]
}

fn passwords() -> impl Strategy<Value = Secret> {
    let in_url = ("https?|ssh|git", "[a-z]{0,8}", "[A-Za-z0-9!$%&'()*+,;=:~._-]{12,40}")
        .prop_map(|(scheme, user, core)| Secret::new(format!("{scheme}://{user}:{core}@example.org/x"), &core));
    // As people write them, not as RFC 3986 wants them.
    let database = ("postgres(ql)?|redis|mongodb\\+srv", "[a-z]{1,8}", "[A-Za-z0-9/?#@:!$]{12,40}")
        .prop_map(|(scheme, user, core)| Secret::new(format!("{scheme}://{user}:{core}@db/name"), &core));
    let token =
        "[A-Za-z0-9._-]{20,60}".prop_map(|core| Secret::new(format!("x-access-token:{core}@github.com"), &core));
    let query =
        "[A-Za-z0-9._-]{12,40}".prop_map(|core| Secret::new(format!("?sslmode=require&password={core}"), &core));
    let answer = "[A-Za-z0-9 ,]{12,40}".prop_map(|core| Secret::new(format!("\"access_token\": \"{core}\""), &core));
    let key = prop::sample::select(vec!["token", "id-token", "client-key-data", "password"]);
    let line = (key, "[A-Z][A-Za-z0-9+/=]{12,40}")
        .prop_map(|(key, core)| Secret::new(format!("{key}: {core}"), core.trim_end_matches('=')));
    prop_oneof![in_url, database, token, query, answer, line]
}

fn headers() -> impl Strategy<Value = Secret> {
    let name =
        prop::sample::select(vec!["authorization: ", "Authorization: ", "\"authorization\": \"", "AUTHORIZATION="]);
    let scheme = prop::sample::select(vec!["Bearer", "bearer", "token", "Basic"]);
    let named = (name, scheme, "[A-Za-z0-9._~+/-]{12,60}")
        .prop_map(|(name, scheme, core)| Secret::new(format!("{name}{scheme} {core}"), &core));
    let bare = "[A-Z0-9][A-Za-z0-9._~+/-]{18,58}[0-9]".prop_map(|core| Secret::new(format!("Bearer {core}"), &core));
    let basic = ("[a-z-]{3,9}", "[A-Za-z0-9]{12,40}").prop_map(|(user, password)| {
        use base64::Engine as _;
        let core = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Secret::new(format!("Basic {core}"), core.trim_end_matches('='))
    });
    prop_oneof![named, bare, basic]
}

fn secrets() -> impl Strategy<Value = Secret> {
    prop_oneof![tokens(), private_keys(), passwords(), headers()]
}

/// What could make a form look in the wrong place.
fn surroundings() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "ghp_",
        "ghs_a.",
        "github_pat_",
        "eyJ",
        "eyJhbGciOi.",
        "v1.",
        "://",
        "https://",
        "https://a:b@",
        "x://[",
        "postgres://a:b",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY",
        "-----END ",
        "Authorization: Bearer ",
        "authorization: ",
        "Basic ",
        "bearer ",
        "password=",
        "password='",
        "password: \"",
        "token: ",
        "\ntoken: abc",
        "password: word",
        "client-key-data:",
        "x-access-token:",
        "(redacted)",
        "(redac",
        "ted)",
        "\"",
        "'",
        "\\",
        "\u{1b}[3m",
        "é",
        "\u{2060}",
        "\n",
    ]);
    prop::collection::vec(prop_oneof![hostile.prop_map(str::to_owned), ".{0,12}"], 0..5)
        .prop_map(|parts| parts.concat())
}

/// No stretch of a secret that would help anybody.
fn assert_gone(text: &str, secret: &Secret) -> Result<(), TestCaseError> {
    for core in &secret.cores {
        for window in core.as_bytes().windows(12) {
            let window = std::str::from_utf8(window).expect("secrets are ASCII");
            prop_assert!(!text.contains(window), "{window} of {secret:?} is in {text:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_secret_survives_whatever_surrounds_it(before in surroundings(), secret in secrets(), after in surroundings()) {
        let text = format!("{before}{}{after}", secret.form);
        assert_gone(&redact(&text), &secret)?;
    }

    #[test]
    fn no_secret_survives_in_json_and_json_it_stays(
        before in surroundings(), secret in secrets(), after in surroundings(), name in surroundings()
    ) {
        let text = format!("{before}{}{after}", secret.form);
        let line = format!("{}\n", json!({"level": "INFO", "fields": {(name.clone()): [text.clone()]}, (text): 1}));
        let clean = redact_json(&line);
        assert_gone(&clean, &secret)?;
        prop_assert!(clean.ends_with('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&clean).is_ok(), "{clean}");
    }

    #[test]
    fn again_changes_nothing(parts in prop::collection::vec(prop_oneof![
        surroundings(), secrets().prop_map(|secret| secret.form)
    ], 0..5)) {
        let once = redacted(&parts.concat());
        prop_assert_eq!(redact(&once), once.as_str());
    }

    #[test]
    fn text_without_secrets_is_the_same(text in "([a-z]{1,12}|[0-9a-f]{40}|[A-Z][a-z]+|[ .,:/#@=\"'\n]|org/dev-team[0-9]){0,40}") {
        prop_assume!(!text.contains("://") && !text.contains("password") && !text.contains("v1."));
        prop_assert_eq!(redact(&text), text.as_str());
    }
}

/// What the bot says and reads every day.
#[test]
fn ordinary_lines_are_the_same() {
    for line in [
        "pull request #7 of org/dev-cluster: the forge refused it: Validation Failed",
        "https://github.com/org/repo/pull/7#issuecomment-1 and http://127.0.0.1:8080/webhooks/github",
        "ssh://git@github.com/org/dev-team1 and git@github.com:org/dev-team1.git",
        "https://[::1]:8443/@scope/x, https://example.org:8443/@scope/x, https://registry.example/@scope/x:latest",
        "postgres://bailiwick@db.example:5432/bailiwick?sslmode=require",
        "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "commit 1f3870be274f6c49b3e31a0c6728957f3870be27, team ghs_short, version v1.2.3",
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0J5Yb3ZK8 bailiwick org/dev-team1",
        "authorization failed: Bearer authentication is required, Basic authentication is not",
        "the database refuses the password: is it the one of bailiwick?",
        "wrong password: denied, and the password: none was given",
        "unexpected token: ';' and unexpected token: identifier",
        "kind: ServiceAccount\nautomountServiceAccountToken: false\ntoken: null\nclient-key: /etc/kube/client.key",
        "a deploy token: see the manual; the client-key-data: nobody needs it",
        "WWW-Authenticate: Basic realm=\"GitHub\"",
        "kustomize build failed: accumulating resources: ./apps: no such file or directory",
        "",
    ] {
        assert_eq!(redact(line), line);
        assert!(matches!(redact(line), std::borrow::Cow::Borrowed(_)), "nothing is copied: {line}");
    }
}

#[test]
fn what_is_left_still_says_what_happened() {
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq83vEjRWeJCrze8S\n-----END RSA PRIVATE KEY-----";
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJlLW9mLWEtand0";
    let lines = [
        "cannot fetch https://x-access-token:ghs_16C7e42F292c6912E7710c838347Ae178B4a@github.com/org/dev-team1.git: 403".to_owned(),
        "the database postgres://bailiwick:p/w@1#2@db.example:5432/bailiwick did not answer".to_owned(),
        "host=db user=bailiwick password='two words' sslmode=require".to_owned(),
        "request headers: {\"authorization\": \"Bearer abc.def-123\", \"accept\": \"*/*\"}".to_owned(),
        format!("Authorization: token 0123456789abcdef\nX-Next: {jwt}. And then?"),
        format!("read {pem} from key.pem"),
        "read -----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAA… (cut: 411 bytes in all)".to_owned(),
        "data: {identity: LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNC, known_hosts: Z2l0aHVi}".to_owned(),
        "Basic eC1hY2Nlc3MtdG9rZW46Z2hzX2FiYw== was refused".to_owned(),
        "two in a row: ghp_0123456789abcdefghijABCDEFGHIJ012345 github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz.".to_owned(),
    ];
    insta::assert_snapshot!(lines.map(|line| redacted(&line)).join("\n────────\n"));
}

#[test]
fn lines_of_yaml_keep_their_keys_alone() {
    for (line, clean) in [
        ("token: word", "token: (redacted)"),
        (
            "users:\n- name: me\n  user:\n    token: \"word\"\n",
            "users:\n- name: me\n  user:\n    token: \"(redacted)\"\n",
        ),
        ("  3 |     client-key-data: LS0t # mine", "  3 |     client-key-data: (redacted) # mine"),
        ("in `password: word`", "in `password: (redacted)`"),
        ("{name: me, id-token: word}", "{name: me, id-token: (redacted)}"),
        ("- token: 'word'\r\n- client-secret: word", "- token: '(redacted)'\r\n- client-secret: (redacted)"),
        ("it said password: hunter2 and more", "it said password: (redacted) and more"),
        ("the token: 0123456789abcdef was refused", "the token: (redacted) was refused"),
    ] {
        assert_eq!(redact(line), clean);
    }
}

/// Each part of an event may be a piece of a secret: what was put together is looked at.
#[test]
fn pieces_are_found_once_they_are_put_together() {
    let pieces = ["gh", "s_16C7e42F292", "c6912E7710c838347Ae178B4a"];
    assert!(pieces.iter().all(|piece| redact(piece) == *piece));
    assert_eq!(redacted(&pieces.concat()), MARK);
}

#[test]
fn names_give_the_values_of_json_away() {
    let clean =
        redact_json(r#"{"token":"opaque","Authorization":"opaque","token_kind":"none","n":18446744073709551615}"#);
    let wanted = r#"{"token":"(redacted)","Authorization":"(redacted)","token_kind":"none","n":18446744073709551615}"#;
    assert_eq!(clean, wanted);
    assert_eq!(redact_json("no JSON, password=x"), format!("no JSON, password={MARK}"));
}

/// Text that makes a form begin again and again. A quadratic search would take minutes for each.
#[test]
fn a_megabyte_of_beginnings_is_read_at_once() {
    let beginnings = [
        "ghp_",
        "eyJ",
        "eyJ.",
        "eyJaaaaaaaa.",
        "v1.",
        "://",
        "a:b://",
        "://[",
        "postgres://",
        "x-access-token:",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "authorization:",
        "authorization=",
        "authorization: bearer ",
        "bearer",
        "bearer ",
        "basic",
        "basic ",
        "password=",
        "password='",
        "password:\\\"",
        "password   ",
        "password:",
        "token:",
        "\ntoken: ab",
        "-token",
        "client-key-data: ",
        "LS0tLS1CRUdJTi",
        "\\",
        "\u{1b}[",
        "(redacted)",
    ];
    for beginning in beginnings {
        let text = beginning.repeat((1 << 20) / beginning.len());
        let once = redacted(&text);
        assert!(once.len() <= text.len() * 3, "{beginning}");
    }
}
