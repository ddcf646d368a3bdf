//! From what somebody set, a preset and the defaults to the value of every placeholder.

use std::collections::BTreeMap;

use super::{Template, TemplateError};
use crate::scaffold::values::Values;

/// Settings under a name, from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// What it sets.
    pub settings: BTreeMap<String, String>,
}

/// Options of the command that a mistyped setting may have been meant for.
const OPTIONS: [&str; 3] = ["repo", "preset", "plan"];

/// A setting's name as templates have it: `pod-security` and `pod_security` are one.
pub fn setting_name(written: &str) -> String {
    written.replace('-', "_")
}

impl Template {
    /// The values of all placeholders: what is set, before the preset, before what a choice sets, before `built_in`,
    /// before the defaults.
    ///
    /// # Errors
    /// Where something is set that there is not, to a value that does not fit, or to what does not go together.
    pub(in crate::scaffold) fn values(
        &self,
        settings: &BTreeMap<String, String>,
        preset: Option<&Preset>,
        built_in: BTreeMap<String, String>,
    ) -> Result<Values, TemplateError> {
        let mut explicit = BTreeMap::new();
        if let Some(preset) = preset {
            let problem = |problem| TemplateError::Preset { preset: preset.name.clone(), problem: Box::new(problem) };
            explicit = self.checked(&preset.settings).map_err(problem)?;
        }
        explicit.extend(self.checked(settings)?);
        let mut values = Values::new(built_in);
        for (name, parameter) in &self.parameters {
            let chosen = explicit.get(name).unwrap_or(&parameter.default);
            for (name, value) in parameter.sets.get(chosen).into_iter().flatten() {
                explicit.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        for (name, parameter) in &self.parameters {
            let before = || values.get(name).map(str::to_owned);
            let value = explicit.remove(name).or_else(before).unwrap_or_else(|| parameter.default.clone());
            values.set(name, value, Some(parameter.kind));
        }
        if let Some(refusal) = self.refusals.iter().find(|refusal| refusal.when.holds(&values)) {
            return Err(TemplateError::Together(refusal.because.clone()));
        }
        Ok(values)
    }

    /// Whether it has such a parameter.
    pub(in crate::scaffold) fn has(&self, written: &str) -> bool {
        self.parameters.contains_key(&setting_name(written))
    }

    fn checked(&self, settings: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, TemplateError> {
        let checked = settings.iter().map(|(written, value)| {
            let name = setting_name(written);
            let Some(parameter) = self.parameters.get(&name) else {
                return Err(TemplateError::UnknownSetting { remedy: self.remedy(&name), name: written.clone() });
            };
            match parameter.misfit(value) {
                Some(must_be) => Err(TemplateError::Misfit { name, must_be, value: value.clone() }),
                None => Ok((name, value.clone())),
            }
        });
        checked.collect()
    }

    fn remedy(&self, unknown: &str) -> String {
        let names = || self.parameters.keys().map(String::as_str);
        match nearest(unknown, names().chain(OPTIONS)) {
            Some(name) => format!("did you mean {name}?"),
            None if self.parameters.is_empty() => "it has none".to_owned(),
            None => format!("the settings are {}", names().collect::<Vec<_>>().join(", ")),
        }
    }
}

/// The known name within a third of the letters of `unknown`.
pub(in crate::scaffold) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.map(|name| (strsim::damerau_levenshtein(name, unknown), name));
    distances
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .map(|(_, name)| name)
}
