//! A team as a row, by its directory.

use super::path_again;
use crate::names::{Engine, Namespace, RepoPath};
use crate::tenancy::table::{Content, Reader, Row};
use crate::tenancy::{Team, TeamSource, TeamSync};

/// The lists of the table of teams.
pub(in crate::tenancy) mod list {
    /// Namespaces that a team owns.
    pub(in crate::tenancy) const NAMESPACES: usize = 0;
    /// Repositories, by [`repository_key`](super::repository_key).
    pub(in crate::tenancy) const REPOSITORIES: usize = 1;
}

/// GitHub ignores case in the names of repositories.
pub(in crate::tenancy) fn repository_key(name: &str) -> Vec<u8> {
    name.to_ascii_lowercase().into_bytes()
}

/// The row of a team.
pub(in crate::tenancy) fn content(team: &Team) -> Content {
    let mut row = Content::default();
    row.number(match team.engine {
        Engine::FluxV1 => 1,
        Engine::FluxV2 => 2,
    });
    row.number(team.namespaces.len());
    team.namespaces.iter().for_each(|namespace| row.key(list::NAMESPACES, namespace.as_str().as_bytes()));
    row.optional(team.repository.as_ref().map(|name| name.as_str()));
    team.repository.iter().for_each(|name| row.key(list::REPOSITORIES, &repository_key(name.as_str())));
    row.flag(team.source.is_some());
    team.source.iter().for_each(|source| write_source(&mut row, &team.directory, source));
    row.flag(team.sync.is_some());
    team.sync.iter().for_each(|sync| write_sync(&mut row, &team.directory, sync));
    row.list(team.paths.iter(), |row, path| row.text(path));
    row
}

fn write_source(row: &mut Content, directory: &RepoPath, source: &TeamSource) {
    row.flag(source.kind == "Deployment");
    row.text(&source.name);
    row.text(source.namespace.as_str());
    row.text(&source.url);
    row.optional(source.branch.as_deref());
    row.optional(source.secret_name.as_deref());
    write_place(row, directory, (&source.file, source.line));
}

fn write_sync(row: &mut Content, directory: &RepoPath, sync: &TeamSync) {
    row.text(&sync.name);
    row.text(sync.namespace.as_str());
    row.optional(sync.service_account.as_deref());
    write_place(row, directory, (&sync.file, sync.line));
}

fn write_place(row: &mut Content, directory: &RepoPath, (file, line): (&RepoPath, u32)) {
    let below = file.below(directory.as_str());
    row.flag(below.is_some());
    row.text(below.unwrap_or(file.as_str()));
    row.number(line as usize);
}

/// The team of a row.
pub(in crate::tenancy) fn team(row: Row<'_>) -> Team {
    let directory = path_again(row.path);
    let name = directory.file_name().parse().expect("a team is called like its directory");
    let mut row = row.read();
    let row = &mut row;
    let engine = if row.number() == 1 { Engine::FluxV1 } else { Engine::FluxV2 };
    let namespaces = row.list(|row| namespace(std::str::from_utf8(row.bytes()).unwrap_or_default()));
    let repository = row.optional().map(|name| {
        let _key = row.bytes();
        name.parse().expect("a repository's name was written")
    });
    let source = row.flag().then(|| read_source(row, &directory));
    let sync = row.flag().then(|| read_sync(row, &directory));
    let paths = row.list(Reader::owned);
    Team { name, directory, namespaces, repository, engine, source, sync, paths }
}

fn namespace(text: &str) -> Namespace {
    text.parse().expect("a namespace was written")
}

fn read_source(row: &mut Reader<'_>, directory: &RepoPath) -> TeamSource {
    let kind = if row.flag() { "Deployment" } else { "GitRepository" };
    let (name, namespace, url) = (row.owned(), namespace(row.text()), row.owned());
    let (branch, secret_name) = (row.optional(), row.optional());
    let (file, line) = read_place(row, directory);
    TeamSource { kind, name, namespace, url, branch, secret_name, file, line }
}

fn read_sync(row: &mut Reader<'_>, directory: &RepoPath) -> TeamSync {
    let (name, namespace, service_account) = (row.owned(), namespace(row.text()), row.optional());
    let (file, line) = read_place(row, directory);
    TeamSync { name, namespace, service_account, file, line }
}

fn read_place(row: &mut Reader<'_>, directory: &RepoPath) -> (RepoPath, u32) {
    let below = row.flag();
    let text = row.text();
    (path_again(if below { format!("{directory}/{text}") } else { text.to_owned() }), row.small())
}
