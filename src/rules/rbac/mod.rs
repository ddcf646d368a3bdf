//! Rules of the family `rbac/`: rights that reach further than a team, or further than they look.
//!
//! Flux applies everything with the rights of cluster-admin, so Kubernetes' own protection against
//! escalation does not hold for what is merged: these rules are the only check.
//!
//! Most are rows of a table ([`power`]): what a right makes possible, and how bad that is. How bad it is in a
//! role depends on where that role is bound ([`reach`]), and on whether its holders could do it before.

mod admission_policies;
mod admission_webhooks;
mod aggregated_grant;
mod api_services;
mod binds_power;
mod cluster_admin_binding;
mod cluster_classes;
mod default_account;
mod destroy;
mod empty_resource_name;
mod entry;
mod escalation_verbs;
mod exec_into_pods;
mod flux_objects;
mod flux_system;
mod foreign_account;
mod gatekeeper_objects;
mod greedy_aggregation;
mod invalid;
mod judged;
mod makers;
mod mint_tokens;
mod missing_role;
mod namespace_labels;
mod never_matches;
mod nodes_proxy;
mod non_resource_urls;
mod overwritten_rules;
mod persistent_volumes;
mod power;
mod powerful_kinds;
mod powers;
mod quota;
mod reach;
mod read_secrets;
mod redirect_traffic;
mod reserved_name;
mod run_pods;
mod sign_certificates;
mod steal_pods;
mod subresource_wildcard;
mod system_configmaps;
mod system_subject;
#[cfg(test)]
mod tests;
mod use_security_policies;
mod wildcard;
mod write_definitions;

pub use admission_policies::AdmissionPolicies;
pub use admission_webhooks::AdmissionWebhooks;
pub use aggregated_grant::AggregatedGrant;
pub use api_services::ApiServices;
pub use binds_power::BindsPower;
pub use cluster_admin_binding::ClusterAdminBinding;
pub use cluster_classes::ClusterClasses;
pub use default_account::DefaultAccount;
pub use destroy::Destroy;
pub use empty_resource_name::EmptyResourceName;
pub use escalation_verbs::EscalationVerbs;
pub use exec_into_pods::ExecIntoPods;
pub use flux_objects::FluxObjects;
pub use flux_system::FluxSystem;
pub use foreign_account::ForeignAccount;
pub use gatekeeper_objects::GatekeeperObjects;
pub use greedy_aggregation::GreedyAggregation;
pub use invalid::Invalid;
pub use judged::Judged;
pub use mint_tokens::MintTokens;
pub use missing_role::MissingRole;
pub use namespace_labels::NamespaceLabels;
pub use never_matches::NeverMatches;
pub use nodes_proxy::NodesProxy;
pub use non_resource_urls::NonResourceUrls;
pub use overwritten_rules::OverwrittenRules;
pub use persistent_volumes::PersistentVolumes;
pub use powerful_kinds::PowerfulKinds;
pub use quota::Quota;
pub use read_secrets::ReadSecrets;
pub use redirect_traffic::RedirectTraffic;
pub use reserved_name::ReservedName;
pub use run_pods::RunPods;
pub use sign_certificates::SignCertificates;
pub use steal_pods::StealPods;
pub use subresource_wildcard::SubresourceWildcard;
pub use system_configmaps::SystemConfigmaps;
pub use system_subject::SystemSubject;
pub use use_security_policies::UseSecurityPolicies;
pub use wildcard::Wildcard;
pub use write_definitions::WriteDefinitions;
