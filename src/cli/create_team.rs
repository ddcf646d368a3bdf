//! `bailiwick create-team`.
