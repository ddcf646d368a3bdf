//! `.sops.yaml` means here what it means to sops.

use std::collections::BTreeMap;

use bailiwick::clock::OsEntropy;
use bailiwick::sops::{Rules, Tree, encrypt};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::tools::{Bench, known, read, utf8};

/// Recipients and the way values are selected, as the file says.
type Outcome = (Vec<String>, BTreeMap<String, String>);

fn outcome(encrypted: &str) -> Outcome {
    let recipients = read(encrypted).expect("a file").recipients().map(str::to_owned).collect();
    let value: serde_yaml::Value = serde_yaml::from_str(encrypted).expect("YAML");
    let fields = value["sops"].as_mapping().expect("a block").iter();
    let kept = fields.filter_map(|(key, value)| {
        let name = key.as_str()?;
        let kept = name.contains("_regex") || name.contains("_suffix") || name == "mac_only_encrypted";
        kept.then(|| (name.to_owned(), serde_yaml::to_string(value).expect("YAML")))
    });
    (recipients, kept.collect())
}

fn by_sops(bench: &Bench, rules: &str, path: &str) -> Option<Outcome> {
    bench.write(".sops.yaml", rules);
    let path = bench.write(path, "spec: {a: b}\nstringData: {a: b}\n");
    let output = bench.sops(&["encrypt", utf8(&path)]);
    output.status.success().then(|| outcome(std::str::from_utf8(&output.stdout).expect("text")))
}

fn by_us(rules: &str, path: &str) -> Result<Outcome, String> {
    let file = ".sops.yaml".parse().expect("a path");
    let rules = Rules::read(&file, rules.as_bytes()).map_err(|error| error.to_string())?;
    let rule = rules.rule_for(&path.parse().expect("a path")).map_err(|error| error.to_string())?;
    let value = |text: &str| Tree::Secret(SecretString::from(text));
    let text = |text: &str| Tree::Text(text.to_owned());
    let tree = Tree::map([("spec", Tree::map([("a", text("b"))])), ("stringData", Tree::map([("a", value("b"))]))]);
    let encrypted = encrypt(&tree, &rule, &OsEntropy, Timestamp::UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(outcome(&encrypted))
}

const PATHS: [&str; 4] = ["clusters/dev/secret.yaml", "clusters/prod/secret.yaml", "secret.yaml", "a.b/x.yml"];

/// What both do alike, `A` and `B` being recipients.
const ALIKE: [&str; 22] = [
    "creation_rules:\n- age: A\n",
    "creation_rules:\n- age: A,B\n  encrypted_regex: ^(data|stringData)$\n",
    "creation_rules:\n- age: \" A , B,\"\n",
    "creation_rules:\n- age: >-\n    A,\n    B\n",
    "creation_rules:\n- age: [A, B]\n  unencrypted_regex: ^(spec)$\n",
    "creation_rules:\n- age: [\"A,B\"]\n  encrypted_suffix: Data\n",
    "creation_rules:\n- age: [A]\n  unencrypted_suffix: pec\n  mac_only_encrypted: true\n",
    "creation_rules:\n- path_regex: clusters/dev\n  age: A\n- path_regex: prod/\n  age: B\n",
    "creation_rules:\n- path_regex: ^secret\\.yaml$\n  age: A\n- age: B\n",
    "creation_rules:\n- path_regex: \\.ya?ml$\n  age: B\n- age: A\n",
    "creation_rules:\n- path_regex: ^/\n  age: A\n- path_regex: '\\Qa.b\\E/'\n  age: B\n",
    "creation_rules:\n- path_regex: ''\n  age: A\n- path_regex: '('\n  age: B\n",
    "creation_rules:\n- path_regex: '('\n  age: B\n- age: A\n",
    "creation_rules:\n- key_groups:\n  - age: [A, B, A]\n",
    "creation_rules:\n- pgp: ABC\n  age: A\n  key_groups:\n  - age: [B]\n",
    "creation_rules:\n- key_groups:\n  - merge:\n    - age: [B]\n    - merge: [{age: [\"A\"]}]\n    age: [A]\n",
    "creation_rules:\n- age: A\n  encrypted_regex: a\n  unencrypted_regex: b\n",
    "creation_rules:\n- age: A\n  encrypted_regex: ''\n  pgp: ''\n  kms: []\n",
    "creation_rules:\n- age: [A, '']\n",
    "creation_rules:\n- age: age1x\n",
    "creation_rules: []\n",
    "stores: {}\n",
];

/// What sops does and we refuse, with a word of the reason.
const REFUSED: [(&str, &str); 9] = [
    (
        "creation_rules:\n- age: A\n  hc_vault_transit_uri: https://v/v1/transit/keys/k\n",
        ".sops.yaml:3: `hc_vault_transit_uri`",
    ),
    ("creation_rules:\n- pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n", ".sops.yaml:2: `pgp`"),
    ("creation_rules:\n- kms: arn:aws:kms:eu-west-1:1:key/x\n  age: A\n", ".sops.yaml:2: `kms`"),
    ("creation_rules:\n- key_groups:\n  - age: [A]\n  - age: [B]\n", ".sops.yaml:3: Several `key_groups`"),
    ("creation_rules:\n- age: A\n  encrypted_regx: x\n", ".sops.yaml:3: The field \"encrypted_regx\""),
    ("creation_rules:\n- age: SSH\n", "is an SSH key, which Flux cannot decrypt with"),
    ("creation_rules:\n- age: A\n  encrypted_comment_regex: x\n", ".sops.yaml:3: `encrypted_comment_regex`"),
    ("keys: [&a A]\ncreation_rules:\n- age: *a\n", ".sops.yaml:1: An anchor"),
    ("creation_rules:\n- age: A\n  encrypted_regex: nothing\n", "leaves \"stringData:a\" in clear"),
];

fn filled(rules: &str) -> String {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let filled = rules.replace('A', "<A>").replace('B', "<B>").replace("SSH", key);
    filled.replace("<A>", known(1).recipient().as_str()).replace("<B>", known(2).recipient().as_str())
}

#[test]
fn rules_are_read_as_sops_reads_them() {
    let bench = Bench::new();
    for rules in ALIKE {
        let rules = filled(rules);
        for path in PATHS {
            let (theirs, ours) = (by_sops(&bench, &rules, path), by_us(&rules, path));
            assert_eq!(theirs, ours.clone().ok(), "{path}\n{rules}\n{ours:?}");
        }
    }
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    for (rules, reason) in REFUSED {
        let error = by_us(&filled(rules), "secret.yaml").expect_err(rules);
        assert!(error.contains(&filled(reason)) || error.contains(reason), "{rules}\n{error}");
    }
}
