//! `bailiwick config`.
