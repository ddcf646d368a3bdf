//! All powers, the most dangerous rules first.

use super::power::Power;
use super::{
    admission_policies, admission_webhooks, api_services, cluster_classes, destroy, escalation_verbs, exec_into_pods,
    flux_objects, gatekeeper_objects, mint_tokens, namespace_labels, nodes_proxy, persistent_volumes, powerful_kinds,
    quota, read_secrets, redirect_traffic, run_pods, sign_certificates, steal_pods, system_configmaps,
    use_security_policies, write_definitions,
};
use crate::finding::Severity;
use crate::rbac::PolicyRule;

const ALL: &[&[Power<'_>]] = &[
    escalation_verbs::POWERS,
    nodes_proxy::POWERS,
    read_secrets::POWERS,
    mint_tokens::POWERS,
    sign_certificates::POWERS,
    admission_webhooks::POWERS,
    admission_policies::POWERS,
    flux_objects::POWERS,
    exec_into_pods::POWERS,
    run_pods::POWERS,
    write_definitions::POWERS,
    api_services::POWERS,
    gatekeeper_objects::POWERS,
    powerful_kinds::POWERS,
    persistent_volumes::POWERS,
    namespace_labels::POWERS,
    steal_pods::POWERS,
    system_configmaps::POWERS,
    redirect_traffic::POWERS,
    destroy::POWERS,
    cluster_classes::POWERS,
    use_security_policies::POWERS,
    quota::POWERS,
];

/// The powers that some rules give, each once, the worst first; `own` are those that the policy names.
pub(super) fn all<'p, 'r>(
    own: &'p [Power<'p>],
    rules: impl Iterator<Item = &'r PolicyRule> + Clone,
) -> Vec<&'p Power<'p>> {
    let powers = ALL.iter().flat_map(|powers| powers.iter()).chain(own);
    let mut found: Vec<&Power<'_>> = powers.filter(|power| rules.clone().any(|rule| power.is_in(rule))).collect();
    // The order of the table stays among those that are equally bad.
    found.sort_by_key(|power| std::cmp::Reverse(power.danger));
    found
}

/// The worst of them, where it is more than good to know.
pub(super) fn worst<'p>(own: &'p [Power<'p>], rules: &[PolicyRule]) -> Option<&'p Power<'p>> {
    all(own, rules.iter()).into_iter().next().filter(|power| power.danger > Severity::Note)
}
