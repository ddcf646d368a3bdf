//! Flux's objects, its controllers' arguments and patches of these, as parts of a file's row.

use super::list;
use crate::tenancy::facts::flux::{ControllerFact, Flag, FluxFact, FluxKind, Setting};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::facts::{Fact, SourceName};
use crate::tenancy::table::{Content, Reader};

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
    part.text(&fact.name);
    write_settings(part, &fact.settings);
    part.number(fact.line as usize);
}

pub(super) fn write_patch(part: &mut Content, fact: &PatchFact) {
    part.number(FLUX + PATCH);
    part.key(list::SETTINGS, SETTINGS_KEY);
    for text in [&fact.kind, &fact.name, &fact.path, &fact.account] {
        part.optional(text.as_deref());
    }
    part.flag(fact.rights);
    write_settings(part, &fact.settings);
    part.number(fact.line as usize);
}

fn write_settings(part: &mut Content, settings: &[Setting]) {
    part.list(settings.iter(), |part, setting| {
        part.number(setting.flag.number());
        part.text(&setting.value);
        part.number(setting.line as usize);
    });
}

pub(super) fn read(first: usize, part: &mut Reader<'_>) -> Fact {
    if first & CONTROLLER != 0 {
        part.bytes();
        return Fact::Controller(ControllerFact {
            name: part.owned(),
            settings: part.list(read_setting),
            line: part.small(),
        });
    }
    if first & PATCH != 0 {
        part.bytes();
        let (kind, name, path, account) = (part.optional(), part.optional(), part.optional(), part.optional());
        let (rights, settings, line) = (part.flag(), part.list(read_setting), part.small());
        return Fact::Patch(PatchFact { kind, name, path, settings, account, rights, line });
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

fn read_setting(part: &mut Reader<'_>) -> Setting {
    Setting { flag: Flag::numbered(part.number()), value: part.owned(), line: part.small() }
}
