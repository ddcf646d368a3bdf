//! `bailiwick rules`.
