use super::{Aspect, KEYWORDS, compare};
use crate::manifest::{self, Node};
use crate::schema::Schema;

fn node(text: &str) -> Node {
    let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
    assert_eq!(file.problems, []);
    file.documents.into_iter().next().expect("a document")
}

/// The differences, each as aspect, place and line.
fn differences(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (node(before), node(after));
    let found = compare(Schema::new(&before), Schema::new(&after), "x");
    found
        .iter()
        .map(|it| format!("{:?} {} {} {}", it.aspect, it.place(), it.named().unwrap_or_default(), it.node().start.line))
        .collect()
}

#[test]
fn what_is_the_same_in_other_words_does_not_differ() {
    for (before, after) in [
        ("{type: object, required: [a, b]}", "{required: [b, a], type: object}"),
        ("{enum: [1, 2.0]}", "{enum: [2, 1]}"),
        ("{nullable: false, description: ''}", "{}"),
        ("{required: [], default: null}", "{}"),
        ("{allOf: [{required: [a]}]}", "{allOf: [{required: [a]}]}"),
        ("{default: {a: 1, b: [2]}}", "{default: {b: [2], a: 1}}"),
    ] {
        assert_eq!(differences(before, after), Vec::<String>::new(), "{before} {after}");
    }
}

#[test]
fn every_difference_is_found_once_at_its_own_place() {
    let before = "type: object\nproperties:\n  spec:\n    type: object\n    properties:\n      mode: {type: string, enum: [a, b]}\n      gone: {type: string}\n      list: {type: array, items: {type: integer}}\n      map: {type: object, additionalProperties: {type: string, maxLength: 5}}\n";
    let after = "type: object\nproperties:\n  spec:\n    type: object\n    required: [mode]\n    properties:\n      mode: {type: string, enum: [a], default: a}\n      fresh: {type: string}\n      list: {type: array, items: {type: string}}\n      map: {type: object, additionalProperties: {type: string, maxLength: 4}}\n";
    insta::assert_snapshot!(differences(before, after).join("\n"), @r"
    Required x.properties[spec].required spec 5
    Enum x.properties[spec].properties[mode].enum spec.mode 7
    Default x.properties[spec].properties[mode].default spec.mode 7
    FieldRemoved x.properties[spec].properties[gone] spec.gone 6
    Type x.properties[spec].properties[list].items.type spec.list.* 9
    Limit x.properties[spec].properties[map].additionalProperties.maxLength spec.map.* 10
    FieldAdded x.properties[spec].properties[fresh] spec.fresh 8
    ");
}

#[test]
fn what_replaces_something_else_is_a_difference_of_the_whole() {
    for (before, after, expected) in [
        ("{additionalProperties: {type: string}}", "{additionalProperties: false}", "UnknownFields"),
        ("{additionalProperties: true}", "{}", "UnknownFields"),
        ("{items: {type: string}}", "{}", "Other"),
        ("{items: [{type: string}]}", "{items: {type: string}}", "Other"),
        ("{x-mine: 1}", "{x-mine: 2}", "Other"),
        ("{default: false}", "{}", "Default"),
        ("{default: ''}", "{}", "Default"),
        ("{anyOf: [{required: [a]}]}", "{anyOf: [{required: [b]}]}", "Joined"),
    ] {
        let found = differences(before, after);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{before} {after}: {found:?}");
    }
}

#[test]
fn no_keyword_has_two_aspects() {
    let mut seen = std::collections::BTreeSet::new();
    for (aspect, keywords) in KEYWORDS {
        for keyword in keywords {
            assert!(seen.insert(*keyword), "{keyword}");
            assert_eq!(Aspect::of(keyword), aspect);
        }
    }
}
