//! Rights as they are shown: a part of a rule.

use super::PolicyRule;

/// What may be done: every verb on everything of `on`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// The verbs; never empty.
    pub verbs: Vec<String>,
    /// On what.
    pub on: On,
}

/// What a right is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// Every resource in every group.
    Resources {
        /// API groups; never empty.
        groups: Vec<String>,
        /// Resources; never empty.
        resources: Vec<String>,
        /// The names of the objects; empty for all.
        names: Vec<String>,
    },
    /// Paths that are no resources.
    Urls(Vec<String>),
}

impl Right {
    /// The rule that gives just this right.
    pub fn rule(&self) -> PolicyRule {
        let verbs = self.verbs.clone();
        match self.on.clone() {
            On::Resources { groups, resources, names } => {
                PolicyRule { verbs, api_groups: groups, resources, resource_names: names, ..PolicyRule::default() }
            }
            On::Urls(urls) => PolicyRule { verbs, non_resource_urls: urls, ..PolicyRule::default() },
        }
    }
}
