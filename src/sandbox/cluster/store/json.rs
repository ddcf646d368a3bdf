//! Small helpers for JSON trees.

use serde_json::{Map, Value};

/// The text at a JSON pointer; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The number at a JSON pointer; 0 where there is none.
pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The value as a map; whatever else it was is replaced by an empty one.
pub(crate) fn map_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made one above")
}

/// The map below `key`, made where it is missing.
pub(crate) fn child<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    map_of(value).entry(key).or_insert_with(|| Value::Object(Map::new()))
}

/// RFC 7396: maps are merged, `null` removes, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    let target = map_of(target);
    for (key, field) in fields {
        if field.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), field);
        }
    }
}

/// What a field manager's apply does to an object, in small: fields that the manager applied before
/// and no longer names go, the others are merged; lists are taken as a whole.
pub(crate) fn apply(target: &mut Value, before: &Value, now: &Value) {
    let (Value::Object(old), Value::Object(new)) = (before, now) else {
        merge(target, now);
        return;
    };
    for (key, old_field) in old {
        match new.get(key) {
            None => {
                map_of(target).remove(key);
            }
            Some(new_field) if old_field.is_object() && new_field.is_object() => {
                apply(child(target, key), old_field, new_field);
            }
            Some(_) => {}
        }
    }
    merge(target, now);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{apply, merge};

    #[test]
    fn null_removes_and_lists_are_replaced() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        merge(&mut object, &json!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [3]}));
        assert_eq!(object, json!({"a": {"c": 2, "d": {"f": 1}}, "l": [3]}));
    }

    #[test]
    fn an_apply_removes_what_its_manager_named_before_and_nothing_else() {
        let mut object = json!({"labels": {"mine": "1", "theirs": "2"}, "spec": {"x": 1}});
        apply(&mut object, &json!({"labels": {"mine": "1"}, "spec": {"x": 1}}), &json!({"labels": {"new": "3"}}));
        assert_eq!(object, json!({"labels": {"theirs": "2", "new": "3"}}));
    }
}
