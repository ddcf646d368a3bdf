use super::super::tests::labels;
use super::{Operator, Requirement, Selector};

fn asks(text: &str) -> Selector {
    let expressions = text.split(';').filter(|part| !part.is_empty()).map(|part| {
        let mut words = part.split_whitespace();
        let mut next = || words.next().unwrap_or_default().to_owned();
        let (key, operator) = (next(), Operator::of(&next()));
        Requirement { key, operator, values: words.map(str::to_owned).collect() }
    });
    Selector { expressions: expressions.collect(), ..Selector::default() }
}

/// apimachinery, pkg/labels/selector.go `Requirement.Matches`.
#[test]
fn requirements_ask_as_the_api_server_does() {
    for (text, of, expected) in [
        ("", "", true),
        ("", "a=1", true),
        ("a In 1 2", "a=1", true),
        ("a In 1 2", "a=3", false),
        ("a In 1 2", "", false),
        ("a NotIn 1", "a=2", true),
        ("a NotIn 1", "a=1", false),
        ("a NotIn 1", "", true),
        ("a Exists", "a=", true),
        ("a Exists", "b=1", false),
        ("a DoesNotExist", "b=1", true),
        ("a DoesNotExist", "a=", false),
        ("a Exists;b NotIn 1", "a=1 b=2", true),
        ("a Exists;b NotIn 1", "a=1 b=1", false),
    ] {
        assert_eq!(asks(text).matches(&labels(of)), expected, "{text} {of}");
        assert!(asks(text).is_valid(), "{text}");
    }
}

#[test]
fn labels_and_expressions_are_asked_together() {
    let selector = Selector { labels: labels("a=1 b=2"), ..asks("c Exists") };
    assert!(selector.matches(&labels("a=1 b=2 c=3 d=4")));
    for other in ["a=1 b=2", "a=1 c=3", "a=1 b=3 c=3", "A=1 b=2 c=3"] {
        assert!(!selector.matches(&labels(other)), "{other}");
    }
}

/// apimachinery, pkg/labels/selector.go `NewRequirement`.
#[test]
fn what_the_api_server_refuses_selects_nothing() {
    for text in ["a In", "a NotIn", "a Exists 1", "a DoesNotExist 1", "a in 1", "a Gt 1", "b Exists;a ="] {
        assert!(!asks(text).is_valid(), "{text}");
        assert!(!asks(text).matches(&labels("a=1 b=1")) && !asks(text).matches(&labels("")), "{text}");
    }
}
