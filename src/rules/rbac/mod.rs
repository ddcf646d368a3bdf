//! Rules of the family `rbac/`: rights that reach further than a team, or further than they look.
//!
//! Flux applies everything with the rights of cluster-admin, so Kubernetes' own protection against
//! escalation does not hold for what is merged: these rules are the only check.
//!
//! Most are rows of a table ([`power`]): what a right makes possible, and how bad that is. How bad it is in a
//! role depends on where that role is bound ([`reach`]), and on whether its holders could do it before.

mod admission_policies;
mod admission_webhooks;
mod api_services;
mod cluster_admin_binding;
mod cluster_classes;
mod destroy;
mod entry;
mod escalation_verbs;
mod exec_into_pods;
mod flux_objects;
mod gatekeeper_objects;
mod judged;
mod mint_tokens;
mod namespace_labels;
mod nodes_proxy;
mod persistent_volumes;
mod power;
mod powerful_kinds;
mod quota;
mod reach;
mod read_secrets;
mod redirect_traffic;
mod run_pods;
mod sign_certificates;
mod steal_pods;
mod system_configmaps;
mod system_subject;
#[cfg(test)]
mod tests;
mod use_security_policies;
mod wildcard;
mod write_definitions;

pub use admission_policies::AdmissionPolicies;
pub use admission_webhooks::AdmissionWebhooks;
pub use api_services::ApiServices;
pub use cluster_admin_binding::ClusterAdminBinding;
pub use cluster_classes::ClusterClasses;
pub use destroy::Destroy;
pub use escalation_verbs::EscalationVerbs;
pub use exec_into_pods::ExecIntoPods;
pub use flux_objects::FluxObjects;
pub use gatekeeper_objects::GatekeeperObjects;
pub use judged::Judged;
pub use mint_tokens::MintTokens;
pub use namespace_labels::NamespaceLabels;
pub use nodes_proxy::NodesProxy;
pub use persistent_volumes::PersistentVolumes;
pub use powerful_kinds::PowerfulKinds;
pub use quota::Quota;
pub use read_secrets::ReadSecrets;
pub use redirect_traffic::RedirectTraffic;
pub use run_pods::RunPods;
pub use sign_certificates::SignCertificates;
pub use steal_pods::StealPods;
pub use system_configmaps::SystemConfigmaps;
pub use system_subject::SystemSubject;
pub use use_security_policies::UseSecurityPolicies;
pub use wildcard::Wildcard;
pub use write_definitions::WriteDefinitions;

use super::Review;
use crate::manifest::Object;
use crate::rbac::read::GROUP;

/// Roles and bindings of any API version in the new and changed files.
fn objects<'a>(review: &Review<'a>, kinds: &'static [&'static str]) -> impl Iterator<Item = &'a Object> + use<'a> {
    review.objects().filter(move |object| object.group() == GROUP && kinds.contains(&object.kind.as_str()))
}
