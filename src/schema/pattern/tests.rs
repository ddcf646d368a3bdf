use proptest::prelude::*;

use super::Pattern;

/// Patterns that Go takes, each with texts that match and texts that do not; told by a program with Go 1.26.
#[test]
fn patterns_match_as_in_go() {
    for (pattern, matching, others) in [
        (r"^[a-z]([-a-z0-9]*[a-z0-9])?$", &["a", "a-1"][..], &["", "A", "a-"][..]),
        (r"^\d+$", &["12"], &["٣", "x"]),
        (r"\bé", &[], &["é"]),
        (r"x\bé", &["xé"], &[]),
        (r"^\w+$", &["a_1"], &["é"]),
        (r"^\s$", &[" ", "\t"], &["\u{a0}", "\u{b}"]),
        (r"^\Qa.b*\E+$", &["a.b*", "a.b**"], &["axb*"]),
        (r"^a{,2}$", &["a{,2}"], &["aa"]),
        (r"^a{2}$", &["aa"], &["a"]),
        (r"^a{02}$", &["a{02}"], &["aa"]),
        (r"(?i)^ab$", &["AB"], &["abc"]),
        (r"(?i:a)b", &["Ab"], &["aB"]),
        (r"^(?P<x>a)(?<x>b)$", &["ab"], &[]),
        (r"^.$", &["é"], &["\n", "ab"]),
        (r"(?s)^.$", &["\n"], &[]),
        (r"^a$", &["a"], &["a\n"]),
        (r"(?m)^a$", &["b\na\n"], &["ba"]),
        (r"^[]a]$", &["]", "a"], &["b"]),
        (r"^[^]a]$", &["b", "\n"], &["]"]),
        (r"^[a-]$", &["-"], &["b"]),
        (r"^[[:alpha:]\d-]$", &["z", "5", "-"], &["é", "_"]),
        (r"^[\x{d7ff}-\x{e000}]$", &["\u{d7ff}", "\u{e000}"], &["a"]),
        (r"^\pL\p{Greek}\p{^Greek}\PL$", &["aαb1"], &["aab1"]),
        (r"^\101\x41\x{41}$", &["AAA"], &["aaa"]),
        (r"^(|a)*$", &["", "aa"], &["b"]),
        (r"a*(?i)*", &["", "x"], &[]),
        (r"^\_\-$", &["_-"], &[]),
        (r"x*?y??", &[""], &[]),
    ] {
        let read = Pattern::new(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
        for text in matching {
            assert_eq!(read.matches(text), Some(true), "{pattern} on {text:?}");
        }
        for text in others {
            assert_eq!(read.matches(text), Some(false), "{pattern} on {text:?}");
        }
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for pattern in [
        "(",
        ")",
        "a)",
        "[",
        "[]",
        "[a",
        "[z-a]",
        "[[:foo:]]",
        r"[a-\d]",
        r"[\b]",
        r"\",
        r"\8",
        r"\1",
        r"\C",
        r"\Z",
        r"\E",
        r"\k",
        r"\xg",
        r"\x{}",
        r"\x{110000}",
        r"\é",
        "a**",
        "a++",
        "a?+",
        "a{2}{3}",
        "a{2}*",
        "*",
        "a|*",
        "(*)",
        "(?i)*",
        "a{1001}",
        "a{2,1}",
        "a{99999999}",
        "((a{100}){11})",
        "(a{32}){32}",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "(?#c)",
        "(?x)a",
        "(?-)",
        "(?i-)",
        "(?P<>a)",
        "(?P<a-b>a)",
        "(?P=n)",
        r"\p{Grek}",
        r"\p{}",
        r"\p{sc=Greek}",
        r"\p{Alphabetic}",
        r"\pé",
        "(?",
        "(?i",
    ] {
        assert!(Pattern::new(pattern).is_err(), "{pattern} is refused");
    }
}

#[test]
fn what_go_takes_and_rust_does_not_is_taken() {
    for pattern in [
        "a{1000}",
        "(a{1000}){1}",
        "a{",
        "{",
        "}",
        "]",
        "a{1",
        r"\Q(",
        "[[]",
        "[a&&b]",
        r"\pN",
        "(?U)a+",
        "^*",
        r"[\]-a]",
        r"\p{greek}",
        "(?:)",
    ] {
        assert!(Pattern::new(pattern).is_ok(), "{pattern} is taken");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever Go takes by this reader, Rust builds: a translation that Rust cannot read would be a fault of it.
    #[test]
    fn any_pattern_is_read_without_panic(
        pattern in r"([ab\-\[\]\^(){}|*+?.$,0-9:=<>!]|\\[dDsSwWbBAzQExpP1]|\[:alpha:\]|\{2,3\}|\(\?|\(\?i|\(\?P<n>|é){0,25}",
        text in "[ab\né0-9]{0,8}",
    ) {
        if let Ok(read) = Pattern::new(&pattern) {
            prop_assert!(read.is_usable(), "{pattern} was not translated well");
            read.matches(&text);
        }
    }
}
