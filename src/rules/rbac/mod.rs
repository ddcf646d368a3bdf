//! Rules of the family `rbac/`.
