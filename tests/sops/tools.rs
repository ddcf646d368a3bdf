//! The real programs, and values in a form in which both sides can be compared.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bailiwick::clock::{OsEntropy, SeededEntropy};
use bailiwick::sops::{DecryptError, EncryptedFile, Identity, Rule, Tree, encrypt};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A directory of its own for one test, with a key in it.
pub(crate) struct Bench {
    directory: TempDir,
    pub(crate) identity: Identity,
    secret: String,
}

impl Bench {
    /// With a key that `age-keygen` has made.
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().expect("room for a directory");
        let (identity, secret) = age_keygen();
        Self { directory, identity, secret }
    }

    /// The key's secret half.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Runs sops here, with the key.
    pub(crate) fn sops(&self, arguments: &[&str]) -> Output {
        self.sops_as(&self.secret, arguments)
    }

    /// Runs sops here, with another key.
    pub(crate) fn sops_as(&self, secret: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("sops");
        command.current_dir(self.directory.path()).env_clear().env("HOME", self.directory.path());
        command.env("PATH", std::env::var_os("PATH").expect("a PATH")).env("SOPS_AGE_KEY", secret);
        run(command.args(arguments))
    }

    /// What sops makes of our file.
    pub(crate) fn decrypted(&self, text: &str) -> Result<Value, String> {
        let path = self.write("ours.yaml", text);
        let output = self.sops(&["decrypt", "--output-type", "json", utf8(&path)]);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let read = serde_json::from_slice(&output.stdout).expect("sops prints JSON");
        Ok(alike(read))
    }

    /// What sops makes of a clear text.
    pub(crate) fn encrypted(&self, text: &str, arguments: &[&str]) -> String {
        let path = self.write("theirs.yaml", text);
        let recipient = self.identity.recipient().as_str();
        let mut all = vec!["--encrypt", "--age", recipient];
        all.extend(arguments);
        all.push(utf8(&path));
        let output = self.sops(&all);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// A rule for Secrets, for the key of this bench.
    pub(crate) fn rule(&self) -> Rule {
        Rule::for_secrets(vec![self.identity.recipient().clone()], ".sops.yaml:1")
    }

    /// Our file by that rule.
    pub(crate) fn ours(&self, tree: &Tree) -> String {
        encrypt(tree, &self.rule(), &OsEntropy, Timestamp::from_second(1_790_000_000).expect("a time"))
            .expect("encrypted")
    }

    /// What we make of a file.
    pub(crate) fn read(&self, text: &str) -> Result<Value, DecryptError> {
        read(text)?.decrypt(&self.identity).map(|tree| comparable(&tree))
    }
}

pub(crate) fn read(text: &str) -> Result<EncryptedFile, DecryptError> {
    EncryptedFile::read(&"secret.yaml".parse().expect("a path"), text.as_bytes())
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    command.output().unwrap_or_else(|error| {
        panic!("{} cannot be run ({error}): `make setup` installs sops, age and age-keygen", program.display())
    })
}

/// A key as `age-keygen` makes it.
pub(crate) fn age_keygen() -> (Identity, String) {
    let output = run(&mut Command::new("age-keygen"));
    let text = String::from_utf8(output.stdout).expect("text");
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).expect("a secret key");
    let identity: Identity = line.parse().expect("an identity");
    let public = text.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("a public key");
    assert_eq!(identity.recipient().as_str(), public);
    (identity, line.to_owned())
}

/// A key that is no secret, always the same for the same number.
pub(crate) fn known(seed: u64) -> Identity {
    Identity::generate(&SeededEntropy::new(seed))
}

pub(crate) fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A tree as JSON, numbers as text.
pub(crate) fn comparable(tree: &Tree) -> Value {
    alike(match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => json!(value),
        Tree::Int(value) => json!(value),
        Tree::Float(value) => json!(value),
        Tree::Text(text) => json!(text),
        Tree::Secret(text) => json!(text.expose_secret()),
        Tree::List(items) => items.iter().map(comparable).collect(),
        Tree::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), comparable(value))).collect::<Map<_, _>>())
        }
    })
}

/// Numbers as the text of their value, so that 5 and 5.0 are alike, which they are to Go's JSON. Of a fraction and of
/// what is beyond 2^53 twelve digits are enough: serde_json reads no more exactly, and the MAC is over all of them.
fn alike(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().expect("a float");
            let exact = float.fract() == 0.0 && float.abs() < 9e15;
            // As an integer there is no -0.
            json!({"number": if exact { format!("{}", float as i64) } else { format!("{float:.12e}") }})
        }
        Value::Array(items) => items.into_iter().map(alike).collect(),
        Value::Object(entries) if entries.keys().eq(["number"]) => Value::Object(entries),
        Value::Object(entries) => Value::Object(entries.into_iter().map(|(key, value)| (key, alike(value))).collect()),
        other => other,
    }
}
