//! The GitHub App client. Only this room knows GitHub's JSON.

pub mod event;
