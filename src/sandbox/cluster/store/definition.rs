//! What the API server refuses in a CustomResourceDefinition, in small: names, versions, schemas that are not there, and
//! fields that nobody knows (kubernetes.io, reference of `apiextensions.k8s.io/v1`).

use serde_json::Value;

use super::json::{list, text};
use super::{Kind, Refusal};

const TOP: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];
const SPEC: &[&str] = &["group", "names", "scope", "versions", "conversion", "preserveUnknownFields"];
const NAMES: &[&str] = &["plural", "singular", "shortNames", "kind", "listKind", "categories"];
const CONVERSION: &[&str] = &["strategy", "webhook"];
#[rustfmt::skip]
const VERSION: &[&str] = &[
    "name", "served", "storage", "deprecated", "deprecationWarning", "schema", "subresources", "additionalPrinterColumns",
    "selectableFields",
];
const COLUMN: &[&str] = &["name", "type", "format", "description", "priority", "jsonPath"];
#[rustfmt::skip]
const SCHEMA: &[&str] = &[
    "id", "$schema", "$ref", "description", "type", "format", "title", "default", "maximum", "exclusiveMaximum", "minimum",
    "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "enum",
    "maxProperties", "minProperties", "required", "items", "allOf", "oneOf", "anyOf", "not", "properties",
    "additionalProperties", "patternProperties", "dependencies", "additionalItems", "definitions", "externalDocs",
    "example", "nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type",
    "x-kubernetes-validations",
];
const RULE: &[&str] = &["rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"];

/// Whether a kind is that of definitions.
pub(crate) fn is_definition(kind: &Kind) -> bool {
    kind.group == "apiextensions.k8s.io" && kind.kind == "CustomResourceDefinition"
}

/// Checks a definition that is about to be stored.
pub(super) fn check(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let refuse = |field: &str, problem: &str| Err(Refusal::invalid(kind, name, field, problem));
    for field in ["group", "scope", "names.kind", "names.plural", "versions"] {
        if object.pointer(&format!("/spec/{}", field.replace('.', "/"))).is_none_or(Value::is_null) {
            return refuse(&format!("spec.{field}"), "Required value");
        }
    }
    let wanted = format!("{}.{}", text(object, "/spec/names/plural"), text(object, "/spec/group"));
    if name != wanted {
        let problem = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
        return refuse("metadata.name", &problem);
    }
    let versions = list(object, "/spec/versions");
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        return refuse("spec.versions", "Invalid value: must have exactly one version marked as storage version");
    }
    for (index, version) in versions.iter().enumerate() {
        if !version["schema"]["openAPIV3Schema"].is_object() {
            return refuse(
                &format!("spec.versions[{index}].schema.openAPIV3Schema"),
                "Required value: schemas are required",
            );
        }
    }
    Ok(())
}

/// Checks what may not change once a definition is served.
pub(super) fn check_change(kind: &Kind, before: &Value, after: &Value) -> Result<(), Refusal> {
    for field in ["group", "scope"] {
        let pointer = format!("/spec/{field}");
        if before.pointer(&pointer) != after.pointer(&pointer) {
            let problem = format!("Invalid value: {:?}: field is immutable", text(after, &pointer));
            return Err(Refusal::invalid(kind, text(after, "/metadata/name"), &format!("spec.{field}"), &problem));
        }
    }
    Ok(())
}

/// The paths of the fields that no definition has, as server-side apply writes them.
pub(crate) fn unknown_fields(object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    known(object, "", TOP, &mut found);
    let spec = &object["spec"];
    known(spec, ".spec", SPEC, &mut found);
    known(&spec["names"], ".spec.names", NAMES, &mut found);
    known(&spec["conversion"], ".spec.conversion", CONVERSION, &mut found);
    for (index, version) in list(spec, "/versions").iter().enumerate() {
        let path = format!(".spec.versions[{index}]");
        known(version, &path, VERSION, &mut found);
        known(&version["schema"], &format!("{path}.schema"), &["openAPIV3Schema"], &mut found);
        known(&version["subresources"], &format!("{path}.subresources"), &["status", "scale"], &mut found);
        for (index, column) in list(version, "/additionalPrinterColumns").iter().enumerate() {
            known(column, &format!("{path}.additionalPrinterColumns[{index}]"), COLUMN, &mut found);
        }
        schema(&version["schema"]["openAPIV3Schema"], &format!("{path}.schema.openAPIV3Schema"), &mut found);
    }
    found
}

fn schema(node: &Value, path: &str, found: &mut Vec<String>) {
    if !node.is_object() {
        return;
    }
    known(node, path, SCHEMA, found);
    for key in ["properties", "patternProperties", "definitions"] {
        for (name, below) in node[key].as_object().into_iter().flatten() {
            schema(below, &format!("{path}.{key}.{name}"), found);
        }
    }
    for key in ["items", "additionalProperties", "not"] {
        schema(&node[key], &format!("{path}.{key}"), found);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for (index, below) in list(node, &format!("/{key}")).iter().enumerate() {
            schema(below, &format!("{path}.{key}[{index}]"), found);
        }
    }
    for (index, rule) in list(node, "/x-kubernetes-validations").iter().enumerate() {
        known(rule, &format!("{path}.x-kubernetes-validations[{index}]"), RULE, found);
    }
}

fn known(node: &Value, path: &str, fields: &[&str], found: &mut Vec<String>) {
    let keys = node.as_object().into_iter().flatten().map(|(key, _)| key);
    found.extend(keys.filter(|key| !fields.contains(&key.as_str())).map(|key| format!("{path}.{key}")));
}
