//! `.sops.yaml`: for whom a file is encrypted, and which of its values.
//!
//! Read as sops does (getsops/sops, `config/config.go`), and refused where it would need other keys than age's, or says
//! something that is not known here: a recipient who is passed over could not read the file.

mod recipients;

use crate::manifest::{self, Node, Position};
use crate::names::RepoPath;
use crate::schema::Pattern;

use super::key::Recipient;
use super::selection::{Fault, Selection, is_set};

/// Where sops looks for its rules.
const NAME: &str = ".sops.yaml";
/// The longest file of rules, and how many there may be: each costs a pattern.
const LONGEST: usize = 256 * 1024;
const MOST_RULES: usize = 1_000;

/// What a rule may say besides other keys than age's (`config.go`, `creationRule`). Without those, and with one group of
/// keys, sops makes nothing of `aws_profile` and `shamir_threshold`.
const KNOWN: [&str; 12] = [
    "path_regex",
    "age",
    "key_groups",
    "shamir_threshold",
    "aws_profile",
    "mac_only_encrypted",
    "encrypted_regex",
    "unencrypted_regex",
    "encrypted_suffix",
    "unencrypted_suffix",
    "encrypted_comment_regex",
    "unencrypted_comment_regex",
];

/// The creation rules of a repository.
#[derive(Debug, Clone)]
pub struct Rules {
    file: RepoPath,
    rules: Vec<Node>,
}

/// How one file is encrypted.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) recipients: Vec<Recipient>,
    pub(super) selection: Selection,
    pub(super) mac_only_encrypted: bool,
    /// Where it stands, for whoever has to mend it.
    pub(super) origin: String,
}

/// Why there is no rule that could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message} {help}")]
pub struct RulesError {
    /// The file of the rules.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong, one plain sentence.
    pub message: String,
    /// What mends it.
    pub help: String,
}

impl Rule {
    /// The rule that a Secret needs: all below `data` and `stringData` is encrypted, for these recipients. `origin` says
    /// in an error where they come from.
    pub fn for_secrets(recipients: Vec<Recipient>, origin: &str) -> Self {
        let selection = Selection::for_secrets();
        Self { recipients, selection, mac_only_encrypted: false, origin: origin.to_owned() }
    }

    /// Who may read, each once.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }
}

impl Rules {
    /// Where rules for `path` may lie, the nearest first: `.sops.yaml` beside it and in each directory above. sops itself
    /// takes the first above the directory that it is started in.
    pub fn places(path: &RepoPath) -> impl Iterator<Item = RepoPath> {
        let mut next = Some(path.directory());
        std::iter::from_fn(move || {
            let directory = next?;
            next = (!directory.is_empty()).then(|| directory.rsplit_once('/').map_or("", |(above, _)| above));
            RepoPath::resolve(directory, NAME)
        })
    }

    /// Reads a `.sops.yaml`.
    ///
    /// # Errors
    /// Where it cannot be read, or has no rules. Anchors and aliases are refused. A rule is judged when it is used.
    pub fn read(file: &RepoPath, bytes: &[u8]) -> Result<Self, RulesError> {
        let refuse = |position, message: &str, help: &str| Err(refusal(file, (position, message.to_owned(), help)));
        if bytes.len() > LONGEST {
            return refuse(Position::default(), "It has more than 256 KiB.", "Write fewer rules.");
        }
        let read = manifest::read(file.clone(), bytes);
        if let Some(problem) = read.problems.first() {
            return refuse(problem.position, &problem.message, &problem.help);
        }
        // Go's `yaml.Unmarshal` takes the first document.
        let list = read.documents.first().and_then(|root| root.get("creation_rules"));
        let Some(list) = list.filter(|list| list.items().next().is_some()) else {
            return refuse(Position::default(), "There are no `creation_rules`.", EXAMPLE);
        };
        let rules: Vec<Node> = list.items().cloned().collect();
        if let Some(rule) = rules.iter().find(|rule| !rule.is_mapping()) {
            return refuse(rule.start, "A creation rule has to be a mapping.", EXAMPLE);
        }
        if rules.len() > MOST_RULES {
            return refuse(list.start, "There are more than 1,000 creation rules.", "Write fewer rules.");
        }
        Ok(Self { file: file.clone(), rules })
    }

    /// The rule for a file: the first whose `path_regex` is in the path, seen from the directory of the rules, or that
    /// has none (`config.go`, `parseCreationRuleForFile`).
    ///
    /// # Errors
    /// Where none is for the file, or the one that is says what cannot be done here.
    pub fn rule_for(&self, path: &RepoPath) -> Result<Rule, RulesError> {
        let Some(path) = path.below(self.file.directory()) else {
            let message = format!("These rules are not for {path}, which does not lie below them.");
            return Err(self.refuse((Position::default(), message, "Put a `.sops.yaml` beside the file or above it.")));
        };
        for rule in &self.rules {
            if self.is_for(rule, path)? {
                return self.read_rule(rule);
            }
        }
        Err(self.refuse((Position::default(), format!("No creation rule is for {path}."), EXAMPLE)))
    }

    fn is_for(&self, rule: &Node, path: &str) -> Result<bool, RulesError> {
        let Some(written) = rule.get("path_regex").filter(|written| is_set(written)) else { return Ok(true) };
        let help = "Write it as Go's `regexp` takes it.";
        let refuse = |why: String| self.refuse((written.start, format!("`path_regex` {why}."), help));
        let text = written.text().ok_or_else(|| refuse("has to be text".to_owned()))?;
        let pattern = Pattern::new(text).map_err(|why| refuse(why.to_string()))?;
        pattern.matches(path).ok_or_else(|| refuse("is too big to be used here".to_owned()))
    }

    fn read_rule(&self, rule: &Node) -> Result<Rule, RulesError> {
        let recipients = recipients::read(rule).map_err(|fault| self.refuse(fault))?;
        let selection = Selection::read(rule).map_err(|fault| self.refuse(fault))?;
        let mac_only_encrypted = flag(rule).map_err(|fault| self.refuse(fault))?;
        let origin = format!("{}:{}", self.file, rule.start.line);
        Ok(Rule { recipients, selection, mac_only_encrypted, origin })
    }

    fn refuse(&self, fault: Fault) -> RulesError {
        refusal(&self.file, fault)
    }
}

const EXAMPLE: &str = "Write a list under `creation_rules`, such as `- path_regex: .*` with \
                       `encrypted_regex: ^(data|stringData)$` and `age: age1…`.";

fn flag(rule: &Node) -> Result<bool, Fault> {
    match rule.get("mac_only_encrypted") {
        Some(value) if is_set(value) => value
            .as_bool()
            .ok_or_else(|| (value.start, "`mac_only_encrypted` is no boolean.".to_owned(), "Write `true` or `false`.")),
        _ => Ok(false),
    }
}

fn refusal(file: &RepoPath, (position, message, help): (Position, String, &str)) -> RulesError {
    RulesError { file: file.clone(), line: position.line.max(1), message, help: help.to_owned() }
}
