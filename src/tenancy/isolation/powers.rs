//! What a role makes possible that may lead out of a team's namespaces.

use std::collections::BTreeSet;

use super::unspaced::IN_NO_NAMESPACE;
use crate::rbac::{Key, Origin, PolicyRule, State, World, covers_resource};

/// Where a power leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// Nowhere.
    Nowhere,
    /// To the whole cluster.
    Cluster,
    /// To something of every team.
    Everywhere,
    /// To every service account of the namespace, and to the namespace.
    Accounts,
    /// To the namespace.
    Namespace,
    /// To what the names say: service accounts.
    NamedAccounts,
    /// To what the names say: users or groups.
    NamedPeople,
    /// To what the names say: roles.
    NamedRoles,
    /// To what the names say: namespaces.
    NamedNamespaces,
    /// To what Flux does with an object of this kind.
    Uses(Use),
}

/// A kind of Flux's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Use {
    Kustomization,
    HelmRelease,
    Receiver,
    Alert,
    ImageUpdateAutomation,
    ImagePolicy,
    /// Any kind from which Flux takes what it applies.
    Source,
    /// What the Flux operator applies.
    ResourceSet,
    /// The same, where a rule says so only with a star: it counts where there is such an operator.
    AnyResourceSet,
}

/// A power: any of the verbs on any of the resources.
#[derive(Debug)]
pub(super) struct Power {
    verbs: &'static [&'static str],
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    /// Where it leads in a namespace.
    pub(super) local: Leads,
    /// Where it leads in the whole cluster.
    pub(super) wide: Leads,
    /// The same, each where `resourceNames` limit it.
    pub(super) named: (Leads, Leads),
    /// What may be done: "it may …".
    pub(super) effect: &'static str,
}

const PUT: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];
const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
const AFTER: &[&str] = &["update", "patch", "delete", "deletecollection"];
const TAKE: &[&str] = &["delete", "deletecollection"];
const READ: &[&str] = &["get", "list", "watch"];
const CORE: &[&str] = &[""];
const RBAC: &[&str] = &["rbac.authorization.k8s.io"];
const ADMISSION: &[&str] = &["admissionregistration.k8s.io"];
const NOTIFICATION: &[&str] = &["notification.toolkit.fluxcd.io"];
const IMAGE: &[&str] = &["image.toolkit.fluxcd.io"];

const OPERATOR: &[&str] = &["fluxcd.controlplane.io"];
const SOURCES: &[&str] = &[
    "gitrepositories",
    "ocirepositories",
    "buckets",
    "helmrepositories",
    "helmcharts",
    "externalartifacts",
    "artifactgenerators",
];

/// Verbs, groups and resources.
type What = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const fn power((verbs, groups, resources): What, (local, wide): (Leads, Leads), effect: &'static str) -> Power {
    let named = match wide {
        Leads::Cluster => (local, Leads::Everywhere),
        _ => (local, wide),
    };
    Power { verbs, groups, resources, local, wide, named, effect }
}

const fn wide(what: What, wide: Leads, effect: &'static str) -> Power {
    power(what, (Leads::Nowhere, wide), effect)
}

use Leads::{
    Accounts, Cluster, Everywhere, NamedAccounts, NamedNamespaces, NamedPeople, NamedRoles, Namespace, Nowhere, Uses,
};

/// All of them; those that lead farthest stand first. The catalogue is that of `rbac/…`, seen from what it opens
/// (<https://kubernetes.io/docs/concepts/security/rbac-good-practices/>).
pub(super) const POWERS: &[Power] = &[
    power((&["*"], &["*"], &["*"]), (Accounts, Cluster), "do everything"),
    power((&["escalate"], RBAC, &["roles"]), (Accounts, Cluster), "write any right into a role"),
    Power {
        named: (Nowhere, Cluster),
        ..wide((&["escalate"], RBAC, &["clusterroles"]), Cluster, "write any right into a ClusterRole")
    },
    Power {
        named: (NamedRoles, NamedRoles),
        ..power((&["bind"], RBAC, &["clusterroles"]), (Accounts, Cluster), "give itself any ClusterRole")
    },
    Power {
        named: (NamedAccounts, Everywhere),
        ..power((&["impersonate"], CORE, &["serviceaccounts"]), (Accounts, Cluster), "act as any service account")
    },
    Power {
        named: (Nowhere, NamedPeople),
        ..wide((&["impersonate"], CORE, &["users", "groups"]), Cluster, "act as any user or group")
    },
    Power {
        named: (NamedAccounts, Everywhere),
        ..power(
            (&["create"], CORE, &["serviceaccounts/token"]),
            (Accounts, Cluster),
            "make tokens of any service account",
        )
    },
    power(
        (
            PUT,
            &["", "apps", "batch", "extensions"],
            &[
                "pods",
                "replicationcontrollers",
                "deployments",
                "daemonsets",
                "statefulsets",
                "replicasets",
                "jobs",
                "cronjobs",
            ],
        ),
        (Accounts, Cluster),
        "run pods as any service account",
    ),
    power(
        (&["create", "get"], CORE, &["pods/exec", "pods/attach"]),
        (Accounts, Cluster),
        "run commands in pods, as their service accounts",
    ),
    power(
        (CHANGE, CORE, &["pods/ephemeralcontainers"]),
        (Accounts, Cluster),
        "put containers into pods, as their service accounts",
    ),
    power((READ, CORE, &["secrets"]), (Namespace, Cluster), "read Secrets"),
    power(
        (PUT, &["kustomize.toolkit.fluxcd.io"], &["kustomizations"]),
        (Uses(Use::Kustomization), Cluster),
        "write Flux Kustomizations",
    ),
    power(
        (PUT, &["helm.toolkit.fluxcd.io"], &["helmreleases"]),
        (Uses(Use::HelmRelease), Cluster),
        "write HelmReleases",
    ),
    power(
        (PUT, IMAGE, &["imageupdateautomations"]),
        (Uses(Use::ImageUpdateAutomation), Everywhere),
        "write ImageUpdateAutomations",
    ),
    power(
        (PUT, OPERATOR, &["resourcesets", "resourcesetinputproviders", "fluxinstances"]),
        (Uses(Use::ResourceSet), Cluster),
        "write ResourceSets",
    ),
    power((PUT, NOTIFICATION, &["receivers"]), (Uses(Use::Receiver), Everywhere), "write Receivers"),
    power((PUT, NOTIFICATION, &["alerts"]), (Uses(Use::Alert), Everywhere), "write Alerts"),
    power((PUT, IMAGE, &["imagepolicies"]), (Uses(Use::ImagePolicy), Everywhere), "write ImagePolicies"),
    power(
        (PUT, &["source.toolkit.fluxcd.io", "source.extensions.fluxcd.io"], SOURCES),
        (Uses(Use::Source), Cluster),
        "change from where Flux takes what it applies",
    ),
    power((&["bind"], RBAC, &["roles"]), (Nowhere, Everywhere), "give itself any Role"),
    wide((&["get", "create", "update", "patch", "delete"], CORE, &["nodes/proxy"]), Cluster, "speak to the kubelets"),
    wide((&["create"], CORE, &["persistentvolumes"]), Cluster, "make volumes of the nodes' own directories"),
    wide(
        (
            PUT,
            ADMISSION,
            &[
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
            ],
        ),
        Cluster,
        "see and change what everybody applies",
    ),
    wide(
        (WRITE, ADMISSION, &["validatingadmissionpolicies", "validatingadmissionpolicybindings"]),
        Everywhere,
        "change what is refused to everybody",
    ),
    wide((PUT, &["apiregistration.k8s.io"], &["apiservices"]), Cluster, "answer in the API server's place"),
    wide(
        (CHANGE, &["certificates.k8s.io"], &["certificatesigningrequests/approval"]),
        Cluster,
        "have certificates signed for any user",
    ),
    wide(
        (WRITE, &["apiextensions.k8s.io"], &["customresourcedefinitions"]),
        Everywhere,
        "change and delete what everybody's custom resources are",
    ),
    // A namespace is in itself: a RoleBinding there lets somebody change and delete it (kubernetes/apiserver,
    // `pkg/endpoints/request/requestinfo.go`).
    Power {
        named: (NamedNamespaces, NamedNamespaces),
        ..power((AFTER, CORE, &["namespaces"]), (Namespace, Everywhere), "change or delete namespaces")
    },
    wide((TAKE, RBAC, &["clusterroles", "clusterrolebindings"]), Everywhere, "take everybody's rights away"),
    wide(
        (WRITE, &["flowcontrol.apiserver.k8s.io"], &["flowschemas", "prioritylevelconfigurations"]),
        Everywhere,
        "decide how everybody's requests are served",
    ),
    wide((PUT, &["scheduling.k8s.io"], &["priorityclasses"]), Everywhere, "run pods that push out everybody's"),
    wide(
        (PUT, &["certificates.k8s.io"], &["clustertrustbundles"]),
        Everywhere,
        "put certificate authorities into everybody's pods",
    ),
    wide((WRITE, CORE, &["nodes"]), Everywhere, "change or delete nodes"),
];

/// What a role gives that leads somewhere.
#[derive(Debug, Clone)]
pub(super) struct Gain {
    /// What leads farthest comes first.
    rank: usize,
    pub(super) local: Leads,
    pub(super) wide: Leads,
    /// "run pods as any service account".
    pub(super) effect: String,
    /// The names that limit it; empty for all.
    pub(super) names: Vec<String>,
    /// Where the role with the rule is written.
    pub(super) origin: Origin,
    /// The name of that role, where it is not the one that is asked for.
    pub(super) taken_from: Option<String>,
}

/// What a role gives, and whether that is all that is known of it.
#[derive(Debug, Default)]
pub(super) struct Gains {
    pub(super) all: Vec<Gain>,
    pub(super) unknown: bool,
    /// What leads on together with another.
    pub(super) halves: BTreeSet<Half>,
}

impl Gains {
    pub(super) fn of(world: &World, key: &Key) -> Self {
        let parts = world.parts(key);
        let mut gains = Self { unknown: parts.state != State::Whole, ..Self::default() };
        let mut whole = vec![false; POWERS.len()];
        let mut writes = false;
        for role in parts.roles {
            for rule in &role.rules {
                gains.halves.extend(HALVES.iter().filter(|(_, what)| gives(rule, what)).map(|(half, _)| *half));
                let gain = |rank, (local, wide), effect: String| Gain {
                    rank,
                    local,
                    wide,
                    effect,
                    names: rule.resource_names.clone(),
                    origin: role.origin,
                    taken_from: (role.key != *key).then(|| role.key.name.clone()),
                };
                for (rank, power) in POWERS.iter().enumerate().filter(|(_, power)| power.is_in(rule)) {
                    let limited = !rule.resource_names.is_empty();
                    let known = whole[rank];
                    whole[rank] |= !limited;
                    if !known {
                        let mut leads = if limited { power.named } else { (power.local, power.wide) };
                        if leads.0 == Uses(Use::ResourceSet)
                            && !rule.api_groups.iter().any(|group| group == OPERATOR[0])
                        {
                            leads.0 = Uses(Use::AnyResourceSet);
                        }
                        gains.all.push(gain(rank, leads, power.effect.to_owned()));
                    }
                }
                if let (false, Some((effect, wide))) = (writes, written(rule)) {
                    // One way to write is as good as another.
                    writes = wide == Everywhere;
                    gains.all.push(gain(POWERS.len(), (Namespace, wide), effect));
                }
            }
        }
        gains.all.sort_by_key(|gain| gain.rank);
        gains
    }
}

impl Power {
    fn is_in(&self, rule: &PolicyRule) -> bool {
        let stars = self.resources == ["*"];
        let only = |words: &[String]| words.iter().any(|word| word == "*");
        if stars {
            return only(&rule.verbs) && only(&rule.api_groups) && only(&rule.resources);
        }
        gives(rule, &(self.verbs, self.groups, self.resources))
    }
}

/// Rights that lead on where somebody has both of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Half {
    WritesSecrets,
    ReadsSecrets,
    BindsRoles,
    WritesBindings,
}

const HALVES: [(Half, What); 4] = [
    (Half::WritesSecrets, (PUT, CORE, &["secrets"])),
    (Half::ReadsSecrets, (READ, CORE, &["secrets"])),
    (Half::BindsRoles, (&["bind"], RBAC, &["roles"])),
    (Half::WritesBindings, (PUT, RBAC, &["rolebindings"])),
];

/// Whether a rule gives any of some verbs on any of some resources.
fn gives(rule: &PolicyRule, (verbs, groups, resources): &What) -> bool {
    let has =
        |words: &[String], wanted: &[&str]| words.iter().any(|word| word == "*" || wanted.contains(&word.as_str()));
    has(&rule.verbs, verbs)
        && has(&rule.api_groups, groups)
        && rule.resources.iter().any(|word| resources.iter().any(|resource| covers_resource(word, resource)))
}

/// What everybody may write, or what changes nothing.
const HARMLESS_GROUPS: [&str; 3] = ["authorization.k8s.io", "authentication.k8s.io", "events.k8s.io"];

/// How many words of a rule are told.
const TOLD: usize = 3;

/// What a rule lets somebody write, and where that leads in the whole cluster.
fn written(rule: &PolicyRule) -> Option<(String, Leads)> {
    let verbs: Vec<&str> =
        rule.verbs.iter().map(String::as_str).filter(|verb| *verb == "*" || WRITE.contains(verb)).collect();
    let is_harmless = |group: &String| HARMLESS_GROUPS.contains(&group.as_str());
    if verbs.is_empty() || rule.api_groups.iter().all(is_harmless) {
        return None;
    }
    let main = |word: &str| word.split('/').next().unwrap_or_default().to_owned();
    // `pods/*` matches nothing.
    let stands = |word: &&str| !word.ends_with("/*") && !IN_NO_NAMESPACE.contains(&main(word).as_str());
    let resources: Vec<&str> = rule.resources.iter().map(String::as_str).filter(stands).collect();
    let verbs = if verbs.contains(&"*") { "do everything with".to_owned() } else { listed(&verbs) };
    (!resources.is_empty()).then(|| (format!("{verbs} {}", listed(&resources)), Everywhere))
}

fn listed(words: &[&str]) -> String {
    let mut told: Vec<&str> =
        words.iter().take(TOLD).map(|word| if *word == "*" { "everything" } else { word }).collect();
    if words.len() > TOLD {
        told.push("…");
    }
    told.join(", ")
}
