//! allOf, anyOf, oneOf, not.

use super::{At, Found, Judge};
use crate::schema::{Junctor, Schema};

/// How an alternative came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Holds,
    Fails,
    Unknown,
}

impl Judge {
    pub(super) fn junctors<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
        let at = at.joined();
        let At { node: value, path, .. } = at;
        for part in schema.joined(Junctor::AllOf) {
            self.value(at, part, found);
        }
        if schema.joined(Junctor::AnyOf).next().is_some() {
            self.alternatives(at, schema, Junctor::AnyOf, found);
        }
        if schema.joined(Junctor::OneOf).next().is_some() {
            self.alternatives(at, schema, Junctor::OneOf, found);
        }
        for part in schema.joined(Junctor::Not) {
            match self.outcome(at, part).0 {
                Outcome::Holds => found.invalid(value, path, "must not be what `not` of its schema describes"),
                Outcome::Unknown => found.undecided(value, path, "is compared with `not` of its schema"),
                Outcome::Fails => {}
            }
        }
    }

    /// How a value fits one part, and what it fails on.
    fn outcome<'v>(&mut self, at: At<'v, '_>, part: Schema<'_>) -> (Outcome, Found<'v>) {
        let mut inner = Found::default();
        self.value(at, part, &mut inner);
        let outcome = match (inner.invalid.is_empty(), inner.undecided.is_empty()) {
            (false, _) => Outcome::Fails,
            (true, true) => Outcome::Holds,
            (true, false) => Outcome::Unknown,
        };
        (outcome, inner)
    }

    fn alternatives<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, junctor: Junctor, found: &mut Found<'v>) {
        let At { node: value, path, .. } = at;
        let (mut holds, mut unknown, mut all) = (0, 0, 0);
        let mut nearest: Option<Found<'v>> = None;
        for part in schema.joined(junctor) {
            all += 1;
            let (outcome, inner) = self.outcome(at, part);
            match outcome {
                Outcome::Holds => holds += 1,
                Outcome::Unknown => unknown += 1,
                Outcome::Fails if nearest.as_ref().is_none_or(|best| inner.invalid.len() < best.invalid.len()) => {
                    nearest = Some(inner);
                }
                Outcome::Fails => {}
            }
        }
        let key = junctor.key();
        let enough = if junctor == Junctor::AnyOf { holds > 0 } else { holds == 1 && unknown == 0 };
        if enough {
            return;
        }
        if junctor == Junctor::OneOf && holds > 1 {
            let words = format!("must fit exactly one of the {all} alternatives of `{key}`, but fits {holds}");
            found.invalid(value, path, words);
        } else if unknown > 0 {
            found.undecided(value, path, format!("may fit one of the alternatives of `{key}`"));
        } else {
            let mut words = format!("must fit one of the {all} alternatives of `{key}`, but fits none");
            if let Some(problem) = nearest.and_then(|nearest| nearest.invalid.into_iter().next()) {
                let name = if problem.field == path { "it" } else { &problem.field };
                words.push_str(&format!(" (nearest: {name} {})", problem.words));
            }
            found.invalid(value, path, words);
        }
    }
}
