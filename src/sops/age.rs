//! The age file format (<https://age-encryption.org/v1>, C2SP `age.md`): one X25519 recipient, armored, and content of
//! at most one chunk. SOPS keeps its data key in such files. The primitives are AWS-LC's.
//!
//! The crate `age` is not used: it takes its randomness from the operating system, not from [`Entropy`], and brings some
//! fifty crates, a pre-release among them.

mod header;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::key::{self, Identity, Recipient};
use crate::clock::Entropy;
use header::{Header, VERSION};

/// Why an age file could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// The recipient's point is one with which every key agrees on the same secret (RFC 7748 §6.1).
    #[error("{0} is no usable public key: make a new one with `age-keygen`")]
    UselessRecipient(String),
    /// The content has more than one chunk of 64 KiB.
    #[error("more than 64 KiB in one age file are not supported")]
    TooLong,
    /// The file is not of this format.
    #[error("this is no armored age file: {0}")]
    Malformed(&'static str),
    /// The file is for others.
    #[error("the age file is not encrypted for this identity")]
    NotForIdentity,
    /// Somebody has changed the file.
    #[error("the age file was changed after it was written")]
    Tampered,
}

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;
const CHUNK: usize = 64 * 1024;
/// One chunk with its tag and the header, in base64 with line ends.
const LONGEST: usize = 128 * 1024;
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// The nonce where a key is used once only.
const ONCE: [u8; 12] = [0; 12];
/// The nonce of the first chunk when it is the last one too.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

type Key = Zeroizing<[u8; 32]>;

/// Encrypts for one recipient.
///
/// # Errors
/// [`AgeError::UselessRecipient`] and [`AgeError::TooLong`].
pub fn seal(recipient: &Recipient, content: &[u8], entropy: &dyn Entropy) -> Result<String, AgeError> {
    if content.len() > CHUNK {
        return Err(AgeError::TooLong);
    }
    let mut file_key = Zeroizing::new([0; 16]);
    let (mut ephemeral, mut nonce) = (Key::default(), [0; 16]);
    entropy.fill(file_key.as_mut_slice());
    entropy.fill(ephemeral.as_mut_slice());
    entropy.fill(&mut nonce);
    let ephemeral = key::private(&ephemeral);
    let share = key::public(&ephemeral);
    let wrap = wrapping_key(&ephemeral, recipient.point(), [&share, recipient.point()])
        .ok_or_else(|| AgeError::UselessRecipient(recipient.to_string()))?;
    let (share, body) = (STANDARD_NO_PAD.encode(share), STANDARD_NO_PAD.encode(encrypt(&wrap, ONCE, &file_key[..])));
    let signed = format!("{VERSION}\n-> X25519 {share}\n{body}\n---");
    let mac = hmac::sign(&header_key(&file_key[..]), signed.as_bytes());
    let mut file = format!("{signed} {}\n", STANDARD_NO_PAD.encode(mac)).into_bytes();
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&encrypt(&derive(&nonce, &file_key[..], b"payload"), ONLY_CHUNK, content));
    Ok(armor(&file))
}

/// Decrypts for the holder of an identity.
///
/// # Errors
/// [`AgeError::NotForIdentity`] where no X25519 stanza is for it; else what is wrong with the file.
pub fn open(armored: &str, identity: &Identity) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let file = unarmor(armored)?;
    let header = Header::read(&file)?;
    let file_key = header.stanzas.iter().find_map(|(share, body)| {
        let wrap = wrapping_key(&identity.private(), share, [share, identity.recipient().point()])?;
        decrypt(&wrap, ONCE, body)
    });
    let file_key = file_key.ok_or(AgeError::NotForIdentity)?;
    hmac::verify(&header_key(&file_key), header.signed, &header.mac).map_err(|_| AgeError::Tampered)?;
    let (nonce, chunk) = header.payload.split_at_checked(16).ok_or(AgeError::Malformed("it is cut off"))?;
    if chunk.len() > CHUNK + 16 {
        return Err(AgeError::TooLong);
    }
    decrypt(&derive(nonce, &file_key, b"payload"), ONLY_CHUNK, chunk).ok_or(AgeError::Tampered)
}

/// The key that wraps the file key: own and other half agree, salted with the share and the recipient.
fn wrapping_key(own: &PrivateKey, theirs: &[u8; 32], [share, recipient]: [&[u8; 32]; 2]) -> Option<Key> {
    let mut salt = [0; 64];
    salt[..32].copy_from_slice(share);
    salt[32..].copy_from_slice(recipient);
    agree(own, UnparsedPublicKey::new(&X25519, theirs), (), |secret| Ok(derive(&salt, secret, LABEL))).ok()
}

/// HKDF-SHA-256 (RFC 5869) to 32 bytes.
fn derive(salt: &[u8], secret: &[u8], label: &[u8]) -> Key {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let label = [label];
    let expanded = extracted.expand(&label, hkdf::HKDF_SHA256).expect("32 bytes are less than HKDF gives at most");
    let mut key = Key::default();
    expanded.fill(key.as_mut_slice()).expect("the length that was asked for");
    key
}

fn header_key(file_key: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive(&[], file_key, b"header")[..])
}

fn cipher(key: &Key) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key[..]).expect("32 bytes are a key"))
}

fn encrypt(key: &Key, nonce: [u8; 12], content: &[u8]) -> Vec<u8> {
    // With room for the tag, so that the plain bytes are never left behind in a buffer that was too small.
    let mut buffer = Vec::with_capacity(content.len() + CHACHA20_POLY1305.tag_len());
    buffer.extend_from_slice(content);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut buffer).expect("less than 256 GiB");
    buffer
}

fn decrypt(key: &Key, nonce: [u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key).open_in_place(nonce, Aad::empty(), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

fn armor(file: &[u8]) -> String {
    let mut text = format!("{BEGIN}\n");
    for line in file.chunks(COLUMNS / 4 * 3) {
        text.push_str(&STANDARD.encode(line));
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    text
}

fn unarmor(text: &str) -> Result<Vec<u8>, AgeError> {
    if text.len() > LONGEST {
        return Err(AgeError::TooLong);
    }
    let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body = body.ok_or(AgeError::Malformed("its first or last line is missing"))?;
    let body: String = body.lines().collect();
    STANDARD.decode(body).map_err(|_| AgeError::Malformed("it is not base64"))
}
