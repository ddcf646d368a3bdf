//! The certificates with which the API server recognises a conversion webhook.

use crate::schema::decode_base64;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whether the API server finds a certificate in a bundle. A certificate is looked at from outside only, so
/// a broken one can pass.
pub(super) fn holds_certificate(bundle: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bundle);
    let blocks = text.split(BEGIN).skip(1).filter_map(|block| Some(block.split_once(END)?.0));
    blocks.filter_map(|block| decode_base64(&block.replace([' ', '\t'], ""))).any(|bytes| is_certificate(&bytes))
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
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD as BASE64;

    use super::holds_certificate;

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
}
