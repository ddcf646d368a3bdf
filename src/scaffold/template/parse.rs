//! From a template's files to a template, with everything checked that can be checked before anybody uses it.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Manifest, ManifestEntry, ManifestFile};
use super::{Body, Entry, Field, Part, Target, Template, TemplateError, TemplateFile};
use crate::scaffold::condition::{Condition, is_name};
use crate::scaffold::pattern::Pattern;
use crate::scaffold::values::placeholders;
use crate::scaffold::{Parameter, ParameterKind, render};

/// The file that says what a template is.
const MANIFEST: &str = "template.yaml";

/// What every template may use without a parameter; see `src/scaffold/values.rs`.
const BUILT_IN: [&str; 9] = [
    "team",
    "namespace",
    "git_url",
    "git_prefix",
    "branch",
    "cluster_path",
    "base_flux",
    "role_binding_api",
    "pod_security_policies",
];

/// The name that is known in files that are made for each environment.
const ENVIRONMENT: &str = "environment";

impl Template {
    /// Reads a template; `origin` is its folder, for errors.
    pub(super) fn parse(origin: &str, part: Part, files: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        Parser { origin, files }.template(part)
    }
}

struct Parser<'a> {
    origin: &'a str,
    files: &'a BTreeMap<String, String>,
}

impl Parser<'_> {
    fn broken(&self, file: &str, line: Option<usize>, problem: impl Into<String>) -> TemplateError {
        TemplateError::broken(self.origin, file, line, problem)
    }

    /// An error in the manifest, at the first line that holds `near`.
    fn wrong(&self, near: &str, problem: impl Into<String>) -> TemplateError {
        self.broken(MANIFEST, self.line_of(MANIFEST, near), problem)
    }

    fn line_of(&self, file: &str, near: &str) -> Option<usize> {
        let text = self.files.get(file)?;
        text.find(near).map(|at| text[..at].matches('\n').count() + 1)
    }

    fn template(&self, part: Part) -> Result<Template, TemplateError> {
        let text = self.files.get(MANIFEST).ok_or_else(|| self.broken(MANIFEST, None, "it does not exist"))?;
        let manifest: Manifest = serde_yaml::from_str(text).map_err(|error| self.unreadable(MANIFEST, &error))?;
        let Manifest { parameters, directory, files, entries, refuse } = manifest;
        self.parameters(&parameters)?;
        let mut template = Template {
            origin: self.origin.to_owned(),
            part,
            parameters,
            files: Vec::new(),
            entries: Vec::new(),
            refusals: refuse,
            names: BTreeSet::new(),
        };
        self.all_listed(&files)?;
        for refusal in &template.refusals {
            self.condition(MANIFEST, &refusal.when, &template)?;
        }
        let default = if part == Part::Team { "${cluster_path}/${team}/" } else { "" };
        let directory = directory.map_or_else(|| default.to_owned(), |directory| format!("{directory}/"));
        for file in files {
            let file = self.file(file, &directory, &mut template)?;
            template.files.push(file);
        }
        for entry in entries {
            let entry = self.entry(entry, &mut template)?;
            template.entries.push(entry);
        }
        Ok(template)
    }

    fn unreadable(&self, file: &str, error: &serde_yaml::Error) -> TemplateError {
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        self.broken(file, error.location().map(|location| location.line()), text)
    }

    /// A file that nobody lists would be forgotten in silence.
    fn all_listed(&self, listed: &[ManifestFile]) -> Result<(), TemplateError> {
        let known = |name: &String| {
            name == MANIFEST || name.as_str() == "README.md" || listed.iter().any(|file| file.name == *name)
        };
        match self.files.keys().find(|name| !known(name)) {
            Some(name) => Err(self.broken(name, None, format!("{MANIFEST} does not list it under `files`"))),
            None => Ok(()),
        }
    }

    fn parameters(&self, parameters: &BTreeMap<String, Parameter>) -> Result<(), TemplateError> {
        for (name, parameter) in parameters {
            let near = format!("{name}:");
            if !is_name(name) || BUILT_IN.contains(&name.as_str()) || name == ENVIRONMENT {
                return Err(self.wrong(
                    &near,
                    format!(
                        "{name} cannot be a parameter's name: use lower-case letters, digits and '_', and none of {}",
                        BUILT_IN.join(", ")
                    ),
                ));
            }
            if let Some(must_be) = parameter.misfit(&parameter.default) {
                return Err(self.wrong(&near, format!("the default of {name} must be {must_be}")));
            }
            for (choice, sets) in &parameter.sets {
                if parameter.kind != ParameterKind::Choice || !parameter.choices.contains(choice) {
                    return Err(
                        self.wrong(&near, format!("{name} sets something for {choice}, which is none of its choices"))
                    );
                }
                for (other, value) in sets {
                    let Some(set) = parameters.get(other).filter(|set| set.sets.is_empty()) else {
                        return Err(self.wrong(
                            &near,
                            format!("{name} sets {other}, which is no parameter, or one that sets others"),
                        ));
                    };
                    if let Some(must_be) = set.misfit(value) {
                        return Err(self.wrong(&near, format!("{name} sets {other}, which must be {must_be}")));
                    }
                }
            }
        }
        Ok(())
    }

    fn file(
        &self,
        listed: ManifestFile,
        directory: &str,
        template: &mut Template,
    ) -> Result<TemplateFile, TemplateError> {
        let ManifestFile { name, about, to, keep, when } = listed;
        let text = self.files.get(&name).filter(|_| name != MANIFEST);
        let text =
            text.ok_or_else(|| self.wrong(&name, format!("{name} is listed, but is no file beside the list")))?;
        let to = to.unwrap_or_else(|| format!("{directory}{name}"));
        let to = Pattern::parse(&to).map_err(|problem| self.wrong(&name, problem))?;
        self.condition(MANIFEST, &when, template)?;
        let mut asked = render::Asked::default();
        let body = if is_yaml(&name) {
            let documents = render::parse(text).map_err(|error| self.unreadable(&name, &error))?;
            if documents.is_empty() || documents.iter().any(serde_yaml::Value::is_null) {
                return Err(self.broken(&name, None, "it is empty, or has an empty document"));
            }
            documents.iter().for_each(|document| asked.note(document));
            Body::Documents(documents)
        } else {
            asked.names.extend(placeholders(text).map(str::to_owned));
            Body::Text(text.clone())
        };
        for condition in asked.conditions {
            let condition = condition.map_err(|problem| self.broken(&name, self.line_of(&name, "$when"), problem))?;
            self.condition(&name, &condition, template)?;
        }
        for placeholder in asked.names {
            let in_environment = placeholder == ENVIRONMENT && to.names(ENVIRONMENT);
            if !in_environment {
                self.known(&name, &placeholder, template)?;
            }
            template.names.insert(placeholder);
        }
        Ok(TemplateFile { name, about, to, keep, when, body })
    }

    fn known(&self, file: &str, placeholder: &str, template: &Template) -> Result<(), TemplateError> {
        if BUILT_IN.contains(&placeholder) || template.parameters.contains_key(placeholder) {
            return Ok(());
        }
        let shown: String = placeholder.chars().take(60).collect();
        let line = self.line_of(file, &format!("${{{placeholder}"));
        Err(self.broken(file, line, format!("${{{shown}}} is neither a parameter nor a built-in name")))
    }

    fn condition(&self, file: &str, condition: &Condition, template: &Template) -> Result<(), TemplateError> {
        for (name, value) in condition.names() {
            let parameter = template.parameters.get(name);
            if parameter.is_none() && !BUILT_IN.contains(&name) {
                return Err(self.broken(
                    file,
                    self.line_of(file, name),
                    format!("a condition asks for {name}, which is no parameter"),
                ));
            }
            let misfit = parameter.zip(value).and_then(|(parameter, value)| parameter.misfit(value));
            if let Some(must_be) = misfit {
                return Err(self.broken(
                    file,
                    self.line_of(file, name),
                    format!("a condition compares {name} to what it cannot be: it is {must_be}"),
                ));
            }
        }
        Ok(())
    }

    fn entry(&self, listed: ManifestEntry, template: &mut Template) -> Result<Entry, TemplateError> {
        let ManifestEntry { file, objects, list, lines, add, covers, missing, beside, when } = listed;
        let wrong = |problem: &str| Err(self.wrong(&format!("add: {add}"), format!("the entry {add} {problem}")));
        let field = match (list, lines) {
            (Some(lists), None) => Field::Lists(lists.into_list()),
            (None, Some(lines)) => Field::Lines(lines),
            _ => return wrong("must name either a `list` or `lines`"),
        };
        let target = match (file, objects) {
            (Some(file), None) => {
                Target::File(Pattern::parse(&file).map_err(|problem| self.wrong(&file, problem))?, missing)
            }
            (None, Some(objects)) if objects.group.is_some() || objects.name.is_some() => Target::Objects(objects),
            _ => return wrong("must name either a `file`, or `objects` by their group or name"),
        };
        let fits = match (&target, &field) {
            (Target::File(..), Field::Lists(lists)) => !lists.is_empty(),
            (Target::Objects(_), Field::Lists(lists)) => lists.len() == 1,
            (target, Field::Lines(_)) => matches!(target, Target::Objects(_)),
        };
        if !fits {
            return wrong("names lists of a file, or one list or text of objects");
        }
        self.condition(MANIFEST, &when, template)?;
        for text in [Some(&add), covers.as_ref()].into_iter().flatten() {
            for placeholder in placeholders(text) {
                self.known(MANIFEST, placeholder, template)?;
                template.names.insert(placeholder.to_owned());
            }
        }
        Ok(Entry { target, field, add, covers, beside, when })
    }
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}
