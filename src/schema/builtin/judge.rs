//! Judges an object of one of Kubernetes' own kinds as server-side apply and the decoder behind it do: types,
//! fields that are required, fields that nobody knows, and items that are told apart and are not.

use std::collections::BTreeSet;

use super::Kind;
use super::table::{Field, Span, Table, Told, Type, table};
use crate::manifest::{Node, Scalar, Value, api_group};
use crate::schema::metadata::{self, Fault, NameRule};
use crate::schema::value::{Kind as JsonKind, MISSING, Number, Problem, UNKNOWN, Verdict, below};
use crate::schema::{Canonical, decode_base64, is_micro_time, is_time, nearest_name};

/// Judges a whole object.
pub fn validate<'v>(object: &'v Node, kind: &Kind) -> Verdict<'v> {
    let mut judge = Judge { table: table(), versions: kind.versions, verdict: Verdict::default() };
    judge.value(object, &kind.holds, "");
    judge.whole(object);
    judge.verdict
}

/// Judges the metadata of an object of any kind, which stands at `path`.
pub fn validate_metadata<'v>(metadata: &'v Node, path: &str) -> Verdict<'v> {
    let mut judge = Judge { table: table(), versions: table().span, verdict: Verdict::default() };
    judge.fields(metadata, METADATA, path);
    judge.verdict
}

const METADATA: &str = "meta.v1.ObjectMeta";

struct Judge<'v> {
    table: &'static Table,
    versions: Span,
    verdict: Verdict<'v>,
}

impl<'v> Judge<'v> {
    fn value(&mut self, node: &'v Node, holds: &Type, path: &str) {
        // Null is nothing, wherever it stands.
        if node.is_null() {
            return;
        }
        match (holds, &node.value) {
            (Type::Anything, _) | (Type::Mapping, Value::Mapping(_)) => {}
            (Type::Fields(name), Value::Mapping(_)) => self.fields(node, name, path),
            (Type::Map(inner), Value::Mapping(_)) => {
                for (key, value) in node.entries() {
                    self.value(value, inner, &below(path, key.text().unwrap_or_default()));
                }
            }
            (Type::List(told, inner), Value::Sequence(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, inner, &format!("{path}[{index}]"));
                }
                self.doubles(items, told, path);
            }
            (holds, Value::Scalar { value, .. }) => self.scalar(node, value, holds, path),
            _ => self.wrong(node, holds, path),
        }
    }

    fn scalar(&mut self, node: &'v Node, value: &Scalar, holds: &Type, path: &str) {
        // Flux fills such texts in before it applies (`spec.postBuild.substitute`).
        if let Scalar::String(text) = value
            && text.contains("${")
            && !matches!(holds, Type::Text)
        {
            let words = "holds a variable, so that nobody can say what it will be".to_owned();
            self.verdict.undecided.push(Problem::new(node, path, words));
        } else if !fits(node, value, holds) {
            self.wrong(node, holds, path);
        }
    }

    fn fields(&mut self, node: &'v Node, name: &str, path: &str) {
        if name == METADATA {
            let texts = |key| node.get(key).filter(|texts| texts.is_mapping());
            let labels = texts("labels").map(|labels| metadata::labels(labels, &below(path, "labels")));
            let notes = texts("annotations").map(|notes| metadata::annotations(notes, &below(path, "annotations")));
            labels.into_iter().chain(notes).flatten().for_each(|fault| self.fault(fault));
        }
        // What a field was in the last of the versions stands first, and counts.
        let known: Vec<&Field> = self.table.fields(name, self.versions).collect();
        for (key, value) in node.entries() {
            let name = key.text().unwrap_or_default();
            let field = below(path, name);
            match known.iter().find(|known| known.name == name) {
                Some(known) => self.value(value, &known.holds, &field),
                None => {
                    let meant = nearest_name(name, known.iter().map(|known| known.name));
                    self.verdict.unknown.push(Problem { meant, ..Problem::new(key, field, UNKNOWN) });
                }
            }
        }
        let missing = known.iter().filter(|field| field.required && node.get(field.name).is_none_or(Node::is_null));
        let missing: BTreeSet<&str> = missing.map(|field| field.name).collect();
        for name in missing {
            self.verdict.invalid.push(Problem::new(node, below(path, name), MISSING));
        }
    }

    /// What is asked of the object that is written itself, not of those in its templates.
    fn whole(&mut self, object: &'v Node) {
        let text = |key| object.get(key).and_then(Node::as_str).unwrap_or_default();
        let rule = NameRule::of(api_group(text("apiVersion")), text("kind"));
        let name = object.at(&["metadata", "name"]).filter(|name| name.as_str().is_some());
        if let Some(fault) = name.and_then(|name| metadata::name(name, "metadata.name", rule)) {
            self.fault(fault);
        }
        if let Some(fields) = object.at(&["metadata", "managedFields"]).filter(|fields| !fields.is_null()) {
            self.verdict.invalid.push(Problem::new(fields, "metadata.managedFields", metadata::MANAGED_FIELDS));
        }
        if let Some(status) = object.get("status").filter(|status| status.entries().next().is_some()) {
            let words = "is not judged: it is the cluster's to write, and Flux needs none of it";
            self.verdict.undecided.push(Problem::new(status, "status", words));
        }
    }

    fn fault(&mut self, fault: Fault<'v>) {
        match fault {
            Fault::Invalid(problem) => self.verdict.invalid.push(problem),
            Fault::Undecided(problem) => self.verdict.undecided.push(problem),
        }
    }

    fn doubles(&mut self, items: &'v [Node], told: &Told, path: &str) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            if item.is_null() && *told != Told::NoHow {
                let words = "must not be null: server-side apply, which Flux uses, tells the items of this list apart";
                self.verdict.invalid.push(Problem::new(item, format!("{path}[{index}]"), words));
                continue;
            }
            let (key, by) = match told {
                Told::NoHow => return,
                Told::Whole => (vec![Some(Canonical::of(item))], "is there already".to_owned()),
                Told::Keys(names) => {
                    let key = names.iter().map(|name| key(item, name)).collect();
                    (key, format!("has the same `{}` as an item before it", names.join("` and `")))
                }
            };
            // An item without any of the keys is found to be wrong for that.
            let has_key = key.iter().any(Option::is_some);
            if !seen.insert(key) && has_key {
                let words = format!("{by}, and server-side apply, which Flux uses, refuses that");
                self.verdict.invalid.push(Problem::new(item, format!("{path}[{index}]"), words));
            }
        }
    }

    fn wrong(&mut self, node: &'v Node, holds: &Type, path: &str) {
        let words = unfit(node, holds)
            .unwrap_or_else(|| format!("must be {}, but is {}", wanted(holds), JsonKind::of(node).called()));
        self.verdict.invalid.push(Problem::new(node, path, words));
    }
}

/// A port's protocol is TCP where nothing is written.
fn key<'n>(item: &'n Node, name: &str) -> Option<Canonical<'n>> {
    let written = item.get(name).filter(|node| !node.is_null()).map(Canonical::of);
    written.or_else(|| (name == "protocol").then_some(Canonical::Text("TCP")))
}

fn fits(node: &Node, value: &Scalar, holds: &Type) -> bool {
    match (holds, value) {
        (Type::Text | Type::WholeOrText, Scalar::String(_)) | (Type::Truth, Scalar::Bool(_)) => true,
        (Type::Number, Scalar::Int(_) | Scalar::Float(_)) => true,
        (Type::Whole(32) | Type::WholeOrText, Scalar::Int(_) | Scalar::Float(_)) => {
            Number::whole(node).is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Type::Whole(_), Scalar::Int(_) | Scalar::Float(_)) => {
            Number::whole(node).is_some_and(|number| i64::try_from(number).is_ok())
        }
        (Type::Quantity, Scalar::Int(_) | Scalar::Float(_)) => true,
        (Type::Quantity, Scalar::String(text)) => is_quantity(text),
        (Type::Base64, Scalar::String(text)) => decode_base64(text).is_some(),
        (Type::Time, Scalar::String(text)) => is_time(text),
        (Type::MicroTime, Scalar::String(text)) => is_micro_time(text),
        _ => false,
    }
}

/// A quantity as Kubernetes writes them (`apimachinery/pkg/api/resource`): `500m`, `1.5Gi`, `1e3`.
fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end =
        unsigned.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let is_number = number.chars().any(|character| character.is_ascii_digit()) && number.matches('.').count() <= 1;
    let exponent = || {
        let digits = suffix.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_unit = matches!(
        suffix,
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"
    );
    is_number && (is_unit || exponent())
}

/// What is wrong with a value of the right kind. The value itself may be a secret.
fn unfit(node: &Node, holds: &Type) -> Option<String> {
    let words = match (holds, JsonKind::of(node)) {
        (Type::Base64, JsonKind::String) => crate::schema::NO_BASE64,
        (Type::Time, JsonKind::String) => "is no time such as `2030-01-31T12:00:00Z`",
        (Type::Quantity, JsonKind::String) => "is no quantity: a number, and perhaps a unit, such as `500m` or `1Gi`",
        (Type::Whole(32) | Type::WholeOrText, JsonKind::Integer) => {
            "is no whole number of 32 bits, which go from -2147483648 to 2147483647"
        }
        (Type::Whole(_) | Type::WholeOrText, JsonKind::Number) => {
            "must be a whole number, but has a fraction or is too great for 64 bits"
        }
        _ => return None,
    };
    Some(words.to_owned())
}

fn wanted(holds: &Type) -> &'static str {
    match holds {
        Type::Text => "a text",
        Type::Whole(32) => "a whole number of 32 bits",
        Type::Whole(_) => "a whole number",
        Type::Number => "a number",
        Type::Truth => "true or false",
        Type::Base64 => "a text in base64",
        Type::Time => "a time such as `2030-01-31T12:00:00Z`",
        Type::MicroTime => "a time with six digits behind the seconds, such as `2030-01-31T12:00:00.000000Z`",
        Type::Quantity => "a quantity such as `500m` or `1Gi`",
        Type::WholeOrText => "a whole number or a text",
        Type::List(..) => "a list",
        Type::Anything | Type::Mapping | Type::Map(_) | Type::Fields(_) => "a mapping",
    }
}
