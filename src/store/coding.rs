//! How a delivery's body is kept: webhook payloads are JSON with long repeated addresses, so LZ4 takes a
//! quarter of the space for a few microseconds, and the disk is what limits how many can be taken in.

use super::StoreError;

const PLAIN: &str = "identity";
const LZ4: &str = "lz4";
/// Below this there is nothing to gain.
const SMALL: usize = 256;
/// No body is larger: the receiver takes 25 MiB. A damaged length must not become an allocation.
const LARGEST: usize = 64 * 1024 * 1024;

/// A body as it is kept, with the name of its coding.
pub(super) fn encode(body: &[u8]) -> (&'static str, Vec<u8>) {
    if body.len() >= SMALL {
        let packed = lz4_flex::compress_prepend_size(body);
        if packed.len() < body.len() {
            return (LZ4, packed);
        }
    }
    (PLAIN, body.to_vec())
}

/// The body exactly as it was signed.
///
/// # Errors
/// [`StoreError::Unreadable`] for an unknown coding or damaged bytes.
pub(super) fn decode(coding: &str, kept: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::unreadable("a delivery's body");
    match coding {
        PLAIN => Ok(kept),
        LZ4 => {
            let length = kept.first_chunk::<4>().map(|length| u32::from_le_bytes(*length)).ok_or_else(damaged)?;
            if usize::try_from(length).is_ok_and(|length| length <= LARGEST) {
                lz4_flex::decompress_size_prepended(&kept).map_err(|_| damaged())
            } else {
                Err(damaged())
            }
        }
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_body_comes_back_as_it_was(body in prop::collection::vec(0..4_u8, 0..2_000)) {
            let (coding, kept) = encode(&body);
            prop_assert_eq!(decode(coding, kept).expect("ours"), body);
        }

        #[test]
        fn damaged_bytes_are_an_error_and_no_crash(kept in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(LZ4, kept);
        }
    }

    #[test]
    fn repeated_text_shrinks_and_a_lying_length_is_refused() {
        let body = br#"{"url":"https://api.github.com/repos/org/dev-cluster"}"#.repeat(100);
        let (coding, kept) = encode(&body);
        assert!(coding == LZ4 && kept.len() * 4 < body.len());
        let mut lying = kept;
        lying[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(LZ4, lying).is_err());
        assert!(decode("gzip", Vec::new()).is_err());
    }
}
