use crate::names::show;

/// Why a template cannot be used as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template itself is wrong.
    #[error("the template {file}{} cannot be used: {problem}; mend the template", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Broken {
        /// The template's file.
        file: String,
        /// The line in it, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting that the template does not know.
    #[error("{} is no setting of this template; {remedy}", show(name))]
    UnknownSetting {
        /// The setting.
        name: String,
        /// The nearest known one, or all.
        remedy: String,
    },
    /// A setting's value does not fit.
    #[error("the setting {name} must be {must_be}, not {}", show(value))]
    Misfit {
        /// The setting.
        name: String,
        /// What it must be.
        must_be: String,
        /// What it was.
        value: String,
    },
    /// Settings do not go together; the text is the template's.
    #[error("{0}")]
    Together(String),
    /// A preset of the configuration does not fit the template.
    #[error("the preset {preset} of the configuration does not fit: {problem}")]
    Preset {
        /// The preset.
        preset: String,
        /// What is wrong with it.
        problem: Box<TemplateError>,
    },
}

impl TemplateError {
    pub(super) fn broken(origin: &str, file: &str, line: Option<usize>, problem: impl Into<String>) -> Self {
        Self::Broken { file: format!("{origin}{file}"), line, problem: problem.into() }
    }
}
