//! Kubernetes' own kinds: which there are in which version, and what their fields may hold.
//!
//! The table `kinds.txt` is made from the descriptions that Kubernetes publishes of its API
//! (`api/openapi-spec/swagger.json`); `scripts/kinds.py` says how.

mod judge;
mod table;

pub use judge::{validate, validate_metadata};
pub use table::Kind;

use crate::manifest::api_group;
use crate::names::KubernetesVersion;
use table::{Span, table};

/// The versions of Kubernetes that an object may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions(Span);

impl Versions {
    /// Every version that the table knows; or the one that is configured, or the nearest to it.
    pub fn of(configured: Option<KubernetesVersion>) -> Self {
        let all = table().span;
        Self(configured.map_or(all, |version| {
            let minor = version.minor().clamp(all.first, all.last);
            Span { first: minor, last: minor }
        }))
    }

    /// The newest version that the table knows.
    pub fn newest() -> KubernetesVersion {
        KubernetesVersion::new(table().span.last)
    }

    /// Whether the table does not reach back to a version: then nothing is known of kinds that it does not have.
    pub fn are_after(configured: KubernetesVersion) -> bool {
        configured.minor() < table().span.first
    }
}

/// `1.34`, or `1.29 to 1.37`.
impl std::fmt::Display for Versions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Span { first, last } = self.0;
        write!(formatter, "1.{first}")?;
        if first == last { Ok(()) } else { write!(formatter, " to 1.{last}") }
    }
}

/// What Kubernetes knows of an API version and kind.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// It is there.
    Known(Kind),
    /// The group is one of Kubernetes' own, and the kind is not there in these versions.
    NotServed {
        /// The API versions of the same group, or of the one that took it over, that have the kind.
        instead: Vec<&'static str>,
    },
    /// The group is somebody else's.
    Foreign,
}

/// Groups that Kubernetes had once and has no more, with those that took their kinds over.
const GONE: [(&str, &[&str]); 2] =
    [("extensions", &["apps", "networking.k8s.io", "policy"]), ("auditregistration.k8s.io", &[])];

/// Looks a kind up.
pub fn look_up(api_version: &str, kind: &str, versions: Versions) -> Lookup {
    let table = table();
    if let Some(known) = table.kind(api_version, kind, versions.0) {
        return Lookup::Known(known);
    }
    let group = api_group(api_version);
    let heirs = GONE.iter().find(|(gone, _)| *gone == group).map(|(_, heirs)| *heirs);
    if heirs.is_none() && !table.has_group(group) {
        return Lookup::Foreign;
    }
    let groups = [&[group], heirs.unwrap_or_default()].concat();
    Lookup::NotServed { instead: table.api_versions(&groups, kind, versions.0) }
}

#[cfg(test)]
mod tests;
