use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{JOINER, block, code, cut, escape, prose};

/// What a reader sees, and whether there was anything besides one paragraph of text.
fn rendered(markdown: &str) -> (String, bool) {
    let mut text = String::new();
    let mut plain = true;
    // What GitHub renders.
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(part) => text.push_str(&part),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            _ => plain = false,
        }
    }
    (text, plain)
}

#[test]
fn hostile_text_reads_the_same_and_does_nothing() {
    for text in [
        "@org/team look",
        "fixes #1, org/repo#2, GH-3",
        "<script>alert(1)</script><!-- bailiwick:1 -->",
        "![x](https://evil.example/x.png) [y](javascript:alert(1))",
        "https://github.com/org/repo/issues/1 www.example.org me@example.org",
        "```\ncode\n```",
        "# heading",
        "- item | cell",
        "1. one",
        "a `b` *c* _d_ ~~e~~ &amp; $x$",
    ] {
        let one_line = text.replace('\n', "\\u{a}");
        let (seen, plain) = rendered(&escape(text));
        assert!(plain, "{text} became more than text: {}", escape(text));
        assert_eq!(seen.replace(JOINER, ""), one_line);
        for link in ["@org", "@example", "#1", "#2", "GH-3", "://", "www."] {
            assert!(!seen.contains(link), "{link} is still in {seen}");
        }
    }
}

#[test]
fn code_keeps_its_content_inside() {
    assert_eq!(code("team1"), "`team1`");
    assert_eq!(code("a``b`c"), "```a``b`c```");
    assert_eq!(code("`x`"), "`` `x` ``");
    assert_eq!(code("a|b\nc"), "`a\u{2502}b\\u{a}c`");
    assert_eq!(code(""), "");
}

#[test]
fn a_block_cannot_be_left() {
    assert_eq!(block("a\n````\nb\u{1b}", "yaml"), "`````yaml\na\n````\nb\\u{1b}\n`````");
    assert_eq!(block("a", ""), "```\na\n```");
}

#[test]
fn a_cut_is_visible_and_between_characters() {
    assert_eq!(cut("short", 5), "short");
    let long = "ü".repeat(100);
    let short = cut(&long, 61);
    assert!(short.len() <= 61 && short.ends_with("… (cut: 200 bytes in all)"), "{short}");
    assert_eq!(cut("üü", 3), "ü");
}

proptest! {
    #[test]
    fn whatever_is_escaped_stays_one_line_of_text(text in "[ -~\n]{1,40}") {
        prop_assume!(!text.trim().is_empty());
        let (_, plain) = rendered(&escape(&text));
        prop_assert!(plain);
    }

    #[test]
    fn a_cut_never_exceeds_its_limit(text in "\\PC{0,40}", limit in 0usize..80) {
        prop_assert!(cut(&text, limit).len() <= limit.max(text.len().min(limit)));
    }

    #[test]
    fn code_is_one_code_span(text in "[!-~]{1,30}") {
        let events: Vec<Event<'_>> = Parser::new(&code(&text)).map(Event::into_static).collect();
        let codes = events.iter().filter(|event| matches!(event, Event::Code(_))).count();
        prop_assert_eq!((events.len(), codes), (3, 1));
    }
}

#[test]
fn prose_keeps_our_code_and_escapes_the_rest() {
    assert_eq!(prose("`/check`: \"*x*\" is no word"), "`/check`: \"\\*x\\*\" is no word");
    assert_eq!(prose("one ` alone"), "one \\` alone");
    assert_eq!(prose("``"), "");
    for text in ["`a` \"`@org/team`\" <img> `b`", "`a ``` @org `b", "a`<!-- x -->"] {
        let joined = prose(text);
        let mut code = false;
        for event in Parser::new(&joined) {
            match event {
                Event::Text(part) => assert!(!part.contains("@org"), "{joined}"),
                Event::Html(_) | Event::InlineHtml(_) => panic!("HTML in {joined}"),
                Event::Code(_) => code = true,
                _ => {}
            }
        }
        assert!(code || !text.starts_with('`'), "{joined}");
    }
}
