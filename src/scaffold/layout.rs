use std::fmt;
use std::str::FromStr;

use crate::names::{Engine, NameError};

/// How an admin repository keeps its teams, which is also the name of the templates for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// One directory per team with a `fluxd` of its own.
    FluxV1,
    /// One directory per team with Flux's objects.
    FluxV2,
    /// `tenants/base/<team>` and one overlay `tenants/<environment>/<team>` for each environment.
    FluxV2Environments,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FluxV1, Self::FluxV2, Self::FluxV2Environments];

    /// `flux-v1`, `flux-v2` or `flux-v2-environments`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FluxV1 => "flux-v1",
            Self::FluxV2 => "flux-v2",
            Self::FluxV2Environments => "flux-v2-environments",
        }
    }

    /// The generation of Flux that it is for.
    pub const fn engine(self) -> Engine {
        match self {
            Self::FluxV1 => Engine::FluxV1,
            Self::FluxV2 | Self::FluxV2Environments => Engine::FluxV2,
        }
    }
}

impl FromStr for Layout {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|layout| layout.as_str() == text);
        known.ok_or_else(|| NameError::new("layout", text, "must be flux-v1, flux-v2 or flux-v2-environments"))
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which layout is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// The one that is seen in the repository.
    #[default]
    Seen,
    /// One of this generation, as seen in the repository.
    Engine(Engine),
    /// This one.
    Layout(Layout),
}
