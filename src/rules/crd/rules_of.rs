//! The rules of `x-kubernetes-validations` in the schemas that are judged.

use super::schemas::{Root, each};
use crate::finding::Finding;
use crate::manifest::Node;
use crate::rules::Review;
use crate::schema::Schema;
use crate::schema::cel::{Reading, Scope, Wanted, read};

/// One rule, and where it stands.
pub(super) struct Rule<'a> {
    pub(super) node: &'a Node,
    /// Its path in the object.
    pub(super) path: String,
    /// The schema that `self` is.
    pub(super) schema: Schema<'a>,
    resource: bool,
    /// Whether the server cannot tell which old value belongs to the new one.
    pub(super) uncorrelated: bool,
}

/// Looks at every rule outside of alternatives, inside of which none may stand.
pub(super) fn each_rule<'a>(
    review: &Review<'a>,
    mut look: impl FnMut(&Root<'a>, &Rule<'a>, &mut Vec<Finding>),
) -> Vec<Finding> {
    let mut uncorrelated: Vec<String> = Vec::new();
    each(review, |root, at, found| {
        if at.place.root {
            uncorrelated.clear();
        }
        let rules = at.schema.get("x-kubernetes-validations").filter(|_| !at.place.joined);
        for (index, node) in rules.into_iter().flat_map(Node::items).enumerate() {
            let inside = uncorrelated.iter().any(|path| at.path.starts_with(path.as_str()));
            let path = format!("{}.x-kubernetes-validations[{index}]", at.path);
            let resource = at.place.root || at.schema.is_embedded_resource();
            look(root, &Rule { node, path, schema: at.schema, resource, uncorrelated: inside }, found);
        }
        if at.schema.items().is_some() && at.schema.list_type() != Some("map") {
            uncorrelated.push(format!("{}.items", at.path));
        }
        if at.schema.map_type().is_some_and(|name| !matches!(name, "granular" | "atomic")) {
            uncorrelated.push(format!("{}.properties[", at.path));
        }
    })
}

impl Rule<'_> {
    /// A text of the rule.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.node.get(key)?.as_str()
    }

    /// What is known of its expression, if it has one.
    pub(super) fn reading(&self) -> Option<Reading> {
        self.read("rule", Wanted::Bool)
    }

    /// What is known of one of its expressions.
    pub(super) fn read(&self, key: &str, wanted: Wanted) -> Option<Reading> {
        let expression = self.text(key).filter(|text| !text.trim().is_empty())?;
        let optional_old_self = self.node.get("optionalOldSelf").and_then(Node::as_bool) == Some(true);
        Some(read(expression, Scope { schema: self.schema, resource: self.resource, optional_old_self }, wanted))
    }
}
