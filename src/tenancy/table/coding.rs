//! How values stand in a table's bytes. Bytes are only ever read that were written here, in the same
//! process: what does not fit is a fault of this program.

use std::borrow::Cow;

use crate::manifest::Position;

/// Texts that stand in almost every repository, written as one byte.
const WORDS: [&str; 48] = [
    "",
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "replacements",
    "configurations",
    "crds",
    "generators",
    "transformers",
    "validators",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "apiextensions.k8s.io",
    "source.toolkit.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "Namespace",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "Service",
    "ResourceQuota",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "Job",
    "NetworkPolicy",
    "Ingress",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GitRepository",
    "Kustomization",
    "HelmRelease",
    "HelmRepository",
];

const FITS: &str = "these bytes were written by the same program";

/// Writes values one after another.
#[derive(Debug, Default)]
pub(in crate::tenancy) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(in crate::tenancy) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A number in groups of seven bits, the lowest first.
    pub(in crate::tenancy) fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.bytes.push(low_seven(number) | 0x80);
            number >>= 7;
        }
        self.bytes.push(low_seven(number));
    }

    pub(in crate::tenancy) fn flag(&mut self, flag: bool) {
        self.number(usize::from(flag));
    }

    pub(in crate::tenancy) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(in crate::tenancy) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A text that is probably one of [`WORDS`].
    pub(in crate::tenancy) fn word(&mut self, text: &str) {
        match WORDS.iter().position(|word| *word == text) {
            Some(place) => self.number(place + 1),
            None => {
                self.number(0);
                self.text(text);
            }
        }
    }

    pub(in crate::tenancy) fn optional(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        text.into_iter().for_each(|text| self.text(text));
    }

    pub(in crate::tenancy) fn position(&mut self, position: Position) {
        self.number(position.offset);
        self.number(position.line as usize);
        self.number(position.column as usize);
    }

    pub(in crate::tenancy) fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut one: impl FnMut(&mut Self, T),
    ) {
        self.number(items.len());
        items.for_each(|item| one(self, item));
    }
}

fn low_seven(number: usize) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits fit into eight")
}

/// Reads them again, in the same order.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenancy) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::tenancy) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    pub(in crate::tenancy) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::tenancy) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::tenancy) fn number(&mut self) -> usize {
        let (mut number, mut shift) = (0_usize, 0);
        loop {
            let byte = *self.0.split_off_first().expect(FITS);
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    pub(in crate::tenancy) fn small(&mut self) -> u32 {
        u32::try_from(self.number()).expect(FITS)
    }

    pub(in crate::tenancy) fn flag(&mut self) -> bool {
        self.number() != 0
    }

    pub(in crate::tenancy) fn bytes(&mut self) -> &'a [u8] {
        let length = self.number();
        self.0.split_off(..length).expect(FITS)
    }

    pub(in crate::tenancy) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.bytes()).expect(FITS)
    }

    pub(in crate::tenancy) fn owned(&mut self) -> String {
        self.text().to_owned()
    }

    pub(in crate::tenancy) fn word(&mut self) -> Cow<'static, str> {
        match self.number() {
            0 => Cow::Owned(self.owned()),
            place => Cow::Borrowed(WORDS[place - 1]),
        }
    }

    pub(in crate::tenancy) fn optional(&mut self) -> Option<String> {
        self.flag().then(|| self.owned())
    }

    pub(in crate::tenancy) fn position(&mut self) -> Position {
        Position { offset: self.number(), line: self.small(), column: self.small() }
    }

    pub(in crate::tenancy) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.number()).map(|_| one(self)).collect()
    }
}
