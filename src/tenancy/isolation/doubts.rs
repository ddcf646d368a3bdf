//! What is not followed and might open or close a path: where it is there, nobody is called isolated.

use super::address::is_vague;
use super::graph::Assumption;
use crate::names::RepoPath;
use crate::rbac::Selector;
use crate::rbac::read::Says;
use crate::tenancy::facts::flux::FluxKind;
use crate::tenancy::facts::{Fact, SyncFact};
use crate::tenancy::stored::list;
use crate::tenancy::{KustomizationSummary, Place, RepositoryIndex};

/// What is said of a patch.
pub(super) const UNFOLLOWED: &str = "this patch may change with whose rights or from where something is applied, or who may do what, and is not followed";

/// What is said of a patch of a daemon.
pub(super) const DAEMON: &str = "this may change how a daemon of Flux v1 is started, and is not followed";

/// What is said of the helm-operator of Flux v1.
pub(super) const OPERATOR: &str = "the helm-operator of Flux v1 applies the charts of everybody's HelmReleases with its own rights, which is not followed";

/// A doubt.
pub(super) fn doubt(words: &str, place: Place) -> Assumption {
    Assumption { words: words.to_owned(), place: Some(place) }
}

/// Whether what stands in a patch file changes what decides, and is not followed there: accounts of Flux's
/// `Kustomization`s, daemons and the subjects of bindings are.
pub(super) fn decides_as_patch(index: &RepositoryIndex, path: &RepoPath, fact: &Fact) -> bool {
    match fact {
        Fact::Sync(sync) => differs(index, path, sync),
        Fact::Flux(flux) => match flux.kind {
            FluxKind::OciRepository | FluxKind::Bucket => flux.url.is_some(),
            FluxKind::ResourceSet | FluxKind::Token => true,
            _ => !flux.names.is_empty() || flux.account.is_some() || flux.elsewhere,
        },
        Fact::Source(source) => !source.url.is_empty(),
        Fact::Rights(rights) => match &rights.written.says {
            Says::Role { labels, rules, aggregation } => {
                !labels.is_empty() || !rules.is_empty() || aggregation.is_some()
            }
            Says::Binding { .. } => false,
        },
        Fact::Patch(patch) => patch.borders && patch.owner.is_some(),
        Fact::Namespace { .. } | Fact::FluxV1(_) | Fact::Ignore(_) | Fact::Controller(_) => false,
    }
}

/// Whether a patch of a `Kustomization` says another source or target than what it may be a patch of.
fn differs(index: &RepositoryIndex, path: &RepoPath, patch: &SyncFact) -> bool {
    let source =
        |sync: &SyncFact| sync.source.as_ref().map(|it| (it.kind.clone(), it.name.clone(), it.namespace.clone()));
    let whole = index.find(list::SYNCS, patch.name.as_bytes()).filter(|(file, _)| file.path() != *path);
    let mut whole = whole.flat_map(|(file, _)| file.facts()).filter_map(|fact| match fact {
        Fact::Sync(sync) if sync.name == patch.name => Some(sync),
        _ => None,
    });
    patch.elsewhere
        || !patch.components.is_empty()
        || whole.any(|sync| {
            patch.source.is_some() && source(patch) != source(&sync)
                || patch.target_namespace.is_some() && patch.target_namespace != sync.target_namespace
                || !patch.labels.is_empty() && patch.labels != sync.labels
                || (!patch.prefix.is_empty() || !patch.suffix.is_empty())
                    && (&patch.prefix, &patch.suffix) != (&sync.prefix, &sync.suffix)
        })
}

/// A doubt about a component: what it does to names and to labels that roles are taken by comes to what stands beside it.
pub(super) fn doubt_of_component(path: &RepoPath, own: &KustomizationSummary) -> Option<Assumption> {
    let moves = own.namespace.is_some() || !own.prefix.is_empty() || !own.suffix.is_empty();
    let joins = own.labels.keys().any(|key| key.contains("/aggregate-to-"));
    let words = "this component changes names or labels of what stands beside it, which is not followed";
    (own.is_component && (moves || joins)).then(|| doubt(words, Place { file: path.clone(), line: 1 }))
}

/// What is said of a role whose rules nobody knows from here.
const VARIABLE: &str = "this role has a variable in its rules or its labels, and nobody knows here what it gives";
const OWNED: &str = "this role takes rules by a label that Flux puts on what it applies, which is not followed";

/// A doubt about a role: what it gives is decided where it is applied.
pub(super) fn doubt_of_rights(path: &RepoPath, fact: &Fact) -> Option<Assumption> {
    let Fact::Rights(rights) = fact else { return None };
    let Says::Role { labels, rules, aggregation } = &rights.written.says else { return None };
    let place = Place { file: path.clone(), line: rights.line };
    let words = rules.iter().flat_map(|rule| [&rule.verbs, &rule.api_groups, &rule.resources, &rule.resource_names]);
    let mut words = words.flatten().chain(labels.iter().flat_map(|(key, value)| [key, value]));
    if words.any(|word| is_vague(word)) {
        return Some(doubt(VARIABLE, place));
    }
    let mut keys = aggregation.iter().flatten().flat_map(Selector::keys);
    keys.any(|key| key.contains("toolkit.fluxcd.io/") || is_vague(key)).then(|| doubt(OWNED, place))
}

/// Where a fact is written.
pub(super) fn line_of(fact: &Fact) -> Option<u32> {
    match fact {
        Fact::Sync(fact) => Some(fact.position.line),
        Fact::Flux(fact) => Some(fact.line),
        Fact::Source(fact) => Some(fact.position.line),
        Fact::Rights(fact) => Some(fact.line),
        Fact::Patch(fact) => Some(fact.line),
        Fact::Namespace { .. } | Fact::FluxV1(_) | Fact::Ignore(_) | Fact::Controller(_) => None,
    }
}
