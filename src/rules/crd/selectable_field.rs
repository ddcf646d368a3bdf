//! A selectable field must be a plain field of the schema.
//!
//! # What
//! Reports in `selectableFields` of a version a `jsonPath` that is missing, that leads to no field of the
//! schema, into a list, under `metadata`, or to something else than a text, a boolean or a whole number; one
//! that is there twice; more than eight of them; and several versions of which only the schemas, or only the
//! selectable fields, are all the same.
//!
//! # Why
//! The API server indexes these fields and refuses the definition. It does so since Kubernetes 1.31 (1.30 only
//! where a feature gate is set); older ones do not know `selectableFields` at all. Of several versions it
//! first takes together what all have in common, and then misses one half of schema and fields.
//!
//! # Bad
//! ```yaml
//! selectableFields:
//!   - jsonPath: .spec.ports[0]
//! ```
//!
//! # Good
//! ```yaml
//! selectableFields:
//!   - jsonPath: .spec.color
//! ```

use std::collections::BTreeSet;

use super::alike::alike;
use super::{current, error, old_definition, text};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Additional, Definition, Schema, Version};

/// `crd/selectable-field`.
#[derive(Debug)]
pub struct SelectableField;

const ID: RuleId = RuleId::new("crd/selectable-field");
const MOST: usize = 8;
const METADATA: &str = "fields under `metadata` cannot be selected";
const SINCE: &str = "Kubernetes (since 1.31, or 1.30 with a feature gate)";

impl Rule for SelectableField {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("selectable_field.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |definition: Definition<'_>| {
            let mut findings: Vec<Finding> = check_versions(definition).into_iter().collect();
            let old = old_definition(review, definition.object);
            findings.extend(definition.versions().flat_map(|version| check_version(definition, old, version)));
            findings
        };
        current(review).flat_map(check).collect()
    }
}

/// The selectable fields of a version, each path with its place; empty where there are none.
fn fields<'a>(version: Version<'a>) -> Vec<(usize, &'a Node)> {
    version.at(&["selectableFields"]).into_iter().flat_map(Node::items).enumerate().collect()
}

fn paths<'a>(version: Version<'a>) -> Vec<Option<&'a str>> {
    fields(version).into_iter().map(|(_, node)| text(node, &["jsonPath"])).collect()
}

/// Whether all versions have the same fields: then the API server keeps them once.
fn are_shared(definition: Definition<'_>) -> bool {
    let mut all = definition.versions().map(paths);
    let first = all.next();
    all.all(|other| Some(&other) == first.as_ref())
}

fn check_versions(definition: Definition<'_>) -> Option<Finding> {
    let with_fields = definition.versions().find(|version| !fields(*version).is_empty())?;
    let mut schemas = definition.versions().map(|version| version.at(&["schema"]));
    let first = schemas.next()?;
    let same_schemas = schemas.all(|other| match (first, other) {
        (Some(one), Some(other)) => alike(one, other),
        (one, other) => one.is_none() && other.is_none(),
    });
    let (same, different, help) = match (same_schemas, are_shared(definition)) {
        (true, false) => ("schema", "selectable fields", "Give all versions the same selectable fields."),
        (false, true) => (
            "selectable fields",
            "schema",
            "Leave out the selectable fields of one version, or list them in another order.",
        ),
        _ => return None,
    };
    let message = format!(
        "All versions have the same {same} but not the same {different}; {SINCE} takes what is the same together and then \
         refuses the definition."
    );
    let finding = error(ID, definition.object, with_fields.node.nearest(&["selectableFields"]), message);
    Some(finding.with_field(with_fields.field("selectableFields")).with_help(help))
}

fn check_version(definition: Definition<'_>, old: Option<Definition<'_>>, version: Version<'_>) -> Vec<Finding> {
    // A version without a schema is refused for that; `crd/missing-schema` says so.
    let Some(root) = version.schema() else { return Vec::new() };
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, node) in fields(version) {
        let Some(path) = text(node, &["jsonPath"]) else { continue };
        let (message, help) = match fault(root, path, &mut seen) {
            Some(fault) => fault,
            None => continue,
        };
        let finding = error(ID, definition.object, node.nearest(&["jsonPath"]), message);
        findings
            .push(finding.with_field(version.field(&format!("selectableFields[{index}].jsonPath"))).with_help(help));
    }
    if seen.len() > MOST && !was_too_many(definition, old, version) {
        let message =
            format!("{SINCE} refuses more than {MOST} selectable fields in a version; here are {}.", seen.len());
        let finding = error(ID, definition.object, version.node.nearest(&["selectableFields"]), message);
        findings
            .push(finding.with_field(version.field("selectableFields")).with_help("Keep those that are asked for."));
    }
    findings
}

/// Too many fields that were too many already, and have not changed, are let through.
fn was_too_many(definition: Definition<'_>, old: Option<Definition<'_>>, version: Version<'_>) -> bool {
    let Some(old) = old else { return false };
    let before = match (are_shared(definition), are_shared(old)) {
        (true, true) => old.versions().next(),
        (false, false) => version.name().and_then(|name| old.version(name)),
        _ => None,
    };
    before.is_some_and(|before| paths(before).len() > MOST && paths(before) == paths(version))
}

fn fault<'a>(root: Schema<'_>, path: &'a str, seen: &mut BTreeSet<Vec<&'a str>>) -> Option<(String, &'static str)> {
    let path_shown = shown(path);
    if path.is_empty() {
        let message = "A selectable field has no `jsonPath`, so the API server refuses it.".to_owned();
        return Some((message, "Write the path of the field, such as `.spec.color`."));
    }
    let plain = "Write the path of a field that the schema names, such as `.spec.color`.";
    let (names, found) = match follow(root, path) {
        Ok(found) => found,
        Err(why) => {
            let why = if path.starts_with(".metadata.") { METADATA } else { why };
            return Some((format!("{SINCE} refuses the selectable field `{path_shown}`: {why}."), plain));
        }
    };
    let kind = found.and_then(Schema::type_name);
    let doubled = !seen.insert(names.clone());
    let why = if names.first() == Some(&"metadata") {
        METADATA
    } else if !matches!(kind, Some("string" | "boolean" | "integer")) {
        "only a text, a boolean or a whole number can be selected"
    } else if doubled {
        "it is there already"
    } else {
        return None;
    };
    Some((format!("{SINCE} refuses the selectable field `{path_shown}`: {why}."), plain))
}

/// The names of a path, and the schema at its end (`None` where the schema says nothing of it).
type Found<'a, 'b> = (Vec<&'b str>, Option<Schema<'a>>);

fn follow<'a, 'b>(root: Schema<'a>, path: &'b str) -> Result<Found<'a, 'b>, &'static str> {
    let mut names = Vec::new();
    let mut schema = Some(root);
    let mut tokens = Tokens(path);
    while let Some(token) = tokens.next() {
        match token {
            "." => {}
            "[" => return Err("it leads into a list, or names a field in brackets"),
            _ => return Err("it does not start with a dot"),
        }
        let name = tokens.next().ok_or("it ends with a dot")?;
        schema = step(schema.ok_or("the schema names no such field")?, name)?;
        names.push(name);
    }
    Ok((names, schema))
}

fn step<'a>(schema: Schema<'a>, name: &str) -> Result<Option<Schema<'a>>, &'static str> {
    if schema.properties().next().is_some() {
        return schema.property(name).map(Some).ok_or("the schema names no such field");
    }
    match schema.additional() {
        Some(Additional::Schema(values)) => Ok(Some(values)),
        Some(Additional::Allowed(_)) => Ok(None),
        None => Err("the schema names no such field"),
    }
}

/// The path's parts: dots, brackets, and what is between them; in quotes anything may stand.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0;
        let end = match rest.chars().next()? {
            '\'' => {
                let inner = rest.char_indices().zip(rest.chars().skip(1));
                let closing = inner.skip_while(|((_, before), quote)| *quote != '\'' || *before == '\\');
                closing.map(|((at, before), _)| at + before.len_utf8() + 1).next().unwrap_or(rest.len())
            }
            '.' | '[' | ']' => 1,
            _ => rest.find(['.', '[', ']']).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn a_path_falls_into_its_parts() {
        let parts = |path| Tokens(path).collect::<Vec<_>>().join(" ");
        assert_eq!(parts(".spec.a-b"), ". spec . a-b");
        assert_eq!(parts("..a[0]"), ". . a [ 0 ]");
        assert_eq!(parts(".'a.b'.c"), ". 'a.b' . c");
        assert_eq!(parts(".'a\\'.b'"), ". 'a\\'.b'");
        assert_eq!(parts(".'a.b"), ". 'a.b");
        assert_eq!(parts(".é.'ü'x"), ". é . 'ü' x");
    }
}
