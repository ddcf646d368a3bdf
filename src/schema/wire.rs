//! Texts that the API server's decoder turns into something else.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 as Go reads it: padded, whatever the last bits are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// What is said of a text that is no base64, to stand behind the field's name.
pub const NO_BASE64: &str =
    "is no base64, which has letters, digits, `+` and `/`, with `=` at the end up to a multiple of four";

/// The bytes that a text stands for; `None` where it is not base64. Line breaks do not count.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let one_line: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    BASE64.decode(one_line).ok()
}

/// Whether a text is a time as Go's RFC 3339 has it, which is stricter than the parser.
pub fn is_time(text: &str) -> bool {
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let strict = signs.iter().all(|(at, sign)| text.as_bytes().get(*at) == Some(sign)) && !text.contains(['z', '[']);
    strict && text.parse::<jiff::Timestamp>().is_ok()
}

/// Whether a text is a time of Kubernetes' type `MicroTime`: with exactly six digits behind the seconds
/// (kubernetes/apimachinery `pkg/apis/meta/v1/micro_time.go`).
pub fn is_micro_time(text: &str) -> bool {
    let digits = text.get(19..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    is_time(text) && digits.bytes().take_while(u8::is_ascii_digit).count() == 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_go_reads_it() {
        assert_eq!(decode_base64("Cg==").as_deref(), Some(&b"\n"[..]));
        assert_eq!(decode_base64("C\ng=\n=\n").as_deref(), Some(&b"\n"[..]));
        assert_eq!(decode_base64("Ch==").as_deref(), Some(&b"\n"[..]));
        for other in ["Cg", "Cg=", "C g==", "_-==", "cleartext!"] {
            assert_eq!(decode_base64(other), None, "{other}");
        }
    }

    #[test]
    fn times_are_read_as_go_reads_them() {
        for (text, is) in [
            ("2030-01-31T12:00:00Z", true),
            ("2030-01-31T12:00:00.5+01:00", true),
            ("2030-01-31 12:00:00Z", false),
            ("2030-01-31T12:00:00z", false),
            ("2030-02-31T12:00:00Z", false),
            ("2030-01-31", false),
        ] {
            assert_eq!(is_time(text), is, "{text}");
        }
    }

    #[test]
    fn micro_times_have_six_digits() {
        for (text, is) in [
            ("2030-01-31T12:00:00.123456Z", true),
            ("2030-01-31T12:00:00.123456+01:00", true),
            ("2030-01-31T12:00:00.123Z", false),
            ("2030-01-31T12:00:00.1234567Z", false),
            ("2030-01-31T12:00:00Z", false),
        ] {
            assert_eq!(is_micro_time(text), is, "{text}");
        }
    }
}
