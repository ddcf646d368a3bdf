//! What `create-team` writes, as data: `bot-config/templates/<engine>/team/`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Parameter;
use super::render::{self, Values};
use crate::names::{Engine, RepoPath, TeamName, show};

/// A template: its parameters and its files.
#[derive(Debug, Clone)]
pub struct Template {
    parameters: BTreeMap<String, Parameter>,
    /// Name, what it is for, and text, in the order in which they are written.
    files: Vec<(String, String, String)>,
}

/// Why a template cannot be used as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template itself is wrong.
    #[error("the template's {file} cannot be used: {problem}; mend the template")]
    Broken {
        /// The template's file.
        file: String,
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
}

impl TemplateError {
    pub(super) fn broken(file: &str, problem: impl Into<String>) -> Self {
        Self::Broken { file: file.to_owned(), problem: problem.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    name: String,
    about: String,
}

/// A file of a built-in template: its name and its text.
macro_rules! built_in {
    ($directory:literal, $($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../bot-config/templates/", $directory, "/", $name)))),+]
    };
}

const FLUX_V2: &[(&str, &str)] = built_in!(
    "flux-v2/team",
    "template.yaml",
    "namespace.yaml",
    "rbac.yaml",
    "quota.yaml",
    "network.yaml",
    "sync.yaml",
    "kustomization.yaml"
);

const FLUX_V1: &[(&str, &str)] = built_in!(
    "flux-v1/team",
    "template.yaml",
    "namespace.yaml",
    "rbac.yaml",
    "kubeconfig.yaml",
    "flux-patch.yaml",
    "kustomization.yaml"
);

impl Template {
    /// The template that comes with Bailiwick.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn built_in(engine: Engine) -> Result<Self, TemplateError> {
        let files = match engine {
            Engine::FluxV1 => FLUX_V1,
            Engine::FluxV2 => FLUX_V2,
        };
        Self::parse(&files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    /// A template from its files by name; `template.yaml` lists the others and the parameters.
    pub fn parse(files: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        const MANIFEST: &str = "template.yaml";
        let text = files.get(MANIFEST).ok_or_else(|| TemplateError::broken(MANIFEST, "it does not exist"))?;
        let manifest: Manifest =
            serde_yaml::from_str(text).map_err(|error| TemplateError::broken(MANIFEST, error.to_string()))?;
        let mut found = Vec::new();
        for ManifestFile { name, about } in manifest.files {
            let plain_name = RepoPath::resolve("", &name).is_some_and(|path| path.as_str() == name);
            let text = files.get(&name).filter(|_| plain_name && !about.contains(['\n', '\r']));
            let text =
                text.ok_or_else(|| TemplateError::broken(&name, "it is listed, but is no file beside the list"))?;
            found.push((name, about, text.clone()));
        }
        Ok(Self { parameters: manifest.parameters, files: found })
    }

    /// What may be set, by name.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// The values of all placeholders: `settings` before `built_in` before the defaults.
    pub(super) fn values(
        &self,
        settings: &BTreeMap<String, String>,
        built_in: &BTreeMap<&str, String>,
    ) -> Result<Values, TemplateError> {
        if let Some(name) = settings.keys().find(|name| !self.parameters.contains_key(*name)) {
            return Err(TemplateError::UnknownSetting { name: name.clone(), remedy: self.remedy(name) });
        }
        let mut values: Values = built_in.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        for (name, parameter) in &self.parameters {
            let Some(value) = settings.get(name) else {
                values.entry(name.clone()).or_insert_with(|| parameter.default.clone());
                continue;
            };
            if let Some(must_be) = parameter.misfit(value) {
                return Err(TemplateError::Misfit { name: name.clone(), must_be, value: value.clone() });
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(values)
    }

    fn remedy(&self, unknown: &str) -> String {
        let distance = |name: &&String| strsim::damerau_levenshtein(name, unknown);
        match self.parameters.keys().min_by_key(distance) {
            Some(name) if distance(&name) <= 1 + name.len() / 3 => format!("did you mean {name}?"),
            _ => {
                let names: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                format!("the settings are {}", names.join(", "))
            }
        }
    }

    /// The files with their placeholders filled and a comment that says what each is for.
    pub(super) fn render(&self, team: &TeamName, values: &Values) -> Result<Vec<(String, String)>, TemplateError> {
        let head = |about: &str| format!("# {about}\n# Made by `create-team {team}`; admins change it from here on.\n");
        self.files
            .iter()
            .map(|(name, about, text)| Ok((name.clone(), head(about) + &render::file(name, text, values)?)))
            .collect()
    }
}
