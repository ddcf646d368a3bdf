//! GitHub's tokens, which say what they are: `ghp_` (personal), `gho_` (OAuth), `ghu_` (user of an App), `ghs_`
//! (installation), `ghr_` (refresh), `github_pat_` (docs.github.com, "About authentication to GitHub"). Since 2026
//! installation tokens may be about 520 characters with a JWT inside, so dots and hyphens belong to them. Before
//! 2021 they were `v1.` and 40 hexadecimal digits.

use std::ops::Range;

use super::scan::run_end;

const PREFIXES: [&str; 7] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AGE-SECRET-KEY-"];
/// A token is at least 36 characters long. One that somebody has cut is still half a secret.
const SHORTEST: usize = 16;
const OLD: &str = "v1.";
const OLD_LENGTH: usize = 40;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<_> = PREFIXES.iter().flat_map(|prefix| prefixed(text, prefix)).collect();
    found.extend(old(text));
    found
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn prefixed(text: &str, prefix: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(prefix) {
        let start = from + place;
        let end = run_end(bytes, start, is_part);
        // The full stop of a sentence stays.
        let kept = start + text[start..end].trim_end_matches('.').len();
        from = end;
        if kept >= start + prefix.len() + SHORTEST {
            found.push(start..kept);
        }
    }
    found
}

fn old(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(OLD) {
        let start = from + place;
        let end = run_end(bytes, start + OLD.len(), |byte| byte.is_ascii_hexdigit());
        from = end;
        if end >= start + OLD.len() + OLD_LENGTH {
            found.push(start..end);
        }
    }
    found
}
