//! What is asked of the model again and again.

use std::collections::BTreeSet;

use super::address::{address, is_vague};
use super::model::{Main, Model, Takes};
use crate::tenancy::Place;

impl Model {
    /// The sources that hold what a team writes: those of its repository, and what stands in its directory and is no
    /// other team's.
    pub(super) fn sources_of(&self, team: usize) -> BTreeSet<usize> {
        let own = self.main[team].as_ref().map(|main| main.address.as_str());
        let same = own.and_then(|own| self.sources_by_address.get(own)).into_iter().flatten();
        let beside = self.sources_by_team.get(&self.teams[team].directory).into_iter().flatten();
        let is_others = |source: &usize| {
            let address = self.sources[*source].url.as_deref().map(address);
            address.is_some_and(|address| own != Some(&address) && self.by_repository.contains_key(&address))
        };
        same.chain(beside.filter(|source| !is_others(source))).copied().collect()
    }

    /// The repository of a team: of several sources in its directory the one that is called like the team.
    fn main_of(&self, team: usize) -> Option<Main> {
        let team = &self.teams[team];
        let beside = self.sources_by_team.get(&team.directory).into_iter().flatten();
        let mut sources = beside.map(|source| &self.sources[*source]);
        let named = sources.find(|source| source.kind == "GitRepository" && source.name.1 == team.name.as_str());
        let named = named.and_then(|source| {
            let address = source.url.as_deref().map(address)?;
            Some(Main { address, branch: source.branch.clone(), place: source.place.clone() })
        });
        named.or_else(|| {
            let source = team.source.as_ref()?;
            let place = Place { file: source.file.clone(), line: source.line };
            Some(Main { address: address(&source.url), branch: source.branch.clone(), place })
        })
    }

    /// With everything found by what is asked for.
    pub(super) fn sorted(mut self) -> Self {
        for (place, source) in self.sources.iter().enumerate() {
            if let Some(url) = &source.url {
                let address = address(url);
                if is_vague(&address) {
                    self.vague_sources.push(place);
                }
                self.sources_by_address.entry(address).or_default().push(place);
            }
            if let Some(team) = &source.team {
                self.sources_by_team.entry(team.clone()).or_default().push(place);
            }
        }
        self.main = (0..self.teams.len()).map(|team| self.main_of(team)).collect();
        for (place, main) in self.main.iter().enumerate() {
            if let Some(main) = main {
                self.by_repository.entry(main.address.clone()).or_default().push(place);
            }
        }
        for (place, applier) in self.appliers.iter().enumerate() {
            match &applier.takes {
                Takes::Sources(names) => {
                    for (_, name) in names {
                        self.by_source.entry(name.clone()).or_default().push(place);
                    }
                    if names.iter().any(|(_, (namespace, name))| is_vague(namespace) || is_vague(name)) {
                        self.vague_appliers.push(place);
                    }
                }
                Takes::Repository { url, .. } => {
                    let address = address(url);
                    if is_vague(&address) {
                        self.vague_appliers.push(place);
                    }
                    self.by_address.entry(address).or_default().push(place);
                }
            }
        }
        self
    }
}
