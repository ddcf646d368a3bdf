//! Rules of the family `yaml/`.
