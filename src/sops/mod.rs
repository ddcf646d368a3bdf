//! Kubernetes Secrets encrypted as [SOPS](https://github.com/getsops/sops) does for [age](https://age-encryption.org/v1)
//! recipients, so that Flux's kustomize-controller decrypts what lies in Git.
//!
//! `.sops.yaml` says for whom and which values ([`Rules`]); [`encrypt`] writes the file; [`EncryptedFile`] reads one.
//! A value is AES-256-GCM with a nonce of 32 bytes and the path of its keys as additional data (`aes/cipher.go`); a MAC
//! is SHA-512 over the plain values in their order (`sops.go`, `Tree.Encrypt`). The data key is an age file for each
//! recipient (`age/keysource.go`). Checked against sops 3.13.3 and age 1.3.2.
//!
//! What the tree calls a [secret](Tree::Secret) is never written in clear: where a rule would leave it so, nothing is
//! written. Flux does not compare the MAC, because kustomize sorts the keys before (`internal/decryptor/decryptor.go`,
//! `checkSopsMac`); people's `sops -d` does.

mod age;
mod cipher;
mod key;
mod mac;
mod read;
mod rules;
mod selection;
mod tree;
mod write;

pub use age::{AgeError, open, seal};
pub use key::{Identity, KeyError, Recipient};
pub use read::{DecryptError, EncryptedFile};
pub use rules::{Rule, Rules, RulesError};
pub use tree::{Tree, TreeError};
pub use write::{EncryptError, encrypt};

#[cfg(test)]
mod tests;
