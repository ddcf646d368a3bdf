//! Texts: length, pattern, format. The server stops at the first of length and pattern that fails.

use super::{At, Found, Judge, Number, Pattern, format, shown};
use crate::schema::Schema;

impl Judge {
    pub(super) fn text<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, format: &str, found: &mut Found<'v>) {
        let At { node: value, path, .. } = at;
        let Some(text) = value.as_str() else { return };
        self.length_and_pattern(at, text, schema, found);
        if format.is_empty() {
            return;
        }
        match format::check(format, text) {
            Some(true) => {}
            Some(false) => found.invalid(value, path, format!("must be of the format `{}`", shown(format))),
            None => {
                found.undecided(value, path, format!("is checked by the server for the format `{}`", shown(format)))
            }
        }
    }

    fn length_and_pattern<'v>(&mut self, at: At<'v, '_>, text: &str, schema: Schema<'_>, found: &mut Found<'v>) {
        let At { node: value, path, .. } = at;
        let length = i128::try_from(text.chars().count()).unwrap_or(i128::MAX);
        let limit = |key| schema.get(key).and_then(Number::whole);
        let many = |limit: i128| if limit == 1 { "1 character".to_owned() } else { format!("{limit} characters") };
        if let Some(most) = limit("maxLength").filter(|most| length > *most) {
            found.invalid(value, path, format!("must be at most {} long, but is {length}", many(most)));
            return;
        }
        if let Some(least) = limit("minLength").filter(|least| length < *least) {
            found.invalid(value, path, format!("must be at least {} long, but is {length}", many(least)));
            return;
        }
        let Some(pattern) = schema.text("pattern").filter(|pattern| !pattern.is_empty()) else { return };
        match self.matches(pattern, text) {
            Some(true) => {}
            Some(false) => found.invalid(value, path, format!("must match the pattern `{}`", shown(pattern))),
            None => found.undecided(value, path, "has a pattern that only the server can read"),
        }
    }

    /// Whether a text matches; `None` for a pattern that is no good.
    fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        if !self.patterns.contains_key(pattern) {
            self.patterns.insert(pattern.to_owned(), Pattern::new(pattern).ok());
        }
        self.patterns.get(pattern)?.as_ref()?.matches(text)
    }
}
