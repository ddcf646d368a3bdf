//! Settings of new teams under names.

use std::collections::BTreeMap;

use super::Problem;
use super::raw::Word;
use crate::command::is_setting_value;
use crate::names::{is_dns_label, show};

/// Checks the names and the form of the values; the settings themselves are known to the template alone.
pub(super) fn check(
    raw: BTreeMap<String, BTreeMap<String, Word>>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut presets = BTreeMap::new();
    for (name, settings) in raw {
        let key = format!("presets.{name}");
        if !is_dns_label(&name) {
            let message = format!("{} is no preset's name", show(&name));
            problems.push(Problem::new(&key, message, "use lower-case letters, digits and '-'"));
        }
        let mut checked = BTreeMap::new();
        for (setting, Word(value)) in settings {
            let key = format!("{key}.{setting}");
            let name = setting.replace('-', "_");
            if !is_dns_label(&name.replace('_', "-")) {
                let message = format!("{} is no setting's name", show(&setting));
                problems.push(Problem::new(&key, message, "use lower-case letters, digits and '_'"));
            } else if !is_setting_value(&value) {
                let message = format!("{} is no value of a setting", show(&value));
                problems.push(Problem::new(&key, message, "write one word"));
            } else if checked.insert(name, value).is_some() {
                problems.push(Problem::new(&key, "this is set twice", "remove one of the two"));
            }
        }
        presets.insert(name, checked);
    }
    presets
}
