//! `bailiwick check`.
