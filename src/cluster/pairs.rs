//! A Secret with more than one key pair: while a deploy key is exchanged, the next pair lies beside the present
//! one, and then the old one beside the new. Flux reads `identity` only.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams};
use secrecy::{ExposeSecret as _, SecretString};

use super::client::{Cluster, FIELD_MANAGER};
use super::error::ClusterError;
use super::secret::{MANAGED_BY, SecretData, secret_call, wipe};
use crate::names::{Namespace, ObjectName, PublicKey};

/// One of the pairs in a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// The one that Flux fetches with.
    Current,
    /// The one that will take its place.
    Next,
    /// The one whose place was taken.
    Old,
}

impl Pair {
    /// The names of its halves among the Secret's values.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Current => ("identity", "identity.pub"),
            Self::Next => ("identity.next", "identity.next.pub"),
            Self::Old => ("identity.old", "identity.old.pub"),
        }
    }
}

/// How the pairs of a Secret change.
#[derive(Debug)]
pub enum PairChange<'a> {
    /// A pair is put beside the present one.
    Prepare {
        /// Its private half, PEM.
        identity: &'a SecretString,
        /// Its public half, one line.
        identity_pub: &'a str,
    },
    /// The next pair becomes the present one, which becomes the old one.
    Switch,
    /// Only the present pair stays.
    Finish,
}

impl SecretData {
    /// The public half of a pair: from the private one where it is in OpenSSH's format, else as it is written
    /// beside that. `None` where neither can be read.
    pub fn public_key(&self, pair: Pair) -> Option<PublicKey> {
        let (private, public) = pair.names();
        let identity = self.get(private)?;
        let derived = ssh_key::PrivateKey::from_openssh(identity.expose_secret()).ok();
        let derived = derived.and_then(|key| key.public_key().to_openssh().ok()?.parse().ok());
        derived.or_else(|| self.text(public)?.expose_secret().parse().ok())
    }

    /// Whether one of its pairs is this key's.
    pub fn holds(&self, key: &PublicKey) -> bool {
        [Pair::Current, Pair::Next, Pair::Old].into_iter().any(|pair| self.public_key(pair).as_ref() == Some(key))
    }

    /// A copy of a pair's values under the names of another.
    fn copy(&self, from: Pair, to: Pair) -> Vec<(String, ByteString)> {
        let ((private, public), (new_private, new_public)) = (from.names(), to.names());
        [(private, new_private), (public, new_public)]
            .into_iter()
            .filter_map(|(from, to)| Some((to.to_owned(), ByteString(self.get(from)?.expose_secret().to_vec()))))
            .collect()
    }

    /// All pairs as they are after the change: server-side apply takes away what is no longer named.
    fn changed(&self, change: &PairChange<'_>) -> BTreeMap<String, ByteString> {
        let (next, next_pub) = Pair::Next.names();
        let pairs = match change {
            PairChange::Prepare { identity, identity_pub } => {
                let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
                let new =
                    [(next.to_owned(), bytes(identity.expose_secret())), (next_pub.to_owned(), bytes(identity_pub))];
                [self.copy(Pair::Current, Pair::Current), new.into()]
            }
            PairChange::Switch => [self.copy(Pair::Next, Pair::Current), self.copy(Pair::Current, Pair::Old)],
            PairChange::Finish => [self.copy(Pair::Current, Pair::Current), Vec::new()],
        };
        pairs.into_iter().flatten().collect()
    }
}

impl Cluster {
    /// Changes the pairs of a Secret of ours that was read as `there`, by a server-side apply; its other values
    /// stay as they are.
    ///
    /// # Errors
    /// Any [`ClusterError`]; `Conflict` where the Secret is no longer as it was read.
    pub async fn change_pairs(
        &self,
        (namespace, name): (&Namespace, &ObjectName),
        there: &SecretData,
        change: &PairChange<'_>,
    ) -> Result<(), ClusterError> {
        let (uid, resource_version) = there.version.clone();
        let mut object = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_string()),
                labels: Some([(MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned())].into()),
                // Neither another Secret of this name nor one that somebody changed meanwhile.
                uid,
                resource_version,
                ..ObjectMeta::default()
            },
            data: Some(there.changed(change)),
            ..Secret::default()
        };
        // What was made by `create` is owned by an update of the same manager: that is no conflict between two.
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let patched = self.secrets(namespace).patch(name.as_str(), &parameters, &Patch::Apply(&object)).await;
        wipe(&mut object);
        let mut echo = patched.map_err(|error| secret_call("patch", namespace, name).failed(error))?;
        wipe(&mut echo);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, PairChange};
    use crate::clock::SeededEntropy;
    use crate::cluster::{KeyPair, SecretData};
    use secrecy::ExposeSecret as _;

    /// A Secret after a change of its pairs.
    fn after(there: &SecretData, change: &PairChange<'_>) -> SecretData {
        let values = there.changed(change).into_iter().map(|(key, value)| (key, value.0.into())).collect();
        SecretData { values, ..SecretData::default() }
    }

    fn pair(seed: u64) -> KeyPair {
        KeyPair::generate(&SeededEntropy::new(seed), "test").expect("a key")
    }

    #[test]
    fn a_pair_is_prepared_takes_the_place_of_the_other_and_that_goes() {
        let (old, new) = (pair(1), pair(2));
        let mut there = SecretData::default();
        let private = old.private_openssh.expose_secret().as_bytes().to_vec();
        there.values.insert("identity".to_owned(), private.into());
        there.values.insert("identity.pub".to_owned(), old.public_line.as_bytes().to_vec().into());
        let keys = |secret: &SecretData| {
            [Pair::Current, Pair::Next, Pair::Old].map(|pair| secret.public_key(pair).map(|key| key == new.public))
        };
        assert_eq!(keys(&there), [Some(false), None, None]);
        let prepare = PairChange::Prepare { identity: &new.private_openssh, identity_pub: &new.public_line };
        let prepared = after(&there, &prepare);
        assert_eq!(keys(&prepared), [Some(false), Some(true), None]);
        assert!(prepared.holds(&new.public) && prepared.holds(&old.public) && !there.holds(&new.public));
        let switched = after(&prepared, &PairChange::Switch);
        assert_eq!(keys(&switched), [Some(true), None, Some(false)]);
        assert_eq!(keys(&after(&switched, &PairChange::Finish)), [Some(true), None, None]);
        assert!(!format!("{prepare:?}").contains("OPENSSH"));
    }
}
