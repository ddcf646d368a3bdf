//! Which policy holds, and what it says of itself.

use std::path::Path;

use anyhow::{Context as _, Result};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::tree::Tree;
use crate::clock::{Clock as _, SystemClock};
use crate::config::LARGEST_FILE;
use crate::files;
use crate::manifest::ManifestFile;
use crate::names::RepoPath;
use crate::rules::{OwnPolicy, Policy, PolicyError, Scope};

/// Where a repository keeps its policy; the first that is there holds.
const PLACES: [&str; 3] = ["policy.yaml", ".bailiwick/policy.yaml", "bot-config/policy.yaml"];

/// The policy that holds, and what is known of the judged repository's own.
pub(super) struct Policies {
    pub(super) holds: Policy,
    own: Own,
}

/// What of a policy is judged itself.
enum Own {
    /// It is for more than what is judged here, or for nothing that changes.
    Given,
    /// It stands in the repository as it will be, if at all.
    InTree(Option<Result<Policy, PolicyError>>),
}

impl Policies {
    /// The policy in the file that was named; else in the base where there is one: a change must not bring the
    /// exceptions that let it pass.
    pub(super) fn find(named: Option<&Path>, after: &Tree, before: Option<&Tree>) -> Result<Self> {
        if let Some(path) = named {
            let text = files::read_text(path, LARGEST_FILE as u64).context("--policy")?;
            // The parser names the file by the last part of its path, which always is a name.
            let name = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            let name: RepoPath =
                name.with_context(|| format!("{} has a name that cannot be shown: rename it", path.display()))?;
            return Ok(Self { holds: Policy::parse(&name, &text, today())?, own: Own::Given });
        }
        let own = in_tree(after).map(|file| Policy::of(file, today()));
        let holds = match before {
            None => own.clone().transpose()?,
            Some(before) => in_tree(before).map(|file| Policy::of(file, today())).transpose()?,
        };
        Ok(Self { holds: holds.unwrap_or_default(), own: Own::InTree(own) })
    }

    /// The policy that is judged itself; `is_whole` where all of the repository is, `unbuilt` where kustomizations were
    /// left out. A policy that was given to judge a team's repository by is for other repositories too.
    pub(super) fn own(self, scope: Scope<'_>, is_whole: bool, unbuilt: bool) -> Option<(Policy, OwnPolicy)> {
        let Self { holds, own } = self;
        let (after, is_whole) = match own {
            Own::InTree(after) => (after?, is_whole),
            Own::Given => (Ok(holds.clone()), is_whole && matches!(scope, Scope::Admin)),
        };
        let before = (!is_whole).then(|| holds.clone());
        Some((holds, OwnPolicy { after, before, unbuilt }))
    }
}

/// The first that is there.
fn in_tree(tree: &Tree) -> Option<&ManifestFile> {
    let file =
        |place: &&str| tree.files.iter().find(|(path, _)| path.as_str() == *place).map(|(_, loaded)| &loaded.file);
    // A Kubernetes object may well be called policy.yaml.
    PLACES.iter().filter_map(file).find(|file| file.objects.is_empty())
}

fn today() -> Date {
    SystemClock.now().to_zoned(TimeZone::UTC).date()
}
