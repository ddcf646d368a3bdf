//! The fields of a CustomResourceDefinition of `apiextensions.k8s.io/v1` and what may stand in them, as far as
//! the API server looks before it looks at rules.
//!
//! Facts: the published OpenAPI of the kind and the decoders of kubernetes/apiextensions-apiserver
//! (`pkg/apis/apiextensions/v1`), as of Kubernetes 1.37.

/// What may stand in a field. Null may stand everywhere: it is the same as nothing.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    /// `true` or `false`.
    Truth,
    /// A whole number of 64 bits.
    Whole,
    Number,
    /// A text in base64.
    Bytes,
    Time,
    /// Whatever JSON can say.
    Any,
    /// A mapping of which nothing is read.
    Marker,
    Object(&'static Shape),
    List(&'static Kind),
    /// A list of texts that are told apart by themselves.
    Set,
    /// A list whose items are told apart by one of their fields.
    Keyed(&'static Shape, &'static str),
    Map(&'static Kind),
    /// A schema, or whether anything may stand there.
    SchemaOrTruth,
    /// A schema, or a list of them.
    SchemaOrList,
    /// A schema, or a list of texts.
    SchemaOrTexts,
}

/// A mapping with certain fields.
#[derive(Debug)]
pub(super) struct Shape {
    /// What people call it, with an article.
    pub(super) what: &'static str,
    pub(super) fields: &'static [(&'static str, Kind)],
}

impl Shape {
    /// What may stand in a field.
    pub(super) fn field(&self, name: &str) -> Option<&'static Kind> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }
}

use Kind::{Any, Bytes, Keyed, List, Map, Marker, Number, Object, SchemaOrList, SchemaOrTexts, SchemaOrTruth, Set};
use Kind::{Text, Time, Truth, Whole};

pub(super) static DEFINITION: Shape = Shape {
    what: "a CustomResourceDefinition",
    fields: &[
        ("apiVersion", Text),
        ("kind", Text),
        ("metadata", Object(&METADATA)),
        ("spec", Object(&SPEC)),
        ("status", Object(&STATUS)),
    ],
};

static METADATA: Shape = Shape {
    what: "`metadata`",
    fields: &[
        ("annotations", Map(&Text)),
        ("creationTimestamp", Time),
        ("deletionGracePeriodSeconds", Whole),
        ("deletionTimestamp", Time),
        ("finalizers", Set),
        ("generateName", Text),
        ("generation", Whole),
        ("labels", Map(&Text)),
        ("managedFields", List(&Object(&MANAGED_FIELDS))),
        ("name", Text),
        ("namespace", Text),
        ("ownerReferences", Keyed(&OWNER, "uid")),
        ("resourceVersion", Text),
        ("selfLink", Text),
        ("uid", Text),
    ],
};

static MANAGED_FIELDS: Shape = Shape {
    what: "an entry of `managedFields`",
    fields: &[
        ("apiVersion", Text),
        ("fieldsType", Text),
        ("fieldsV1", Marker),
        ("manager", Text),
        ("operation", Text),
        ("subresource", Text),
        ("time", Time),
    ],
};

static OWNER: Shape = Shape {
    what: "an owner reference",
    fields: &[
        ("apiVersion", Text),
        ("blockOwnerDeletion", Truth),
        ("controller", Truth),
        ("kind", Text),
        ("name", Text),
        ("uid", Text),
    ],
};

pub(super) static SPEC: Shape = Shape {
    what: "`spec`",
    fields: &[
        ("conversion", Object(&CONVERSION)),
        ("group", Text),
        ("names", Object(&NAMES)),
        ("preserveUnknownFields", Truth),
        ("scope", Text),
        ("versions", List(&Object(&VERSION))),
    ],
};

static NAMES: Shape = Shape {
    what: "`names`",
    fields: &[
        ("categories", List(&Text)),
        ("kind", Text),
        ("listKind", Text),
        ("plural", Text),
        ("shortNames", List(&Text)),
        ("singular", Text),
    ],
};

pub(super) static CONVERSION: Shape =
    Shape { what: "`conversion`", fields: &[("strategy", Text), ("webhook", Object(&WEBHOOK))] };

static WEBHOOK: Shape = Shape {
    what: "`webhook`",
    fields: &[("clientConfig", Object(&CLIENT)), ("conversionReviewVersions", List(&Text))],
};

static CLIENT: Shape =
    Shape { what: "`clientConfig`", fields: &[("caBundle", Bytes), ("service", Object(&SERVICE)), ("url", Text)] };

static SERVICE: Shape =
    Shape { what: "`service`", fields: &[("name", Text), ("namespace", Text), ("path", Text), ("port", Whole)] };

pub(super) static VERSION: Shape = Shape {
    what: "a version",
    fields: &[
        ("additionalPrinterColumns", List(&Object(&COLUMN))),
        ("deprecated", Truth),
        ("deprecationWarning", Text),
        ("name", Text),
        ("schema", Object(&VALIDATION)),
        ("selectableFields", List(&Object(&SELECTABLE_FIELD))),
        ("served", Truth),
        ("storage", Truth),
        ("subresources", Object(&SUBRESOURCES)),
    ],
};

static COLUMN: Shape = Shape {
    what: "a printer column",
    fields: &[
        ("description", Text),
        ("format", Text),
        ("jsonPath", Text),
        ("name", Text),
        ("priority", Whole),
        ("type", Text),
    ],
};

pub(super) static VALIDATION: Shape = Shape { what: "`schema`", fields: &[("openAPIV3Schema", Object(&SCHEMA))] };

static SELECTABLE_FIELD: Shape = Shape { what: "a selectable field", fields: &[("jsonPath", Text)] };

static SUBRESOURCES: Shape = Shape { what: "`subresources`", fields: &[("scale", Object(&SCALE)), ("status", Marker)] };

static SCALE: Shape = Shape {
    what: "`scale`",
    fields: &[("labelSelectorPath", Text), ("specReplicasPath", Text), ("statusReplicasPath", Text)],
};

static STATUS: Shape = Shape {
    what: "`status`",
    fields: &[
        ("acceptedNames", Object(&NAMES)),
        ("conditions", Keyed(&CONDITION, "type")),
        ("observedGeneration", Whole),
        ("storedVersions", List(&Text)),
    ],
};

static CONDITION: Shape = Shape {
    what: "a condition",
    fields: &[
        ("lastTransitionTime", Time),
        ("message", Text),
        ("observedGeneration", Whole),
        ("reason", Text),
        ("status", Text),
        ("type", Text),
    ],
};

pub(super) static SCHEMA: Shape = Shape {
    what: "a schema",
    fields: &[
        ("$ref", Text),
        ("$schema", Text),
        ("additionalItems", SchemaOrTruth),
        ("additionalProperties", SchemaOrTruth),
        ("allOf", List(&Object(&SCHEMA))),
        ("anyOf", List(&Object(&SCHEMA))),
        ("default", Any),
        ("definitions", Map(&Object(&SCHEMA))),
        ("dependencies", Map(&SchemaOrTexts)),
        ("description", Text),
        ("enum", List(&Any)),
        ("example", Any),
        ("exclusiveMaximum", Truth),
        ("exclusiveMinimum", Truth),
        ("externalDocs", Object(&DOCUMENTATION)),
        ("format", Text),
        ("id", Text),
        ("items", SchemaOrList),
        ("maxItems", Whole),
        ("maxLength", Whole),
        ("maxProperties", Whole),
        ("maximum", Number),
        ("minItems", Whole),
        ("minLength", Whole),
        ("minProperties", Whole),
        ("minimum", Number),
        ("multipleOf", Number),
        ("not", Object(&SCHEMA)),
        ("nullable", Truth),
        ("oneOf", List(&Object(&SCHEMA))),
        ("pattern", Text),
        ("patternProperties", Map(&Object(&SCHEMA))),
        ("properties", Map(&Object(&SCHEMA))),
        ("required", List(&Text)),
        ("title", Text),
        ("type", Text),
        ("uniqueItems", Truth),
        ("x-kubernetes-embedded-resource", Truth),
        ("x-kubernetes-int-or-string", Truth),
        ("x-kubernetes-list-map-keys", List(&Text)),
        ("x-kubernetes-list-type", Text),
        ("x-kubernetes-map-type", Text),
        ("x-kubernetes-preserve-unknown-fields", Truth),
        ("x-kubernetes-validations", Keyed(&RULE, "rule")),
    ],
};

static DOCUMENTATION: Shape = Shape { what: "`externalDocs`", fields: &[("description", Text), ("url", Text)] };

static RULE: Shape = Shape {
    what: "a rule of `x-kubernetes-validations`",
    fields: &[
        ("fieldPath", Text),
        ("message", Text),
        ("messageExpression", Text),
        ("optionalOldSelf", Truth),
        ("reason", Text),
        ("rule", Text),
    ],
};
