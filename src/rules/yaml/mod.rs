//! Rules of the family `yaml/`.

mod ambiguous_scalar;
mod doubt;
mod encrypted;
mod no_object;
mod unreadable;
mod walk;

pub use ambiguous_scalar::AmbiguousScalar;
pub use encrypted::Encrypted;
pub use no_object::NoObject;
pub use unreadable::{UNREADABLE, Unreadable};
