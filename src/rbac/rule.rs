//! One entry of a role's `rules`, and what it allows.

/// An entry of `rules` in a Role or a ClusterRole, word for word (rbac/v1 `PolicyRule`). A null in one of the
/// lists is to be given as the empty text, as Go decodes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRule {
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `apiGroups`; the core group is the empty text.
    pub api_groups: Vec<String>,
    /// `resources`, with a subresource behind a slash.
    pub resources: Vec<String>,
    /// `resourceNames`; empty means every name.
    pub resource_names: Vec<String>,
    /// `nonResourceURLs`.
    pub non_resource_urls: Vec<String>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The verb (`get`, `create`, `impersonate`); that of a URL is the HTTP method in lower case.
    pub verb: &'a str,
    /// On what.
    pub target: Target<'a>,
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource of the API.
    Resource {
        /// Its API group; empty for the core group.
        group: &'a str,
        /// Its plural name, with a subresource behind a slash (`pods/exec`).
        resource: &'a str,
        /// The name of the object; empty where the request has none, as for `create` and for `list` of all.
        name: &'a str,
    },
    /// A path that is no resource (`/metrics`).
    Url(&'a str),
}

impl<'a> Request<'a> {
    /// A request for a resource without a name.
    pub fn resource(verb: &'a str, group: &'a str, resource: &'a str) -> Self {
        Self { verb, target: Target::Resource { group, resource, name: "" } }
    }

    /// The same request for the object of a name.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        match self.target {
            Target::Resource { group, resource, .. } => {
                Self { target: Target::Resource { group, resource, name }, ..self }
            }
            Target::Url(_) => self,
        }
    }

    /// A request for a path that is no resource.
    pub fn url(verb: &'a str, path: &'a str) -> Self {
        Self { verb, target: Target::Url(path) }
    }
}

impl PolicyRule {
    /// Whether the rule allows a request, as the API server decides it (kubernetes/kubernetes,
    /// plugin/pkg/auth/authorizer/rbac/rbac.go `RuleAllows` with pkg/apis/rbac/v1/evaluation_helpers.go). Words
    /// are compared with their case; `pods` is not `pods/exec`, and `pods/*` matches nothing. A rule with names
    /// does not match a request without one, unless the empty text is among its names.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        if !has(&self.verbs, request.verb) {
            return false;
        }
        match request.target {
            Target::Resource { group, resource, name } => {
                has(&self.api_groups, group)
                    && self.resources.iter().any(|word| covers_resource(word, resource))
                    && (self.resource_names.is_empty() || self.resource_names.iter().any(|word| word == name))
            }
            Target::Url(path) => self.non_resource_urls.iter().any(|word| covers_url(word, path)),
        }
    }

    /// The rule with every list in order and without repetitions: two rules that are the same then say the same.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let sorted = |words: &[String]| {
            let mut words = words.to_vec();
            words.sort_unstable();
            words.dedup();
            words
        };
        Self {
            verbs: sorted(&self.verbs),
            api_groups: sorted(&self.api_groups),
            resources: sorted(&self.resources),
            resource_names: sorted(&self.resource_names),
            non_resource_urls: sorted(&self.non_resource_urls),
        }
    }
}

fn has(words: &[String], wanted: &str) -> bool {
    words.iter().any(|word| word == "*" || word == wanted)
}

/// Whether a word of `resources` stands for a resource: itself, everything, or the subresource of all.
pub fn covers_resource(word: &str, resource: &str) -> bool {
    word == "*" || word == resource || word.strip_prefix("*/").is_some_and(|sub| Some(sub) == subresource(resource))
}

/// What stands behind the first slash. Nothing and an empty subresource are the same.
fn subresource(resource: &str) -> Option<&str> {
    resource.split_once('/').map(|(_, sub)| sub).filter(|sub| !sub.is_empty())
}

/// Whether a word of `nonResourceURLs` stands for a path. Every star at the end is taken off before the
/// beginnings are compared; one in the middle is a letter like others.
pub fn covers_url(word: &str, path: &str) -> bool {
    word == path || word.ends_with('*') && path.starts_with(word.trim_end_matches('*'))
}

#[cfg(test)]
mod tests;
