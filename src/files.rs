//! One way to read a file that somebody named: a regular one, and no more of it than fits. A device, a pipe or a
//! file without end would stop the program or fill its memory.

use std::fs::{File, FileType};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Why a file was not read: its name, what is wrong and what to do. Nothing of its content is in it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}; {}", path.display(), problem.remedy())]
pub struct FileError {
    path: PathBuf,
    problem: Problem,
}

/// What is wrong with a file. `Display` is the end of a sentence that starts with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is none of this name.
    #[error("does not exist")]
    Missing,
    /// The system refuses.
    #[error("cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    /// Nothing that holds text and ends.
    #[error("is {0}")]
    Irregular(&'static str),
    /// It holds more than anything that is expected there.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// It is no text.
    #[error("is not UTF-8")]
    NotText,
}

impl Problem {
    /// What mends it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Missing => "correct the name, or make the file",
            Self::Unreadable(_) => "let this account read it, or name another file",
            Self::Irregular(_) => "name a regular file",
            Self::TooLarge(_) => "name another file, or make this one smaller",
            Self::NotText => "save it as UTF-8",
        }
    }
}

impl FileError {
    /// What is wrong with it.
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    fn new(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), problem }
    }
}

/// The text of a regular file of at most `limit` bytes. Symlinks are followed: Kubernetes mounts secrets as such.
///
/// # Errors
/// [`FileError`], before anything is opened that could block.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, limit)?).map_err(|_| FileError::new(path, Problem::NotText))
}

/// The bytes of a regular file of at most `limit` bytes.
///
/// # Errors
/// As for [`read_text`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let size = regular(path)?;
    let too_large = || FileError::new(path, Problem::TooLarge(limit));
    if size > limit {
        return Err(too_large());
    }
    let unreadable = |error: io::Error| FileError::new(path, of(&error));
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // A file may grow, and those of /proc have no size: what is read counts.
    let read = File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    if read.map_err(unreadable)? as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Checks that there is a regular file of at most `limit` bytes, for a library that opens it by itself.
///
/// # Errors
/// As for [`read_text`].
pub fn check(path: &Path, limit: u64) -> Result<(), FileError> {
    if regular(path)? > limit {
        return Err(FileError::new(path, Problem::TooLarge(limit)));
    }
    Ok(())
}

/// The size of a regular file. It is asked for by name: to open a pipe can take for ever.
fn regular(path: &Path) -> Result<u64, FileError> {
    let metadata = std::fs::metadata(path).map_err(|error| FileError::new(path, of(&error)))?;
    match irregular(metadata.file_type()) {
        Some(what) => Err(FileError::new(path, Problem::Irregular(what))),
        None => Ok(metadata.len()),
    }
}

fn of(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        kind => Problem::Unreadable(kind),
    }
}

fn irregular(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else {
        Some("a device, a pipe or a socket")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T: std::fmt::Debug>(read: Result<T, FileError>) -> Problem {
        read.expect_err("refused").problem()
    }

    #[test]
    fn only_a_regular_file_that_fits_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        assert_eq!(problem(read(&file, 4)), Problem::Missing);
        std::fs::write(&file, "four").expect("written");
        assert_eq!(read_text(&file, 4).expect("it fits"), "four");
        assert_eq!(problem(read(&file, 3)), Problem::TooLarge(3));
        assert_eq!(problem(check(&file, 3)), Problem::TooLarge(3));
        assert_eq!(problem(read(folder.path(), 4)), Problem::Irregular("a directory"));
        std::fs::write(&file, [0xff]).expect("written");
        assert_eq!(problem(read_text(&file, 4)), Problem::NotText);
        let text = read_text(&file, 4).expect_err("no text").to_string();
        assert!(text.ends_with("/file: is not UTF-8; save it as UTF-8"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_not_opened() {
        for device in ["/dev/zero", "/dev/null"] {
            assert!(matches!(problem(read(Path::new(device), 4)), Problem::Irregular(_)), "{device}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
        assert!(made.success());
        // To open it would wait for a writer that never comes.
        assert!(matches!(problem(read(&pipe, 4)), Problem::Irregular(_)));
        assert!(matches!(problem(check(&pipe, 4)), Problem::Irregular(_)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_says_nothing_of_its_size_is_cut_off() {
        assert_eq!(problem(read(Path::new("/proc/self/mountinfo"), 8)), Problem::TooLarge(8));
    }
}
