mod nested;

use proptest::prelude::*;

use super::outline;
use super::{EditError, Spot, entry_path, insert_list_entry, remove_list_items};

const KEYS: &[&str] = &["resources", "bases"];

fn insert(text: &str) -> String {
    insert_list_entry(text, KEYS, "team2").unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Removes an entry from every list, however it is written.
fn remove_list_entry(text: &str, keys: &[&str], entry: &str) -> Result<String, EditError> {
    let path = entry_path(entry);
    let mut text = text.to_owned();
    for key in keys {
        let outline = outline::read(&text)?;
        let items = outline.find(key).map(|(_, _, list)| list.items()).unwrap_or_default();
        let named = |item: &outline::Node| item.text().and_then(entry_path) == path;
        let numbers = items.iter().enumerate().filter(|(_, item)| named(item)).map(|(number, _)| number).collect();
        text = remove_list_items(&text, Spot { document: 0, path: &[key] }, &numbers)?;
    }
    Ok(text)
}

#[test]
fn items_of_several_lines_go_whole() {
    let text = "patches: # all\n  # first\n  - path: a.yaml\n  # second\n  - target: # why\n      kind: A\n    patch: |-\n      - op: x\n\n        more\n\n  # third\n  - path: c.yaml # c\nx: {y: 1}\n";
    let remove = |numbers: &[usize]| {
        let spot = Spot { document: 0, path: &["patches"] };
        remove_list_items(text, spot, &numbers.iter().copied().collect()).expect("removed")
    };
    assert_eq!(
        remove(&[1]),
        "patches: # all\n  # first\n  - path: a.yaml\n  # second\n\n  # third\n  - path: c.yaml # c\nx: {y: 1}\n"
    );
    assert_eq!(remove(&[0, 1, 2]), "patches: [] # all\n  # first\n  # second\n\n  # third\nx: {y: 1}\n");
    let spot = Spot { document: 1, path: &["spec", "match", "namespaces"] };
    let deep = "a: 1\n---\nspec:\n  match:\n    namespaces:\n    - a\n    - 'b' # b\n";
    assert_eq!(
        remove_list_items(deep, spot, &[1].into()),
        Ok("a: 1\n---\nspec:\n  match:\n    namespaces:\n    - a\n".to_owned())
    );
    assert!(remove_list_items(deep, spot, &[2].into()).is_err(), "there is no such item");
}

fn refused(text: &str) -> String {
    insert_list_entry(text, KEYS, "team2").expect_err(text).to_string()
}

#[test]
fn the_entry_is_written_as_its_neighbours_are() {
    for (before, after) in [
        ("bases:\n  - ./common/\n  - ./team1/\n", "bases:\n  - ./common/\n  - ./team1/\n  - ./team2/\n"),
        ("resources:\n- common\n- team1\n", "resources:\n- common\n- team1\n- team2\n"),
        ("resources:\n  -   team1/\n", "resources:\n  -   team1/\n  -   team2/\n"),
        ("resources:\n- \"team1\"\n", "resources:\n- \"team1\"\n- \"team2\"\n"),
        ("resources:\n- './team1'\n", "resources:\n- './team1'\n- './team2'\n"),
        ("resources:\n- ./team1/\n- ns.yaml\n", "resources:\n- ./team1/\n- ns.yaml\n- ./team2/\n"),
        ("resources:\n- ./ns.yaml\n", "resources:\n- ./ns.yaml\n- ./team2\n"),
        ("resources: [a, b]\n", "resources: [a, b, team2]\n"),
        ("resources: [ a, b, ]\n", "resources: [ a, b, team2, ]\n"),
        ("resources: [\n  a,\n  b\n]\n", "resources: [\n  a,\n  b,\n  team2\n]\n"),
        ("resources: [\n  a,\n  b, # last\n]\n", "resources: [\n  a,\n  b, team2, # last\n]\n"),
        ("{resources: [\"./a/\"]}\n", "{resources: [\"./a/\", \"./team2/\"]}\n"),
        ("resources: []\n", "resources: [team2]\n"),
        ("resources: [ ] # none yet\nimages: []\n", "resources: [team2 ] # none yet\nimages: []\n"),
    ] {
        assert_eq!(insert(before), after);
        assert_eq!(insert(after), after, "twice is once");
    }
}

#[test]
fn a_file_is_written_as_files_are_and_never_as_a_directory() {
    for (before, after) in [
        ("resources:\n- ./a/\n- ./x.yaml\n- b/\n", "resources:\n- ./a/\n- ./x.yaml\n- b/\n- ./new.yaml\n"),
        ("resources:\n- ./a/\n", "resources:\n- ./a/\n- ./new.yaml\n"),
        ("resources:\n- 'x.yaml'\n", "resources:\n- 'x.yaml'\n- 'new.yaml'\n"),
        ("resources: []\n", "resources: [new.yaml]\n"),
    ] {
        assert_eq!(insert_list_entry(before, &["resources"], "new.yaml").as_deref(), Ok(after));
    }
}

#[test]
fn comments_sections_and_line_ends_stay() {
    for (before, after) in [
        ("bases:\n  - ./team1/", "bases:\n  - ./team1/\n  - ./team2/\n"),
        ("bases:\r\n  - ./team1/", "bases:\r\n  - ./team1/\r\n  - ./team2/\r\n"),
        ("bases:\r\n  - ./team1/\r\nx: 1\r\n", "bases:\r\n  - ./team1/\r\n  - ./team2/\r\nx: 1\r\n"),
        ("bases:\n  - ./team1/\nimages: []", "bases:\n  - ./team1/\n  - ./team2/\nimages: []"),
        (
            "bases:\n  - a # one\n  # two\n\n# three\nx: |\n  text\n",
            "bases:\n  - a # one\n  - team2\n  # two\n\n# three\nx: |\n  text\n",
        ),
        ("---\n# teams\nresources:\n- a\n", "---\n# teams\nresources:\n- a\n- team2\n"),
        ("bases: # teams\n", "bases: # teams\n  - team2\n"),
        ("bases:\n", "bases:\n  - team2\n"),
        ("bases:", "bases:\n  - team2"),
        ("resources:\nimages:\n- name: x\n", "resources:\n- team2\nimages:\n- name: x\n"),
        ("# nothing\n", "# nothing\nresources:\n  - team2\n"),
        ("", "resources:\n  - team2\n"),
        ("bases:\n- a\nx: |-\n  text", "bases:\n- a\n- team2\nx: |-\n  text"),
        ("---\n", "---\nresources:\n  - team2\n"),
        ("namespace: x", "namespace: x\nresources:\n  - team2\n"),
        ("images:\n- name: x\n", "images:\n- name: x\nresources:\n- team2\n"),
        ("a: \"é\u{1f600}\"\nbases:\n- é/../x\n- team1\n", "a: \"é\u{1f600}\"\nbases:\n- é/../x\n- team1\n- team2\n"),
    ] {
        assert_eq!(insert(before), after);
    }
}

#[test]
fn the_list_that_holds_directories_is_taken() {
    let both = "resources:\n  - ns.yaml\nbases:\n  - ./team1/\n";
    assert_eq!(insert(both), "resources:\n  - ns.yaml\nbases:\n  - ./team1/\n  - ./team2/\n");
    let files = "resources:\n  - ns.yaml\nbases: []\n";
    assert_eq!(insert(files), "resources:\n  - ns.yaml\n  - team2\nbases: []\n");
}

#[test]
fn what_is_there_stays_alone() {
    for entry in ["team2", "./team2", "team2/", "./team2/", "\"./team2/\"", "x/../team2", "././team2"] {
        for text in [format!("bases:\n- {entry}\n- z\n"), format!("resources: [a, {entry}]")] {
            assert_eq!(insert(&text), text);
        }
    }
    // A file or a longer name is something else.
    assert_ne!(insert("bases:\n- team2.yaml\n- team22\n"), "bases:\n- team2.yaml\n- team22\n");
}

#[test]
fn words_that_yaml_reads_otherwise_are_quoted() {
    for name in ["null", "true", "no", "on", "y"] {
        let text = insert_list_entry("resources:\n- a\n", KEYS, name).expect("inserted");
        assert_eq!(text, format!("resources:\n- a\n- \"{name}\"\n"));
    }
    assert_eq!(insert_list_entry("resources:\n- ./a\n", KEYS, "on").expect("inserted"), "resources:\n- ./a\n- ./on\n");
}

#[test]
fn unsafe_forms_are_refused() {
    for (text, expected) in [
        ("resources: &x\n- a\n", "line 1: an anchor"),
        ("x: &x 1\nresources:\n- a\n", "line 1: an anchor"),
        ("resources: !!seq\n- a\n", "line 1: a tag"),
        ("resources: [!a,b]\n", "line 1: a tag"),
        ("resources:\n- a\n---\nx: 1\n", "line 3: a second document"),
        ("resources:\n- a\n...\n", "line 3: a document that ends"),
        ("%YAML 1.1\n---\nresources:\n- a\n", "a `%` directive"),
        ("resources:\n\t- a\n", "line 2: a tab"),
        ("resources:\n- a\u{2028}- b\n", "line 2: a hidden control character"),
        ("\u{feff}resources:\n- a\n", "line 1: a hidden control character"),
        ("resources:\r- a\r", "a hidden control character"),
        ("resources: text\n", "line 1: a value that is no list"),
        ("resources: null\n", "line 1: a value that is no list"),
        ("resources:\n- {a: b}\n", "line 2: a list that holds more than names"),
        ("resources:\n- a\n-\n  b\n", "a list item over several lines"),
        ("resources:\n- a\n- 'b\n  c'\n", "a list item over several lines"),
        ("- a\n", "line 1: a file that is no mapping"),
        ("{namespace: x}\n", "line 1: a mapping in braces"),
        ("resources: [\n", "line 1: this is not readable YAML"),
        ("resources:\n- a\nresources:\n- b\n", "line 3: a key that is there twice"),
        ("? [a]\n: b\n", "a key that is no text"),
        // The new line's end would become part of the text above it.
        ("a: |+\n  text", "line 2: a last line without an end"),
    ] {
        let error = refused(text);
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    assert!(refused(&"[".repeat(100_000)).contains("is"));
    for entry in ["", "../x", "/x", "a b", "a: b", "-x", "x\n- y", "t\u{435}am"] {
        assert!(matches!(insert_list_entry("", KEYS, entry), Err(EditError::Entry(_))), "{entry}");
    }
}

#[test]
fn an_entry_goes_with_its_line_and_nothing_else() {
    let remove =
        |text: &str| remove_list_entry(text, KEYS, "team2").unwrap_or_else(|error| panic!("{text:?}: {error}"));
    for (before, after) in [
        ("resources:\n- a\n- ./team2/ # ours\n# note\n- b\n", "resources:\n- a\n# note\n- b\n"),
        ("resources:\n- a\n- team2", "resources:\n- a"),
        ("resources:\r\n- a\r\n- team2\r\n", "resources:\r\n- a\r\n"),
        ("resources: # teams\n- \"team2\"\nimages: []\n", "resources: [] # teams\nimages: []\n"),
        ("bases:\n  - ./team2/\n", "bases: []\n"),
        ("bases:\n  - ./team2/", "bases: []"),
        ("resources: [a, team2, b]\n", "resources: [a, b]\n"),
        ("resources: [a, team2]\n", "resources: [a]\n"),
        ("resources: [ team2, ]\n", "resources: [  ]\n"),
        ("resources: [\n  a,\n  team2\n]\n", "resources: [\n  a\n]\n"),
        ("resources: [team2, a, ./team2]\n", "resources: [a]\n"),
        ("resources:\n- team2\n- a\nbases:\n- b\n- team2/\n", "resources:\n- a\nbases:\n- b\n"),
        ("resources:\n- team22\n- team2.yaml\n", "resources:\n- team22\n- team2.yaml\n"),
        ("", ""),
    ] {
        assert_eq!(remove(before), after);
        assert_eq!(remove(after), after, "twice is once");
    }
    for text in ["resources: &x\n- team2\n", "resources:\n- a\n-\n  team2\n", "resources: [\n"] {
        assert!(remove_list_entry(text, KEYS, "team2").is_err(), "{text:?}");
    }
}

/// A kustomization file in one of many styles, with the given items.
fn file() -> impl Strategy<Value = String> {
    let name = "(\\./)?[a-z][a-z0-9-]{0,6}(/|\\.yaml)?";
    let comment = prop_oneof![Just(""), Just(" # why"), Just("   ")];
    let between = prop_oneof![Just(""), Just("# note\n"), Just("\n"), Just("  # - ./old/\n")];
    let item = (name, comment, between, 0..3_u8);
    let block = (prop::collection::vec(item, 1..5), 0..4_usize, 1..3_usize).prop_map(|(items, indent, gap)| {
        let line = |(name, comment, between, quote): (String, &str, &str, u8)| {
            let quote = ["", "\"", "'"][usize::from(quote)];
            format!("{}-{}{quote}{name}{quote}{comment}\n{between}", " ".repeat(indent), " ".repeat(gap))
        };
        format!("\n{}", items.into_iter().map(line).collect::<String>())
    });
    let flow = (prop::collection::vec(name, 0..4), any::<bool>(), any::<bool>()).prop_map(|(items, lines, comma)| {
        let separator = if lines { ",\n  " } else { ", " };
        let comma = if comma && !items.is_empty() { "," } else { "" };
        let open = if lines { "\n  " } else { "" };
        format!(" [{open}{}{comma}{}]\n", items.join(separator), if lines { "\n" } else { "" })
    });
    let list = prop_oneof![block, flow, Just("\n".to_owned()), Just(" # none\n".to_owned())];
    let before =
        prop_oneof![Just(""), Just("---\n"), Just("# head\n\n"), Just("namespace: x\n"), Just("x: |\n  a\n\n")];
    let after = prop_oneof![Just(""), Just("images: []\n"), Just("\n# end\n"), Just("patches:\n- path: p.yaml # x\n")];
    let key = prop_oneof![Just("resources:"), Just("bases:"), Just("\"resources\":")];
    (before, key, list, after, any::<bool>(), any::<bool>()).prop_map(|(before, key, list, after, crlf, cut)| {
        let text = format!("{before}{key}{list}{after}");
        let text = if cut { text.trim_end_matches('\n').to_owned() } else { text };
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

proptest! {
    #[test]
    fn one_entry_more_and_every_byte_kept(text in file()) {
        let values = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).expect("readable");
        let edited = insert_list_entry(&text, KEYS, "new-team").map_err(|error| TestCaseError::fail(error.to_string()))?;
        // The bytes before and after the insertion are the old ones.
        let start = text.bytes().zip(edited.bytes()).take_while(|(old, new)| old == new).count();
        prop_assert!(edited.len() > text.len());
        let end = edited.len() - (text.len() - start);
        prop_assert_eq!(&text.as_bytes()[start..], &edited.as_bytes()[end..]);
        // Another reader sees the same values and one entry more, the last.
        let (mut old, new) = (values(&text), values(&edited));
        let key = if text.contains("bases:") { "bases" } else { "resources" };
        let added = new[key].as_sequence().and_then(|list| list.last()).cloned().expect("a list");
        prop_assert_eq!(added.as_str().map(|name| name.trim_start_matches("./").trim_end_matches('/')), Some("new-team"));
        match old[key].as_sequence_mut() {
            Some(list) => list.push(added),
            None => old[key] = serde_yaml::Value::Sequence(vec![added]),
        }
        prop_assert_eq!(&old, &new);
        prop_assert_eq!(insert_list_entry(&edited, KEYS, "new-team"), Ok(edited.clone()));
        // Taken away again, the values are the old ones, and every byte is one of the old text.
        let removed = remove_list_entry(&edited, KEYS, "new-team").map_err(|error| TestCaseError::fail(error.to_string()))?;
        let before = values(&text);
        if before[key].as_sequence().is_some_and(|list| !list.is_empty()) {
            prop_assert_eq!(removed.trim_end_matches(['\r', '\n']), text.trim_end_matches(['\r', '\n']));
        } else {
            prop_assert_eq!(values(&removed)[key].as_sequence().map(Vec::len), Some(0), "{}", removed);
        }
    }

    #[test]
    fn any_entry_goes_and_the_others_stay(text in file(), number in 0..5_usize) {
        let values = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).expect("readable");
        let key = if text.contains("bases:") { "bases" } else { "resources" };
        let mut old = values(&text);
        let Some(entry) = old[key].as_sequence().and_then(|list| list.get(number)?.as_str().map(str::to_owned)) else {
            return Ok(());
        };
        let name = |value: &str| value.trim_start_matches("./").trim_end_matches('/').to_owned();
        let edited = remove_list_entry(&text, KEYS, &name(&entry)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if let Some(list) = old[key].as_sequence_mut() {
            list.retain(|item| item.as_str().map(name) != Some(name(&entry)));
        }
        prop_assert_eq!(values(&edited), old, "{}", edited);
        prop_assert!(edited.len() < text.len() + " []".len());
    }

    #[test]
    fn arbitrary_text_is_edited_or_refused(text in any::<String>(), noise in "[a\\[\\]{}:,&*!|>'\"%@# \n\r\t\\\\-]{0,40}") {
        for text in [&text, &noise, &format!("resources:\n{noise}"), &format!("resources: [{noise}")] {
            if let Ok(edited) = insert_list_entry(text, KEYS, "new-team") {
                prop_assert!(edited.len() >= text.len());
            }
            let removed = remove_list_entry(text, KEYS, "a");
            prop_assert!(removed.is_err() || removed.is_ok_and(|shorter| shorter.len() <= text.len() + 3));
        }
    }
}
