//! The ways on which files are applied, up to where Flux begins and with what it puts in there.

use crate::names::RepoPath;
use crate::tenancy::puts::Puts;
use crate::tenancy::{KustomizationSummary, Reach, RepositoryIndex, Root};

/// A way that ends where Flux begins.
#[derive(Debug)]
pub(super) struct End {
    /// With what Flux puts in. Its root is the last kustomization in the repository, where there is one.
    pub(super) way: Reach,
    /// What Flux takes: that kustomization, or the file itself.
    at: RepoPath,
    puts: Puts,
    /// The kustomization into which that is written; one that does nothing where Flux makes one.
    top: KustomizationSummary,
}

impl End {
    /// What builds all that ends here together.
    pub(super) fn build(&self, index: &RepositoryIndex) -> Root {
        match &self.way.root {
            Root::Kustomization(by) if index.is_flux_path(by.directory()) => self.way.root.clone(),
            root => index.scanned_from(&self.at).map_or_else(|| root.clone(), Root::Scan),
        }
    }

    /// Another way to the same end, with what Flux puts in.
    pub(super) fn over(&self, way: &Reach) -> Reach {
        self.puts.over(way, &self.top)
    }
}

/// The ways on which a file is applied: one for each end, and for each of Flux's `Kustomization`s that put in something
/// else there.
pub(super) fn ends_of(index: &RepositoryIndex, file: &RepoPath) -> Vec<End> {
    let ways = index.reaches(file);
    let is_named = ways.iter().any(|way| matches!(way.root, Root::Kustomization(_)));
    let mut ends = Vec::new();
    for way in &ways {
        let at = match &way.root {
            // Where it is named, that is the way of a kustomization which is here as well.
            Root::Scan(_) if is_named => continue,
            Root::Scan(_) => file,
            Root::Kustomization(by) => by,
        };
        let goes_on = at != file && index.appliers_of(at).next().is_some() && !index.is_flux_path(at.directory());
        if goes_on {
            continue;
        }
        for (puts, own) in index.puts_over(at) {
            let top = index.file(at).filter(|_| own).and_then(|file| file.kustomization()).unwrap_or_default();
            let way = puts.over(way, &top);
            ends.push(End { way, at: at.clone(), puts, top });
        }
    }
    ends
}

/// The same: each namespace and each name once.
pub(in crate::tenancy) fn ways_of(index: &RepositoryIndex, file: &RepoPath) -> Vec<Reach> {
    let mut ways: Vec<Reach> = Vec::new();
    for way in ends_of(index, file).into_iter().map(|end| end.way) {
        let same = |known: &Reach| {
            (&known.namespace, &known.prefix, &known.suffix) == (&way.namespace, &way.prefix, &way.suffix)
        };
        if !ways.iter().any(same) {
            ways.push(way);
        }
    }
    ways
}
