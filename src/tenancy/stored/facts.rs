//! What objects say about teams, as parts of a file's row.

use super::list;
use crate::tenancy::facts::{Fact, FluxV1Fact, SourceFact, SourceName, SyncFact};
use crate::tenancy::table::{Content, Reader};

pub(super) fn write(part: &mut Content, fact: &Fact) {
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
            part.position(source.position);
        }
        Fact::Sync(sync) => write_sync(part, sync),
        Fact::FluxV1(daemon) => {
            part.number(4);
            part.text(&daemon.name);
            part.optional(daemon.namespace.as_deref());
            part.optional(daemon.url.as_deref());
            part.optional(daemon.branch.as_deref());
            part.list(daemon.paths.iter(), |part, path| part.text(path));
            part.list(daemon.allowed.iter(), |part, name| part.text(name));
            part.optional(daemon.secret_name.as_deref());
            part.position(daemon.position);
        }
    }
}

fn write_sync(part: &mut Content, sync: &SyncFact) {
    part.number(3);
    // Most teams name the root, and mean that of their own repository.
    match sync.directory() {
        root if root.is_empty() => part.bytes(&[]),
        directory => part.key(list::FLUX_PATHS, directory.as_bytes()),
    }
    part.text(&sync.name);
    part.optional(sync.namespace.as_deref());
    part.optional(sync.target_namespace.as_deref());
    part.optional(sync.service_account.as_deref());
    part.optional(sync.path.as_deref());
    part.position(sync.path_at);
    part.list(sync.components.iter(), |part, (component, at)| {
        part.text(component);
        part.position(*at);
    });
    part.flag(sync.from_git);
    part.flag(sync.source.is_some());
    if let Some(source) = &sync.source {
        part.text(&source.name);
        part.optional(source.namespace.as_deref());
    }
    part.position(sync.position);
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
            position: part.position(),
        }),
        3 => Fact::Sync(read_sync(part)),
        _ => Fact::FluxV1(FluxV1Fact {
            name: part.owned(),
            namespace: part.optional(),
            url: part.optional(),
            branch: part.optional(),
            paths: part.list(Reader::owned),
            allowed: part.list(Reader::owned),
            secret_name: part.optional(),
            position: part.position(),
        }),
    }
}

fn read_sync(part: &mut Reader<'_>) -> SyncFact {
    let _directory = part.bytes();
    SyncFact {
        name: part.owned(),
        namespace: part.optional(),
        target_namespace: part.optional(),
        service_account: part.optional(),
        path: part.optional(),
        path_at: part.position(),
        components: part.list(|part| (part.owned(), part.position())),
        from_git: part.flag(),
        source: part.flag().then(|| SourceName { name: part.owned(), namespace: part.optional() }),
        position: part.position(),
    }
}
