//! Flux's objects, its controllers' arguments and patches of these, as parts of a file's row.

use super::list;
use crate::tenancy::facts::flux::{FluxFact, FluxKind};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::facts::starts::{Argument, Change, ControllerFact, Does};
use crate::tenancy::facts::{Fact, SourceName};
use crate::tenancy::table::{Content, Reader, Writer};

/// What stands first in such a fact: the lowest are those of the other facts.
pub(super) const FLUX: usize = 7;
const CONTROLLER: usize = 8;
const PATCH: usize = 16;
/// Above these stands the number of a kind.
const KIND: usize = 32;

/// The key of everything in [`list::SETTINGS`].
pub(in crate::tenancy) const SETTINGS_KEY: &[u8] = b"s";

pub(super) fn write(part: &mut Content, fact: &FluxFact) {
    part.number(FLUX + KIND * fact.kind.number());
    part.text(&fact.name);
    part.optional(fact.namespace.as_deref());
    part.optional(fact.account.as_deref());
    part.flag(fact.elsewhere);
    part.flag(fact.suspended);
    part.optional(fact.url.as_deref());
    part.number(fact.names.len());
    for name in &fact.names {
        match fact.kind {
            FluxKind::HelmRelease => part.key(list::TAKEN, name.name.as_bytes()),
            _ => part.text(&name.name),
        }
        part.optional(name.namespace.as_deref());
        part.optional(name.kind.as_deref());
    }
    part.number(fact.line as usize);
}

pub(super) fn write_controller(part: &mut Content, fact: &ControllerFact) {
    part.number(FLUX + CONTROLLER);
    part.key(list::SETTINGS, SETTINGS_KEY);
    part.text(&fact.role);
    part.text(&fact.name);
    part.optional(fact.namespace.as_deref());
    part.list(fact.labels.iter(), |part, (key, value)| {
        part.text(key);
        part.text(value);
    });
    part.number(fact.container);
    part.text(&fact.called);
    write_arguments(part, &fact.arguments);
    part.flag(fact.known);
    write_changes(part, &fact.changes);
    part.number(fact.line as usize);
}

pub(super) fn write_patch(part: &mut Content, fact: &PatchFact) {
    part.number(FLUX + PATCH);
    // What a file named without a target does is looked up from where it is named.
    match fact.path.is_some() && !fact.targeted {
        true => part.bytes(&[]),
        false => part.key(list::SETTINGS, SETTINGS_KEY),
    }
    for text in words(fact) {
        part.optional(text.as_deref());
    }
    for flag in [fact.annotations, fact.targeted, fact.borders] {
        part.flag(flag);
    }
    write_changes(part, &fact.changes);
    part.number(fact.line as usize);
}

fn words(fact: &PatchFact) -> [&Option<String>; 9] {
    let PatchFact { group, version, kind, name, namespace, labels, owner, path, account, .. } = fact;
    [group, version, kind, name, namespace, labels, owner, path, account]
}

fn write_arguments(part: &mut Writer, arguments: &[Argument]) {
    part.list(arguments.iter(), |part, argument| {
        part.text(&argument.text);
        part.number(argument.line as usize);
    });
}

fn write_changes(part: &mut Content, changes: &[Change]) {
    part.list(changes.iter(), |part, change| {
        part.number(change.does.number());
        part.number(change.container.map_or(0, |number| number.saturating_add(1)));
        part.optional(change.called.as_deref());
        part.number(change.at);
        write_arguments(part, &change.arguments);
        part.number(change.line as usize);
    });
}

pub(super) fn read(first: usize, part: &mut Reader<'_>) -> Fact {
    if first & CONTROLLER != 0 {
        part.bytes();
        return Fact::Controller(ControllerFact {
            role: part.owned(),
            name: part.owned(),
            namespace: part.optional(),
            labels: part.list(|part| (part.owned(), part.owned())),
            container: part.number(),
            called: part.owned(),
            arguments: part.list(read_argument),
            known: part.flag(),
            changes: part.list(read_change),
            line: part.small(),
        });
    }
    if first & PATCH != 0 {
        part.bytes();
        return Fact::Patch(PatchFact {
            group: part.optional(),
            version: part.optional(),
            kind: part.optional(),
            name: part.optional(),
            namespace: part.optional(),
            labels: part.optional(),
            owner: part.optional(),
            path: part.optional(),
            account: part.optional(),
            annotations: part.flag(),
            targeted: part.flag(),
            borders: part.flag(),
            changes: part.list(read_change),
            line: part.small(),
        });
    }
    Fact::Flux(FluxFact {
        kind: FluxKind::numbered(first / KIND),
        name: part.owned(),
        namespace: part.optional(),
        account: part.optional(),
        elsewhere: part.flag(),
        suspended: part.flag(),
        url: part.optional(),
        names: part.list(|part| SourceName { name: part.owned(), namespace: part.optional(), kind: part.optional() }),
        line: part.small(),
    })
}

fn read_argument(part: &mut Reader<'_>) -> Argument {
    Argument { text: part.owned(), line: part.small() }
}

fn read_change(part: &mut Reader<'_>) -> Change {
    Change {
        does: Does::numbered(part.number()),
        container: part.number().checked_sub(1),
        called: part.optional(),
        at: part.number(),
        arguments: part.list(read_argument),
        line: part.small(),
    }
}
