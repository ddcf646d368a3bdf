//! Who may do something, for a terminal and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::difference::{places, way_json};
use super::visible;
use crate::redact::redact_value;
use crate::rules::Way;

/// A subject that may do what was asked for, and the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanDo {
    /// `ServiceAccount team1/flux`.
    pub subject: String,
    /// Through what.
    pub way: Way,
}

/// For a terminal. `asked` says what was asked for; `unknown` are bindings of which nobody can say it.
pub fn who_can_text(asked: &str, holders: &[CanDo], unknown: &[Way]) -> String {
    let mut text = match holders.len() {
        0 => format!("Nobody can {}.\n", visible(asked)),
        _ => format!("Who can {}:\n", visible(asked)),
    };
    for CanDo { subject, way } in holders {
        writeln!(text, "  {}\n    by {}", visible(subject), visible(&placed(way))).expect("a string takes every write");
    }
    if !unknown.is_empty() {
        text.push_str("\nNobody can say what these give:\n");
        for way in unknown {
            writeln!(text, "  {}", visible(&placed(way))).expect("a string takes every write");
        }
    }
    text
}

fn placed(way: &Way) -> String {
    let places = places(way).unwrap_or_else(|| "every cluster has it".to_owned());
    format!("{} ({places})", way.words)
}

/// For scripts.
pub fn who_can_json(asked: &str, holders: &[CanDo], unknown: &[Way]) -> Value {
    let holder = |holder: &CanDo| json!({"subject": holder.subject, "through": way_json(&holder.way)});
    redact_value(json!({
        "asked": asked,
        "holders": holders.iter().map(holder).collect::<Vec<_>>(),
        "unknown": unknown.iter().map(way_json).collect::<Vec<_>>(),
    }))
}
