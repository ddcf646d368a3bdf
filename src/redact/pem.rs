//! Private keys: PEM blocks of every kind (RFC 7468), OpenSSH's too, whole or cut, with line breaks or with `\n` for
//! them; and the same without its armour, or in base64 once more, as Kubernetes' Secrets hold it.

use std::ops::Range;

use super::scan::run_end;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The longest label, `ENCRYPTED PRIVATE KEY`, has 21 characters.
const LONGEST_LABEL: usize = 40;

/// What a private key begins with in base64: OpenSSH's magic word, then `-----BEGIN … PRIVATE KEY` with each label.
const ENCODED: [&str; 6] = [
    "b3BlbnNzaC1rZXktdjE",
    "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ",
    "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt",
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t",
    "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0t",
    "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBLRVkt",
];

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = blocks(text);
    found.extend(ENCODED.iter().flat_map(|start| encoded(text, start)));
    found
}

fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(BEGIN) {
        let start = from + place;
        from = start + BEGIN.len();
        if let Some(body) = after_label(text, from) {
            let end = block_end(text, body);
            found.push(start..end);
            // The dashes of its end may be those of the next one's beginning.
            from = body.max(end - DASHES.len());
        }
    }
    found
}

/// Where the line of a private key's label ends.
fn after_label(text: &str, from: usize) -> Option<usize> {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
    let end = run_end(text.as_bytes(), from, fits);
    let is_label = end - from <= LONGEST_LABEL && text[from..end].contains("PRIVATE KEY");
    (is_label && text[end..].starts_with(DASHES)).then_some(end + DASHES.len())
}

/// After the line that ends the block; where there is none, as far as a key's lines could go.
fn block_end(text: &str, body: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = body;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'-' if text[at..].starts_with(END) => match after_label(text, at + END.len()) {
                Some(end) => return end,
                None => at += 1,
            },
            // Headers of old keys too: `Proc-Type: 4,ENCRYPTED`.
            b'+' | b'/' | b'=' | b'-' | b':' | b',' | b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            byte if byte.is_ascii_alphanumeric() => at += 1,
            b'\\' => match line_break(bytes, at) {
                Some(after) => at = after,
                None => break,
            },
            _ => break,
        }
    }
    body + text[body..at].trim_end().len()
}

/// After a line break that is written as `\n`, `\\r`, `\u{a}` or the like.
fn line_break(bytes: &[u8], at: usize) -> Option<usize> {
    let letter = run_end(bytes, at, |byte| byte == b'\\');
    match bytes.get(letter)? {
        b'n' | b'r' | b't' => Some(letter + 1),
        b'u' => Some(run_end(bytes, letter + 1, |byte| byte.is_ascii_hexdigit() || matches!(byte, b'{' | b'}'))),
        _ => None,
    }
}

fn encoded(text: &str, start: &str) -> Vec<Range<usize>> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(start) {
        let begin = from + place;
        from = run_end(text.as_bytes(), begin, fits);
        found.push(begin..from);
    }
    found
}
