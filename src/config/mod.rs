//! The server configuration: raw (serde, unknown fields refused) to valid.
