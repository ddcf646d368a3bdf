//! Bodies that are nearly right: every way in which one field can be wrong.

use serde_json::{Value, json};

use crate::description::Description;
use crate::pointer::join;

/// Longer than every limit of the description.
const LONG: usize = 70_000;
/// More than every list of the description may hold.
const MANY: usize = 60;

/// A wrong body, and where it differs from the right one.
#[derive(Debug)]
pub(crate) struct Mutant {
    pub(crate) place: String,
    pub(crate) body: Value,
}

/// Every variant of `body` that differs in one place and that the schema at `pointer` forbids.
pub(crate) fn of(description: &Description<'_>, pointer: &str, body: &Value) -> Vec<Mutant> {
    let mut all = Vec::new();
    vary(description, pointer, body, "", &mut |place, changed| all.push(Mutant { place, body: changed }));
    all.retain(|mutant| !description.forbidden(pointer, &mutant.body).is_empty());
    all
}

/// Calls `found` with each changed form of `value`, told by where it changed and how.
fn vary(description: &Description<'_>, pointer: &str, value: &Value, at: &str, found: &mut dyn FnMut(String, Value)) {
    let Some((pointer, schema)) = description.at(pointer) else { return };
    match value {
        Value::Object(fields) => {
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                let place = format!("{at}/{name}");
                let with = |given: Value| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), given);
                    Value::Object(fields)
                };
                for wrong in wrong_values(fields.get(name), schema) {
                    let shown: String = wrong.to_string().chars().take(30).collect();
                    found(format!("{place} = {shown}"), with(wrong));
                }
                if let Some(inner) = fields.get(name) {
                    let mut fewer = fields.clone();
                    fewer.shift_remove(name);
                    found(format!("{place} missing"), Value::Object(fewer));
                    let below = join(&join(&pointer, "properties"), name);
                    vary(description, &below, inner, &place, &mut |place, inner| found(place, with(inner)));
                }
            }
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                let below = join(&pointer, "items");
                vary(description, &below, first, &format!("{at}/0"), &mut |place, inner| {
                    let mut items = items.clone();
                    items[0] = inner;
                    found(place, Value::Array(items));
                });
            }
        }
        _ => {}
    }
}

/// Values of every kind; what the schema allows is sorted out afterwards.
fn wrong_values(right: Option<&Value>, schema: &Value) -> Vec<Value> {
    let mut values =
        vec![Value::Null, json!(true), json!(5), json!(1.5), json!("invented"), json!([]), json!({}), json!([1.5])];
    if schema["maxLength"].is_u64() {
        values.push(Value::String("x".repeat(LONG)));
    }
    if let Some(item) = right.and_then(|right| right.get(0)) {
        values.push(Value::Array(vec![item.clone(); MANY]));
    }
    values
}
