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

/// The files of a built-in template.
pub(super) const fn files(layout: Layout, part: Part) -> &'static [File] {
    match (layout, part) {
        (Layout::FluxV1, Part::Team) => FLUX_V1_TEAM,
        (Layout::FluxV2, Part::Team) => FLUX_V2_TEAM,
        (Layout::FluxV2Environments, Part::Team) => FLUX_V2_ENVIRONMENTS_TEAM,
        (Layout::FluxV1, Part::TeamRepository) => FLUX_V1_TEAM_REPOSITORY,
        (Layout::FluxV2, Part::TeamRepository) => FLUX_V2_TEAM_REPOSITORY,
        (Layout::FluxV2Environments, Part::TeamRepository) => FLUX_V2_ENVIRONMENTS_TEAM_REPOSITORY,
        _ => &[],
    }
}
