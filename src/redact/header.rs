//! What stands in an `Authorization` header, and `Bearer …` or `Basic …` without it.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use super::scan::{Value, find_word, looks_secret, run_end, skip_quotes, skip_separator};

const HEADER: &str = "authorization";
const SCHEMES: [&str; 5] = ["bearer", "basic", "token", "digest", "negotiate"];
/// `x-access-token:` in base64: what Git sends, without the scheme.
const GIT: &str = "eC1hY2Nlc3MtdG9rZW46";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = each(bytes, HEADER, header_value);
    found.extend(each(bytes, "bearer", |bytes, at, value| {
        bare(bytes, at, value).filter(|value| looks_secret(&bytes[value.clone()]))
    }));
    found.extend(each(bytes, "basic", |bytes, at, value| {
        bare(bytes, at, value).filter(|value| is_basic(&bytes[value.clone()]))
    }));
    found.extend(each(bytes, GIT, |bytes, at, value| Some(at - GIT.len()..value.from(bytes, at).end)));
    found
}

/// What `secret` makes of every place after `needle`.
fn each(
    bytes: &[u8],
    needle: &str,
    secret: impl Fn(&[u8], usize, &mut Value) -> Option<Range<usize>>,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut value) = (0, Value::default());
    while let Some(place) = find_word(bytes, from, needle) {
        from = place + needle.len();
        found.extend(secret(bytes, from, &mut value));
    }
    found
}

/// The credentials of a header whose name ends at `at`.
fn header_value(bytes: &[u8], at: usize, value: &mut Value) -> Option<Range<usize>> {
    let (_, after) = skip_separator(bytes, at)?;
    let start = skip_quotes(bytes, after);
    let scheme = |scheme: &&str| {
        bytes[start..].get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    if let Some(name) = SCHEMES.iter().find(|name| scheme(name)) {
        let after = start + name.len();
        if matches!(bytes.get(after), Some(b' ' | b'\t')) {
            return bare(bytes, after, value);
        }
    }
    let all = value.from(bytes, start);
    looks_secret(&bytes[all.clone()]).then_some(all)
}

/// The word after a scheme and at least one blank.
fn bare(bytes: &[u8], scheme: usize, value: &mut Value) -> Option<Range<usize>> {
    let start = run_end(bytes, scheme, |byte| matches!(byte, b' ' | b'\t'));
    let word = (start > scheme).then(|| value.from(bytes, start))?;
    (!word.is_empty()).then_some(word)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether it is `user:password` in base64.
fn is_basic(value: &[u8]) -> bool {
    let digits = &value[..run_end(value, 0, |byte| is_base64(byte) && byte != b'=')];
    let whole = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { digits };
    BASE64.decode(whole).is_ok_and(|plain| plain.contains(&b':'))
}
