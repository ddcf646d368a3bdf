//! The certificates with which the API server recognises a conversion webhook.

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

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The bytes that a text stands for; `None` where it is not base64. Line breaks do not count.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let one_line: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    BASE64.decode(one_line).ok()
}

/// Whether the API server finds a certificate in a bundle. A certificate is looked at from outside only, so
/// a broken one can pass.
pub(super) fn holds_certificate(bundle: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bundle);
    let blocks = text.split(BEGIN).skip(1).filter_map(|block| Some(block.split_once(END)?.0));
    blocks.filter_map(|block| decode(&block.replace([' ', '\t'], ""))).any(|bytes| is_certificate(&bytes))
}

/// A sequence that fills the bytes and holds another one: what every certificate is.
fn is_certificate(bytes: &[u8]) -> bool {
    let Some((content, rest)) = sequence(bytes) else { return false };
    rest.is_empty() && sequence(content).is_some_and(|(body, rest)| !body.is_empty() && !rest.is_empty())
}

/// The content of a DER sequence, and what is behind it.
fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::{BASE64, decode, holds_certificate};
    use base64::Engine as _;

    fn pem(bytes: &[u8]) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(bytes))
    }

    #[test]
    fn a_bundle_holds_a_certificate_or_not() {
        let shell = [0x30, 0x06, 0x30, 0x01, 0x05, 0x30, 0x01, 0x05];
        assert!(holds_certificate(pem(&shell).as_bytes()));
        assert!(holds_certificate(format!("{}{}", pem(b"junk"), pem(&shell)).as_bytes()), "one is enough");
        for other in ["\n", "x", "-----BEGIN CERTIFICATE-----\n", &pem(b"junk"), &pem(&shell[..7])] {
            assert!(!holds_certificate(other.as_bytes()), "{other}");
        }
        assert!(!holds_certificate(pem(&shell).replace("CERTIFICATE", "PUBLIC KEY").as_bytes()));
    }

    #[test]
    fn base64_is_read_as_go_reads_it() {
        assert_eq!(decode("Cg==").as_deref(), Some(&b"\n"[..]));
        assert_eq!(decode("C\ng=\n=\n").as_deref(), Some(&b"\n"[..]));
        assert_eq!(decode("Ch==").as_deref(), Some(&b"\n"[..]));
        for other in ["Cg", "Cg=", "C g==", "_-==", "cleartext!"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
