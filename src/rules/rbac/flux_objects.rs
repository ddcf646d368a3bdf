//! A role must not let its holders tell Flux what to apply.
//!
//! # What
//! Reports rules that allow writing Flux's Kustomizations, HelmReleases and sources (error), and its
//! Receivers, image automation, Alerts and Providers (warning), those of Flux v1's Helm operator as
//! well.
//!
//! # Why
//! Flux applies what they say with its own rights, which are those of cluster-admin where its
//! controllers run without `--default-service-account`, and takes sources from every namespace without
//! `--no-cross-namespace-refs`. Who writes a source decides what everybody behind it runs. Flux's own
//! ClusterRole `flux-edit` is aggregated into `admin` and `edit`.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["kustomize.toolkit.fluxcd.io"], resources: ["kustomizations"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["kustomize.toolkit.fluxcd.io"], resources: ["kustomizations"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/flux-objects`.
#[derive(Debug)]
pub struct FluxObjects;

const ID: RuleId = RuleId::new("rbac/flux-objects");

impl Rule for FluxObjects {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("flux_objects.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "have Flux apply what they like, with the rights of Flux: those of cluster-admin, unless it runs with `--default-service-account`",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::namespaced(
            WRITE,
            &["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "helm.fluxcd.io"],
            &["kustomizations", "helmreleases"],
        )
    },
    Power {
        effect: "change from where Flux takes what it applies for others",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::namespaced(
            WRITE,
            &["source.toolkit.fluxcd.io", "source.extensions.fluxcd.io"],
            &[
                "gitrepositories",
                "ocirepositories",
                "helmrepositories",
                "helmcharts",
                "buckets",
                "externalartifacts",
                "artifactgenerators",
            ],
        )
    },
    Power {
        danger: Severity::Warning,
        effect: "use the credentials that Flux has for Git and for messages",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::namespaced(
            WRITE,
            &["notification.toolkit.fluxcd.io", "image.toolkit.fluxcd.io"],
            &["receivers", "alerts", "providers", "imagerepositories", "imagepolicies", "imageupdateautomations"],
        )
    },
];
