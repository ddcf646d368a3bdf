//! A repository as a folder on this machine: read it, and write a change set, all or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::names::RepoPath;
use crate::scaffold::ChangeSet;

/// Bytes of a file that is read as text; a larger one counts as there, with no text.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Files that are read at most; a repository for Flux with more is not one for this command.
const MOST: usize = 200_000;

/// What a text is called until it is moved into its place: this, six letters or digits, and [`UNFINISHED`].
const BEGUN: &str = ".bailiwick-";
const UNFINISHED: &str = ".unfinished";

/// How often, and how far apart, a folder is tried that somebody else works in: half a minute in all.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Why a folder could not be read or written, naming the file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub(super) struct FolderError {
    path: PathBuf,
    problem: String,
}

impl FolderError {
    fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    fn io<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |error| Self::new(path, format!("cannot be {what} ({error})"))
    }
}

/// Keeps every other writer of this kind out of the folder until the file is dropped or the process ends, so
/// that what was read is what is changed. Nothing is left in the folder.
///
/// # Errors
/// Where the folder cannot be opened, or somebody else works in it for too long.
pub(super) fn lock(root: &Path) -> Result<File, FolderError> {
    let folder = File::open(root).map_err(FolderError::io("read", root))?;
    for _ in 0..TRIES {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            // Some network file systems lock no folders. What is in a place is compared before it is replaced.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(folder),
        }
    }
    Err(FolderError::new(root, "another bailiwick works in this folder; wait until it has ended, then try again"))
}

/// Removes what a run left that was ended while it wrote: only who holds the [`lock`] knows that nobody
/// writes there any more.
///
/// # Errors
/// Where one of them cannot be removed.
pub(super) fn clean_up(leftovers: &[PathBuf]) -> Result<(), FolderError> {
    leftovers.iter().try_for_each(|path| fs::remove_file(path).map_err(FolderError::io("removed", path)))
}

fn is_leftover(name: &OsStr) -> bool {
    let middle = name.to_str().and_then(|name| name.strip_prefix(BEGUN)?.strip_suffix(UNFINISHED));
    middle.is_some_and(|middle| middle.len() == 6 && middle.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Reads all files below `root/below` into `files`. Symlinks are not followed, `.git` is passed over. Gives
/// the leftovers of runs that did not end, which are no files of the repository; see [`clean_up`].
pub(super) fn read(
    root: &Path,
    below: &str,
    files: &mut BTreeMap<RepoPath, String>,
) -> Result<Vec<PathBuf>, FolderError> {
    let mut leftovers = Vec::new();
    let mut directories = vec![root.join(below)];
    while let Some(directory) = directories.pop() {
        let list = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory == root.join(below) => {
                return Ok(leftovers);
            }
            list => list.map_err(FolderError::io("read", &directory))?,
        };
        for entry in list {
            let entry = entry.map_err(FolderError::io("read", &directory))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(FolderError::io("read", &path))?;
            if kind.is_dir() && entry.file_name() != ".git" {
                directories.push(path);
            } else if kind.is_file() && is_leftover(&entry.file_name()) {
                leftovers.push(path);
            } else if kind.is_file() || kind.is_symlink() {
                let name = repo_path(root, &path)?;
                files.insert(name, if kind.is_file() { text(&path)? } else { String::new() });
            }
            if files.len() > MOST {
                return Err(FolderError::new(root, format!("holds more than {MOST} files; name another folder")));
            }
        }
    }
    Ok(leftovers)
}

fn repo_path(root: &Path, path: &Path) -> Result<RepoPath, FolderError> {
    let name = path.strip_prefix(root).ok().and_then(Path::to_str).and_then(|name| name.parse().ok());
    name.ok_or_else(|| FolderError::new(path, "is no name for a file in Git; rename it"))
}

fn text(path: &Path) -> Result<String, FolderError> {
    if fs::metadata(path).map_err(FolderError::io("read", path))?.len() > LARGEST {
        return Ok(String::new());
    }
    let bytes = fs::read(path).map_err(FolderError::io("read", path))?;
    let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) if yaml => Err(FolderError::new(path, "is not UTF-8; save it as UTF-8")),
        Err(error) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Writes a change set below `root`: every new text is written beside its place first, then all are
/// moved into place, and what is to go is deleted; where one step fails, everything is put back. Directories that
/// are left empty go too: Git knows none.
pub(super) fn write(root: &Path, changes: &ChangeSet) -> Result<(), FolderError> {
    let mut made = Vec::new();
    let written = prepare(root, changes, &mut made).and_then(move_into_place);
    if written.is_ok() {
        remove_empty(root, changes);
    } else {
        // Only directories that were made here, deepest first, and only while they are empty.
        for directory in made.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
    written
}

/// A text beside its place, and what is in that place.
struct Prepared {
    path: PathBuf,
    /// `None` where the place is to be empty.
    file: Option<NamedTempFile>,
    before: Option<Before>,
}

/// What is put back where something fails.
struct Before {
    bytes: Vec<u8>,
    permissions: Option<fs::Permissions>,
}

fn prepare(root: &Path, changes: &ChangeSet, made: &mut Vec<PathBuf>) -> Result<Vec<Prepared>, FolderError> {
    let mut prepared = Vec::new();
    for change in &changes.files {
        let path = root.join(change.path.as_str());
        let directory = path.parent().unwrap_or(root);
        make_directories(root, directory, made)?;
        let before = change.before.as_ref().map(|text| text.clone().into_bytes());
        let there = fs::symlink_metadata(&path).ok();
        if there.as_ref().is_some_and(fs::Metadata::is_symlink) {
            return Err(FolderError::new(&path, "is a symlink; replace it by a file"));
        }
        is_unchanged(&path, before.as_deref())?;
        let permissions = there.map(|metadata| metadata.permissions());
        let text = change.after.as_ref();
        let file = text.map(|text| begin(&path, directory, (text, permissions.as_ref()))).transpose()?;
        prepared.push(Prepared { path, file, before: before.map(|bytes| Before { bytes, permissions }) });
    }
    // What is to go goes last: until then everything that is written can still fail.
    prepared.sort_by_key(|prepared| prepared.file.is_none());
    Ok(prepared)
}

/// Writes a text beside its place.
fn begin(
    path: &Path,
    directory: &Path,
    (text, permissions): (&str, Option<&fs::Permissions>),
) -> Result<NamedTempFile, FolderError> {
    let mut file = temporary(directory).map_err(FolderError::io("written", directory))?;
    file.write_all(text.as_bytes()).map_err(FolderError::io("written", path))?;
    file.as_file().sync_all().map_err(FolderError::io("written", path))?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions.clone()).map_err(FolderError::io("written", path))?;
    }
    Ok(file)
}

/// Removes the directories that hold nothing since their files are gone, with those above them.
fn remove_empty(root: &Path, changes: &ChangeSet) {
    for change in changes.files.iter().filter(|change| change.after.is_none()) {
        let mut directory = change.path.parent();
        // One that holds something is not removed, and neither are those above it.
        while let Some(path) = directory.filter(|path| fs::remove_dir(root.join(path.as_str())).is_ok()) {
            directory = path.parent();
        }
    }
}

/// Whether a place holds what was read from it.
fn is_unchanged(path: &Path, before: Option<&[u8]>) -> Result<(), FolderError> {
    let there = fs::read(path).map(Some).or_else(missing).map_err(FolderError::io("read", path))?;
    if there.as_deref() == before {
        return Ok(());
    }
    Err(FolderError::new(path, "changed while this was planned; try again"))
}

fn missing(error: io::Error) -> io::Result<Option<Vec<u8>>> {
    if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) }
}

/// A temporary file with the rights of an ordinary one.
fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(BEGUN).rand_bytes(6).suffix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

fn make_directories(root: &Path, directory: &Path, made: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let mut reached = root.to_owned();
    for part in directory.strip_prefix(root).into_iter().flatten() {
        reached.push(part);
        match fs::symlink_metadata(&reached) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(FolderError::new(&reached, "is no directory; move it away")),
            Err(_) => {
                fs::create_dir(&reached).map_err(FolderError::io("created", &reached))?;
                made.push(reached.clone());
            }
        }
    }
    Ok(())
}

fn move_into_place(prepared: Vec<Prepared>) -> Result<(), FolderError> {
    let mut done: Vec<(PathBuf, Option<Before>)> = Vec::new();
    for Prepared { path, file, before } in prepared {
        if let Err(error) = replace(file, &path, before.as_ref().map(|before| before.bytes.as_slice())) {
            put_back(&done);
            return Err(error);
        }
        done.push((path, before));
    }
    let directories: BTreeSet<&Path> = done.iter().filter_map(|(path, _)| path.parent()).collect();
    // The names reach the disk too, where the file system lets us ask for it.
    directories.iter().filter_map(|directory| fs::File::open(directory).ok()).for_each(|open| drop(open.sync_all()));
    Ok(())
}

/// Moves one text into its place, or empties it, where that still holds what was read: an editor keeps to no lock.
fn replace(file: Option<NamedTempFile>, path: &Path, before: Option<&[u8]>) -> Result<(), FolderError> {
    is_unchanged(path, before)?;
    let Some(file) = file else {
        return fs::remove_file(path).map_err(FolderError::io("removed", path));
    };
    let moved = if before.is_some() { file.persist(path) } else { file.persist_noclobber(path) };
    moved.map(drop).map_err(|error| FolderError::io("written", path)(error.error))
}

fn put_back(done: &[(PathBuf, Option<Before>)]) {
    for (path, before) in done.iter().rev() {
        let Some(Before { bytes, permissions }) = before else {
            let _ = fs::remove_file(path);
            continue;
        };
        let written = fs::write(path, bytes);
        if let (Ok(()), Some(permissions)) = (written, permissions) {
            let _ = fs::set_permissions(path, permissions.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::FileChange;

    fn change(path: &str, before: Option<&str>, after: &str) -> FileChange {
        let path = path.parse().expect("a path");
        FileChange { path, before: before.map(str::to_owned), after: Some(after.to_owned()) }
    }

    fn tree(root: &Path) -> BTreeMap<RepoPath, String> {
        let mut files = BTreeMap::new();
        let _ = read(root, "", &mut files).expect("readable");
        files
    }

    #[test]
    fn all_or_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("list"), "old").expect("written");
        // The last place is a directory: nothing can be moved there.
        fs::create_dir(folder.path().join("blocked")).expect("created");
        let files =
            vec![change("a/b/new", None, "x"), change("list", Some("old"), "new"), change("blocked", None, "x")];
        let before = tree(folder.path());
        let error = write(folder.path(), &ChangeSet { files: files.clone() }).expect_err("blocked");
        assert!(error.to_string().contains("blocked: cannot be"), "{error}");
        assert_eq!(tree(folder.path()), before);
        assert!(!folder.path().join("a").exists());
        write(folder.path(), &ChangeSet { files: files[..2].to_vec() }).expect("written");
        let after = tree(folder.path());
        assert_eq!(after.values().collect::<Vec<_>>(), ["x", "new"]);
    }

    #[test]
    fn what_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("list"), "changed").expect("written");
        let files = vec![change("new", None, "x"), change("list", Some("old"), "new")];
        let error = write(folder.path(), &ChangeSet { files }).expect_err("changed");
        assert!(error.to_string().contains("list: changed while"), "{error}");
        assert_eq!(tree(folder.path()).len(), 1);
    }

    #[test]
    fn what_changed_at_the_last_moment_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("list"), "old").expect("written");
        let files = vec![change("new", None, "x"), change("list", Some("old"), "ours")];
        let prepared = prepare(folder.path(), &ChangeSet { files }, &mut Vec::new()).expect("prepared");
        fs::write(folder.path().join("list"), "theirs").expect("written");
        let error = move_into_place(prepared).expect_err("changed");
        assert!(error.to_string().contains("list: changed while"), "{error}");
        assert_eq!(tree(folder.path()).into_values().collect::<Vec<_>>(), ["theirs"]);
    }

    #[test]
    fn what_goes_goes_with_its_empty_directories_and_only_with_all_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name);
        for name in ["cluster/team/a", "cluster/team/deep/b", "cluster/team2/c", "list"] {
            fs::create_dir_all(place(name).parent().expect("a parent")).expect("created");
            fs::write(place(name), "old").expect("written");
        }
        let gone = |path: &str| FileChange { after: None, ..change(path, Some("old"), "") };
        let files = vec![gone("cluster/team/a"), gone("cluster/team/deep/b"), change("list", Some("old"), "new")];
        let before = tree(folder.path());
        // A file that was changed meanwhile is not deleted, and nothing else happens.
        let changed = |path: &str| FileChange { before: Some("other".to_owned()), ..gone(path) };
        let error =
            write(folder.path(), &ChangeSet { files: [files.clone(), vec![changed("cluster/team2/c")]].concat() });
        assert!(error.expect_err("changed").to_string().contains("cluster/team2/c: changed while"));
        assert_eq!(tree(folder.path()), before);
        // One that is changed at the last moment brings back those that went before it.
        let prepared = prepare(folder.path(), &ChangeSet { files: files.clone() }, &mut Vec::new()).expect("prepared");
        fs::write(place("cluster/team/deep/b"), "theirs").expect("written");
        let _ = move_into_place(prepared).expect_err("changed");
        fs::write(place("cluster/team/deep/b"), "old").expect("written");
        assert_eq!(tree(folder.path()), before);

        write(folder.path(), &ChangeSet { files }).expect("written");
        assert_eq!(tree(folder.path()).into_values().collect::<Vec<_>>(), ["old", "new"]);
        assert!(!place("cluster/team").exists() && place("cluster/team2").exists());
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = lock(folder.path()).expect("free");
        let second = File::open(folder.path()).expect("there");
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        drop(lock(folder.path()).expect("free again"));
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing is left");
    }

    #[test]
    fn only_what_has_the_name_of_a_leftover_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let begun = temporary(folder.path()).expect("made").into_temp_path().keep().expect("kept");
        for name in [".bailiwick-notes", ".bailiwick-AbC12.unfinished", "x.unfinished", ".bailiwick-AbC-12.unfinished"]
        {
            fs::write(folder.path().join(name), "mine").expect("written");
        }
        fs::create_dir(folder.path().join(".bailiwick-AbC123.unfinished")).expect("created");
        let leftovers = read(folder.path(), "", &mut BTreeMap::new()).expect("readable");
        assert_eq!(leftovers, [begun]);
        clean_up(&leftovers).expect("removed");
        assert_eq!(tree(folder.path()).len(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn symlinks_are_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("another folder");
        fs::write(outside.path().join("list"), "old").expect("written");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("cluster")).expect("linked");
        std::os::unix::fs::symlink(outside.path().join("list"), folder.path().join("list")).expect("linked");
        let gone = |path: &str| FileChange { after: None, ..change(path, Some("old"), "") };
        let all = [
            vec![change("cluster/new", None, "x")],
            vec![change("list", Some("old"), "new")],
            vec![gone("cluster/list")],
            vec![gone("list")],
        ];
        for files in all {
            assert!(write(folder.path(), &ChangeSet { files }).is_err());
        }
        assert_eq!(fs::read_to_string(outside.path().join("list")).expect("readable"), "old");
        assert_eq!(tree(folder.path()).values().filter(|text| !text.is_empty()).count(), 0);
    }
}
