//! Rights as they are shown: a part of a rule.

use std::fmt;

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

/// `get, list on secrets, pods of core, metrics.k8s.io named a`; the core group alone is not named.
impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on ", self.verbs.join(", "))?;
        match &self.on {
            On::Urls(urls) => formatter.write_str(&urls.join(", ")),
            On::Resources { groups, resources, names } => {
                let all = |words: &[String]| words.iter().any(|word| word == "*");
                if all(groups) && all(resources) {
                    formatter.write_str("everything")?;
                } else {
                    formatter.write_str(&resources.join(", "))?;
                    match groups.as_slice() {
                        [core] if core.is_empty() => {}
                        groups if all(groups) => formatter.write_str(" of every group")?,
                        groups => {
                            let named: Vec<&str> =
                                groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
                            write!(formatter, " of {}", named.join(", "))?;
                        }
                    }
                }
                if names.is_empty() { Ok(()) } else { write!(formatter, " named {}", names.join(", ")) }
            }
        }
    }
}
