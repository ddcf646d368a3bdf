//! The form of an issue in which people ask for a team
//! (<https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema>);
//! `command::issue_form` reads what comes of it.

use serde_yaml::{Mapping, Value};

use super::{Parameter, ParameterKind, Template, emit};
use crate::command::{FORM_NOTES, FORM_REPOSITORY, FORM_TEAM};

/// Where GitHub looks for it.
pub(super) const FORM: &str = ".github/ISSUE_TEMPLATE/new-team.yml";

/// The form for a template: the team, its repository, and the parameters that are asked for in forms.
pub fn issue_form(template: &Template) -> String {
    let team = "Lower-case letters, digits and '-'. It is also the name of the team's directory and namespace.";
    let repository = "OWNER/NAME. Left empty, it follows the other teams' repositories.";
    let notes = "Whatever the admins should know. It is not read by Bailiwick.";
    let mut body = vec![
        field("input", "team", (FORM_TEAM, team), vec![("placeholder", "team2".into())], true),
        field("input", "repository", (FORM_REPOSITORY, repository), Vec::new(), false),
    ];
    body.extend(
        template.parameters().filter(|(_, parameter)| parameter.form).map(|(name, parameter)| asked(name, parameter)),
    );
    body.push(field("textarea", "notes", (FORM_NOTES, notes), Vec::new(), false));
    let head = [
        ("name", Value::from("New team")),
        (
            "description",
            Value::from("Ask the admins for a team in the cluster. One of them answers with the command /create-team."),
        ),
        ("title", Value::from("New team")),
        ("labels", Value::Sequence(vec!["new-team".into()])),
        ("body", Value::Sequence(body)),
    ];
    let about =
        "# The form in which people ask for a team.\n# Made by `bailiwick init`; admins change it from here on.\n";
    format!("{about}{}", emit::document(&mapping(head)))
}

/// A parameter in the form: a list of its choices, or a line.
fn asked(name: &str, parameter: &Parameter) -> Value {
    let mut label = name.replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let help = format!("{}.", parameter.help);
    let choices: Vec<&String> = parameter.choices.iter().filter(|choice| !choice.is_empty()).collect();
    if parameter.kind != ParameterKind::Choice {
        return field("input", name, (&label, &help), vec![("placeholder", parameter.default.clone().into())], false);
    }
    let mut more = Vec::new();
    let default = choices.iter().position(|choice| **choice == parameter.default);
    more.push(("options", Value::Sequence(choices.into_iter().map(|choice| choice.clone().into()).collect())));
    more.extend(default.map(|index| ("default", Value::from(index))));
    field("dropdown", name, (&label, &help), more, false)
}

fn field(kind: &str, id: &str, (label, help): (&str, &str), more: Vec<(&str, Value)>, required: bool) -> Value {
    let attributes = [("label", Value::from(label)), ("description", Value::from(help))].into_iter().chain(more);
    let field = [("type", Value::from(kind)), ("id", Value::from(id)), ("attributes", mapping(attributes))];
    let validations = required.then(|| ("validations", mapping([("required", Value::from(true))])));
    mapping(field.into_iter().chain(validations))
}

fn mapping<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<Mapping>())
}
