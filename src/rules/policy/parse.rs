//! From the policy's text to the policy. Our own YAML reader is used, because every error has to
//! name its line and a key that stands twice must not pass.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Exception, Policy, PolicyError, PowerfulKind, Target, TargetObject, is_own};
use crate::finding::{Location, RuleId, Severity};
use crate::manifest::{ManifestFile, Node, Position};
use crate::names::RepoPath;
use crate::rules::RULES;

/// The rule that says what could not be judged.
const UNREADABLE: &str = "yaml/unreadable";

pub(super) fn parse(read: &ManifestFile, today: Date) -> Result<Policy, PolicyError> {
    let reader = Reader { file: &read.path, today };
    if let Some(problem) = read.problems.first() {
        return Err(reader.error(problem.position, problem.message.clone(), problem.help.clone()));
    }
    match read.documents.as_slice() {
        [] => Ok(Policy::default()),
        [root] => reader.policy(root),
        [_, second, ..] => Err(reader.error(second.start, "The policy has a second document.", "Keep one document.")),
    }
}

struct Reader<'a> {
    file: &'a RepoPath,
    today: Date,
}

impl Reader<'_> {
    fn error(&self, at: Position, message: impl Into<String>, help: impl Into<String>) -> PolicyError {
        let (message, help) = (message.into(), help.into());
        PolicyError { file: self.file.clone(), line: at.line, column: at.column, message, help }
    }

    fn policy(&self, root: &Node) -> Result<Policy, PolicyError> {
        self.known_keys(root, &["severity", "exceptions", "powerful_kinds"])?;
        let severities = root.get("severity").map_or_else(|| Ok(BTreeMap::new()), |node| self.severities(node))?;
        let exceptions = self.list(root, "exceptions", "- rule: …", |item| self.exception(item))?;
        let kinds = self.list(root, "powerful_kinds", "- {group: …, resource: …}", |item| self.kind(item))?;
        Ok(Policy { severities, exceptions, powerful_kinds: kinds })
    }

    /// The items of a list that may be left out.
    fn list<T>(
        &self,
        root: &Node,
        key: &str,
        item: &str,
        read: impl Fn(&Node) -> Result<T, PolicyError>,
    ) -> Result<Vec<T>, PolicyError> {
        match root.get(key) {
            Some(node) if !node.is_sequence() && !node.is_null() => {
                Err(self.error(node.start, format!("`{key}` is no list."), format!("Write `{item}` for each.")))
            }
            node => node.into_iter().flat_map(Node::items).map(read).collect(),
        }
    }

    fn kind(&self, node: &Node) -> Result<PowerfulKind, PolicyError> {
        self.known_keys(node, &["group", "resource", "severity"])?;
        let group = self.word(node, "group")?;
        let resource = self.word(node, "resource")?;
        let severity = match node.get("severity") {
            Some(severity) => self
                .severity(severity)?
                .ok_or_else(|| self.error(severity.start, "A powerful kind cannot be off.", "Leave the item out."))?,
            None => Severity::Error,
        };
        Ok(PowerfulKind { group, resource, severity })
    }

    /// A word as a role has it for one group or resource.
    fn word(&self, node: &Node, key: &str) -> Result<String, PolicyError> {
        let help = "Write them as a role does: `{group: acme.example.org, resource: challenges}`.";
        let at = node.get(key);
        let start = at.map_or(node.start, |at| at.start);
        let text = at.and_then(Node::text).filter(|text| !text.is_empty() || key == "group");
        let text = text.ok_or_else(|| self.error(start, format!("A powerful kind without a {key}."), help))?;
        let is_plain =
            |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "-./".contains(character);
        match text.chars().all(is_plain) {
            true => Ok(text.to_owned()),
            false => Err(self.error(start, format!("`{}` is no {key} of one kind.", shown(text)), help)),
        }
    }

    fn known_keys(&self, node: &Node, known: &[&str]) -> Result<(), PolicyError> {
        if !node.is_mapping() {
            let help = format!("Write `{}: …`.", known.join(": …`, `"));
            return Err(self.error(node.start, "Keys and values are expected here.", help));
        }
        for (key, _) in node.entries() {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let help = suggest(name, known.iter().copied());
                return Err(self.error(key.start, format!("Unknown key `{}`.", shown(name)), help));
            }
        }
        Ok(())
    }

    fn severities(&self, node: &Node) -> Result<BTreeMap<RuleId, Option<Severity>>, PolicyError> {
        if !node.is_mapping() && !node.is_null() {
            return Err(self.error(node.start, "`severity` holds no rules.", "Write `crd/name: warning`."));
        }
        node.entries().map(|(rule, severity)| Ok((self.rule(rule)?, self.severity_of(rule, severity)?))).collect()
    }

    /// What cannot be judged is never green, so no policy makes it mild.
    fn severity_of(&self, rule: &Node, node: &Node) -> Result<Option<Severity>, PolicyError> {
        let severity = self.severity(node)?;
        if rule.text() == Some(UNREADABLE) && severity != Some(Severity::Error) {
            let help = "Name the files that may stay unreadable with an exception and its reason.";
            return Err(self.error(node.start, format!("`{UNREADABLE}` cannot be made milder."), help));
        }
        Ok(severity)
    }

    fn severity(&self, node: &Node) -> Result<Option<Severity>, PolicyError> {
        match node.text().unwrap_or_default() {
            "off" => Ok(None),
            "note" => Ok(Some(Severity::Note)),
            "warning" => Ok(Some(Severity::Warning)),
            "error" => Ok(Some(Severity::Error)),
            other => {
                let message = format!("Unknown severity `{}`.", shown(other));
                Err(self.error(node.start, message, "Use error, warning, note or off."))
            }
        }
    }

    fn rule(&self, node: &Node) -> Result<RuleId, PolicyError> {
        let name = node.text().unwrap_or_default();
        let ids = || RULES.iter().map(|rule| rule.meta().id);
        ids().find(|id| id.as_str() == name).ok_or_else(|| {
            let help = suggest(name, ids().map(RuleId::as_str));
            self.error(node.start, format!("Unknown rule `{}`.", shown(name)), help)
        })
    }

    fn exception(&self, node: &Node) -> Result<Exception, PolicyError> {
        self.known_keys(node, &["rule", "object", "path", "reason", "expires", "by"])?;
        let missing = |what: &str, help: &str| self.error(node.start, format!("An exception without {what}."), help);
        let rule = node.get("rule").ok_or_else(|| missing("a rule", "Name it with `rule: …`."))?;
        let reason = node.get("reason").and_then(Node::text).map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| missing("a reason", "Say with `reason: …` why this may stay."))?;
        let expires = node.get("expires").map(|day| self.day(day)).transpose()?;
        let Position { line, column, .. } = node.start;
        Ok(Exception {
            place: Location { file: self.file.clone(), line, column },
            rule: self.excepted(rule)?,
            target: self.target(node)?,
            reason: reason.to_owned(),
            by: node.get("by").and_then(Node::text).filter(|by| !by.is_empty()).map(str::to_owned),
            expires,
            expired: expires.is_some_and(|day| day < self.today),
        })
    }

    /// What is wrong with the policy is mended in the policy: one entry more would hide it.
    fn excepted(&self, node: &Node) -> Result<RuleId, PolicyError> {
        let rule = self.rule(node)?;
        if is_own(rule) {
            let message = format!("`{rule}` is about the policy itself and has no exceptions.");
            return Err(self.error(node.start, message, "Mend what it complains of, or change its severity."));
        }
        Ok(rule)
    }

    fn day(&self, node: &Node) -> Result<Date, PolicyError> {
        let day = node.text().and_then(|text| text.parse().ok());
        day.ok_or_else(|| self.error(node.start, "`expires` is no date.", "Write it as 2031-12-31."))
    }

    fn target(&self, node: &Node) -> Result<Target, PolicyError> {
        let object = node.get("object").filter(|node| !node.is_null()).map(|object| self.object(object)).transpose()?;
        let path = node.get("path").filter(|node| !node.is_null()).map(|path| self.path(path)).transpose()?;
        if object.is_none() && path.is_none() {
            let message = "An exception needs an object or a path.";
            return Err(self.error(node.start, message, "Write `object: {kind: …, name: …}` or `path: …`."));
        }
        Ok(Target { object, path })
    }

    fn path(&self, node: &Node) -> Result<String, PolicyError> {
        match node.text().map(|text| text.trim_start_matches("./")) {
            Some(text) if !text.trim_matches(['*', '/']).is_empty() => Ok(text.to_owned()),
            _ => Err(self.error(node.start, "`path` fits every file.", "Name a file or directory, or use `off`.")),
        }
    }

    fn object(&self, node: &Node) -> Result<TargetObject, PolicyError> {
        self.known_keys(node, &["group", "kind", "namespace", "name"])?;
        let text = |key| node.get(key).filter(|value| !value.is_null()).and_then(Node::text).map(str::to_owned);
        let filled = |key| text(key).filter(|text| !text.is_empty());
        let name =
            filled("name").ok_or_else(|| self.error(node.start, "The object has no name.", "Write `name: …`."))?;
        Ok(TargetObject { group: text("group"), kind: filled("kind"), namespace: filled("namespace"), name })
    }
}

/// The nearest known word, or all of them.
fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = known.clone().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, candidate)) if likeness > 0.8 => format!("Did you mean `{candidate}`?"),
        _ => format!("Known are: {}.", known.collect::<Vec<_>>().join(", ")),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).map(|character| if character.is_control() { ' ' } else { character }).collect()
}
