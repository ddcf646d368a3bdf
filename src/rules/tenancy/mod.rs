//! Rules of the family `tenancy/`.
