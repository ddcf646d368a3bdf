//! Who has rights.

use std::fmt;

const ACCOUNT: &str = "system:serviceaccount:";
const ACCOUNTS: &str = "system:serviceaccounts";
const AUTHENTICATED: &str = "system:authenticated";
/// The group of whoever does not say who it is.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";

/// A subject of a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A user; never one whose name is that of a service account, if made by [`Subject::user`].
    User(String),
    /// A group.
    Group(String),
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl Subject {
    /// The user of a name. The name of a service account's user stands for the service account.
    pub fn user(name: &str) -> Self {
        let account = name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':'));
        match account {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
                Self::account(namespace, name)
            }
            _ => Self::User(name.to_owned()),
        }
    }

    /// The group of a name.
    pub fn group(name: &str) -> Self {
        Self::Group(name.to_owned())
    }

    /// The service account of a namespace and a name.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The subject that an entry of `subjects` names, in a binding of `scope`. Nothing defaults the namespace of a
    /// service account in the API server's store, but when it asks whom a RoleBinding is for, it takes the
    /// binding's own namespace where none is written (kubernetes/kubernetes, pkg/registry/rbac/validation/rule.go
    /// `appliesToUser`). `None` for what is nobody: another kind, or a service account without a namespace in a
    /// ClusterRoleBinding.
    pub fn written(kind: &str, namespace: Option<&str>, name: &str, scope: &super::Scope) -> Option<Self> {
        match kind {
            "User" => Some(Self::user(name)),
            "Group" => Some(Self::group(name)),
            "ServiceAccount" => {
                let namespace = namespace.filter(|namespace| !namespace.is_empty()).or_else(|| scope.namespace())?;
                Some(Self::account(namespace, name))
            }
            _ => None,
        }
    }

    /// The same with [`Subject::user`]'s reading of names.
    pub(super) fn canonical(self) -> Self {
        match self {
            Self::User(name) => Self::user(&name),
            other => other,
        }
    }

    /// The groups that everybody who is the subject is in for certain: those that the API server gives to whom it
    /// has recognised (apiserver, pkg/authentication/serviceaccount/util.go `MakeGroupNames` and
    /// pkg/authentication/group). The members of a group are in larger groups.
    pub fn groups(&self) -> Vec<Self> {
        let names: &[&str] = match self {
            Self::User(name) if name == ANONYMOUS => &[UNAUTHENTICATED],
            Self::User(_) => &[AUTHENTICATED],
            Self::Group(name) if name == AUTHENTICATED || name == UNAUTHENTICATED => &[],
            Self::Group(name) if is_of_one_namespace(name) => &[ACCOUNTS, AUTHENTICATED],
            Self::Group(_) => &[AUTHENTICATED],
            Self::ServiceAccount { namespace, .. } => {
                let own = Self::Group(format!("{ACCOUNTS}:{namespace}"));
                return vec![own, Self::group(ACCOUNTS), Self::group(AUTHENTICATED)];
            }
        };
        names.iter().map(|name| Self::group(name)).collect()
    }
}

fn is_of_one_namespace(group: &str) -> bool {
    group.strip_prefix(ACCOUNTS).and_then(|rest| rest.strip_prefix(':')).is_some_and(|rest| !rest.is_empty())
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "User {name}"),
            Self::Group(name) => write!(f, "Group {name}"),
            Self::ServiceAccount { namespace, name } => write!(f, "ServiceAccount {namespace}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
