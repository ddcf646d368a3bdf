use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Purpose, Verdict, is_known_format, validate};
use crate::manifest::{self, Node};
use crate::schema::Schema;

fn node(yaml: &str) -> Node {
    let mut file = manifest::read("value.yaml".parse().expect("a path"), yaml.as_bytes());
    assert_eq!(file.problems, [], "{yaml}");
    file.documents.remove(0)
}

fn lines(verdict: &Verdict<'_>) -> Vec<String> {
    let all = [("", &verdict.invalid), ("unknown ", &verdict.unknown), ("undecided ", &verdict.undecided)];
    let line = |kind: &str, problem: &super::Problem<'_>| {
        format!("{kind}{}:{} {} {}", problem.node.start.line, problem.node.start.column, problem.field, problem.words)
    };
    all.into_iter().flat_map(|(kind, problems)| problems.iter().map(move |problem| line(kind, problem))).collect()
}

/// The problems of a value, as `v: …`, under a schema.
fn problems(schema: &str, value: &str, purpose: Purpose) -> Vec<String> {
    let (schema, value) = (node(&format!("s: {schema}")), node(&format!("v: {value}")));
    let (schema, value) = (schema.get("s").expect("a schema"), value.get("v").expect("a value"));
    lines(&validate(value, Schema::new(schema), purpose, ""))
}

const OBJECT: Purpose = Purpose { default: false, resource: false };
const DEFAULT: Purpose = Purpose { default: true, resource: false };

/// What is refused; fields that are only dropped are not.
fn invalid(schema: &str, value: &str) -> Vec<String> {
    problems(schema, value, OBJECT).into_iter().filter(|line| !line.starts_with("unknown")).collect()
}

/// Schemas with values that the API server takes, and values that it refuses; told by its own code, Kubernetes 1.37.
const JUDGED: &[(&str, &[&str], &[&str])] = &[
    ("{type: integer}", &["1", "1.0", "-0.0", "9223372036854775807"], &["1.5", "'1'", "null", "1e20", "true"]),
    ("{type: number}", &["1", "1.5", "1e300"], &["'1'", "null"]),
    ("{type: string}", &["a", "''", "yes"], &["1", "true", "null", "[]"]),
    ("{type: string, nullable: true}", &["null"], &["1"]),
    ("{}", &["null", "1", "{a: [b]}"], &[]),
    ("{x-kubernetes-int-or-string: true}", &["1", "a", "1.0"], &["1.5", "true", "{}"]),
    ("{type: integer, maximum: 3}", &["3"], &["4"]),
    ("{type: integer, maximum: 3, exclusiveMaximum: true}", &["2"], &["3"]),
    ("{type: integer, minimum: 3, exclusiveMinimum: true}", &["4"], &["3"]),
    // A limit that is no whole number makes every whole number invalid.
    ("{type: integer, maximum: 2.5}", &[], &["1", "3"]),
    ("{type: number, maximum: 2.5}", &["1", "2.5", "2"], &["2.75", "3"]),
    ("{type: number, multipleOf: 0.5}", &["1.5"], &["1.25", "1"]),
    ("{type: integer, multipleOf: 3}", &["9", "0"], &["10"]),
    ("{type: integer, format: int32}", &["2147483647"], &["2147483648"]),
    ("{type: number, format: float}", &["1e38", "3.4028235e+38"], &["1e39", "3.4028236e+38"]),
    ("{type: string, maxLength: 2}", &["äö"], &["abc"]),
    ("{type: string, minLength: 2}", &["äö"], &["ä"]),
    ("{type: string, pattern: 'a.c'}", &["xabcx"], &["ac"]),
    ("{type: string, enum: [a, '1']}", &["a", "'1'"], &["b", "1"]),
    ("{enum: [1, {a: 1}]}", &["1", "1.0", "1.5", "{a: 1}"], &["2", "{a: 2}", "'1'"]),
    ("{nullable: true, enum: [null, a]}", &["a"], &["null"]),
    (
        "{type: array, items: {type: integer}, minItems: 1, maxItems: 2}",
        &["[1]", "[1, 2]"],
        &["[]", "[1, 2, 3]", "[a]"],
    ),
    ("{type: object, required: [a], properties: {a: {type: integer}}}", &["{a: 1}"], &["{}", "{a: null}", "{a: b}"]),
    ("{type: object, required: [a], properties: {a: {type: integer, default: 1}}}", &["{}", "{a: null}"], &["{a: b}"]),
    ("{type: object, additionalProperties: {type: integer}}", &["{x: 1}"], &["{x: a}"]),
    ("{type: object, additionalProperties: false}", &["{}"], &["{a: 1}"]),
    (
        "{type: object, minProperties: 1, maxProperties: 2, additionalProperties: true}",
        &["{a: 1}"],
        &["{}", "{a: 1, b: 1, c: 1}"],
    ),
    ("{type: integer, allOf: [{minimum: 1}, {maximum: 2}]}", &["1"], &["0", "3"]),
    ("{type: integer, anyOf: [{minimum: 5}, {maximum: 2}]}", &["1", "6"], &["3"]),
    ("{type: integer, oneOf: [{minimum: 1}, {maximum: 2}]}", &["0", "3"], &["1"]),
    ("{type: integer, not: {minimum: 1}}", &["0"], &["1"]),
    ("{type: array, x-kubernetes-list-type: set, items: {type: integer}}", &["[1, 2]"], &["[1, 1.0]"]),
    (
        "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a], items: {type: object, properties: {a: {type: integer}}}}",
        &["[{a: 1}, {a: 2}]", "[{a: 1}, {}]"],
        &["[{a: 1}, {a: 1}]", "[{}, {}]"],
    ),
];

#[test]
fn values_are_judged_as_the_server_does() {
    for (schema, good, bad) in JUDGED {
        for value in *good {
            assert_eq!(invalid(schema, value), [] as [String; 0], "{schema} takes {value}");
        }
        for value in *bad {
            assert_ne!(invalid(schema, value), [] as [String; 0], "{schema} refuses {value}");
        }
    }
}

#[test]
fn formats_are_those_of_the_server() {
    for (format, good, bad) in [
        ("ipv4", &["10.0.0.1", "010.0.0.1"][..], &["10.0.0", "::1", "256.0.0.1", ""][..]),
        ("ipv6", &["::1", "fe80::1"], &["10.0.0.1", "g::1"]),
        ("cidr", &["10.0.0.0/8", "::/0"], &["10.0.0.0", "10.0.0.0/33"]),
        ("mac", &["00:1a:2b:3c:4d:5e", "001a.2b3c.4d5e"], &["00:1a", "00-1a:2b:3c:4d:5e"]),
        ("uuid", &["123e4567-e89b-12d3-a456-426614174000", "123E4567e89b12d3a456426614174000"], &["123e4567", ""]),
        ("uuid4", &["123e4567-e89b-42d3-a456-426614174000"], &["123e4567-e89b-12d3-a456-426614174000"]),
        ("byte", &["aGk=", "YQ=="], &["aGk", "", "a-==", "===="]),
        ("date", &["2024-02-29"], &["2024-02-30", "24-1-1"]),
        (
            "date-time",
            &["2024-02-29T10:00:00Z", "2024-02-29t10:00:00.5+01:00"],
            &["2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T10:00:00"],
        ),
        (
            "duration",
            &["1h30m", "-1.5s", "0", "3 hours", "2 wk", "1 x 2 d"],
            &["1", "h", "1 x", "", "4111111111111111", "1d 99999999999999999999 x"],
        ),
        ("hexcolor", &["#fff", "a1b2c3"], &["#ff", "ggg"]),
        (
            "hostname",
            &[
                "example.org",
                "localhost",
                "node1",
                "a",
                "ab",
                "5",
                "P1D",
                "ä",
                "a-",
                "a-b",
                "a+",
                "my-host.example.org",
            ],
            &["10.0.0.1", "a_b.org", "example.org.", "my-host", "-a", "", "a.b", "example.o+"],
        ),
        ("isbn", &["3-16-148410-X", "978-3-16-148410-0", "080442957X"], &["x", "3-16-148410-0", "9783161484101", ""]),
        ("isbn10", &["316148410X"], &["9783161484100", "31614841X0"]),
        ("isbn13", &["9783161484100"], &["316148410X"]),
        ("rgbcolor", &["rgb(0,100, 255 )"], &["rgb(256,0,0)", "rgb(01,0,0)", "#fff", "rgb(1,2)"]),
        ("uri", &["http://a/b?c", "/a", "mailto:a@b", "http://[::1]"], &["http://[::1", "a", "", "http://a b"]),
        ("password", &["anything"], &[]),
        ("int32", &["anything"], &[]),
    ] {
        let schema = format!("{{type: string, format: {format}}}");
        for text in good {
            assert_eq!(problems(&schema, &format!("'{text}'"), OBJECT), [] as [String; 0], "{format} {text}");
        }
        for text in bad {
            let found = problems(&schema, &format!("'{text}'"), OBJECT);
            assert!(found.len() == 1 && found[0].contains("must be of the format"), "{format} {text}: {found:?}");
        }
    }
    let left = problems("{type: string, format: creditcard}", "x", OBJECT);
    assert_eq!(left, ["undecided 1:4  is checked by the server for the format `creditcard`"]);
    assert!(is_known_format(Some("integer"), "int32") && !is_known_format(Some("string"), "int32"));
    assert!(is_known_format(None, "date-time") && !is_known_format(Some("object"), "date"));
}

#[test]
fn every_problem_knows_its_node_and_field() {
    let schema = "
  type: object
  required: [name]
  properties:
    ports:
      type: array
      items:
        type: object
        properties: {port: {type: integer, maximum: 65535}}
    pod: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
    open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: object}}}
    free: {type: object, additionalProperties: true}";
    let value = "
  ports:
  - {port: 70000}
  - {port: a, protocol: TCP}
  pod: {kind: 1x, metadata: {name: a/b}, spec: {a: b}, more: {}}
  open: {any: {thing: 1}, known: {x: 1}}
  free: {a: {b: 1}, c: 1}";
    let found = problems(schema, value, OBJECT);
    insta::assert_snapshot!(found.join("\n"), @r"
    3:12 ports[0].port must not be greater than 65535
    4:12 ports[1].port must be a whole number, but is a text
    5:8 pod.apiVersion is required, but missing
    5:15 pod.kind must be letters, digits and `-`, and begin with a letter
    5:36 pod.metadata.name must not have `/` or `%` in it, nor be `.` or `..`
    2:3 name is required, but missing
    unknown 4:15 ports[1].protocol is not a field of the schema
    unknown 5:49 pod.spec.a is not a field of the schema
    unknown 5:56 pod.more is not a field of the schema
    unknown 6:35 open.known.x is not a field of the schema
    unknown 7:14 free.a.b is not a field of the schema
    ");
}

#[test]
fn a_default_is_judged_without_what_happens_to_a_resource_before() {
    let nulls = "{type: object, properties: {a: {type: integer}}}";
    assert_eq!(problems(nulls, "{a: null}", OBJECT), [] as [String; 0]);
    assert_eq!(problems(nulls, "{a: null}", DEFAULT), ["1:8 a must be a whole number, but is null"]);
    let set = "{type: array, x-kubernetes-list-type: set, items: {type: integer}}";
    assert_eq!(problems(set, "[1, 1]", OBJECT), ["1:8 [1] is there already as number 1, and a set has nothing twice"]);
    assert_eq!(problems(set, "[1, 1]", DEFAULT), [] as [String; 0]);
    assert_eq!(problems("{x-kubernetes-int-or-string: true}", "true", DEFAULT), [] as [String; 0]);
    // An unknown format makes any text pass whatever type, where it is not taken away.
    assert_eq!(problems("{type: boolean, format: odd}", "a", DEFAULT), [] as [String; 0]);
    assert_eq!(problems("{type: boolean, format: odd}", "a", OBJECT).len(), 1);
    let resource = Purpose { default: true, resource: true };
    assert_eq!(problems("{type: object}", "{}", resource).len(), 2, "apiVersion and kind are missing");
}

/// Schemas of what JSON Schema and Kubernetes agree on.
fn schemas() -> impl Strategy<Value = Json> {
    let limits = (0_u32..4, 0_u32..4);
    let leaf = prop_oneof![
        (-3_i32..3, -3_i32..3).prop_map(|(least, most)| json!({"type": "integer", "minimum": least, "maximum": most})),
        limits.prop_map(|(least, most)| json!({"type": "string", "minLength": least, "maxLength": most})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": "number", "exclusiveMinimum": 0})),
        proptest::collection::vec("[a-c]", 1..3).prop_map(|values| json!({"type": "string", "enum": values})),
        "[a-c]".prop_map(|pattern| json!({"type": "string", "pattern": pattern})),
        Just(json!({"type": "integer", "multipleOf": 2})),
        Just(json!({})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let properties = proptest::collection::btree_map("[a-c]", inner.clone(), 0..3);
        let many = || proptest::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            (inner.clone(), 0_u32..3)
                .prop_map(|(items, most)| json!({"type": "array", "items": items, "maxItems": most})),
            (properties, proptest::collection::btree_set("[a-c]", 0..2), 0_u32..3).prop_map(
                |(properties, required, least)| {
                    json!({"type": "object", "properties": properties, "required": required, "minProperties": least})
                }
            ),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": values})),
            many().prop_map(|parts| json!({"anyOf": parts})),
            many().prop_map(|parts| json!({"allOf": parts})),
            many().prop_map(|parts| json!({"oneOf": parts})),
            inner.clone().prop_map(|part| json!({"not": part})),
        ]
    })
}

fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        (-4_i32..4).prop_map(|number| json!(number)),
        (-4_i32..4).prop_map(|number| json!(f64::from(number) + 0.5)),
        "[a-dé]{0,4}".prop_map(|text| json!(text)),
        any::<bool>().prop_map(|flag| json!(flag)),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| json!(items)),
            proptest::collection::btree_map("[a-d]", inner, 0..3).prop_map(|fields| json!(fields)),
        ]
    })
}

/// The same schema in the words of OpenAPI 3.0.
fn open_api(schema: &Json) -> Json {
    match schema {
        Json::Object(fields) => {
            let mut fields: serde_json::Map<String, Json> =
                fields.iter().map(|(key, value)| (key.clone(), open_api(value))).collect();
            if let Some(limit) = fields.remove("exclusiveMinimum") {
                fields.insert("minimum".to_owned(), limit);
                fields.insert("exclusiveMinimum".to_owned(), json!(true));
            }
            Json::Object(fields)
        }
        Json::Array(items) => items.iter().map(open_api).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_validator_says_the_same(schema in schemas(), value in values()) {
        let theirs = jsonschema::draft202012::new(&schema).expect("a schema").is_valid(&value);
        let (own, read) = (node(&format!("s: {}", open_api(&schema))), node(&format!("v: {value}")));
        let (own, read) = (own.get("s").expect("a schema"), read.get("v").expect("a value"));
        // A default is validated as it stands, as JSON Schema does.
        let verdict = validate(read, Schema::new(own), DEFAULT, "");
        prop_assert_eq!(verdict.invalid.is_empty() && verdict.undecided.is_empty(), theirs, "{} {} {:?}", schema, value, verdict);
    }
}
