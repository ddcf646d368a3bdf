//! A rule that is asked again and again whether it has a word.

use std::collections::HashSet;

use super::area::Dimension;
use crate::rbac::PolicyRule;
use crate::rbac::rule::covers_url;

/// Lists of more words than this are looked up by hash.
const FEW: usize = 8;

/// The words of one list.
#[derive(Debug)]
enum Words<'a> {
    Few(&'a [String]),
    Many(HashSet<&'a str>),
}

impl<'a> Words<'a> {
    fn new(words: &'a [String]) -> Self {
        if words.len() <= FEW { Self::Few(words) } else { Self::Many(words.iter().map(String::as_str).collect()) }
    }

    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::Few(words) => words.iter().any(|word| word == wanted),
            Self::Many(words) => words.contains(wanted),
        }
    }

    fn has_or_star(&self, wanted: &str) -> bool {
        self.has(wanted) || self.has("*")
    }
}

/// A rule that may cover others.
#[derive(Debug)]
pub(super) struct Owner<'a> {
    verbs: Words<'a>,
    groups: Words<'a>,
    resources: Words<'a>,
    /// What stands behind `*/` in the resources.
    subresources: HashSet<&'a str>,
    names: Words<'a>,
    /// Whether the rule is for every name.
    pub(super) every_name: bool,
    urls: Words<'a>,
    /// The URLs that end in a star.
    beginnings: Vec<&'a str>,
}

impl<'a> Owner<'a> {
    pub(super) fn new(rule: &'a PolicyRule) -> Self {
        let beginnings = rule.non_resource_urls.iter().map(String::as_str).filter(|url| url.ends_with('*'));
        Self {
            verbs: Words::new(&rule.verbs),
            groups: Words::new(&rule.api_groups),
            resources: Words::new(&rule.resources),
            subresources: rule.resources.iter().filter_map(|word| word.strip_prefix("*/")).collect(),
            names: Words::new(&rule.resource_names),
            every_name: rule.resource_names.is_empty(),
            urls: Words::new(&rule.non_resource_urls),
            beginnings: beginnings.collect(),
        }
    }

    /// Whether the rule covers a word of another one.
    pub(super) fn has(&self, dimension: Dimension, word: &str) -> bool {
        match dimension {
            Dimension::Verbs => self.verbs.has_or_star(word),
            Dimension::Groups => self.groups.has_or_star(word),
            Dimension::Resources => self.resources.has_or_star(word) || self.has_subresource(word),
            Dimension::Names => self.every_name || self.names.has(word),
            Dimension::Urls => self.urls.has(word) || self.beginnings.iter().any(|url| covers_url(url, word)),
        }
    }

    /// What one look costs.
    pub(super) fn cost(&self, dimension: Dimension) -> usize {
        if dimension == Dimension::Urls { 1 + self.beginnings.len() } else { 1 }
    }

    fn has_subresource(&self, resource: &str) -> bool {
        !self.subresources.is_empty()
            && resource.split_once('/').is_some_and(|(_, sub)| self.subresources.contains(sub))
    }
}
