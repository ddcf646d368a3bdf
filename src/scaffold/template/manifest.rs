//! The shape of `template.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::scaffold::Parameter;
use crate::scaffold::condition::{Condition, OneOrMany};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// Where files go that say nothing else.
    pub(super) directory: Option<String>,
    pub(super) files: Vec<ManifestFile>,
    #[serde(default)]
    pub(super) entries: Vec<ManifestEntry>,
    #[serde(default)]
    pub(super) refuse: Vec<Refusal>,
}

/// Settings that do not go together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    /// When.
    pub(super) when: Condition,
    /// Why, and what to do.
    pub(super) because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestFile {
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    pub(super) to: Option<String>,
    /// Whether one that is there stays as it is.
    #[serde(default)]
    pub(super) keep: bool,
    #[serde(default)]
    pub(super) when: Condition,
}

/// Something that is put into a file that is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestEntry {
    pub(super) file: Option<String>,
    pub(super) objects: Option<Objects>,
    pub(super) list: Option<ManifestLists>,
    pub(super) lines: Option<String>,
    pub(super) add: String,
    pub(super) covers: Option<String>,
    #[serde(default)]
    pub(super) missing: Missing,
    #[serde(default)]
    pub(super) beside: Beside,
    #[serde(default)]
    pub(super) when: Condition,
}

/// One list's name, or several of which the first that fits is taken.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct ManifestLists(OneOrMany);

impl ManifestLists {
    pub(super) fn into_list(self) -> Vec<String> {
        self.0.into_list()
    }
}

/// Which objects of the repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scaffold) struct Objects {
    /// The API group; any where left out.
    pub(in crate::scaffold) group: Option<String>,
    /// The kind; any where left out.
    pub(in crate::scaffold) kind: Option<String>,
    /// The name; any where left out.
    pub(in crate::scaffold) name: Option<String>,
}

/// What to do where the file is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::scaffold) enum Missing {
    /// The team cannot be made.
    #[default]
    Refuse,
    /// Make a kustomization file with the entry.
    Create,
    /// Leave it.
    Skip,
}

/// Which lists take the entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::scaffold) enum Beside {
    /// All.
    #[default]
    Anything,
    /// Those that hold another team's namespace.
    Teams,
}
