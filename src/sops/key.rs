//! The keys of age: recipients (`age1…`), who may read, and identities (`AGE-SECRET-KEY-1…`), who can.
//!
//! Both are 32 bytes in Bech32 (<https://age-encryption.org/v1>, "The X25519 recipient type").

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::agreement::{PrivateKey, X25519};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::names::show;

/// Who may read: the public half of an X25519 key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    point: [u8; 32],
    text: String,
}

/// Who can read: the secret half. It is for tests and for whoever holds the key; Flux keeps its own in the cluster.
pub struct Identity {
    scalar: Zeroizing<[u8; 32]>,
    recipient: Recipient,
}

/// Why a key was refused. It never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} {problem}")]
pub struct KeyError {
    shown: String,
    problem: &'static str,
}

const NOT_A_RECIPIENT: &str = "is no age recipient: write `age1…`, as `age-keygen -y` prints it";
const SECRET: &str = "is the secret half of an age key: it must not lie here; make a new key, and write the public half \
                      that `age-keygen -y` prints";
/// kustomize-controller takes identities with sops' `ParsedIdentities.Import`, which knows no SSH keys; sops itself finds
/// those in files and the environment only (getsops/sops `age/keysource.go`, `parseIdentity`).
const SSH: &str = "is an SSH key, which Flux cannot decrypt with: write a recipient `age1…`";
const HYBRID: &str = "is a post-quantum recipient, which is not supported: write one of `age-keygen`'s default type";
const PLUGIN: &str = "needs a plug-in of age, which is not supported: write one of `age-keygen`'s default type";
const NOT_AN_IDENTITY: &str = "is no age identity of the form `AGE-SECRET-KEY-1…`";

impl Recipient {
    /// The recipient as `age1…`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The public key.
    pub(super) const fn point(&self) -> &[u8; 32] {
        &self.point
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Recipient({})", self.text)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Recipient {
    type Err = KeyError;

    /// Reads `age1…`. The kinds are told apart as sops does (`age/keysource.go`, `parseRecipient`).
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let refuse = |problem| KeyError { shown: show(text), problem };
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err(KeyError { shown: "this".to_owned(), problem: SECRET });
        }
        let body = match text.strip_prefix("age1") {
            Some(body) => body,
            None if text.starts_with("ssh-") => return Err(refuse(SSH)),
            None => return Err(refuse(NOT_A_RECIPIENT)),
        };
        if body.starts_with("pq1") {
            return Err(refuse(HYBRID));
        }
        if body.contains('1') {
            return Err(refuse(PLUGIN));
        }
        let point = decode("age", text).ok_or_else(|| refuse(NOT_A_RECIPIENT))?;
        Ok(Self { point: *point, text: text.to_owned() })
    }
}

impl Identity {
    /// Makes one from 32 random bytes.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut scalar = Zeroizing::new([0; 32]);
        entropy.fill(scalar.as_mut_slice());
        Self::new(scalar)
    }

    /// The public half.
    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The scalar as the library takes it.
    pub(super) fn private(&self) -> PrivateKey {
        private(&self.scalar)
    }

    fn new(scalar: Zeroizing<[u8; 32]>) -> Self {
        let point = public(&private(&scalar));
        let hrp = Hrp::parse("age").expect("three letters are a prefix");
        let text = bech32::encode::<Bech32>(hrp, &point).expect("32 bytes are short enough");
        Self { scalar, recipient: Recipient { point, text } }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity(secret of {})", self.recipient)
    }
}

impl FromStr for Identity {
    type Err = KeyError;

    /// Reads `AGE-SECRET-KEY-1…`.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let refused = || KeyError { shown: "this".to_owned(), problem: NOT_AN_IDENTITY };
        if !text.starts_with("AGE-SECRET-KEY-1") {
            return Err(refused());
        }
        decode("age-secret-key-", text).map(Self::new).ok_or_else(refused)
    }
}

/// The private key of 32 bytes, whatever they are: X25519 takes all (RFC 7748 §5).
pub(super) fn private(scalar: &[u8; 32]) -> PrivateKey {
    PrivateKey::from_private_key(&X25519, scalar).expect("any 32 bytes are a private key of X25519")
}

/// The public half of a private key.
pub(super) fn public(key: &PrivateKey) -> [u8; 32] {
    let point = key.compute_public_key().expect("a private key of X25519 has a public half");
    point.as_ref().try_into().expect("a public key of X25519 has 32 bytes")
}

/// 32 bytes in Bech32 with this prefix.
fn decode(prefix: &str, text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    // Bits beyond the last byte are zero in both uses of Bech32.
    checked.validate_segwit_padding().ok()?;
    if checked.hrp().to_lowercase() != prefix || checked.byte_iter().len() != 32 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.iter_mut().zip(checked.byte_iter()).for_each(|(place, byte)| *place = byte);
    Some(bytes)
}
