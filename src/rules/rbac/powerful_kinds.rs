//! A role must not write objects behind which a stronger program works.
//!
//! # What
//! Reports rules that allow writing cluster-wide issuers and secret stores, policies of Kyverno, and
//! objects by which Argo CD, Crossplane, the Operator Lifecycle Manager, Cluster API and Velero install
//! or restore whatever they say (error). Certificates, external and sealed secrets and the stores of a
//! namespace are a warning where they hold in every namespace. The policy may name more: under
//! `powerful_kinds` stand items like `{group: acme.example.org, resource: challenges, severity: warning}`,
//! of which the severity may be left out.
//!
//! # Why
//! A program does what these objects say, with its own rights: it fetches a secret that their author
//! cannot read, signs a certificate for a name that is not the author's, installs, restores, or
//! switches checks off.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["external-secrets.io"], resources: ["clustersecretstores"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Role
//! rules:
//!   - {apiGroups: ["external-secrets.io"], resources: ["externalsecrets"], verbs: ["create"]}
//! ```

use super::power::{self, Local, PUT, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, PowerfulKind, Review, Rule};

/// `rbac/powerful-kinds`.
#[derive(Debug)]
pub struct PowerfulKinds;

const ID: RuleId = RuleId::new("rbac/powerful-kinds");

impl Rule for PowerfulKinds {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("powerful_kinds.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let own = OwnKinds::of(review);
        power::check(review, ID, &[POWERS, &own.powers()].concat())
    }
}

/// The kinds that the policy calls powerful, as words that powers can be made of.
pub(super) struct OwnKinds<'k>(Vec<([&'k str; 1], [&'k str; 1], Severity)>);

impl<'k> OwnKinds<'k> {
    pub(super) fn of(review: &Review<'k>) -> Self {
        let words = |kind: &'k PowerfulKind| ([kind.group.as_str()], [kind.resource.as_str()], kind.severity);
        Self(review.powerful_kinds.iter().map(words).collect())
    }

    /// Writing each of them. Whether its objects live in namespaces is not known, so it counts there too.
    pub(super) fn powers(&self) -> Vec<Power<'_>> {
        self.0
            .iter()
            .map(|(group, resource, danger)| Power {
                danger: *danger,
                effect: "have a program do what they may not do themselves, as the policy says of these objects",
                remedy: "Keep get, list and watch, and put these objects into this repository.",
                ..Power::namespaced(WRITE, group, resource)
            })
            .collect()
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "have a program do for them what they may not do themselves, in the whole cluster",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::cluster(
            WRITE,
            &[
                "cert-manager.io",
                "external-secrets.io",
                "kyverno.io",
                "policies.kyverno.io",
                "pkg.crossplane.io",
                "trust.cert-manager.io",
            ],
            &[
                "clusterissuers",
                "clustersecretstores",
                "clusterexternalsecrets",
                "clusterpushsecrets",
                "clusterpolicies",
                "validatingpolicies",
                "mutatingpolicies",
                "imagevalidatingpolicies",
                "providers",
                "functions",
                "configurations",
                "bundles",
            ],
        )
    },
    Power {
        effect: "have a program install or let in what they like, with its rights",
        remedy: "Keep get, list and watch, and put these objects into this repository.",
        ..Power::namespaced(
            WRITE,
            &[
                "argoproj.io",
                "operators.coreos.com",
                "velero.io",
                "cluster.x-k8s.io",
                "addons.cluster.x-k8s.io",
                "kyverno.io",
            ],
            &[
                "applications",
                "applicationsets",
                "appprojects",
                "subscriptions",
                "operatorgroups",
                "catalogsources",
                "restores",
                "clusters",
                "clusterresourcesets",
                "policyexceptions",
            ],
        )
    },
    Power {
        danger: Severity::Warning,
        effect: "get secrets and certificates from a program that may read and sign more than they",
        remedy: "Bind it in the namespaces that are needed, by RoleBindings.",
        local: Local::Usual,
        ..Power::namespaced(
            PUT,
            &["cert-manager.io", "external-secrets.io", "bitnami.com", "secrets-store.csi.x-k8s.io"],
            &[
                "issuers",
                "certificates",
                "certificaterequests",
                "externalsecrets",
                "secretstores",
                "pushsecrets",
                "sealedsecrets",
                "secretproviderclasses",
            ],
        )
    },
];
