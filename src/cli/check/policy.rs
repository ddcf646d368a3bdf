//! Which policy holds.

use std::path::Path;

use anyhow::{Context as _, Result};

use jiff::tz::TimeZone;

use super::tree::Tree;
use crate::clock::{Clock as _, SystemClock};
use crate::config::LARGEST_FILE;
use crate::files;
use crate::names::RepoPath;
use crate::rules::Policy;

/// Where a repository keeps its policy; the first that is there holds.
const PLACES: [&str; 3] = ["policy.yaml", ".bailiwick/policy.yaml", "bot-config/policy.yaml"];

/// The policy in the file that was named; else in `tree`, which is the base where there is one: a
/// change must not bring the exceptions that let it pass.
pub(super) fn find(named: Option<&Path>, tree: &Tree) -> Result<Policy> {
    if let Some(path) = named {
        let text = files::read_text(path, LARGEST_FILE as u64).context("--policy")?;
        // The parser names the file by the last part of its path, which always is a name.
        let name = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        let name = name.with_context(|| format!("{} has a name that cannot be shown: rename it", path.display()))?;
        return parse(&name, &text);
    }
    for place in PLACES {
        let file = tree.files.iter().find(|(path, _)| path.as_str() == place).map(|(_, loaded)| &loaded.file);
        // A Kubernetes object may well be called policy.yaml.
        let Some(file) = file.filter(|file| file.objects.is_empty()) else { continue };
        return parse(&file.path, &file.source);
    }
    Ok(Policy::default())
}

fn parse(file: &RepoPath, text: &str) -> Result<Policy> {
    let today = SystemClock.now().to_zoned(TimeZone::UTC).date();
    Ok(Policy::parse(file, text, today)?)
}
