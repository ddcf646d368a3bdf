use std::collections::HashSet;
use std::io::Write as _;

use git2::{Oid, Repository};
use tokio::runtime::Handle;

use super::deltas::{Delta, deltas};
use super::error::GitError;
use super::folder::packs;
use super::mirror::Fetched;
use super::remote::PackStream;

/// More objects than this are no cluster's repository; the number is in the pack's first bytes.
const OBJECT_LIMIT: u32 = 5_000_000;
/// `PACK`, version, number of objects (git-scm.com, gitformat-pack).
const HEADER: usize = 12;

/// A pack that was written.
pub(super) struct Received {
    pub(super) fetched: Fetched,
    /// What large directories may be made from, see [`super::deltas`].
    pub(super) deltas: Vec<(Oid, Delta)>,
}

/// Writes a pack into the repository as it comes, on a thread that may block. Nothing of it is
/// kept unless it is whole, below the limit, and its checksum holds. libgit2 gives every object
/// the id that it computes from the content (`indexer.c`), so no object can pass for another.
pub(super) fn receive(
    repository: &Repository,
    mut stream: PackStream,
    limit: u64,
    runtime: &Handle,
) -> Result<Received, GitError> {
    let before: HashSet<_> = packs(repository.path()).into_iter().collect();
    let odb = repository.odb().map_err(|error| GitError::corrupt("object database", error))?;
    let mut writer = odb.packwriter().map_err(|error| GitError::corrupt("object database", error))?;
    let mut start = Vec::with_capacity(HEADER);
    let mut bytes = 0_u64;
    while let Some(piece) = runtime.block_on(stream.piece())? {
        bytes += piece.len() as u64;
        if bytes > limit {
            return Err(GitError::TooLarge { what: format!("pack from {}, in bytes", stream.what()), limit });
        }
        if start.len() < HEADER {
            start.extend(piece.iter().take(HEADER - start.len()));
            objects(&start, &stream)?;
        }
        writer.write_all(&piece).map_err(|error| bad_pack(&stream, &error))?;
    }
    if start.len() < HEADER {
        return Err(stream.protocol("a pack without a header"));
    }
    let objects = objects(&start, &stream)?;
    // The writer completes deltas against objects that are here already (a thin pack).
    writer.commit().map_err(|error| bad_pack(&stream, &error))?;
    drop(writer);
    odb.refresh().map_err(|error| GitError::corrupt("object database", error))?;
    let new = packs(repository.path()).into_iter().filter(|pack| !before.contains(pack));
    let deltas = new.flat_map(|pack| deltas(&pack)).collect();
    Ok(Received { fetched: Fetched { bytes, objects }, deltas })
}

fn objects(start: &[u8], stream: &PackStream) -> Result<u32, GitError> {
    let Some((magic, count)) = start.split_at_checked(8).filter(|(_, count)| count.len() == 4) else { return Ok(0) };
    if &magic[..4] != b"PACK" {
        return Err(stream.protocol("something that is no pack"));
    }
    let count = count.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    if count > OBJECT_LIMIT {
        let what = format!("pack from {}, in objects", stream.what());
        return Err(GitError::TooLarge { what, limit: u64::from(OBJECT_LIMIT) });
    }
    Ok(count)
}

fn bad_pack(stream: &PackStream, error: &dyn std::error::Error) -> GitError {
    stream.protocol(&format!("a pack that cannot be used: {error}"))
}
