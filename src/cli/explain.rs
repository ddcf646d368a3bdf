//! `bailiwick explain`.
