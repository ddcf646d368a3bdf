//! A file that somebody has changed is refused here as sops refuses it.

use secrecy::SecretString;

use bailiwick::sops::Tree;

use crate::tools::Bench;

fn file(bench: &Bench) -> String {
    let values = ["one", "two"].map(|name| (name, Tree::Secret(SecretString::from(format!("value {name}")))));
    bench.ours(&Tree::map([
        ("apiVersion", Tree::from("v1")),
        ("kind", Tree::from("Secret")),
        ("metadata", Tree::map([("name", Tree::from("x"))])),
        ("stringData", Tree::map(values)),
    ]))
}

/// The line that starts with this, without blanks.
fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.trim_start().starts_with(start)).expect(start)
}

/// The first character of a value's part is another.
fn flipped(text: &str, start: &str, part: &str) -> String {
    let old = line(text, start);
    let at = old.find(part).expect(part) + part.len();
    let other = if old[at..].starts_with('A') { 'B' } else { 'A' };
    text.replace(old, &format!("{}{other}{}", &old[..at], &old[at + 1..]))
}

#[test]
fn what_was_changed_is_refused_by_both() {
    let bench = Bench::new();
    let text = file(&bench);
    bench.decrypted(&text).expect("whole");
    bench.read(&text).expect("whole");
    let (one, two) = (line(&text, "one:"), line(&text, "two:"));
    let age = text.lines().position(|line| line.contains("BEGIN AGE")).expect("a key") + 2;
    let key_line = text.lines().nth(age).expect("a line of the key");
    let mut letters: Vec<char> = key_line.trim().chars().collect();
    letters.reverse();
    let changes = [
        ("a value", flipped(&text, "one:", "data:")),
        ("a nonce", flipped(&text, "one:", "iv:")),
        ("a tag", flipped(&text, "one:", "tag:")),
        ("a type", text.replace(one, &one.replace("type:str", "type:int"))),
        ("the MAC", flipped(&text, "mac:", "data:")),
        ("the time", text.replace("lastmodified: \"2026", "lastmodified: \"2027")),
        ("text in clear", text.replace("name: x", "name: y")),
        ("a value that is gone", text.replace(&format!("{two}\n"), "")),
        ("a value in clear", text.replace(two, "  two: clear")),
        ("a value that is empty", text.replace(two, "  two: \"\"")),
        ("values that changed places", text.replace("one:", "xxx:").replace("two:", "one:").replace("xxx:", "two:")),
        ("values in another order", text.replace(&format!("{one}\n{two}\n"), &format!("{two}\n{one}\n"))),
        ("one more value", text.replace("kind: Secret", "kind: Secret\nmore: true")),
        ("the selection", text.replace("encrypted_regex: \"^(data|stringData)$\"", "encrypted_regex: \"^(data)$\"")),
        ("the MAC's kind", text.replace("  version:", "  mac_only_encrypted: true\n  version:")),
        ("the data key", text.replace(key_line, &format!("        {}", letters.iter().collect::<String>()))),
    ];
    for (what, changed) in changes {
        assert_ne!(changed, text, "{what}");
        assert!(bench.decrypted(&changed).is_err(), "sops takes it: {what}");
        assert!(bench.read(&changed).is_err(), "we take it: {what}");
    }
}

/// Where only encrypted values count, the rest may change.
#[test]
fn what_may_change_is_taken_by_both() {
    let bench = Bench::new();
    let clear = "kind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n";
    let theirs = bench.encrypted(clear, &["--encrypted-regex", "^stringData$", "--mac-only-encrypted"]);
    let changed = theirs.replace("name: x", "name: y");
    assert_ne!(changed, theirs);
    assert_eq!(bench.decrypted(&changed).expect("taken"), bench.read(&changed).expect("taken"));
}
