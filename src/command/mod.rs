//! Comments to commands: one grammar for all.
