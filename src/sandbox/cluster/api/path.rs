//! Paths of the Kubernetes API (kubernetes.io, API concepts, "Resource URIs").

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    Root,
    Version,
    Health,
    /// `/api`
    Legacy,
    /// `/apis`
    Groups,
    /// `/apis/<group>`
    Group(String),
    /// `/api/v1`, `/apis/<group>/<version>`
    GroupVersion(String, String),
    Resource(Target),
}

/// Objects of one kind, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    /// Empty for kinds without, and for all namespaces.
    pub(super) namespace: String,
    /// Empty for all objects.
    pub(super) name: String,
    /// Empty, or `status`.
    pub(super) subresource: String,
}

impl Path {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        if path.trim_start_matches('/').contains("//") {
            return None;
        }
        Some(match parts.as_slice() {
            [""] => Self::Root,
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz"] => Self::Health,
            ["api"] => Self::Legacy,
            ["apis"] => Self::Groups,
            ["api", version] => Self::GroupVersion(String::new(), (*version).to_owned()),
            ["apis", group] => Self::Group((*group).to_owned()),
            ["apis", group, version] => Self::GroupVersion((*group).to_owned(), (*version).to_owned()),
            ["api", version, rest @ ..] => Self::Resource(Target::parse("", version, rest)?),
            ["apis", group, version, rest @ ..] => Self::Resource(Target::parse(group, version, rest)?),
            _ => return None,
        })
    }
}

impl Target {
    fn parse(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let (namespace, plural, name, subresource) = match rest {
            ["namespaces", name, sub @ ("status" | "finalize")] => ("", "namespaces", *name, *sub),
            ["namespaces", namespace, plural] => (*namespace, *plural, "", ""),
            ["namespaces", namespace, plural, name] => (*namespace, *plural, *name, ""),
            ["namespaces", namespace, plural, name, sub] => (*namespace, *plural, *name, *sub),
            [plural] => ("", *plural, "", ""),
            [plural, name] => ("", *plural, *name, ""),
            [plural, name, sub] => ("", *plural, *name, *sub),
            _ => return None,
        };
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    fn target(path: &str) -> [String; 6] {
        let Some(Path::Resource(target)) = Path::parse(path) else { panic!("{path} names no resource") };
        [target.group, target.version, target.plural, target.namespace, target.name, target.subresource]
    }

    #[test]
    fn resources_are_found_in_paths() {
        assert_eq!(target("/api/v1/namespaces"), ["", "v1", "namespaces", "", "", ""]);
        assert_eq!(target("/api/v1/namespaces/team1"), ["", "v1", "namespaces", "", "team1", ""]);
        assert_eq!(target("/api/v1/namespaces/team1/status"), ["", "v1", "namespaces", "", "team1", "status"]);
        assert_eq!(target("/api/v1/namespaces/team1/secrets"), ["", "v1", "secrets", "team1", "", ""]);
        assert_eq!(target("/api/v1/namespaces/team1/secrets/a"), ["", "v1", "secrets", "team1", "a", ""]);
        assert_eq!(target("/apis/apps/v1/deployments"), ["apps", "v1", "deployments", "", "", ""]);
        assert_eq!(target("/apis/x.io/v1/namespaces/n/kinds/a/status"), ["x.io", "v1", "kinds", "n", "a", "status"]);
        assert_eq!(Path::parse("/apis/x.io/v1"), Some(Path::GroupVersion("x.io".to_owned(), "v1".to_owned())));
        for bad in ["/nothing", "/api/v1/namespaces//secrets", "/api/v1/a/b/c/d/e/f"] {
            assert_eq!(Path::parse(bad), None, "{bad}");
        }
    }
}
