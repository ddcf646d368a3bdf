use crate::names::show;

/// Why the cluster did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The object (or the namespace it should be made in) is not there.
    #[error("{object} was not found in the cluster: check the name, or create it first")]
    NotFound {
        /// What was asked for, such as `Secret team1/flux-system`.
        object: String,
    },
    /// The credentials are good and do not allow this.
    #[error("the cluster forbids Bailiwick to {verb} {resource} ({object}): {remedy}")]
    Forbidden {
        /// The RBAC verb, such as `patch`.
        verb: &'static str,
        /// The RBAC resource with its group, such as `gitrepositories.source.toolkit.fluxcd.io`.
        resource: &'static str,
        /// What was asked for.
        object: String,
        /// What to grant.
        remedy: String,
    },
    /// The credentials were refused.
    #[error("the cluster refused Bailiwick's credentials: renew the token or the kubeconfig of this cluster")]
    Unauthorized,
    /// The object changed meanwhile, or is there already.
    #[error("{object} was changed or created by somebody else meanwhile: read it again and repeat")]
    Conflict {
        /// What was asked for.
        object: String,
    },
    /// The cluster serves no such kind.
    #[error("the cluster does not serve {resource}: install Flux's custom resource definitions (`flux install`)")]
    KindMissing {
        /// The resource with its group.
        resource: &'static str,
    },
    /// The cluster cannot be reached, is overloaded, or does not answer in time. Trying later may help.
    #[error("the cluster did not answer for {object}: check that it is up and reachable; it is tried again")]
    Unavailable {
        /// What was asked for.
        object: String,
        /// What went wrong on the way.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The cluster refused the request, or the object is not what its kind promises.
    #[error("{object}: {problem}")]
    Invalid {
        /// What was asked for.
        object: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no usable way to the cluster: kubeconfig, context, URL or service account.
    #[error("no access to the cluster with {what}: {remedy}")]
    Access {
        /// What was tried, such as the kubeconfig's path.
        what: String,
        /// What to do.
        remedy: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ClusterError {
    /// Whether the same request may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Conflict { .. })
    }
}

/// One request, for the text of its error.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) verb: &'static str,
    pub(super) resource: &'static str,
    pub(super) object: String,
}

impl Call {
    /// Turns kube's error into ours. A 404 without a name in its details means that the path
    /// itself is unknown: the kind is not installed (an API server answers `404 page not found`).
    pub(super) fn failed(self, error: kube::Error) -> ClusterError {
        let Self { verb, resource, object } = self;
        let kube::Error::Api(status) = error else {
            return ClusterError::Unavailable { object, source: Box::new(error) };
        };
        let named = status.details.as_ref().is_some_and(|details| !details.name.is_empty());
        match status.code {
            401 => ClusterError::Unauthorized,
            403 => {
                let remedy = format!("grant `{verb}` on `{resource}` to Bailiwick's service account");
                ClusterError::Forbidden { verb, resource, object, remedy }
            }
            404 if named => ClusterError::NotFound { object },
            404 => ClusterError::KindMissing { resource },
            409 => ClusterError::Conflict { object },
            408 | 429 | 500.. => ClusterError::Unavailable { object, source: Box::new(kube::Error::Api(status)) },
            code => {
                // The message may repeat what we sent, which may be a Secret: only the code and reason go out.
                let problem = format!("the cluster answered {code} {}", show(&status.reason));
                ClusterError::Invalid { object, problem }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use kube::core::response::StatusDetails;

    use super::{Call, ClusterError};

    fn failed(code: u16, name: &str) -> ClusterError {
        let call = Call { verb: "get", resource: "secrets", object: "Secret team1/flux-system".to_owned() };
        let details = StatusDetails {
            name: name.to_owned(),
            group: String::new(),
            kind: "secrets".to_owned(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
        };
        let status = Status::failure("secret text", "Reason").with_code(code).with_details(details);
        call.failed(kube::Error::Api(status.boxed()))
    }

    #[test]
    fn every_status_has_its_error() {
        assert!(matches!(failed(401, ""), ClusterError::Unauthorized));
        assert!(matches!(failed(404, "flux-system"), ClusterError::NotFound { .. }));
        assert!(matches!(failed(404, ""), ClusterError::KindMissing { .. }));
        assert!(failed(409, "x").is_transient());
        assert!(failed(503, "x").is_transient());
        assert!(failed(429, "x").is_transient());
        assert!(!failed(422, "x").is_transient());
    }

    #[test]
    fn a_refusal_names_the_right_to_grant_and_never_repeats_the_servers_text() {
        let text = failed(403, "flux-system").to_string();
        assert!(text.contains("grant `get` on `secrets`"), "{text}");
        let text = failed(422, "flux-system").to_string();
        assert!(!text.contains("secret text"), "{text}");
    }
}
