//! What not every version of Kubernetes knows in a definition, and since when.
//!
//! Sources, all of kubernetes/kubernetes: the feature gates in `pkg/features/kube_features.go`
//! (`CustomResourceFieldSelectors`: 1.30 off, 1.31 on; `CRDValidationRatcheting`: 1.28 off, 1.30 on;
//! `CustomResourceValidationExpressions`: 1.23 off, 1.25 on); the libraries of CEL in
//! `staging/src/k8s.io/apiserver/pkg/cel/environment/base.go`; the formats in
//! `staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go`; for fields of rules the pull requests
//! #115969 (1.27), #118041 (1.28) and #121034 (1.29).
//!
//! New expressions are compiled, and formats checked, with what the version *before* the server's has
//! (`DefaultCompatibilityVersion` in `base.go`), so that a downgrade is possible: a library that is introduced in 1.30 is
//! of use from 1.31 on (`CHANGELOG-1.30.md` says so of IP addresses, #121912). Of `first` and `last` of lists, which came
//! with a release of cel-go and no version in that file, nothing is said here.

use super::cel;
use crate::names::KubernetesVersion;

/// The oldest version of which the table of Kubernetes' own kinds knows; what is judged by where none is configured.
pub const OLDEST: KubernetesVersion = KubernetesVersion::new(29);

/// Something in a definition that came with a version of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// What it is, as people write it.
    pub what: &'static str,
    /// The first minor version that does not refuse it.
    known: u32,
    /// The first one in which it does what it is for.
    from: u32,
}

/// What a version of Kubernetes makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// What it is for.
    Works,
    /// It takes the definition, and does nothing with this.
    Ignored,
    /// It does not take the definition.
    Refused,
}

impl Since {
    const fn new(what: &'static str, known: u32, from: u32) -> Self {
        Self { what, known, from }
    }

    /// What becomes of it in a version.
    pub fn fate(self, version: KubernetesVersion) -> Fate {
        match version.minor() {
            minor if minor >= self.from => Fate::Works,
            minor if minor >= self.known => Fate::Ignored,
            _ => Fate::Refused,
        }
    }

    /// The first version in which it works.
    pub const fn from(self) -> KubernetesVersion {
        KubernetesVersion::new(self.from)
    }
}

/// `selectableFields` of a version.
pub const SELECTABLE_FIELDS: Since = Since::new("selectableFields", 30, 31);
/// `x-kubernetes-validations` of a schema.
pub const VALIDATIONS: Since = Since::new("x-kubernetes-validations", 23, 25);
/// Fields of a rule of `x-kubernetes-validations`. Of `optionalOldSelf` 1.29 knows, but takes it away unless a gate is set:
/// then `oldSelf` is not optional, and the rule does not compile.
pub const OF_A_RULE: [Since; 4] = [
    Since::new("messageExpression", 27, 27),
    Since::new("reason", 28, 28),
    Since::new("fieldPath", 28, 28),
    Since::new("optionalOldSelf", 30, 30),
];
/// Formats of texts; what a version does not know is not checked there.
const FORMATS: [Since; 2] = [Since::new("k8s-short-name", 0, 35), Since::new("k8s-long-name", 0, 35)];
/// Libraries of CEL, each with the functions by which it is known. Whoever calls the others has called one of these.
const LIBRARIES: [(Since, &[&str]); 10] = [
    (
        Since::new("optional values", 29, 29),
        &["optional.of", "optional.none", "optional.ofNonZeroValue", ".optMap", ".optFlatMap", "_[?_]"],
    ),
    (Since::new("quantity", 29, 29), &["quantity", "isQuantity"]),
    (Since::new("sets", 30, 30), &["sets.contains", "sets.equivalent", "sets.intersects"]),
    (Since::new("strings.quote and format of texts", 30, 30), &["strings.quote", ".format"]),
    (Since::new("IP addresses", 31, 31), &["ip", "isIP", "ip.isCanonical", "cidr", "isCIDR"]),
    (
        Since::new("named formats", 32, 32),
        &[
            "format.byte",
            "format.date",
            "format.datetime",
            "format.dns1035Label",
            "format.dns1035LabelPrefix",
            "format.dns1123Label",
            "format.dns1123LabelPrefix",
            "format.dns1123Subdomain",
            "format.dns1123SubdomainPrefix",
            "format.labelValue",
            "format.named",
            "format.qualifiedName",
            "format.uri",
            "format.uuid",
        ],
    ),
    // `SetRecognizeKeywordAsFieldName` in `environment.go`; before that it was written `__namespace__`.
    (Since::new("a reserved word as a field's name", 32, 32), &[cel::KEYWORD]),
    (
        Since::new("macros with two variables", 33, 33),
        &["..all", "..exists", "..existsOne", "..exists_one", ".transformList", ".transformMap", ".transformMapEntry"],
    ),
    (Since::new("semver", 34, 34), &["semver", "isSemver"]),
    (
        Since::new("the lists library", 35, 35),
        &["lists.range", ".slice", ".flatten", ".distinct", ".sort", ".sortBy", ".reverse"],
    ),
];

/// The format of a text that not every version knows.
pub fn of_format(format: &str) -> Option<Since> {
    FORMATS.into_iter().find(|known| known.what == format)
}

/// What an expression of CEL asks of Kubernetes.
pub fn of_expression(expression: &str) -> Vec<Since> {
    let calls = cel::calls(expression);
    let is_called = |name: &str| match &calls {
        Some(calls) => calls.contains(name),
        None => expression.contains(name.trim_start_matches('.')),
    };
    let asked = LIBRARIES.iter().filter(|(_, names)| names.iter().any(|name| is_called(name)));
    asked.map(|(since, _)| *since).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::builtin::Versions;

    fn asked(expression: &str) -> Vec<(&'static str, u32)> {
        of_expression(expression).into_iter().map(|since| (since.what, since.from)).collect()
    }

    #[test]
    fn the_oldest_version_is_that_of_the_table() {
        assert!(Versions::of(None).to_string().starts_with(&format!("{OLDEST} to ")));
    }

    #[test]
    fn every_version_and_what_it_makes_of_everything() {
        use Fate::{Ignored, Refused, Works};
        let format = |name| of_format(name).expect("a format");
        let of_a_rule = |name| OF_A_RULE.into_iter().find(|since| since.what == name).expect("a field");
        // From the first version to the one before the next.
        for (since, fates) in [
            (SELECTABLE_FIELDS, &[(22, Refused), (30, Ignored), (31, Works)][..]),
            (VALIDATIONS, &[(22, Refused), (23, Ignored), (25, Works)]),
            (of_a_rule("messageExpression"), &[(22, Refused), (27, Works)]),
            (of_a_rule("reason"), &[(22, Refused), (28, Works)]),
            (of_a_rule("fieldPath"), &[(22, Refused), (28, Works)]),
            (of_a_rule("optionalOldSelf"), &[(22, Refused), (30, Works)]),
            (format("k8s-short-name"), &[(22, Ignored), (35, Works)]),
            (format("k8s-long-name"), &[(22, Ignored), (35, Works)]),
        ] {
            for minor in 22..=40 {
                let (_, fate) = fates.iter().rev().find(|(first, _)| *first <= minor).expect("a fate");
                assert_eq!(since.fate(KubernetesVersion::new(minor)), *fate, "{} in 1.{minor}", since.what);
            }
        }
        assert_eq!(of_format("ipv4"), None);
    }

    #[test]
    fn what_expressions_ask_for() {
        for (expression, wanted) in [
            ("self.a > 0", &[][..]),
            ("self.ip == 'x' && self.quantity.size() > 0", &[]),
            ("self.l.all(x, x > 0) && self.s.matches('a')", &[]),
            ("quantity(self.s).isGreaterThan(quantity('1Gi'))", &[("quantity", 29)]),
            ("self.?a.orValue(1) == optional.of(1).value()", &[("optional values", 29)]),
            ("self.?a == optional.none()", &[("optional values", 29)]),
            ("sets.contains(self.l, [1])", &[("sets", 30)]),
            ("'%s'.format([self.i]) == strings.quote('a')", &[("strings.quote and format of texts", 30)]),
            ("isIP(self.s)", &[("IP addresses", 31)]),
            ("cidr('10.0.0.0/8').containsIP(self.s)", &[("IP addresses", 31)]),
            ("!format.dns1123Label().validate(self.s).hasValue()", &[("named formats", 32)]),
            ("self.m.all(k, v, k != v)", &[("macros with two variables", 33)]),
            ("self.m.transformList(k, v, v).size() > 0", &[("macros with two variables", 33)]),
            ("isSemver(self.s)", &[("semver", 34)]),
            ("self.namespace == 'a'", &[("a reserved word as a field's name", 32)]),
            ("self.__namespace__ == 'a'", &[]),
            ("self.l.distinct().size() == self.l.size()", &[("the lists library", 35)]),
            (
                "self.a.exists(x, ip(x).family() == 4) ? isSemver(self.s) : true",
                &[("IP addresses", 31), ("semver", 34)],
            ),
            ("self.(", &[]),
        ] {
            assert_eq!(asked(expression), wanted, "{expression}");
        }
    }
}
