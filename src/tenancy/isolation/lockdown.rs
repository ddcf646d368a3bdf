//! Whether Flux's controllers are locked down as its documentation asks for where several teams share a cluster
//! (<https://fluxcd.io/flux/installation/configuration/multitenancy/>).

use std::collections::BTreeSet;

use super::settings::{Known, Settings};
use crate::tenancy::RepositoryIndex;
use crate::tenancy::facts::flux::Flag;

/// What the repository says about that, of one controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lockdown {
    /// In some cluster it is started so that it applies with its own rights what names no account.
    Open,
    /// It is locked down in every cluster, or does not run.
    Locked,
    /// Something between, or nothing is said.
    Unknown,
}

/// A controller that applies something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    /// `kustomize-controller`.
    Kustomize,
    /// `helm-controller`.
    Helm,
}

const ASKED: [Flag; 3] = [Flag::DefaultServiceAccount, Flag::NoCrossNamespaceRefs, Flag::NoRemoteBases];

impl Lockdown {
    /// What a repository says.
    pub fn of(index: &RepositoryIndex, controller: Controller) -> Self {
        let settings = Settings::of(index, Some(&BTreeSet::new()));
        let (name, asked) = match controller {
            Controller::Kustomize => ("kustomize-controller", &ASKED[..]),
            // It fetches no bases.
            Controller::Helm => ("helm-controller", &ASKED[..2]),
        };
        let mut all_set = true;
        for flag in asked {
            for (_, known) in settings.ask(name, *flag) {
                match known {
                    Known::Set(..) | Known::Absent => {}
                    Known::Unset(_) if *flag == Flag::DefaultServiceAccount => return Self::Open,
                    Known::Unset(_) | Known::Unknown => all_set = false,
                }
            }
        }
        if all_set { Self::Locked } else { Self::Unknown }
    }
}
