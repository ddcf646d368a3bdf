//! A custom resource beside a version of its definition.

use super::Version;
use super::value::{self, Number, Problem, Purpose, Verdict, below};
use crate::manifest::Node;

/// Judges a whole custom resource as the API server does when Flux applies it; `None` where the version has no
/// schema.
///
/// Facts on the scale subresource: kubernetes/apiextensions-apiserver `pkg/registry/customresource/validator.go`
/// (`ValidateScaleSpec`).
pub fn judge_resource<'v>(object: &'v Node, version: Version<'_>) -> Option<Verdict<'v>> {
    let schema = version.schema()?;
    let mut verdict = value::validate(object, schema, Purpose { default: false, resource: true }, "");
    if let Some(path) = version.at(&["subresources", "scale", "specReplicasPath"]).and_then(Node::as_str) {
        verdict.invalid.extend(replicas(object, path));
    }
    Some(verdict)
}

/// What is wrong with the number at a path such as `.spec.replicas`.
fn replicas<'v>(object: &'v Node, path: &str) -> Option<Problem<'v>> {
    let (mut node, mut field) = (object, String::new());
    for name in path.strip_prefix('.').unwrap_or(path).split('.') {
        if !node.is_mapping() {
            return Some(Problem::new(node, field, "must be a mapping: the number of replicas stands below"));
        }
        let next = node.get(name).filter(|next| !next.is_null())?;
        (node, field) = (next, below(&field, name));
    }
    let fits = Number::whole(node).is_some_and(|number| (0..=i128::from(i32::MAX)).contains(&number));
    let words = "must be a whole number from 0 to 2147483647, because the scale subresource reads it";
    (!fits).then(|| Problem::new(node, field, words))
}
