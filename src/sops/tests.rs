//! What needs no other program. `tests/sops` compares with the real sops and age.

use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::{AgeError, DecryptError, EncryptError, EncryptedFile, Identity, Recipient, Rule, Rules, Tree};
use super::{encrypt, open, seal};
use crate::clock::SeededEntropy;
use crate::names::RepoPath;

fn identity(seed: u64) -> Identity {
    Identity::generate(&SeededEntropy::new(seed))
}

fn path(text: &str) -> RepoPath {
    text.parse().expect("a path")
}

fn secret(text: &str) -> Tree {
    Tree::Secret(SecretString::from(text))
}

fn rule(fields: &str) -> Rule {
    let text = format!("creation_rules:\n- age: {}\n{fields}", identity(1).recipient());
    let rules = Rules::read(&path(".sops.yaml"), text.as_bytes()).expect("rules");
    rules.rule_for(&path("secret.yaml")).expect("a rule")
}

fn encrypted(tree: &Tree, fields: &str) -> Result<String, EncryptError> {
    encrypt(tree, &rule(fields), &SeededEntropy::new(2), Timestamp::UNIX_EPOCH)
}

const GOOD: &str = "  encrypted_regex: ^(data|stringData)$\n";

fn object() -> Tree {
    Tree::map([
        ("apiVersion", Tree::from("v1")),
        ("kind", Tree::from("Secret")),
        ("metadata", Tree::map([("name", Tree::from("x")), ("labels", Tree::map([("on", Tree::from("1"))]))])),
        ("stringData", Tree::map([("identity", secret("s3cret\nlines\n")), ("empty", secret(""))])),
    ])
}

fn read(text: &str) -> Result<EncryptedFile, DecryptError> {
    EncryptedFile::read(&path("secret.yaml"), text.as_bytes())
}

fn value<'t>(tree: &'t Tree, keys: &[&str]) -> &'t str {
    match keys.iter().fold(tree, |tree, key| tree.get(key).expect("a key")) {
        Tree::Text(text) => text,
        Tree::Secret(text) => text.expose_secret(),
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn a_file_has_the_form_of_sops() {
    let text = encrypted(&object(), GOOD).expect("encrypted");
    assert_eq!(text, encrypted(&object(), GOOD).expect("encrypted"), "all randomness comes from the seed");
    insta::assert_snapshot!(text);
}

/// sops 3.13.3 wrote it for the first identity: a comment, every type, a MAC over encrypted values only.
#[test]
fn a_file_of_sops_is_read() {
    let file = read(include_str!("../../fixtures/sops/by-sops.yaml")).expect("a file");
    assert_eq!(file.recipients().collect::<Vec<_>>(), [identity(1).recipient().as_str()]);
    assert!(file.last_modified() > Timestamp::UNIX_EPOCH && !file.has_other_keys());
    let tree = file.decrypt(&identity(1)).expect("decrypted");
    assert_eq!(value(&tree, &["metadata", "name"]), "flux-git-auth");
    assert_eq!(value(&tree, &["stringData", "identity"]), "several\nlines\n");
    assert!(matches!(tree.get("stringData").and_then(|data| data.get("port")), Some(Tree::Int(22))));
    assert_eq!(file.decrypt(&identity(2)).expect_err("another's"), DecryptError::Key(AgeError::NotForIdentity));
}

/// Several groups of keys share the data key: who they are can be seen all the same.
#[test]
fn a_file_of_several_groups_is_not_decrypted() {
    let file = read(include_str!("../../fixtures/sops/by-sops-in-groups.yaml")).expect("a file");
    assert_eq!(file.recipients().count(), 2);
    assert!(file.has_other_keys());
    assert!(matches!(file.decrypt(&identity(1)), Err(DecryptError::Key(AgeError::Malformed(_)))));
}

#[test]
fn what_is_no_file_of_sops_says_why() {
    let block = |fields: &str| format!("a: b\nsops:\n  lastmodified: \"2026-01-02T03:04:05Z\"\n{fields}");
    let key = "    - {recipient: x, enc: y}\n";
    let cases = [
        ("a: b\n".to_owned(), "line 1: It has no `sops` block"),
        ("a: b\n---\na: c\n".to_owned(), "one document"),
        ("a: &b c\n".to_owned(), "line 1: An anchor"),
        ("a: b\nsops: {mac: x}\n".to_owned(), "line 2: `lastmodified`"),
        (block(""), "`mac` is missing"),
        (block("  mac: x\n  age:\n    - {enc: y}\n"), "line 6: `recipient`"),
        (block("  mac: x\n  encrypted_regex: '('\n"), "line 5: `encrypted_regex`"),
        (block("  mac: x\n  encrypted_regex: a\n  encrypted_suffix: b\n"), "cannot stand together"),
        (block(&format!("  mac: x\n  age:\n{}", key.repeat(101))), "more than 100 age keys"),
    ];
    for (text, problem) in cases {
        let error = read(&text).expect_err(problem).to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
}

#[test]
fn no_secret_is_left_in_clear_and_flux_can_read_the_rest() {
    let error = |fields: &str| encrypted(&object(), fields).expect_err(fields).to_string();
    let mend = "write `encrypted_regex: ^(data|stringData)$` there";
    assert_eq!(error(""), format!("the rule at .sops.yaml:2 encrypts \"apiVersion\", which Flux has to read: {mend}"));
    assert_eq!(
        error("  encrypted_regex: ^password$\n"),
        format!("the rule at .sops.yaml:2 leaves \"stringData:identity\" in clear: {mend}")
    );
    assert!(error("  unencrypted_regex: ^(apiVersion|kind)$\n").contains("encrypts \"metadata:name\""));
    for good in
        ["encrypted_suffix: Data", "unencrypted_regex: ^(apiVersion|kind|metadata)$", "encrypted_regex: ^string"]
    {
        encrypted(&object(), &format!("  {good}\n")).expect(good);
    }
}

#[test]
fn odd_documents_are_refused() {
    let deep = (0..70).fold(secret("x"), |inner, _| Tree::List(vec![inner]));
    let data = |value: Tree| Tree::map([("data", value)]);
    let twice = Tree::map([("data", secret("x")), ("data", secret("y"))]);
    let cases = [
        (secret("x"), "mapping"),
        (Tree::map([("sops", secret("x"))]), "a key `sops`"),
        (Tree::map([("<<", secret("x"))]), "`<<`"),
        (twice, "twice"),
        (data(deep), "too deeply"),
        (data(Tree::Float(f64::NAN)), "not finite"),
        (data(secret(&"x".repeat(1024 * 1024 + 1))), "more than 1 MiB"),
        (data(Tree::List(vec![Tree::Null; 20_001])), "too many values"),
        (data(secret("")), "nothing to encrypt"),
    ];
    for (tree, problem) in cases {
        let error = encrypted(&tree, GOOD).expect_err(problem).to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
    let nobody = Rule::for_secrets(Vec::new(), "x");
    let error = encrypt(&object(), &nobody, &SeededEntropy::new(1), Timestamp::UNIX_EPOCH);
    assert_eq!(error, Err(EncryptError::NoRecipient { rule: "x".to_owned() }));
}

#[test]
fn a_manifest_becomes_a_tree_that_knows_its_secrets() {
    let text = "kind: Secret\nport: 1\ndata: {a: eA==}\nstringData: {b: [x, {c: y}], n: 0.5}\n";
    let tree = Tree::from_manifest(serde_yaml::from_str(text).expect("YAML")).expect("a tree");
    assert!(matches!(tree.get("kind"), Some(Tree::Text(_))));
    let Some(Tree::List(items)) = tree.get("stringData").and_then(|data| data.get("b")) else { panic!("a list") };
    assert!(matches!(items.as_slice(), [Tree::Secret(_), Tree::Map(_)]));
    for bad in ["a: {1: x}", "a: !b c", "a: 18446744073709551615", "a: .nan"] {
        assert!(Tree::from_manifest(serde_yaml::from_str(bad).expect("YAML")).is_err(), "{bad}");
    }
}

#[test]
fn keys_are_told_apart_and_secret_ones_never_shown() {
    let good = identity(1).recipient().to_string();
    assert_eq!(good.parse::<Recipient>().expect("a recipient"), *identity(1).recipient());
    let hidden = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    let cases = [
        (hidden.to_owned(), "secret half"),
        (hidden.to_lowercase(), "secret half"),
        ("ssh-ed25519 AAAA".to_owned(), "SSH key"),
        ("ssh-rsa AAAA".to_owned(), "SSH key"),
        ("age1pq1xyz".to_owned(), "post-quantum"),
        ("age1yubikey1qxyz".to_owned(), "plug-in"),
        (good.to_uppercase(), "no age recipient"),
        (good.replacen("age1z", "age1y", 1), "no age recipient"),
        (good[..good.len() - 1].to_owned(), "no age recipient"),
        (format!("{good} "), "no age recipient"),
        (String::new(), "no age recipient"),
    ];
    for (text, problem) in cases {
        let error = text.parse::<Recipient>().expect_err(problem).to_string();
        assert!(error.contains(problem) && !error.to_uppercase().contains("KEY-1QQ"), "{error}");
    }
    let error = hidden.parse::<Identity>().expect_err("a bad checksum").to_string();
    assert!(!error.contains("QQQ"), "{error}");
    assert_eq!(format!("{:?}", identity(1)), format!("Identity(secret of {good})"));
    assert!(!format!("{:?}", object()).contains("s3cret"));
}

/// With such a point every key agrees on the same secret: anybody could read the file.
#[test]
fn a_point_of_low_order_is_no_recipient() {
    let hrp = bech32::Hrp::parse("age").expect("a prefix");
    let text = bech32::encode::<bech32::Bech32>(hrp, &[0; 32]).expect("text");
    let recipient: Recipient = text.parse().expect("32 bytes");
    assert_eq!(seal(&recipient, b"x", &SeededEntropy::new(1)), Err(AgeError::UselessRecipient(text)));
}

/// A second spelling of the same key, with bits set beyond its last byte.
#[test]
fn a_recipient_has_one_spelling() {
    use bech32::primitives::iter::{ByteIterExt as _, Fe32IterExt as _};
    let hrp = bech32::Hrp::parse("age").expect("a prefix");
    let mut digits: Vec<bech32::Fe32> = [9; 32].into_iter().bytes_to_fes().collect();
    for (padding, is_taken) in [(0, true), (1, false)] {
        let last = digits.last_mut().expect("52 digits");
        *last = bech32::Fe32::try_from(last.to_u8() | padding).expect("5 bits");
        let text: String = digits.iter().copied().with_checksum::<bech32::Bech32>(&hrp).chars().collect();
        assert_eq!(text.parse::<Recipient>().is_ok(), is_taken, "{text}");
    }
}

#[test]
fn a_changed_age_file_is_refused() {
    let (identity, content) = (identity(1), [7; 32]);
    let sealed = seal(identity.recipient(), &content, &SeededEntropy::new(3)).expect("sealed");
    assert_eq!(open(&sealed, &identity).expect("opened").as_slice(), content);
    assert_eq!(open(&format!("\r\n{}\r\n", sealed.replace('\n', "\r\n")), &identity).expect("opened")[..], content);
    let body = sealed.find('\n').expect("a line") + 1..sealed.rfind("\n-----END").expect("an end");
    for at in body {
        let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
        assert!(open(&changed, &identity).is_err(), "{at}: {changed}");
    }
    assert_eq!(seal(identity.recipient(), &[0; 64 * 1024 + 1], &SeededEntropy::new(1)), Err(AgeError::TooLong));
}

#[test]
fn rules_lie_beside_the_file_or_above_it() {
    let places: Vec<_> = Rules::places(&path("a/b/c.yaml")).map(|place| place.to_string()).collect();
    assert_eq!(places, ["a/b/.sops.yaml", "a/.sops.yaml", ".sops.yaml"]);
    let text = format!("creation_rules:\n- path_regex: ^b/\n  age: {}\n", identity(1).recipient());
    let rules = Rules::read(&path("a/.sops.yaml"), text.as_bytes()).expect("rules");
    assert_eq!(rules.rule_for(&path("a/b/c.yaml")).expect("a rule").recipients(), [identity(1).recipient().clone()]);
    let error = rules.rule_for(&path("a/c.yaml")).expect_err("no rule").to_string();
    assert!(error.starts_with("a/.sops.yaml:1: No creation rule is for c.yaml. Write a list"), "{error}");
    assert!(rules.rule_for(&path("ab/b/c.yaml")).is_err());
}

#[test]
fn rules_of_any_size_are_bounded() {
    let many = format!("creation_rules:\n{}", "- path_regex: x\n".repeat(1_001));
    let age: String = (0..101).map(|seed| format!("{},", identity(seed).recipient())).collect();
    let long = "#".repeat(256 * 1024 + 1);
    let error = |text: &str| {
        let rules = Rules::read(&path(".sops.yaml"), text.as_bytes());
        rules.and_then(|rules| rules.rule_for(&path("x.yaml"))).expect_err("refused").to_string()
    };
    assert!(error(&many).contains("more than 1,000"));
    assert!(error(&long).contains("more than 256 KiB"));
    assert!(error(&format!("creation_rules:\n- age: {age}\n")).contains("more than 100 recipients"));
    for odd in ["", "creation_rules: {}", "creation_rules: [x]", "- a", "creation_rules:\n- age: {a: b}", "a: &b", "\0"]
    {
        assert!(error(odd).starts_with(".sops.yaml:"), "{odd}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in ".{0,200}", at in 0_usize..4_000, byte in any::<u8>()) {
        let whole = include_str!("../../fixtures/sops/by-sops.yaml");
        let mut bytes = whole.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(file) = EncryptedFile::read(&path("x.yaml"), &bytes) {
            let _ = file.decrypt(&identity(1));
        }
        let _ = open(&text, &identity(1));
        let _ = text.parse::<Recipient>();
        let rules = format!("creation_rules:\n- age: {text}\n  path_regex: {text}\n");
        let _ = Rules::read(&path(".sops.yaml"), rules.as_bytes()).and_then(|rules| rules.rule_for(&path("x")));
    }
}
