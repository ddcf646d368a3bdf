//! What says that nothing was changed, added or left out.

use sha2::{Digest as _, Sha512};

/// The digest over the plain values in their order (getsops/sops, `sops.go`, `Tree.Encrypt`).
pub(super) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

/// What the digest starts with where it is over encrypted values only: SHA-256 of `sops`
/// (`sops.go`, `MACOnlyEncryptedInitialization`).
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

impl Mac {
    /// A digest over all values, or over those that are encrypted (`mac_only_encrypted`).
    pub(super) fn new(only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(ONLY_ENCRYPTED);
        }
        Self { hash, only_encrypted }
    }

    /// Counts a plain value.
    pub(super) fn count(&mut self, plain: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.hash.update(plain);
        }
    }

    /// The digest, hexadecimal with capitals.
    pub(super) fn finish(self) -> String {
        hex::encode_upper(self.hash.finalize())
    }
}
