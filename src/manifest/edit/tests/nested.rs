use proptest::prelude::*;
use serde::Deserialize as _;

use crate::manifest::{EditError, Spot, insert_list_value, insert_text_line, remove_text_line};

const NAMESPACES: Spot<'_> = Spot { document: 1, path: &["spec", "match", "namespaces"] };
const PREFIXES: Spot<'_> = Spot { document: 0, path: &["data", "allowedPrefixes"] };

#[test]
fn a_list_deep_in_the_second_document() {
    let file = |list: &str| {
        format!(
            "# one\nkind: A\nspec: {{match: {{namespaces: [x]}}}}\n---\nkind: B\nspec:\n  match:\n    namespaces:{list}    kinds: [] # k\n---\n# three\n"
        )
    };
    for (before, after) in [
        ("\n      - team1 # first\n", "\n      - team1 # first\n      - team2\n"),
        ("\n    - \"team1\"\n", "\n    - \"team1\"\n    - \"team2\"\n"),
        (" [team1]\n", " [team1, team2]\n"),
        (" []\n", " [team2]\n"),
        (" [ 'a',\n      'b' ]\n", " [ 'a',\n      'b',\n      'team2' ]\n"),
    ] {
        let edited = insert_list_value(&file(before), NAMESPACES, "team2");
        assert_eq!(edited.as_deref(), Ok(file(after).as_str()));
        assert_eq!(insert_list_value(&file(after), NAMESPACES, "team2").as_deref(), Ok(file(after).as_str()));
    }
    for (list, expected) in [
        ("\n", "line 8: a value that is no list"),
        (" text\n", "line 8: a value that is no list"),
        (" [{a: b}]\n", "line 8: a list that holds more than names"),
        (" &x [a]\n", "line 8: an anchor"),
        (" [a]\n    namespaces: [b]\n", "line 9: a key that is there twice"),
    ] {
        let error = insert_list_value(&file(list), NAMESPACES, "team2").expect_err(list).to_string();
        assert!(error.contains(expected), "{list:?}: {error}");
    }
    let error = insert_list_value("a: 1\n", NAMESPACES, "team2").expect_err("one document").to_string();
    assert!(error.contains("an object without the field"), "{error}");
}

#[test]
fn a_line_of_a_block() {
    let line = "ssh://git@github.com/org/";
    for (before, after) in [
        ("data:\n  allowedPrefixes: |\n    a\n", "data:\n  allowedPrefixes: |\n    a\n    ssh://git@github.com/org/\n"),
        ("data:\n  allowedPrefixes: |\n    a", "data:\n  allowedPrefixes: |\n    a\n    ssh://git@github.com/org/"),
        (
            "data:\n  allowedPrefixes: |-\n   a\n   b\nx: 1\n",
            "data:\n  allowedPrefixes: |-\n   a\n   b\n   ssh://git@github.com/org/\nx: 1\n",
        ),
        (
            "data:\n  allowedPrefixes: |+ # c\n    a\n\n\n# end\nx: 1\n",
            "data:\n  allowedPrefixes: |+ # c\n    a\n    ssh://git@github.com/org/\n\n\n# end\nx: 1\n",
        ),
        (
            "data:\r\n  allowedPrefixes: |\r\n    a\r\n---\r\nb: 1\r\n",
            "data:\r\n  allowedPrefixes: |\r\n    a\r\n    ssh://git@github.com/org/\r\n---\r\nb: 1\r\n",
        ),
    ] {
        assert_eq!(insert_text_line(before, PREFIXES, line).as_deref(), Ok(after), "{before:?}");
        assert_eq!(insert_text_line(after, PREFIXES, line).as_deref(), Ok(after), "{after:?}");
    }
    for before in [
        "data: {allowedPrefixes: a}\n",
        "data:\n  allowedPrefixes: |\n",
        "data:\n  allowedPrefixes: |\nx: 1\n",
        "data:\n  allowedPrefixes: >\n    a\n",
        "",
    ] {
        assert!(insert_text_line(before, PREFIXES, line).is_err(), "{before:?}");
    }
}

#[test]
fn values_that_could_be_something_else() {
    for value in ["", "a b", "a: b", "a\nb", "a:", "#", "&x", "*x", "!x", "[", "\u{435}"] {
        for error in [
            insert_list_value("---\n---\nspec: {match: {namespaces: [a]}}\n", NAMESPACES, value),
            insert_text_line("data:\n  allowedPrefixes: |\n    a\n", PREFIXES, value),
        ] {
            assert!(matches!(error, Err(EditError::Value(_))), "{value:?}");
        }
    }
}

proptest! {
    #[test]
    fn one_line_more_and_every_byte_kept(
        lines in prop::collection::vec("[ ]{0,2}[a-z:/.#&*-]{1,8}", 1..5),
        (indent, chomp, after) in (1..5_usize, "[-+]?", "(\n|  # c\n|  other: 1\n|---\n# x\n){0,3}"),
        (crlf, cut) in (any::<bool>(), any::<bool>()),
    ) {
        let block: String = lines.iter().map(|line| format!("  {}{line}\n", " ".repeat(indent))).collect();
        let text = format!("# head\ndata:\n  allowedPrefixes: |{chomp}\n{block}{after}");
        let text = if cut { text.trim_end_matches('\n').to_owned() } else { text };
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        // The first line may be indented more than the next, which is no YAML then.
        let readable = serde_yaml::Deserializer::from_str(&text).next().is_some_and(|first| serde_yaml::Value::deserialize(first).is_ok());
        let edited = insert_text_line(&text, PREFIXES, "new");
        prop_assert!(edited.is_ok() || !readable, "{text:?}: {edited:?}");
        let Ok(edited) = edited else { return Ok(()) };
        let start = text.bytes().zip(edited.bytes()).take_while(|(old, new)| old == new).count();
        prop_assert_eq!(&text.as_bytes()[start..], &edited.as_bytes()[edited.len() - (text.len() - start)..]);
        prop_assert_eq!(edited.lines().filter(|line| line.trim() == "new").count(), 1, "{}", edited);
        prop_assert_eq!(insert_text_line(&edited, PREFIXES, "new"), Ok(edited));
    }

    #[test]
    fn arbitrary_text_is_edited_or_refused(noise in "[a\\[\\]{}:,&*!|>'\"%@# \n\r\t\\\\-]{0,40}") {
        for text in [format!("---\n---\nspec:\n  match:\n    namespaces:{noise}"), format!("data:\n  allowedPrefixes: |{noise}")] {
            for edited in [insert_list_value(&text, NAMESPACES, "new"), insert_text_line(&text, PREFIXES, "new")] {
                prop_assert!(edited.is_err() || edited.is_ok_and(|edited| edited.len() > text.len()));
            }
        }
    }
}

#[test]
fn a_line_of_a_text_goes_and_the_others_stay() {
    let text = "data:\n  allowedPrefixes: |\n    ssh://a/\n\n    ssh://b/\n    ssh://a/\n  other: x # y\n---\na: 1\n";
    assert_eq!(
        remove_text_line(text, PREFIXES, "ssh://a/").as_deref(),
        Ok("data:\n  allowedPrefixes: |\n\n    ssh://b/\n  other: x # y\n---\na: 1\n")
    );
    assert_eq!(remove_text_line(text, PREFIXES, "ssh://c/").as_deref(), Ok(text));
    let only = "data:\n  allowedPrefixes: |\n    ssh://a/\n";
    let error = remove_text_line(only, PREFIXES, "ssh://a/").expect_err("nothing would be left");
    assert!(error.to_string().contains("the only line of a block"), "{error}");
    assert!(remove_text_line("data: {allowedPrefixes: a}\n", PREFIXES, "a").is_err());
}
