//! What a repository says about who applies what with whose rights, taken out of its index.

use std::collections::{BTreeSet, HashMap};

use super::address::is_vague;
use super::doubts::{UNFOLLOWED, decides_as_patch, doubt, doubt_of_component, doubt_of_rights, line_of};
use super::graph::Assumption;
use super::placing::{Placing, all_above, patches_of, tops};
use super::settings::{Settings, is_for};
use crate::manifest::EntryRole;
use crate::names::RepoPath;
use crate::rbac::read::{Changed, Says};
use crate::rbac::{Object, Origin};
use crate::tenancy::facts::flux::{EXTERNAL, FluxFact, FluxKind, INSTANCE};
use crate::tenancy::facts::{Fact, RightsFact, SourceName, SyncFact};
use crate::tenancy::rights::ways_of;
use crate::tenancy::stored::list;
use crate::tenancy::{Place, RepositoryIndex, Root, StoredSummary, Team};

/// The name of an object of Flux's, in its namespace.
pub(super) type Name = (String, String);

/// A source, by its kind as well where that is written.
pub(super) type Ref = (Option<String>, Name);

/// From where something is applied.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: Name,
    pub(super) kind: &'static str,
    pub(super) url: Option<String>,
    pub(super) branch: Option<String>,
    /// Whether it has a Secret: that may let somebody push.
    pub(super) secret: bool,
    pub(super) place: Place,
    /// The directory of the team in which it is written.
    pub(super) team: Option<RepoPath>,
}

/// What applies something.
#[derive(Debug)]
pub(super) struct Applier {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) namespace: String,
    /// The account that it names; `None` where it names none.
    pub(super) account: Option<String>,
    /// What it applies: sources by name, or a repository by its address.
    pub(super) takes: Takes,
    /// The namespaces to which it keeps by itself; empty for all.
    pub(super) allowed: Vec<String>,
    pub(super) elsewhere: bool,
    pub(super) suspended: bool,
    pub(super) place: Place,
}

/// What an applier applies.
#[derive(Debug)]
pub(super) enum Takes {
    Sources(Vec<Ref>),
    Repository { url: String, branch: Option<String> },
}

/// An object of Flux's that triggers, hears or pushes to something by name.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) kind: FluxKind,
    pub(super) name: Name,
    /// What it names in other namespaces.
    pub(super) others: Vec<Name>,
    pub(super) place: Place,
}

/// A source that holds what another holds.
#[derive(Debug)]
pub(super) struct Made {
    /// The kind of the other.
    pub(super) of: Option<String>,
    pub(super) kind: &'static str,
    pub(super) name: Name,
    pub(super) place: Place,
}

/// A team's repository.
#[derive(Debug)]
pub(super) struct Main {
    pub(super) address: String,
    pub(super) branch: Option<String>,
    pub(super) place: Place,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) teams: Vec<Team>,
    pub(super) sources: Vec<Source>,
    pub(super) appliers: Vec<Applier>,
    pub(super) namings: Vec<Naming>,
    pub(super) settings: Settings,
    /// Whether anything in it is Flux v2's.
    pub(super) has_flux_v2: bool,
    /// What nobody can judge: manifests that cannot be read, what is fetched, what an operator makes.
    pub(super) unreadable: Vec<RepoPath>,
    pub(super) fetched: Vec<Place>,
    pub(super) generated: Vec<Place>,
    /// Files that are applied in more ways than are followed.
    pub(super) cut: Vec<RepoPath>,
    /// What is not followed, and might open or close a path.
    pub(super) doubts: BTreeSet<Assumption>,
    /// Bases that are fetched from elsewhere, as they are written.
    pub(super) remote: Vec<(String, Place)>,
    /// What is made of a source, by the source.
    pub(super) made: HashMap<Name, Vec<Made>>,
    /// Secrets with tokens: whose, and where.
    pub(super) tokens: Vec<(Name, Place)>,
    pub(super) roles: BTreeSet<Name>,
    /// Whether the Flux operator is here.
    pub(super) has_operator: bool,
    /// What names its source, or its repository, with a variable.
    pub(super) vague_sources: Vec<usize>,
    pub(super) vague_appliers: Vec<usize>,
    pub(super) by_source: HashMap<Name, Vec<usize>>,
    pub(super) by_address: HashMap<String, Vec<usize>>,
    pub(super) sources_by_address: HashMap<String, Vec<usize>>,
    pub(super) sources_by_team: HashMap<RepoPath, Vec<usize>>,
    /// By the numbers of the teams.
    pub(super) main: Vec<Option<Main>>,
    /// The teams, by the addresses of their repositories.
    pub(super) by_repository: HashMap<String, Vec<usize>>,
}

impl Model {
    /// All of a repository.
    pub(super) fn whole(index: &RepositoryIndex) -> Self {
        let mut model = Self::new(index, index.teams().collect(), None);
        index.files().for_each(|file| model.take(index, file));
        model.sorted()
    }

    /// Some teams, and what stands in some files.
    pub(super) fn of(index: &RepositoryIndex, teams: Vec<Team>, files: &BTreeSet<RepoPath>) -> Self {
        let mut model = Self::new(index, teams, Some(files));
        files.iter().filter_map(|path| index.file(path)).for_each(|file| model.take(index, file));
        model.sorted()
    }

    fn new(index: &RepositoryIndex, teams: Vec<Team>, files: Option<&BTreeSet<RepoPath>>) -> Self {
        let settings = Settings::of(index, files);
        let doubts = settings.unfollowed().iter().map(|place| doubt(UNFOLLOWED, place.clone())).collect();
        let has_flux_v2 = index.may_list(list::SYNCS) || index.may_list(list::TAKEN) || settings.has_controllers();
        Self { teams, settings, has_flux_v2, doubts, ..Self::default() }
    }

    fn take(&mut self, index: &RepositoryIndex, file: StoredSummary<'_>) {
        let path = file.path();
        self.take_open(index, &path, file);
        let mut placing = None;
        for fact in file.facts() {
            let mut names = |namespace: &Option<String>, name: &str| {
                placing.get_or_insert_with(|| Placing::of(index, &path)).names(namespace.as_deref(), name)
            };
            match fact {
                Fact::Source(fact) => {
                    let place = Place { file: path.clone(), line: fact.position.line };
                    for name in names(&fact.namespace, &fact.name) {
                        let url = Some(fact.url.clone());
                        let (branch, team) = (fact.branch.clone(), directory(index, &path));
                        let (kind, secret, place) = ("GitRepository", fact.secret_name.is_some(), place.clone());
                        self.sources.push(Source { name, kind, url, branch, secret, place, team });
                    }
                }
                Fact::Sync(fact) => {
                    for name in names(&fact.namespace, &fact.name) {
                        self.take_sync(index, &path, &fact, name);
                    }
                }
                Fact::Flux(fact) => {
                    for name in names(&fact.namespace, &fact.name) {
                        self.take_flux(index, &path, &fact, name);
                    }
                }
                Fact::FluxV1(fact) => self.take_daemon(index, &path, &fact),
                Fact::Controller(fact) => self.has_operator |= fact.name == INSTANCE,
                Fact::Rights(fact) if matches!(fact.written.says, Says::Role { .. }) => {
                    self.take_role(index, &path, &fact);
                }
                _ => {}
            }
        }
    }

    /// What a file leaves open: what cannot be read, what is fetched, what is not followed.
    fn take_open(&mut self, index: &RepositoryIndex, path: &RepoPath, file: StoredSummary<'_>) {
        if file.is_unreadable() && index.is_synced(path) {
            self.unreadable.push(path.clone());
        }
        if file.kustomization().is_some() && index.is_applied(path, None) {
            let counts = |role| matches!(role, EntryRole::Resource | EntryRole::Patch);
            let remote = file.entries().filter(|entry| entry.target.is_none() && counts(entry.role));
            for entry in remote.filter(|entry| entry.place == crate::manifest::EntryPlace::Remote) {
                let place = Place { file: path.clone(), line: entry.position.line };
                self.fetched.push(place.clone());
                self.remote.push((entry.text, place));
            }
            if file.kustomization().is_some_and(|it| it.has_plugins) {
                self.generated.push(Place { file: path.clone(), line: 1 });
            }
        }
        if file.facts().any(|fact| !matches!(fact, Fact::Namespace { .. } | Fact::Ignore(_)))
            && index.has_more_reaches(path)
        {
            self.cut.push(path.clone());
        }
        self.doubts.extend(file.kustomization().and_then(|it| doubt_of_component(path, &it)));
        self.doubts.extend(file.facts().filter_map(|fact| doubt_of_rights(path, &fact)));
        if index.is_only_patch(path) {
            let places = file.facts().filter(|fact| decides_as_patch(index, path, fact));
            let places: Vec<u32> = places.filter_map(|fact| line_of(&fact)).collect();
            let doubt = |line| doubt(UNFOLLOWED, Place { file: path.clone(), line });
            self.doubts.extend(places.into_iter().map(doubt));
        }
    }

    fn take_role(&mut self, index: &RepositoryIndex, path: &RepoPath, fact: &RightsFact) {
        for way in ways_of(index, path) {
            let changed = Changed {
                namespace: way.namespace.as_deref(),
                prefix: &way.prefix,
                suffix: &way.suffix,
                ..Changed::default()
            };
            if let Object::Role(role) = fact.written.applied(changed, Origin::ApiServer)
                && let Some(namespace) = role.key.scope.namespace()
            {
                self.roles.insert((namespace.to_owned(), role.key.name.clone()));
            }
        }
    }

    fn take_sync(&mut self, index: &RepositoryIndex, path: &RepoPath, fact: &SyncFact, (namespace, name): Name) {
        let place = Place { file: path.clone(), line: fact.position.line };
        let takes: Vec<Ref> = fact.source.iter().map(|source| reference(source, &namespace)).collect();
        for account in self.accounts(index, path, ("Kustomization", &fact.name), fact.service_account.as_ref()) {
            self.appliers.push(Applier {
                kind: "Kustomization",
                name: name.clone(),
                namespace: namespace.clone(),
                account,
                takes: Takes::Sources(takes.clone()),
                allowed: Vec::new(),
                elsewhere: fact.elsewhere,
                suspended: fact.suspended,
                place: place.clone(),
            });
        }
    }

    fn take_flux(&mut self, index: &RepositoryIndex, path: &RepoPath, fact: &FluxFact, (namespace, name): Name) {
        let place = Place { file: path.clone(), line: fact.line };
        let names = || fact.names.iter().map(|name| resolved(name, &namespace)).collect::<Vec<Name>>();
        match fact.kind {
            FluxKind::HelmRelease => {
                for account in self.accounts(index, path, ("HelmRelease", &fact.name), fact.account.as_ref()) {
                    self.appliers.push(Applier {
                        kind: "HelmRelease",
                        name: name.clone(),
                        namespace: namespace.clone(),
                        account,
                        takes: Takes::Sources(fact.names.iter().map(|name| reference(name, &namespace)).collect()),
                        allowed: Vec::new(),
                        elsewhere: fact.elsewhere,
                        suspended: fact.suspended,
                        place: place.clone(),
                    });
                }
            }
            FluxKind::OciRepository | FluxKind::Bucket => self.sources.push(Source {
                name: (namespace, name),
                kind: fact.kind.word(),
                url: fact.url.clone(),
                branch: None,
                secret: false,
                place,
                team: directory(index, path),
            }),
            FluxKind::ResourceSet => {
                self.has_operator = true;
                self.generated.push(place);
            }
            FluxKind::HelmChart | FluxKind::Include | FluxKind::ArtifactGenerator => {
                self.take_made(fact, (&namespace, name), &place);
            }
            FluxKind::Token => {
                let account = fact.account.clone().unwrap_or_default();
                self.tokens.push(((namespace, account), place));
            }
            kind => {
                let others: Vec<Name> = names().into_iter().filter(|(other, _)| *other != namespace).collect();
                if !others.is_empty() {
                    self.namings.push(Naming { kind, name: (namespace, name), others, place });
                }
            }
        }
    }

    fn take_made(&mut self, fact: &FluxFact, (namespace, name): (&str, String), place: &Place) {
        let (outputs, inputs): (Vec<_>, Vec<_>) = match fact.kind {
            FluxKind::ArtifactGenerator => {
                fact.names.iter().partition(|name| name.kind.as_deref() == Some(EXTERNAL) && name.namespace.is_none())
            }
            _ => (Vec::new(), fact.names.iter().collect()),
        };
        let own = (namespace.to_owned(), name);
        let made: Vec<Name> = match fact.kind {
            FluxKind::ArtifactGenerator => outputs.into_iter().map(|name| resolved(name, namespace)).collect(),
            _ => vec![own],
        };
        let kind = if fact.kind == FluxKind::ArtifactGenerator { EXTERNAL } else { fact.kind.word() };
        for input in inputs {
            let (of, from) = reference(input, namespace);
            let made = made.iter().map(|name| Made { of: of.clone(), kind, name: name.clone(), place: place.clone() });
            self.made.entry(from).or_default().extend(made);
        }
    }

    /// The accounts that an object names, as it is written and as it is patched: one for each way in which it comes to
    /// be applied, where these differ. A patch adds an account on the ways on which it is.
    fn accounts(
        &self,
        index: &RepositoryIndex,
        path: &RepoPath,
        (kind, name): (&str, &str),
        written: Option<&String>,
    ) -> BTreeSet<Option<String>> {
        let merged = patches_of(index, path, kind, name);
        let above = index.reaches(path).into_iter().filter_map(|reach| match reach.root {
            Root::Kustomization(by) => Some(by),
            Root::Scan(_) => None,
        });
        let inline = above.collect::<BTreeSet<_>>().into_iter().flat_map(|by| {
            let fitting = self.settings.accounts(&by).iter().filter(|patch| is_for(patch, kind, name));
            fitting.map(|patch| (patch.account.clone(), by.clone())).collect::<Vec<_>>()
        });
        let patches: Vec<(Option<String>, RepoPath)> = merged.into_iter().chain(inline).collect();
        let own = written.cloned();
        if patches.is_empty() {
            return BTreeSet::from([own]);
        }
        let tops: BTreeSet<Root> = tops(index, path);
        let above: Vec<BTreeSet<Root>> = patches.iter().map(|(_, by)| all_above(index, by)).collect();
        let on = |top: &Root| {
            let mut last = own.clone();
            for ((account, _), above) in patches.iter().zip(&above) {
                if above.contains(top) {
                    last = account.clone().filter(|account| !account.is_empty());
                }
            }
            last
        };
        if tops.is_empty() { BTreeSet::from([own.clone()]) } else { tops.iter().map(on).collect() }
    }
}

fn resolved(name: &SourceName, own: &str) -> Name {
    (name.namespace.clone().unwrap_or_else(|| own.to_owned()), name.name.clone())
}

/// The same with the kind; one with a variable in it may be any.
fn reference(name: &SourceName, own: &str) -> Ref {
    (name.kind.clone().filter(|kind| !is_vague(kind)), resolved(name, own))
}

fn directory(index: &RepositoryIndex, path: &RepoPath) -> Option<RepoPath> {
    index.team_of_path(path).map(|team| team.directory)
}
