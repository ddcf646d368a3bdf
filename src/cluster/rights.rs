//! What Bailiwick may do in a cluster, asked of the cluster itself, and what the cluster is. Nothing is
//! stored there by asking.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;

use super::client::{Cluster, FluxKind};
use super::error::{Call, ClusterError};
use crate::names::Namespace;

/// The Secret that a team's GitRepository names, where the scaffold wrote it.
pub const GIT_SECRET: &str = "flux-git-auth";

/// Something that Bailiwick does in a cluster, as RBAC names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The verb.
    pub verb: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The plural.
    pub resource: &'static str,
    /// The only name that is meant; `None` for all.
    pub name: Option<&'static str>,
}

const SOURCES: &str = "source.toolkit.fluxcd.io";
const KUSTOMIZATIONS: &str = "kustomize.toolkit.fluxcd.io";
const DEFINITIONS: &str = "apiextensions.k8s.io";

impl Right {
    /// To find what applies the admin repository, ask for a sync and follow it.
    pub const FOLLOW: [Self; 5] = [
        Self::new("get", SOURCES, "gitrepositories"),
        Self::new("list", SOURCES, "gitrepositories"),
        Self::new("patch", SOURCES, "gitrepositories"),
        Self::new("get", KUSTOMIZATIONS, "kustomizations"),
        Self::new("list", KUSTOMIZATIONS, "kustomizations"),
    ];
    /// To make deploy keys for teams, besides.
    pub const KEYS: [Self; 4] = [
        Self::new("get", "", "namespaces"),
        Self { name: Some(GIT_SECRET), ..Self::new("get", "", "secrets") },
        Self::new("create", "", "secrets"),
        Self { name: Some(GIT_SECRET), ..Self::new("patch", "", "secrets") },
    ];
    /// To try definitions in a dry run (`clusters[].dry_run`), besides. RBAC knows no right to dry runs alone:
    /// these are the rights to change definitions.
    pub const TRY: [Self; 2] = [
        Self::new("patch", DEFINITIONS, "customresourcedefinitions"),
        Self::new("create", DEFINITIONS, "customresourcedefinitions"),
    ];

    const fn new(verb: &'static str, group: &'static str, resource: &'static str) -> Self {
        Self { verb, group, resource, name: None }
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { verb, group, resource, name } = self;
        let dot = if group.is_empty() { "" } else { "." };
        write!(formatter, "{verb} {resource}{dot}{group}")?;
        name.map_or(Ok(()), |name| write!(formatter, " named {name}"))
    }
}

impl Cluster {
    /// The API server's version, such as `v1.34.0`: the server's own words.
    ///
    /// # Errors
    /// Any [`ClusterError`].
    pub async fn version(&self) -> Result<String, ClusterError> {
        let call = Call { verb: "get", resource: "version", object: "its version".to_owned() };
        let version = self.client.apiserver_version().await.map_err(|error| call.failed(error))?;
        Ok(version.git_version)
    }

    /// Whether Bailiwick has a right: in one namespace, or everywhere where none is named
    /// (`SelfSubjectAccessReview`, as `kubectl auth can-i`).
    ///
    /// # Errors
    /// Any [`ClusterError`].
    pub async fn may(&self, right: &Right, namespace: Option<&Namespace>) -> Result<bool, ClusterError> {
        let resource = "selfsubjectaccessreviews.authorization.k8s.io";
        let call = Call { verb: "create", resource, object: format!("the question for `{right}`") };
        let attributes = ResourceAttributes {
            verb: Some(right.verb.to_owned()),
            group: Some(right.group.to_owned()),
            resource: Some(right.resource.to_owned()),
            name: right.name.map(str::to_owned),
            namespace: namespace.map(ToString::to_string),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answered = api.create(&PostParams::default(), &review).await.map_err(|error| call.failed(error))?;
        Ok(answered.status.is_some_and(|status| status.allowed))
    }

    /// In which versions the cluster serves a kind of Flux's, the preferred one first; none where it is not
    /// installed.
    ///
    /// # Errors
    /// Any [`ClusterError`].
    pub async fn served(&self, kind: FluxKind) -> Result<Vec<String>, ClusterError> {
        let failed = |error| {
            Call { verb: "get", resource: kind.resource(), object: format!("the versions of {}", kind.name()) }
                .failed(error)
        };
        let resource = kind.api_resource();
        let groups = self.client.list_api_groups().await.map_err(failed)?.groups;
        let group = groups.into_iter().find(|group| group.name == resource.group);
        let mut served = Vec::new();
        for version in group.into_iter().flat_map(|group| group.versions) {
            let list = self.client.list_api_group_resources(&version.group_version).await.map_err(failed)?;
            if list.resources.iter().any(|it| it.name == resource.plural) {
                served.push(version.version);
            }
        }
        Ok(served)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Right;

    /// The verbs with which the sources make requests by `function`, besides those in `written`.
    fn verbs(source: &'static str, function: &str, written: &str) -> BTreeSet<&'static str> {
        let product = source.split("#[cfg(test)]").next().unwrap_or_default();
        let by = |call: &str| -> Vec<&'static str> {
            product.split(call).skip(1).filter_map(|rest| rest.split('"').next()).collect()
        };
        by(&format!("{function}(\"")).into_iter().chain(by(written)).collect()
    }

    fn named(wanted: impl Fn(&Right) -> bool) -> BTreeSet<&'static str> {
        Right::FOLLOW.iter().chain(&Right::KEYS).filter(|right| wanted(right)).map(|right| right.verb).collect()
    }

    #[test]
    fn what_the_clients_do_is_what_is_asked_for() {
        let client = include_str!("client.rs");
        assert_eq!(
            verbs(client, "secret_call", "Call { verb: \""),
            ["get", "list"].into(),
            "a Namespace, and lists of Flux's"
        );
        assert_eq!(verbs(client, "flux_call", "Call { verb: \""), named(|right| right.group.ends_with("fluxcd.io")));
        let [made, changed] = [include_str!("secret.rs"), include_str!("pairs.rs")]
            .map(|source| verbs(source, "secret_call", "Call { verb: \""));
        assert_eq!(&made | &changed, named(|right| right.resource == "secrets"));
        assert_eq!(Right::TRY.map(|right| right.verb).join(" and "), super::super::dry_run::VERBS);
    }
}
