//! The definitions of the admin repository that a team's pull request is judged with.

use std::collections::BTreeSet;

use super::super::{JobError, admin, indexes};
use crate::git::GitError;
use crate::names::RepoPath;
use crate::rules::{Change, Elsewhere};

/// How many bytes of definitions are read for one pull request: those of a large operator take two million.
const MOST_BYTES: usize = 16 << 20;

/// Those of the kinds of the change's objects; the inner error says that they are too much to be read.
pub(super) async fn of(change: &Change, admin: admin::Base) -> Result<Result<Elsewhere, String>, JobError> {
    let kinds = change.kinds().into_iter().map(|(group, kind)| (group.to_owned(), kind.to_owned())).collect();
    let work = tokio::task::spawn_blocking(move || read(&kinds, &admin));
    Ok(work.await.map_err(|error| JobError::retry(error.to_string()))??)
}

fn read(kinds: &BTreeSet<(String, String)>, admin: &admin::Base) -> Result<Result<Elsewhere, String>, GitError> {
    let defining = |(group, kind): &(String, String)| admin.index.files_defining(group, kind);
    let paths: BTreeSet<RepoPath> = kinds.iter().flat_map(defining).collect();
    let (mut files, mut bytes) = (Vec::with_capacity(paths.len()), 0);
    for path in paths {
        let Some(blob) = admin.snapshot.read(&path)? else { continue };
        bytes += blob.bytes.as_ref().map_or(0, Vec::len);
        if bytes > MOST_BYTES {
            return Ok(Err("The definitions of the kinds that it uses are larger than 16 MiB: split it into several \
                           pull requests."
                .to_owned()));
        }
        files.push(indexes::read_blob(&path, &blob));
    }
    Ok(Ok(Elsewhere::of(files)))
}
