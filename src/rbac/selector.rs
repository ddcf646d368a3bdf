//! Which roles an aggregation takes.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A label selector (meta/v1 `LabelSelector`). One that asks nothing selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// `matchLabels`.
    pub labels: Labels,
    /// `matchExpressions`.
    pub expressions: Vec<Requirement>,
}

/// An entry of `matchExpressions`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// `key`.
    pub key: String,
    /// `operator`.
    pub operator: Operator,
    /// `values`.
    pub values: BTreeSet<String>,
}

/// What a requirement asks of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// It is there, with one of the values.
    In,
    /// It is not there, or with another value.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
    /// Any other word, which the API server refuses.
    Unknown,
}

impl Operator {
    /// The operator of a word; words are compared with their case.
    pub fn of(word: &str) -> Self {
        match word {
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::DoesNotExist,
            _ => Self::Unknown,
        }
    }
}

impl Selector {
    /// The keys of the labels that it asks for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let expressions = self.expressions.iter().map(|requirement| requirement.key.as_str());
        self.labels.keys().map(String::as_str).chain(expressions)
    }
}

impl Requirement {
    /// Whether the API server takes it (apimachinery, pkg/labels/selector.go `NewRequirement`).
    fn is_valid(&self) -> bool {
        match self.operator {
            Operator::In | Operator::NotIn => !self.values.is_empty(),
            Operator::Exists | Operator::DoesNotExist => self.values.is_empty(),
            Operator::Unknown => false,
        }
    }

    fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Unknown => false,
        }
    }
}

impl Selector {
    /// Whether the API server takes it; another one selects nothing.
    pub fn is_valid(&self) -> bool {
        self.expressions.iter().all(Requirement::is_valid)
    }

    /// Whether it selects an object with these labels (apimachinery, pkg/apis/meta/v1/helpers.go
    /// `LabelSelectorAsSelector` with pkg/labels/selector.go `Requirement.Matches`).
    pub fn matches(&self, labels: &Labels) -> bool {
        self.is_valid()
            && self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|requirement| requirement.matches(labels))
    }

    /// How many questions it asks.
    pub(super) fn size(&self) -> usize {
        1 + self.labels.len() + self.expressions.len()
    }
}

#[cfg(test)]
mod tests;
