//! The file's shape, before anything is believed. Error texts are made here so that they name the
//! nearest known key and never repeat a value, which may be a secret in the wrong place.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};

use super::Problem;
use crate::names::show;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) listen: Option<String>,
    pub(super) database: Named,
    pub(super) github: RawGithub,
    pub(super) clusters: Vec<RawCluster>,
    #[serde(default)]
    pub(super) commands: BTreeMap<String, RawCommand>,
    pub(super) policy: Option<String>,
    pub(super) grants: Option<RawGrants>,
    #[serde(default)]
    pub(super) presets: BTreeMap<String, BTreeMap<String, Word>>,
}

/// A text, a whole number or a truth value, as text.
pub(super) struct Word(pub(super) String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;
        impl Visitor<'_> for WordVisitor {
            type Value = Word;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a word or a whole number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
        }
        deserializer.deserialize_any(WordVisitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGrants {
    pub(super) required: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGithub {
    pub(super) app_id: u64,
    pub(super) private_key: Named,
    #[serde(default)]
    pub(super) webhook_secrets: Vec<Named>,
    pub(super) api_url: Option<String>,
    pub(super) webhook: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCluster {
    pub(super) name: String,
    pub(super) admin_repository: String,
    pub(super) branch: Option<String>,
    pub(super) path: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) kubeconfig: Option<RawKubeconfig>,
    pub(super) team_repository: Option<String>,
    pub(super) team_branch: Option<String>,
    pub(super) git_access: Option<RawGitAccess>,
    pub(super) kubernetes_version: Option<String>,
    pub(super) dry_run: Option<String>,
    #[serde(default)]
    pub(super) environments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKubeconfig {
    pub(super) in_cluster: Option<bool>,
    pub(super) file: Option<String>,
    pub(super) context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGitAccess {
    pub(super) mode: Option<String>,
    pub(super) access: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommand {
    pub(super) allow: Vec<String>,
}

/// A value written inline, or the name of a secret.
pub(super) enum Named {
    Inline(String),
    Reference { env: Option<String>, file: Option<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReference {
    env: Option<String>,
    file: Option<String>,
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamedVisitor;
        impl<'de> Visitor<'de> for NamedVisitor {
            type Value = Named;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("{env: NAME} or {file: PATH}")
            }

            fn visit_str<E>(self, text: &str) -> Result<Named, E> {
                Ok(Named::Inline(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Named, A::Error> {
                let RawReference { env, file } = RawReference::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Named::Reference { env, file })
            }
        }
        deserializer.deserialize_any(NamedVisitor)
    }
}

/// Reads the file's shape; the first problem ends the reading.
pub(super) fn read(text: &str) -> Result<RawConfig, Problem> {
    serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().and_then(|location| u32::try_from(location.line()).ok());
        explain(&error.to_string()).at(line)
    })
}

/// Turns serde's words (`clusters[0]`: "unknown field `brnch`, expected one of `name`, … at line 3
/// column 5") into ours. What is between quotes is left out: it may be a secret.
fn explain(text: &str) -> Problem {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let (key, text) = match text.split_once(": ") {
        Some((key, rest)) if is_key_path(key) => (key, rest),
        _ => ("", text),
    };
    if let Some(rest) = text.strip_prefix("unknown field `") {
        return unknown_key(key, rest);
    }
    if let Some(rest) = text.strip_prefix("missing field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return Problem::new(key, format!("`{field}` is missing"), "add it; bot-config/bailiwick.yaml shows how");
    }
    if let Some(rest) = text.strip_prefix("duplicate field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return Problem::new(key, format!("`{field}` is there twice"), "remove one of the two");
    }
    if let Some((found, expected)) = text.strip_prefix("invalid ").and_then(|text| text.rsplit_once(", expected ")) {
        let kind = found.split(':').next().unwrap_or("value");
        let expected = match expected {
            "u64" => "a whole number",
            "a sequence" => "a list",
            shape if shape.starts_with("struct ") => "keys and values",
            other => other,
        };
        return Problem::new(key, format!("this has the wrong {kind}"), format!("write {expected}"));
    }
    Problem::new(key, "this is not readable YAML", format!("mend it: {}", quoteless(text)))
}

fn unknown_key(path: &str, rest: &str) -> Problem {
    let mut names = rest.split('`');
    let unknown = names.next().unwrap_or_default();
    let known: Vec<&str> = names.skip(1).step_by(2).collect();
    let nearest = known.iter().min_by_key(|name| strsim::damerau_levenshtein(unknown, name));
    let near = nearest.filter(|name| strsim::damerau_levenshtein(unknown, name) <= 1 + name.len() / 3);
    let remedy = match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known keys here are {}", known.join(", ")),
    };
    let path = path.strip_suffix(&format!(".{unknown}")).unwrap_or(path);
    Problem::new(path, format!("unknown key {}", show(unknown)), remedy)
}

/// Whether `text` looks like serde_yaml's path, such as `clusters[0].git_access`.
fn is_key_path(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]?".contains(&byte))
}

/// The text with everything from its first quote to its last left out.
fn quoteless(text: &str) -> String {
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) => format!("{}…{}", &text[..first], &text[last + 1..]),
        _ => text.to_owned(),
    }
}
