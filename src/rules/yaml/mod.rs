//! Rules of the family `yaml/`.

mod unreadable;

pub use unreadable::Unreadable;
