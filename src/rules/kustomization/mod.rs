//! Rules of the family `kustomization/`.
