//! A role must not let its holders tell Flux what to apply.
//!
//! # What
//! Reports rules that allow writing Flux's Kustomizations, HelmReleases and sources (error), and its
//! Receivers, image automation, Alerts and Providers (warning), those of Flux v1's Helm operator as
//! well. In the namespaces of teams the first are a warning, but an error where the repository says that
//! the controller runs without `--default-service-account`, and a note where it says that it is locked
//! down, with `--no-cross-namespace-refs` and `--no-remote-bases` too.
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

use super::power::{self, Local, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, Scope};
use crate::tenancy::{Controller, Lockdown};

/// `rbac/flux-objects`.
#[derive(Debug)]
pub struct FluxObjects;

const ID: RuleId = RuleId::new("rbac/flux-objects");

impl Rule for FluxObjects {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("flux_objects.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        // What a team says of Flux's controllers in its own repository starts none.
        let is_asked =
            matches!(review.scope, Scope::Admin) && Prepared::with(review, |prepared| !prepared.roles.roles.is_empty());
        let of = |controller| if is_asked { Lockdown::of(review.after, controller) } else { Lockdown::Unknown };
        power::check(review, ID, &powers(of(Controller::Kustomize), of(Controller::Helm)))
    }
}

/// What is found where Flux is locked down like this.
fn powers(kustomize: Lockdown, helm: Lockdown) -> Vec<Power<'static>> {
    let [appliers, sources, others] = POWERS else { return POWERS.to_vec() };
    if (kustomize, helm) == (Lockdown::Unknown, Lockdown::Unknown) {
        return POWERS.to_vec();
    }
    let is_locked = (kustomize, helm) == (Lockdown::Locked, Lockdown::Locked);
    let kustomizations =
        Power { groups: &["kustomize.toolkit.fluxcd.io"], resources: &["kustomizations"], ..*appliers };
    let releases = Power { groups: &["helm.toolkit.fluxcd.io"], resources: &["helmreleases"], ..*appliers };
    vec![
        under(kustomize, kustomizations),
        under(helm, releases),
        // That of Flux v1 takes no such argument.
        Power { groups: &["helm.fluxcd.io"], resources: &["helmreleases"], ..*appliers },
        Power { local: if is_locked { Local::Note } else { sources.local }, ..*sources },
        *others,
    ]
}

/// The power to have a controller apply something. In every namespace there is Flux's own too, with its account, so
/// that is as bad however it is started.
fn under(lockdown: Lockdown, power: Power<'static>) -> Power<'static> {
    let (effect, local) = match lockdown {
        Lockdown::Open => (OPEN, Local::Same),
        Lockdown::Locked => (LOCKED, Local::Note),
        Lockdown::Unknown => (power.effect, power.local),
    };
    Power { effect, local, ..power }
}

const OPEN: &str = "have Flux apply what they like, with the rights of Flux: its controller runs without \
                    `--default-service-account`, so those of cluster-admin";
const LOCKED: &str = "have Flux apply what they like, with the rights of any service account there";

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
