//! Bare mirrors and snapshots. Only this room imports git2.
