//! Ours is theirs, and theirs is ours.

use std::io::Write as _;
use std::process::{Command, Stdio};

use bailiwick::clock::OsEntropy;
use bailiwick::cluster::KeyPair;
use bailiwick::sops::{Recipient, Rule, Tree, encrypt, open, seal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use crate::tools::{Bench, age_keygen, comparable, read, run, utf8};

fn secret(text: &str) -> Tree {
    Tree::Secret(SecretString::from(text))
}

fn object(values: Vec<(String, Tree)>) -> Tree {
    let labels = Tree::map([("app.kubernetes.io/managed-by", Tree::from("bailiwick")), ("yes", Tree::from("on"))]);
    let metadata = Tree::map([
        ("name", Tree::from("flux-git-auth")),
        ("namespace", Tree::from("team1")),
        ("labels", labels),
        ("creationTimestamp", Tree::Null),
        ("generation", Tree::Int(-7)),
    ]);
    Tree::map([
        ("apiVersion", Tree::from("v1")),
        ("kind", Tree::from("Secret")),
        ("metadata", metadata),
        ("immutable", Tree::Bool(false)),
        ("type", Tree::from("Opaque")),
        ("stringData", Tree::Map(values)),
    ])
}

#[test]
fn sops_reads_what_we_write() {
    let bench = Bench::new();
    let long = "0123456789".repeat(10_000);
    let texts =
        ["", " ", "x", "größe 鍵 🗝", "a\nb\n", "\n\n", "tab\there", "ENC[", "true", "null", "1e3", "\"'`\\", &long];
    let mut values: Vec<(String, Tree)> =
        texts.iter().enumerate().map(|(index, text)| (format!("text{index}"), secret(text))).collect();
    values.push(("schlüssel: #1".to_owned(), secret("x")));
    values.push(("whole".to_owned(), Tree::Int(i64::MIN)));
    values.push(("half".to_owned(), Tree::Float(-0.5)));
    values.push(("big".to_owned(), Tree::Float(1e22)));
    values.push(("yes".to_owned(), Tree::Bool(true)));
    values.push(("no".to_owned(), Tree::Bool(false)));
    values.push(("nothing".to_owned(), Tree::Null));
    let inner =
        Tree::map([("y", secret("in a list")), ("none", Tree::List(Vec::new())), ("no", Tree::map::<&str>([]))]);
    values.push(("list".to_owned(), Tree::List(vec![secret("a"), Tree::List(vec![secret("b"), Tree::Int(1)]), inner])));
    let tree = object(values);
    let ours = bench.ours(&tree);
    assert_eq!(bench.decrypted(&ours).expect("decrypted"), comparable(&tree));
    assert_eq!(bench.read(&ours).expect("read"), comparable(&tree));
}

#[test]
fn a_deploy_key_survives_bit_for_bit() {
    let bench = Bench::new();
    let pair = KeyPair::generate(&OsEntropy, "bailiwick org/dev-team1").expect("a key");
    let private = pair.private_openssh.expose_secret();
    let hosts = "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n";
    let values = [("identity", private), ("identity.pub", pair.public_line.as_str()), ("known_hosts", hosts)];
    let plain = values.map(|(name, value)| (name.to_owned(), secret(value)));
    let encoded = values.map(|(name, value)| (name.to_owned(), secret(&STANDARD.encode(value))));
    let mut tree = object(plain.into());
    let Tree::Map(entries) = &mut tree else { panic!("an object") };
    entries.push(("data".to_owned(), Tree::Map(encoded.into())));
    let ours = bench.ours(&tree);
    for hidden in [private, hosts, &STANDARD.encode(private), "b3BlbnNzaC1rZXktdjE", "OPENSSH"] {
        assert!(!ours.contains(hidden), "{ours}");
    }
    assert!(ours.contains("\n  name: flux-git-auth\n") && ours.contains("\n  mac: ENC["), "{ours}");

    // In JSON for comparing, and in YAML as Flux decodes it.
    let decrypted = bench.decrypted(&ours).expect("decrypted");
    assert_eq!(decrypted["stringData"]["identity"], private);
    assert_eq!(decrypted["data"]["identity"], STANDARD.encode(private));
    let path = bench.path("ours.yaml");
    let yaml = bench.sops(&["decrypt", "--extract", "[\"stringData\"][\"identity\"]", utf8(&path)]);
    let key = bench.write("key", std::str::from_utf8(&yaml.stdout).expect("text"));
    assert_eq!(yaml.stdout, private.as_bytes());
    run(Command::new("chmod").arg("600").arg(&key));
    let public = run(Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(&key));
    assert_eq!(String::from_utf8_lossy(&public.stdout).trim(), pair.public_line);
}

/// Flux decrypts what kustomize has built: other order, other quotes, and no MAC.
#[test]
fn what_kustomize_makes_of_it_can_be_decrypted() {
    let bench = Bench::new();
    let tree = object(vec![("z".to_owned(), secret("last\nfirst\n")), ("a".to_owned(), secret("first"))]);
    bench.write("build/secret.yaml", &bench.ours(&tree));
    bench.write("build/kustomization.yaml", "resources: [secret.yaml]\ncommonLabels: {more: labels}\n");
    let build = bench.path("build");
    let has_kustomize = Command::new("kustomize").arg("version").output().is_ok();
    let (program, word) = if has_kustomize { ("kustomize", "build") } else { ("kubectl", "kustomize") };
    let built = run(Command::new(program).arg(word).arg(&build));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let built = bench.write("built.yaml", std::str::from_utf8(&built.stdout).expect("text"));
    let output = bench.sops(&["decrypt", "--ignore-mac", "--output-type", "json", utf8(&built)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(read["stringData"]["z"], "last\nfirst\n");
    assert_eq!(read["metadata"]["labels"]["more"], "labels");
    assert!(!bench.sops(&["decrypt", utf8(&built)]).status.success(), "the MAC is of another order");
}

#[test]
fn each_recipient_reads_it_and_nobody_else() {
    let (bench, (other, other_secret), (_, stranger)) = (Bench::new(), age_keygen(), age_keygen());
    let recipients: Vec<Recipient> = vec![bench.identity.recipient().clone(), other.recipient().clone()];
    let rule = Rule::for_secrets(recipients, "x");
    let tree = object(vec![("k".to_owned(), secret("v"))]);
    let ours = encrypt(&tree, &rule, &OsEntropy, Timestamp::UNIX_EPOCH).expect("encrypted");
    let path = bench.write("ours.yaml", &ours);
    for (secret, reads) in [(other_secret.as_str(), true), (stranger.as_str(), false)] {
        assert_eq!(bench.sops_as(secret, &["decrypt", utf8(&path)]).status.success(), reads);
    }
    assert_eq!(bench.decrypted(&ours).expect("decrypted"), comparable(&tree));
    let file = read(&ours).expect("a file");
    let named: Vec<&str> = file.recipients().collect();
    assert_eq!(named, [bench.identity.recipient().as_str(), other.recipient().as_str()]);
    assert_eq!((file.last_modified(), file.has_other_keys()), (Timestamp::UNIX_EPOCH, false));
    assert_eq!(comparable(&file.decrypt(&other).expect("decrypted")), comparable(&tree));
}

/// People go on with our file in their own tools.
#[test]
fn sops_can_change_and_rotate_ours() {
    let bench = Bench::new();
    let (other, _) = age_keygen();
    let path = bench.write("ours.yaml", &bench.ours(&object(vec![("k".to_owned(), secret("v"))])));
    let set = bench.sops(&["set", utf8(&path), "[\"stringData\"][\"k\"]", "\"new\""]);
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let rotated = bench.sops(&["rotate", "-i", "--add-age", other.recipient().as_str(), utf8(&path)]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let text = std::fs::read_to_string(&path).expect("text");
    assert_eq!(bench.read(&text).expect("read")["stringData"]["k"], "new");
    assert_eq!(read(&text).expect("read").recipients().count(), 2);
}

const THEIRS: &str = "# a comment\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  creationTimestamp: 2024-1-2\n  \
    annotations: {a_unencrypted: \"yes\", n: \"1\"}\nstringData:\n  # hidden\n  a_hidden: |\n    several\n    lines\n  \
    e: \"\"\n  list: [1, 1.50, true, ~, {a: b}, [é, '']] # behind\n  when: 2024-01-02T03:04:05.60+01:00\n  \
    hex: 0x10\n  exp: 1e3\n";

#[test]
fn we_read_what_sops_writes() {
    let bench = Bench::new();
    let clear = std::slice::from_ref(&"--mac-only-encrypted");
    let ways: [&[&str]; 7] = [
        &["--encrypted-regex", "^(data|stringData)$"],
        &["--encrypted-regex", "^(data|stringData)$", clear[0]],
        &["--unencrypted-regex", "^(apiVersion|kind|metadata)$"],
        &["--encrypted-suffix", "_hidden"],
        &["--encrypted-suffix", "_hidden", clear[0]],
        &["--unencrypted-suffix", "_unencrypted"],
        &[],
    ];
    for way in ways {
        let theirs = bench.encrypted(THEIRS, way);
        let path = bench.write("theirs-encrypted.yaml", &theirs);
        let output = bench.sops(&["decrypt", "--output-type", "json", utf8(&path)]);
        let expected: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let read = bench.read(&theirs).unwrap_or_else(|error| panic!("{way:?}: {error}\n{theirs}"));
        assert_eq!(read["stringData"]["a_hidden"], "several\nlines\n", "{way:?}");
        assert_eq!(read["stringData"]["e"], "", "{way:?}");
        assert_eq!(read["stringData"]["list"][1]["number"], "1.500000000000e0", "{way:?}");
        assert_eq!(read["stringData"]["hex"]["number"], "16", "{way:?}");
        assert_eq!(read["stringData"]["list"][5], expected["stringData"]["list"][5], "{way:?}");
        assert_eq!(read["stringData"]["when"], expected["stringData"]["when"], "{way:?}");
        assert_eq!(read["metadata"]["annotations"], expected["metadata"]["annotations"], "{way:?}");
    }
}

#[test]
fn age_reads_what_we_seal_and_we_open_what_age_writes() {
    let bench = Bench::new();
    let keys = bench.write("keys.txt", &format!("{}\n", bench.secret()));
    for content in [&b""[..], b"x", &[0xff; 32], &[7; 64 * 1024]] {
        let sealed = seal(bench.identity.recipient(), content, &OsEntropy).expect("sealed");
        let file = bench.write("sealed.age", &sealed);
        let output = run(Command::new("age").args(["-d", "-i"]).args([&keys, &file]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, content);
        assert_eq!(open(&sealed, &bench.identity).expect("opened").as_slice(), content);

        let (stranger, _) = age_keygen();
        let recipients = [stranger.recipient().as_str(), bench.identity.recipient().as_str()];
        let mut age = Command::new("age");
        age.args(["-a", "-r", recipients[0], "-r", recipients[1]]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = age.spawn().expect("age is on the PATH: `make setup` installs it");
        child.stdin.take().expect("an input").write_all(content).expect("written");
        let theirs = child.wait_with_output().expect("ended");
        let theirs = String::from_utf8(theirs.stdout).expect("armored");
        assert_eq!(open(&theirs, &bench.identity).expect("opened").as_slice(), content);
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let text = prop_oneof![any::<String>(), "[a-z:# \n'\"|>-]{0,12}", "[0-9eE.:_xo+-]{1,8}", Just("yes".to_owned())];
    let key =
        prop_oneof![any::<String>(), "[a-z]{1,6}", Just("a:b".to_owned())].prop_filter("a merge", |key| key != "<<");
    let leaf = prop_oneof![
        text.clone().prop_map(|text| secret(&text)),
        text.prop_map(Tree::Text),
        any::<i64>().prop_map(Tree::Int),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Tree::Float),
        any::<bool>().prop_map(Tree::Bool),
        Just(Tree::Null),
    ];
    leaf.prop_recursive(4, 30, 5, move |inner| {
        let entries = prop::collection::btree_map(key.clone(), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Tree::List),
            entries.prop_map(|entries| Tree::Map(entries.into_iter().collect())),
        ]
    })
}

/// Text in clear is of the same shapes, without secrets.
fn clear(tree: Tree) -> Tree {
    match tree {
        Tree::Secret(text) => Tree::from(text.expose_secret()),
        Tree::List(items) => Tree::List(items.into_iter().map(clear).collect()),
        Tree::Map(entries) => Tree::Map(
            entries.into_iter().filter(|(key, _)| key != "data").map(|(key, value)| (key, clear(value))).collect(),
        ),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back(hidden in tree(), seen in tree()) {
        let bench = Bench::new();
        let sure = secret("always");
        let tree = Tree::map([("spec", clear(seen)), ("data", Tree::List(vec![sure, hidden]))]);
        let ours = bench.ours(&tree);
        prop_assert_eq!(bench.read(&ours).expect(&ours), comparable(&tree), "{}", ours);
        prop_assert_eq!(bench.decrypted(&ours).expect(&ours), comparable(&tree), "{}", ours);
    }
}
