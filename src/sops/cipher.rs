//! One value as SOPS encrypts it (getsops/sops, `aes/cipher.go`): AES-256-GCM with a nonce of 32 bytes, which GCM hashes
//! (NIST SP 800-38D §7.1), written as `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use aes_gcm::aead::consts::U32;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::clock::Entropy;

/// The key of one file. Cleared when it goes; it shows nothing of itself.
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

/// A value that was decrypted: its bytes, and what SOPS calls its type.
pub(super) type Opened<'a> = (Zeroizing<Vec<u8>>, &'a str);

/// Why a value cannot be decrypted, in words that follow "the value".
pub(super) type Refused = &'static str;

impl DataKey {
    /// 32 random bytes.
    pub(super) fn generate(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut_slice());
        Self(key)
    }

    /// The key of these bytes; `None` where they are not 32.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be encrypted for the recipients.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0[..]
    }

    /// Encrypts a value. SOPS leaves empty text as it is.
    pub(super) fn seal(&self, plain: &str, kind: &str, place: &str, entropy: &dyn Entropy) -> String {
        if plain.is_empty() {
            return String::new();
        }
        let mut nonce = [0; 32];
        entropy.fill(&mut nonce);
        // Encrypted where it lies: the plain bytes are overwritten.
        let mut buffer = plain.as_bytes().to_vec();
        let tag = self
            .cipher()
            .encrypt_inout_detached(&Nonce::from(nonce), place.as_bytes(), buffer.as_mut_slice().into())
            .expect("less than 64 GiB");
        let [data, iv, tag] = [buffer.as_slice(), &nonce, tag.as_slice()].map(|bytes| STANDARD.encode(bytes));
        format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{kind}]")
    }

    /// Decrypts a value; empty text is itself.
    pub(super) fn open<'a>(&self, sealed: &'a str, place: &str) -> Result<Opened<'a>, Refused> {
        if sealed.is_empty() {
            return Ok((Zeroizing::default(), "str"));
        }
        let ([data, iv, tag], kind) = parts(sealed).ok_or("is not encrypted, or not as SOPS does it")?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| "has a part that is not base64");
        let mut buffer = Zeroizing::new(decode(data)?);
        let nonce: [u8; 32] = decode(iv)?.try_into().map_err(|_| "has an `iv` that is not 32 bytes long")?;
        let tag: [u8; 16] = decode(tag)?.try_into().map_err(|_| "has a `tag` that is not 16 bytes long")?;
        self.cipher()
            .decrypt_inout_detached(
                &Nonce::from(nonce),
                place.as_bytes(),
                buffer.as_mut_slice().into(),
                &Tag::from(tag),
            )
            .map_err(|_| "was changed or moved after it was encrypted")?;
        Ok((buffer, kind))
    }

    fn cipher(&self) -> AesGcm<Aes256, U32> {
        AesGcm::new((&*self.0).into())
    }
}

/// `data`, `iv` and `tag`, and the type.
fn parts(sealed: &str) -> Option<([&str; 3], &str)> {
    let mut fields = sealed.strip_prefix("ENC[AES256_GCM,")?.strip_suffix(']')?.split(',');
    let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix(':');
    let parts = ([field("data")?, field("iv")?, field("tag")?], field("type")?);
    fields.next().is_none().then_some(parts)
}
