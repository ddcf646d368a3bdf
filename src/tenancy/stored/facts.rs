//! What objects say about teams, as parts of a file's row.

use super::{flux, list, puts, rights};
use crate::tenancy::facts::{Fact, FluxV1Fact, SourceFact, SourceName, SyncFact, WORKLOADS, WhenGone};
use crate::tenancy::table::{Content, Reader};
use crate::tenancy::{Marks, ObjectSummary};

/// Writes a fact; `objects` are those of its file.
pub(super) fn write(part: &mut Content, fact: &Fact, objects: &[ObjectSummary]) {
    match fact {
        Fact::Namespace { name, tenant } => {
            part.number(usize::from(*tenant));
            part.text(name);
        }
        Fact::Source(source) => {
            part.number(2);
            part.text(&source.name);
            part.optional(source.namespace.as_deref());
            part.text(&source.url);
            part.optional(source.branch.as_deref());
            part.optional(source.secret_name.as_deref());
            part.flag(source.ignore.is_some());
            if let Some(ignore) = &source.ignore {
                part.key(list::IGNORES, b"i");
                part.text(ignore);
            }
            part.position(source.position);
        }
        Fact::Sync(sync) => write_sync(part, sync, objects),
        Fact::Ignore(lines) => {
            part.number(5);
            part.key(list::IGNORES, b"i");
            part.list(lines.iter(), |part, line| part.text(line));
        }
        Fact::Rights(fact) => rights::write(part, fact),
        Fact::Flux(fact) => flux::write(part, fact),
        Fact::Controller(fact) => flux::write_controller(part, fact),
        Fact::Patch(fact) => flux::write_patch(part, fact),
        Fact::FluxV1(daemon) => {
            part.number(4);
            part.number(WORKLOADS.iter().position(|kind| *kind == daemon.kind).unwrap_or_default());
            part.text(&daemon.name);
            part.optional(daemon.namespace.as_deref());
            part.optional(daemon.url.as_deref());
            part.optional(daemon.branch.as_deref());
            part.list(daemon.paths.iter(), |part, path| part.text(path));
            part.list(daemon.allowed.iter(), |part, name| part.text(name));
            part.optional(daemon.secret_name.as_deref());
            part.optional(daemon.account.as_deref());
            part.flag(daemon.is_operator);
            part.position(daemon.position);
        }
    }
}

fn write_sync(part: &mut Content, sync: &SyncFact, objects: &[ObjectSummary]) {
    part.number(3);
    // Most teams name the root, and mean that of their own repository.
    match sync.directory() {
        root if root.is_empty() => part.bytes(&[]),
        directory => part.key(list::FLUX_PATHS, directory.as_bytes()),
    }
    part.key(list::SYNCS, sync.name.as_bytes());
    part.optional(sync.namespace.as_deref());
    part.flag(sync.target_namespace.is_some());
    sync.target_namespace.iter().for_each(|namespace| part.key(list::FORCING, namespace.as_bytes()));
    part.optional(sync.service_account.as_deref());
    part.optional(sync.path.as_deref());
    part.position(sync.path_at);
    part.number(sync.components.len());
    for (component, at) in &sync.components {
        part.key(list::COMPONENTS, sync.component(component).as_bytes());
        part.text(component);
        part.position(*at);
    }
    part.number(switches(sync));
    if let Some(source) = &sync.source {
        part.key(list::TAKEN, source.name.as_bytes());
        part.optional(source.namespace.as_deref());
        part.optional(source.kind.as_deref());
    }
    if sync.changes_objects() {
        puts::write(part, sync, objects);
    }
    part.position(sync.position);
}

/// What stands first in a number of switches; the marks stand above it.
const FROM_GIT: usize = 1;
const SOURCE: usize = 2;
const FORCE: usize = 4;
const PRUNE: usize = 8;
const NO_PRUNE: usize = 16;
const DELETED: usize = 32;
const LEFT: usize = 64;
const ELSEWHERE: usize = 128;
const SUSPENDED: usize = 256;
const PUTS: usize = 512;
const MARKS: usize = 1024;

fn switches(sync: &SyncFact) -> usize {
    let set = [
        (sync.from_git, FROM_GIT),
        (sync.source.is_some(), SOURCE),
        (sync.force, FORCE),
        (sync.prune == Some(true), PRUNE),
        (sync.prune == Some(false), NO_PRUNE),
        (sync.when_gone == WhenGone::Deleted, DELETED),
        (sync.when_gone == WhenGone::Left, LEFT),
        (sync.elsewhere, ELSEWHERE),
        (sync.suspended, SUSPENDED),
        (sync.changes_objects(), PUTS),
    ];
    let set: usize = set.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum();
    set + MARKS * sync.marks.number()
}

pub(super) fn read(part: &mut Reader<'_>) -> Fact {
    match part.number() {
        tenant @ (0 | 1) => Fact::Namespace { tenant: tenant == 1, name: part.owned() },
        2 => Fact::Source(SourceFact {
            name: part.owned(),
            namespace: part.optional(),
            url: part.owned(),
            branch: part.optional(),
            secret_name: part.optional(),
            ignore: part.flag().then(|| {
                let _key = part.bytes();
                part.owned()
            }),
            position: part.position(),
        }),
        5 => {
            let _key = part.bytes();
            Fact::Ignore(part.list(Reader::owned))
        }
        3 => Fact::Sync(read_sync(part)),
        first if first & 7 == flux::FLUX => flux::read(first, part),
        first if first & 7 == rights::RIGHTS => Fact::Rights(rights::read(first, part)),
        _ => Fact::FluxV1(FluxV1Fact {
            kind: WORKLOADS.get(part.number()).copied().unwrap_or(WORKLOADS[0]),
            name: part.owned(),
            namespace: part.optional(),
            url: part.optional(),
            branch: part.optional(),
            paths: part.list(Reader::owned),
            allowed: part.list(Reader::owned),
            secret_name: part.optional(),
            account: part.optional(),
            is_operator: part.flag(),
            position: part.position(),
        }),
    }
}

fn read_sync(part: &mut Reader<'_>) -> SyncFact {
    let _directory = part.bytes();
    let (name, namespace) = (part.owned(), part.optional());
    let (target_namespace, service_account) = (part.optional(), part.optional());
    let (path, path_at) = (part.optional(), part.position());
    let components = part.list(|part| {
        let _directory = part.bytes();
        (part.owned(), part.position())
    });
    let switches = part.number();
    let is = |flag| switches & flag != 0;
    let source =
        is(SOURCE).then(|| SourceName { name: part.owned(), namespace: part.optional(), kind: part.optional() });
    let (prefix, suffix, labels) = if is(PUTS) { puts::read(part, &components) } else { Default::default() };
    SyncFact {
        name,
        namespace,
        target_namespace,
        prefix,
        suffix,
        labels,
        service_account,
        path,
        path_at,
        components,
        from_git: is(FROM_GIT),
        elsewhere: is(ELSEWHERE),
        suspended: is(SUSPENDED),
        force: is(FORCE),
        prune: (is(PRUNE) || is(NO_PRUNE)).then(|| is(PRUNE)),
        when_gone: match (is(DELETED), is(LEFT)) {
            (true, _) => WhenGone::Deleted,
            (_, true) => WhenGone::Left,
            _ => WhenGone::Pruned,
        },
        marks: Marks::numbered(switches / MARKS),
        source,
        position: part.position(),
    }
}
