//! An issue that was made with the form for a new team, as the command that it stands for.

use std::collections::BTreeMap;

use super::create_team::{CreateTeam, setting};
use super::{LONGEST_COMMENT, create_team};
use crate::names::show;

/// The label of the field for the team's name, with which such an issue begins.
pub const FORM_TEAM: &str = "Team name";
/// The label of the field for the team's repository.
pub const FORM_REPOSITORY: &str = "Repository";
/// The label of the last field, which is for people; what follows it is not read.
pub const FORM_NOTES: &str = "Notes";

/// What GitHub writes where nothing was chosen or written.
const UNANSWERED: [&str; 3] = ["_No response_", "None", ""];

/// Headings before the notes; the form has fewer.
const MOST_FIELDS: usize = 25;

/// Reads the body of an issue; `None` where it was not made with the form. The form's fields are headings of the third
/// level (GitHub, "Creating issues from forms"), and every answer but the notes is one word. Whoever runs the command still has to
/// look up the author's rights: anybody may write such an issue by hand.
///
/// # Errors
/// One sentence about the first answer that cannot be used, made safe to print.
pub fn issue_form(body: &str) -> Option<Result<CreateTeam, String>> {
    let mut lines = body.lines().map(str::trim_end).skip_while(|line| line.is_empty());
    if heading(lines.next()?) != Some(FORM_TEAM) {
        return None;
    }
    if body.len() > LONGEST_COMMENT {
        return Some(Err(format!("the issue is longer than {LONGEST_COMMENT} bytes and was not read")));
    }
    Some(answers(body).and_then(command))
}

fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("### ").map(str::trim)
}

/// The answers by the labels of their fields, without those that were left empty.
fn answers(body: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(label) = heading(line) else {
            match fields.last_mut() {
                Some((_, answer)) if answer.is_empty() => *answer = line,
                Some((label, _)) => {
                    return Err(format!("the answer to {} has several lines; write one word", show(label)));
                }
                None => {}
            }
            continue;
        };
        if label == FORM_NOTES {
            break;
        }
        if fields.iter().any(|(known, _)| *known == label) {
            return Err(format!("the field {} stands there twice", show(label)));
        }
        if fields.len() == MOST_FIELDS {
            return Err(format!("there are more than {MOST_FIELDS} fields"));
        }
        fields.push((label, ""));
    }
    fields.retain(|(_, answer)| !UNANSWERED.contains(answer));
    Ok(fields)
}

fn command(answers: Vec<(&str, &str)>) -> Result<CreateTeam, String> {
    let (mut team, mut repository, mut preset, mut settings) = (None, None, None, BTreeMap::new());
    for (label, answer) in answers {
        match label {
            FORM_TEAM => team = Some(answer),
            FORM_REPOSITORY => repository = Some(answer),
            "Preset" => preset = Some(answer),
            label => {
                let name = label.to_ascii_lowercase().replace([' ', '_'], "-");
                let (name, value) = setting(&name, answer)?;
                settings.insert(name, value);
            }
        }
    }
    let team = team.ok_or_else(|| format!("the field {} is empty", show(FORM_TEAM)))?;
    create_team::new(team, (repository, preset), settings, false)
}
