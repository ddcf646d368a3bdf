//! The templates that come with Bailiwick, as they stand in `bot-config/templates/`.

use super::Part;
use crate::scaffold::Layout;

/// A file of a template: its name and its text.
pub(super) type File = (&'static str, &'static str);

/// The files of a template.
macro_rules! built_in {
    ($directory:literal, $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../bot-config/templates/", $directory, "/", $name)))),+]
    };
}

const FLUX_V1_TEAM: &[File] = built_in!(
    "flux-v1/team",
    "template.yaml",
    "namespace.yaml",
    "rbac.yaml",
    "psp.yaml",
    "common-psp.yaml",
    "quota.yaml",
    "kubeconfig.yaml",
    "flux-patch.yaml",
    "kustomization.yaml",
);

const FLUX_V2_TEAM: &[File] = built_in!(
    "flux-v2/team",
    "template.yaml",
    "namespace.yaml",
    "rbac.yaml",
    "quota.yaml",
    "network.yaml",
    "sync.yaml",
    "receiver.yaml",
    "alerts.yaml",
    "kustomization.yaml",
);

const FLUX_V2_ENVIRONMENTS_TEAM: &[File] = built_in!(
    "flux-v2-environments/team",
    "template.yaml",
    "namespace.yaml",
    "rbac.yaml",
    "quota.yaml",
    "network.yaml",
    "sync.yaml",
    "receiver.yaml",
    "alerts.yaml",
    "kustomization.yaml",
    "overlay/sync-patch.yaml",
    "overlay/kustomization.yaml",
);

const FLUX_V1_TEAM_REPOSITORY: &[File] = built_in!(
    "flux-v1/team-repo",
    "template.yaml",
    "README.md",
    ".flux.yaml",
    "flux-patch.yaml",
    "kustomization.yaml",
    "workloads/podinfo/kustomization.yaml",
    "workloads/podinfo/deployment.yaml",
    "workloads/podinfo/service.yaml",
);

const FLUX_V2_TEAM_REPOSITORY: &[File] = built_in!(
    "flux-v2/team-repo",
    "template.yaml",
    "README.md",
    "kustomization.yaml",
    "workloads/podinfo/kustomization.yaml",
    "workloads/podinfo/deployment.yaml",
    "workloads/podinfo/service.yaml",
);

const FLUX_V2_ENVIRONMENTS_TEAM_REPOSITORY: &[File] = built_in!(
    "flux-v2-environments/team-repo",
    "template.yaml",
    "README.md",
    "base/kustomization.yaml",
    "base/deployment.yaml",
    "base/service.yaml",
    "overlay/kustomization.yaml",
);

const FLUX_V1_ADMIN: &[File] = built_in!(
    "flux-v1/admin",
    "template.yaml",
    ".bailiwick/policy.yaml",
    ".flux.yaml",
    "README.md",
    "base/flux/account.yaml",
    "base/flux/deployment.yaml",
    "base/flux/git-key.yaml",
    "base/flux/kubeconfig.yaml",
    "base/flux/kustomization.yaml",
    "base/memcached/deployment.yaml",
    "base/memcached/kustomization.yaml",
    "base/memcached/service.yaml",
    "cluster/common/cluster-roles.yaml",
    "cluster/common/kustomization.yaml",
    "cluster/kustomization.yaml",
    "install/flux-patch.yaml",
    "install/kustomization.yaml",
    "install/namespace.yaml",
    "install/psp.yaml",
    "install/rbac.yaml",
);

const FLUX_V2_ADMIN: &[File] = built_in!(
    "flux-v2/admin",
    "template.yaml",
    "README.md",
    "cluster/common/allowlist.yaml",
    "cluster/common/kustomization.yaml",
    "cluster/common/tenant-buckets.yaml",
    "cluster/common/tenant-flux-account.yaml",
    "cluster/common/tenant-remote-clusters.yaml",
    "cluster/common/tenant-sources.yaml",
    "cluster/kustomization.yaml",
    "lockdown/kustomization.yaml",
);

const FLUX_V2_ENVIRONMENTS_ADMIN: &[File] = built_in!(
    "flux-v2-environments/admin",
    "template.yaml",
    "README.md",
    "clusters/policies.yaml",
    "clusters/tenants.yaml",
    "lockdown/kustomization.yaml",
    "policies/base/kustomization.yaml",
    "policies/base/tenant-buckets.yaml",
    "policies/base/tenant-flux-account.yaml",
    "policies/base/tenant-remote-clusters.yaml",
    "policies/base/tenant-sources.yaml",
    "policies/overlay/allowlist.yaml",
    "policies/overlay/kustomization.yaml",
    "tenants/kustomization.yaml",
);

/// The files of a built-in template.
pub(super) const fn files(layout: Layout, part: Part) -> &'static [File] {
    match (layout, part) {
        (Layout::FluxV1, Part::Team) => FLUX_V1_TEAM,
        (Layout::FluxV2, Part::Team) => FLUX_V2_TEAM,
        (Layout::FluxV2Environments, Part::Team) => FLUX_V2_ENVIRONMENTS_TEAM,
        (Layout::FluxV1, Part::TeamRepository) => FLUX_V1_TEAM_REPOSITORY,
        (Layout::FluxV2, Part::TeamRepository) => FLUX_V2_TEAM_REPOSITORY,
        (Layout::FluxV2Environments, Part::TeamRepository) => FLUX_V2_ENVIRONMENTS_TEAM_REPOSITORY,
        (Layout::FluxV1, Part::Admin) => FLUX_V1_ADMIN,
        (Layout::FluxV2, Part::Admin) => FLUX_V2_ADMIN,
        (Layout::FluxV2Environments, Part::Admin) => FLUX_V2_ENVIRONMENTS_ADMIN,
    }
}
