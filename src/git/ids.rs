use std::fmt;
use std::str::FromStr;

use git2::Oid;

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) Oid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = super::GitError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match Oid::from_str(text) {
                    Ok(oid) if text.len() == 40 => Ok(Self(oid)),
                    _ => Err(super::GitError::Protocol {
                        what: "object id".to_owned(),
                        message: "must be forty hex digits".to_owned(),
                    }),
                }
            }
        }
    };
}

object_id! {
    /// A directory's content: two directories with one id hold the same files.
    TreeId
}
object_id! {
    /// A file's content: two files with one id hold the same bytes.
    BlobId
}
