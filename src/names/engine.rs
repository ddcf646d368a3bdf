use std::fmt;
use std::str::FromStr;

use super::{NameError, show};

/// Which generation of Flux runs a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// One `fluxd` per team, told by `flux-patch.yaml` what to follow.
    FluxV1,
    /// The Flux controllers, told by `GitRepository` and `Kustomization` objects.
    FluxV2,
}

impl Engine {
    /// `flux-v1` or `flux-v2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FluxV1 => "flux-v1",
            Self::FluxV2 => "flux-v2",
        }
    }
}

impl FromStr for Engine {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "flux-v1" => Ok(Self::FluxV1),
            "flux-v2" => Ok(Self::FluxV2),
            _ => Err(NameError { what: "engine", shown: show(text), problem: "must be flux-v1 or flux-v2" }),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
