//! JSON Web Tokens: base64url of `{"`, and at least one more part after a dot (RFC 7519). The App's own, and those
//! of Kubernetes' service accounts.

use std::ops::Range;

use super::scan::run_end;

const START: &str = "eyJ";
/// The shortest header, `{"alg":"none"}`, has 19 characters; this is for one that was cut.
const SHORTEST: usize = 8;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut from, mut run) = (0, 0);
    while let Some(place) = text[from..].find(START) {
        let start = from + place;
        if start >= run {
            run = run_end(bytes, start, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        }
        let end = start + text[start..run].trim_end_matches('.').len();
        match text[start..end].find('.') {
            Some(dot) if dot >= SHORTEST && end - (start + dot) > SHORTEST => {
                found.push(start..end);
                from = run;
            }
            // Too short a part in front of the dot: another start may come after it.
            Some(dot) => from = start + dot,
            None => from = run,
        }
    }
    found
}
