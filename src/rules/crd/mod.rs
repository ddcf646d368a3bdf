//! Rules of the family `crd/`.
