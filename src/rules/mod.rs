//! The judge. One file per rule; [`RULES`] is written by hand and a test checks that it is complete.

mod built;
mod change;
pub mod crd;
mod docs;
mod elsewhere;
mod engine;
mod grants;
pub mod kustomization;
pub mod object;
mod objects;
pub mod policy;
mod prepared;
pub mod rbac;
mod requests;
mod rights;
pub mod tenancy;
mod trials;
mod users;
mod waiver;
pub mod yaml;

pub use built::{Aside, Built};
pub use change::{Change, Changed, View};
pub use docs::Documentation;
pub use elsewhere::Elsewhere;
pub use engine::{Judgement, Summary, Waived, judge};
pub use grants::{Grants, Other};
pub use objects::{Fate, ObjectChange};
pub use policy::{JudgedPolicy, OwnPolicy, Policy, PolicyError, PowerfulKind, is_of_changes};
pub use prepared::Prepared;
pub use requests::{Asked, Request, RequestedVersion};
pub use rights::{Holder, Right, RightMoved, RightsChange, RightsDifference, Way, each, told, unknown_way, way};
pub use trials::{Answer, Candidate, Spot, Trials};
pub use users::{Room, TeamUsers, Users, within};
pub use waiver::{Waiver, content, fingerprint};

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{ManifestFile, Object, ObjectScope};
use crate::names::{KubernetesVersion, RepoPath};
use crate::redact::redact;
use crate::tenancy::{LeftOut, Newly, RepositoryIndex, Team};

/// What a rule says of itself. Its documentation is the head of its own source file: the `//!`
/// lines with the headings What, Why, Bad and Good, printed by `bailiwick explain`.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// The id.
    pub id: RuleId,
    /// The severity where the policy says nothing.
    pub severity: Severity,
    /// The text of the rule's own source file (`include_str!`).
    pub source: &'static str,
}

/// One rule. It is pure: the same review gives the same findings.
pub trait Rule: Sync {
    /// Id, severity, documentation.
    fn meta(&self) -> Meta;

    /// Everything that this rule has to say about the review, at the rule's own severity unless
    /// it has a reason to differ; the policy is applied afterwards.
    fn check(&self, review: &Review<'_>) -> Vec<Finding>;
}

/// Whose repository is judged.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The admin repository: everything may stand there, in its place.
    Admin,
    /// The repository of a team, which owns its namespaces and nothing else.
    Team(&'a Team),
}

/// What is judged: the repository before and after, and the files that differ.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// Whose repository it is.
    pub scope: Scope<'a>,
    /// The repository as it is (empty where everything is judged as new), without what Flux applies
    /// only since the change.
    pub before: &'a RepositoryIndex,
    /// The repository as it is, with that too.
    pub whole_before: &'a RepositoryIndex,
    /// The repository as it would be after the merge.
    pub after: &'a RepositoryIndex,
    /// The files that are new or changed, as they would be, or that Flux applies only since the change,
    /// in the order of their paths.
    pub files: &'a [ManifestFile],
    /// The changed and the deleted files as they were, and unchanged ones that hold a definition which a
    /// changed file has too, in the order of their paths; empty where everything is judged as new. What could
    /// not be read then has no objects.
    pub old: &'a [ManifestFile],
    /// What Flux applied before and applies no more, each file with the entry of a changed file that
    /// reached it. Files whose objects stand elsewhere now are among them.
    pub dropped: &'a Newly,
    /// What the change does to that which source-controller leaves out, where it is known.
    pub left_out: Option<&'a LeftOut>,
    /// Files that are no part of the change and hold definitions of kinds, as they will be: what custom resources
    /// are held against.
    pub definitions: &'a [ManifestFile],
    /// The same of the admin repository, where a team's is judged and they are known.
    pub elsewhere: Option<&'a Elsewhere>,
    /// Files that are no part of the change, with the objects that its definitions are for.
    pub users: &'a Users,
    /// What the cluster says of the change's definitions in a dry run, where it was to be asked.
    pub trials: Option<&'a Trials>,
    /// The version of Kubernetes, where it is configured.
    pub kubernetes: Option<KubernetesVersion>,
    /// The repository's own policy with what all other rules found; `None` while these are asked.
    pub policy: Option<JudgedPolicy<'a>>,
    /// The kinds that the policy that holds calls powerful.
    pub powerful_kinds: &'a [PowerfulKind],
    /// Whether kustomize has built the files: no patch adds anything any more.
    pub is_built: bool,
    /// What many rules ask for, where [`judge`] has found it out already.
    pub prepared: Option<&'a Prepared<'a>>,
}

impl<'a> Review<'a> {
    /// The objects of the new and changed files.
    pub fn objects(&self) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.files.iter().flat_map(|file| &file.objects)
    }

    /// The objects of the changed and deleted files as they were.
    pub fn old_objects(&self) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.old.iter().flat_map(|file| &file.objects)
    }

    /// Whether what stands in a file is meant as objects: no patches, no data, nothing that Flux never applies.
    pub fn holds_whole_objects(&self, path: &RepoPath) -> bool {
        self.after.holds_whole_objects(path)
    }

    /// Whether a patch may yet add what is missing in a file.
    pub fn may_be_patched(&self, path: &RepoPath) -> bool {
        !self.is_built && self.after.is_patched(path)
    }

    /// Where the objects of a kind live, as Kubernetes, this repository or the admin repository says.
    pub fn scope_of(&self, group: &str, kind: &str) -> Option<ObjectScope> {
        self.after.scope_of(group, kind).or_else(|| self.elsewhere?.scope_of(group, kind))
    }

    /// Whether a file is among those that are judged.
    pub fn has(&self, path: &RepoPath) -> bool {
        self.files.binary_search_by(|file| file.path.cmp(path)).is_ok()
    }

    /// Whether Flux may apply a path, as far as the repository's layout says. A team's repository
    /// has none: whatever directories it makes, all of it may be applied.
    pub fn is_synced(&self, path: &RepoPath) -> bool {
        matches!(self.scope, Scope::Team(_)) || self.after.is_synced(path)
    }
}

/// Words of a manifest made fit for a message: cut where no name is that long, one line.
fn shown(text: &str) -> String {
    shown_up_to(120, text)
}

/// Words of a manifest in quotes: backticks, or others where the words have backticks themselves.
fn quoted(text: &str) -> String {
    if !text.contains('`') {
        return format!("`{}`", shown(text));
    }
    let parts: Vec<String> = text.split('`').map(|part| shown_up_to(120, part)).collect();
    let joined: String = parts.join("`").chars().take(120).collect();
    let more = if parts.join("`").chars().count() > 120 { "…" } else { "" };
    format!("“{joined}{more}”")
}

/// The same with another limit, in characters.
fn shown_up_to(limit: usize, text: &str) -> String {
    let plain = |character: char| if character.is_control() || character == '`' { '?' } else { character };
    let mut shown: String = text.chars().take(limit).map(plain).collect();
    if text.chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown
}

/// Words of a cluster made fit for a message, in which it may repeat a manifest's: cut where nobody reads on, one line,
/// without secrets.
fn words_of_server(text: &str) -> String {
    shown_up_to(600, &redact(text).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Every rule, in the order in which they are documented.
pub static RULES: &[&dyn Rule] = &[
    &yaml::Unreadable,
    &yaml::Encrypted,
    &yaml::NoObject,
    &yaml::AmbiguousScalar,
    &kustomization::MissingResource,
    &kustomization::CannotBuild,
    &kustomization::NotListed,
    &kustomization::NotEvaluated,
    &kustomization::SourceIgnore,
    &crd::ApiVersionRemoved,
    &crd::Name,
    &crd::GroupApproval,
    &crd::Scope,
    &crd::Names,
    &crd::OneStorageVersion,
    &crd::VersionName,
    &crd::MissingSchema,
    &crd::PreserveUnknownFields,
    &crd::DeprecationWarning,
    &crd::PrinterColumn,
    &crd::SelectableField,
    &crd::Scale,
    &crd::StatusRoot,
    &crd::Conversion,
    &crd::RootNullable,
    &crd::SchemaType,
    &crd::SchemaKeyword,
    &crd::PropertiesAndAdditional,
    &crd::StructuralType,
    &crd::StructuralJunctor,
    &crd::StructuralComplete,
    &crd::SchemaMetadata,
    &crd::EmbeddedResource,
    &crd::SchemaExtension,
    &crd::Pattern,
    &crd::ListAndMapType,
    &crd::MapKeys,
    &crd::SetItems,
    &crd::DefaultPlace,
    &crd::DefaultValue,
    &crd::ValidationRule,
    &crd::Cel,
    &crd::CelUndecided,
    &crd::RefusedByCluster,
    &crd::ClusterWarns,
    &crd::NotTried,
    &crd::NameConflict,
    &crd::UnknownFormat,
    &crd::StatusIgnored,
    &crd::UnknownField,
    &crd::NewerKubernetes,
    &crd::IdentityChanged,
    &crd::StoredVersionRemoved,
    &crd::VersionUnserved,
    &crd::Deleted,
    &crd::RecreatedByForce,
    &crd::ForceEnabled,
    &crd::MovedBetweenKustomizations,
    &crd::OwnerChanged,
    &crd::BreaksObjects,
    &crd::StorageVersionChanged,
    &crd::ConversionChanged,
    &crd::SubresourceChanged,
    &crd::FieldRemoved,
    &crd::FieldTyped,
    &crd::TypeChanged,
    &crd::RequiredAdded,
    &crd::EnumNarrowed,
    &crd::LimitTightened,
    &crd::PatternChanged,
    &crd::NullableChanged,
    &crd::DefaultChanged,
    &crd::JoinedChanged,
    &crd::ValidationChanged,
    &crd::UnknownFieldsChanged,
    &crd::MergingChanged,
    &crd::ServedVersionsDiffer,
    &crd::UnhandledChange,
    &object::Invalid,
    &object::UnknownField,
    &object::VersionNotServed,
    &object::UnknownKind,
    &object::Undecided,
    &rbac::Wildcard,
    &rbac::EscalationVerbs,
    &rbac::ReadSecrets,
    &rbac::MintTokens,
    &rbac::SignCertificates,
    &rbac::RunPods,
    &rbac::ExecIntoPods,
    &rbac::NodesProxy,
    &rbac::AdmissionWebhooks,
    &rbac::AdmissionPolicies,
    &rbac::WriteDefinitions,
    &rbac::ApiServices,
    &rbac::FluxObjects,
    &rbac::GatekeeperObjects,
    &rbac::PowerfulKinds,
    &rbac::PersistentVolumes,
    &rbac::NamespaceLabels,
    &rbac::StealPods,
    &rbac::SystemConfigmaps,
    &rbac::RedirectTraffic,
    &rbac::Destroy,
    &rbac::ClusterClasses,
    &rbac::UseSecurityPolicies,
    &rbac::Quota,
    &rbac::SubresourceWildcard,
    &rbac::EmptyResourceName,
    &rbac::NonResourceUrls,
    &rbac::ClusterAdminBinding,
    &rbac::BindsPower,
    &rbac::SystemSubject,
    &rbac::DefaultAccount,
    &rbac::ForeignAccount,
    &rbac::FluxSystem,
    &rbac::MissingRole,
    &rbac::ReservedName,
    &rbac::AggregatedGrant,
    &rbac::GreedyAggregation,
    &rbac::OverwrittenRules,
    &rbac::Invalid,
    &rbac::NeverMatches,
    &tenancy::ClusterObjectOutsideCommon,
    &tenancy::ForeignNamespace,
    &tenancy::DuplicateObject,
    &tenancy::RepositoryChanged,
    &policy::Unreadable,
    &policy::ExpiredException,
    &policy::UnusedException,
    &tenancy::PathCluster,
    &tenancy::PathTeam,
];

/// The rule of an id, as `bailiwick explain` takes it.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.meta().id.as_str() == id)
}

#[cfg(test)]
mod tests {
    use super::words_of_server;

    #[test]
    fn the_words_of_a_cluster_are_one_short_line_without_secrets() {
        let words = words_of_server("no `x`\n\tat https://me:s3cret@example.org\u{1b}[31m");
        assert_eq!(words, "no ?x? at https://me:(redacted)@example.org?[31m");
        assert_eq!(words_of_server(&"ü".repeat(9_000)).chars().count(), 601);
    }
}
