//! JSON pointers (RFC 6901) into the description, and as fragments of an address.

use std::fmt::Write as _;

/// `base` with one more step.
pub(crate) fn join(base: &str, step: &str) -> String {
    format!("{base}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// A pointer as the fragment of an address (RFC 6901, section 6).
pub(crate) fn fragment(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + 16);
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A pointer with `*` for every index, so that the same fault in many items is one message.
pub(crate) fn without_indexes(pointer: &str) -> String {
    let number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    pointer.split('/').map(|step| if number(step) { "*" } else { step }).collect::<Vec<_>>().join("/")
}
