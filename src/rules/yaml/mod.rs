//! Rules of the family `yaml/`.

mod no_object;
mod unreadable;

pub use no_object::NoObject;
pub use unreadable::Unreadable;
