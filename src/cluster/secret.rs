use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use zeroize::Zeroize as _;

use super::client::{Cluster, FIELD_MANAGER};
use super::error::{Call, ClusterError};
use super::pairs::Pair;
use crate::names::{Namespace, ObjectName, PublicKey};

/// The label that says who made an object (kubernetes.io, "Recommended Labels").
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The label that Flux puts on what a Kustomization applies (fluxcd.io, "Kustomization", garbage collection).
const APPLIED_BY_FLUX: &str = "kustomize.toolkit.fluxcd.io/name";

/// The values of a Secret.
#[derive(Debug, Default)]
pub struct SecretData {
    /// The Secret's type, such as `Opaque`.
    pub kind: String,
    pub(super) values: BTreeMap<String, SecretSlice<u8>>,
    pub(super) labels: BTreeMap<String, String>,
    /// Which object it is, and in which state it was read.
    pub(super) version: (Option<String>, Option<String>),
}

impl SecretData {
    /// One value, as bytes.
    pub fn get(&self, key: &str) -> Option<&SecretSlice<u8>> {
        self.values.get(key)
    }

    /// One value, where it is UTF-8 text.
    pub fn text(&self, key: &str) -> Option<SecretString> {
        let text = std::str::from_utf8(self.values.get(key)?.expose_secret()).ok()?;
        Some(SecretString::from(text))
    }

    /// The keys, which are no secret.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether Bailiwick made it, and it does not come from Git, where Flux would put it back as it was.
    pub fn is_ours(&self) -> bool {
        let ours = self.labels.get(MANAGED_BY).is_some_and(|by| by == FIELD_MANAGER);
        ours && !self.labels.contains_key(APPLIED_BY_FLUX)
    }

    fn read(secret: Secret) -> Self {
        let values = secret.data.unwrap_or_default();
        let values = values.into_iter().map(|(key, ByteString(value))| (key, value.into())).collect();
        Self {
            kind: secret.type_.unwrap_or_default(),
            values,
            labels: secret.metadata.labels.unwrap_or_default(),
            version: (secret.metadata.uid, secret.metadata.resource_version),
        }
    }
}

/// What Flux needs to fetch over SSH (Flux docs, source/gitrepositories, "SSH authentication").
#[derive(Debug)]
pub struct GitSecret {
    /// The private key, PEM.
    pub identity: SecretString,
    /// The public key, one line.
    pub identity_pub: String,
    /// The forge's host keys, `known_hosts` format.
    pub known_hosts: String,
}

/// What became of the wish for a Secret with a deploy key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnsureOutcome {
    /// There was none: it was made with the given key.
    Created,
    /// There is one with this public key, which stays: it is the one to register.
    AlreadyThere(PublicKey),
    /// There is one that holds no key that could be read. It was left as it is; a person has to look.
    Unusable,
}

/// The public half of the key in a Flux Git Secret: from `identity` where it is in OpenSSH's format
/// (`ssh-keygen`, Bailiwick), else from `identity.pub` (Flux's own tool writes PKCS#8, and puts the
/// public half beside it). `None` where neither can be read.
pub fn public_key_of_secret(secret: &SecretData) -> Option<PublicKey> {
    secret.public_key(Pair::Current)
}

impl Cluster {
    /// The Secret, or `None` where there is none of this name.
    ///
    /// # Errors
    /// Any [`ClusterError`] except `NotFound`.
    pub async fn secret(&self, namespace: &Namespace, name: &ObjectName) -> Result<Option<SecretData>, ClusterError> {
        let call = secret_call("get", namespace, name);
        let found = self.secrets(namespace).get_opt(name.as_str()).await.map_err(|error| call.failed(error))?;
        Ok(found.map(SecretData::read))
    }

    /// Makes the Secret that Flux fetches with, unless there is one: an existing identity is never
    /// overwritten, because its public half may be registered already.
    ///
    /// # Errors
    /// Any [`ClusterError`]; `NotFound` where the namespace is not there.
    pub async fn ensure_git_secret(
        &self,
        namespace: &Namespace,
        name: &ObjectName,
        wanted: &GitSecret,
    ) -> Result<EnsureOutcome, ClusterError> {
        if let Some(there) = self.secret(namespace, name).await? {
            return Ok(outcome_of(&there));
        }
        let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let mut object = object(name, wanted);
        let created = self.secrets(namespace).create(&parameters, &object).await;
        wipe(&mut object);
        match created.map_err(|error| secret_call("create", namespace, name).failed(error)) {
            Ok(mut echo) => {
                wipe(&mut echo);
                Ok(EnsureOutcome::Created)
            }
            // Somebody was faster between our two requests: theirs counts.
            Err(conflict @ ClusterError::Conflict { .. }) => {
                self.secret(namespace, name).await?.as_ref().map(outcome_of).ok_or(conflict)
            }
            Err(ClusterError::NotFound { .. }) => {
                Err(ClusterError::NotFound { object: format!("Namespace {namespace}") })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn secrets(&self, namespace: &Namespace) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace.as_str())
    }
}

fn outcome_of(there: &SecretData) -> EnsureOutcome {
    public_key_of_secret(there).map_or(EnsureOutcome::Unusable, EnsureOutcome::AlreadyThere)
}

fn object(name: &ObjectName, wanted: &GitSecret) -> Secret {
    let value = |text: &str| ByteString(text.as_bytes().to_vec());
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_string()),
            labels: Some([(MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned())].into()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(
            [
                ("identity".to_owned(), value(wanted.identity.expose_secret())),
                ("identity.pub".to_owned(), value(&wanted.identity_pub)),
                ("known_hosts".to_owned(), value(&wanted.known_hosts)),
            ]
            .into(),
        ),
        ..Secret::default()
    }
}

/// The client's own types do not clear what they held.
pub(super) fn wipe(secret: &mut Secret) {
    secret.data.iter_mut().flatten().for_each(|(_, ByteString(value))| value.zeroize());
}

pub(super) fn secret_call(verb: &'static str, namespace: &Namespace, name: &ObjectName) -> Call {
    Call { verb, resource: "secrets", object: format!("Secret {namespace}/{name}") }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::{GitSecret, SecretData, object, public_key_of_secret, wipe};
    use crate::clock::SeededEntropy;
    use crate::cluster::KeyPair;

    fn secret(values: &[(&str, &str)]) -> SecretData {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec().into())).collect();
        SecretData { kind: "Opaque".to_owned(), values, ..SecretData::default() }
    }

    #[test]
    fn the_private_half_counts_and_the_public_file_only_where_it_must() {
        let pair = KeyPair::generate(&SeededEntropy::new(1), "one").expect("a key");
        let other = KeyPair::generate(&SeededEntropy::new(2), "two").expect("a key");
        let public = other.public.to_string();
        let identity = pair.private_openssh.expose_secret();
        let both = secret(&[("identity", identity), ("identity.pub", &public)]);
        assert_eq!(public_key_of_secret(&both), Some(pair.public.clone()), "identity.pub only informs");
        let pkcs8 = secret(&[("identity", "-----BEGIN PRIVATE KEY-----\nMIG2\n"), ("identity.pub", &public)]);
        assert_eq!(public_key_of_secret(&pkcs8), Some(other.public.clone()));
        assert_eq!(public_key_of_secret(&secret(&[("identity.pub", &public)])), None, "no private half, no key");
        assert_eq!(public_key_of_secret(&secret(&[("username", "git"), ("password", "x")])), None);
    }

    #[test]
    fn what_was_sent_is_cleared() {
        let wanted =
            GitSecret { identity: "s3cret".into(), identity_pub: "public".to_owned(), known_hosts: "hosts".to_owned() };
        let mut object = object(&"flux-git-auth".parse().expect("a name"), &wanted);
        assert_eq!(object.data.as_ref().expect("values")["identity"].0, b"s3cret");
        wipe(&mut object);
        assert!(object.data.expect("values").values().all(|value| value.0.is_empty()));
        assert!(!format!("{wanted:?}").contains("s3cret"));
    }

    #[test]
    fn values_are_never_shown() {
        let shown = format!("{:?}", secret(&[("password", "s3cret")]));
        assert!(shown.contains("password") && !shown.contains("s3cret"), "{shown}");
        let bytes = format!("{:?}", b"s3cret");
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }
}
