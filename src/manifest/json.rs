//! A tree as JSON: what Flux sends to the API server of what was read.

use serde_json::{Map, Number, Value as Json};

use super::{Node, Scalar, Value};

impl Node {
    /// The node as Flux sends it. Whole numbers have no fraction however they are written, as Go prints them:
    /// an API server refuses `5.0` where it wants a whole number, and takes Flux's `5`.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar { value, .. } => scalar(value),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => {
                let field = |(key, value): &(Self, Self)| (key.text().unwrap_or_default().to_owned(), value.to_json());
                Json::Object(entries.iter().map(field).collect::<Map<_, _>>())
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "only where nothing is lost")]
fn scalar(scalar: &Scalar) -> Json {
    match scalar {
        Scalar::Null => Json::Null,
        Scalar::Bool(value) => Json::Bool(*value),
        Scalar::Int(value) => i64::try_from(*value)
            .map(Number::from)
            .or_else(|_| u64::try_from(*value).map(Number::from))
            .map_or_else(|_| float(*value as f64), Json::Number),
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() < (1_i128 << 63) as f64 => {
            Json::from(*value as i64)
        }
        Scalar::Float(value) => float(*value),
        Scalar::String(text) => Json::String(text.clone()),
    }
}

/// What is no number in JSON never comes this far: the reader refuses it.
fn float(value: f64) -> Json {
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests {
    use crate::manifest;

    #[test]
    fn what_is_sent_is_what_flux_reads() {
        let text = "apiVersion: v1\nkind: X\nspec:\n  yes: on\n  octal: 0777\n  whole: 5.0\n  big: 18446744073709551615\n  \
                    part: 1.5\n  large: 1e20\n  day: 2024-01-01\n  nothing: ~\n  list: [true, '1', {a.b: c}]\n";
        let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(
            file.objects.first().expect("an object").node.to_json().to_string(),
            serde_json::json!({
                "apiVersion": "v1", "kind": "X",
                "spec": {"yes": "on", "octal": 511, "whole": 5, "big": 18_446_744_073_709_551_615_u64, "part": 1.5,
                         "large": 1e20, "day": "2024-01-01T00:00:00Z", "nothing": null,
                         "list": [true, "1", {"a.b": "c"}]},
            })
            .to_string()
        );
    }
}
