//! What was said, for `make conformance`: `BAILIWICK_RECORD` names the folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use bailiwick::cli::demo::world::World;
use bailiwick::clock::{Entropy as _, OsEntropy};
use bailiwick::sandbox::github::GitHub;
use serde_json::json;

/// Where to write, if anywhere.
#[derive(Debug)]
pub(super) struct Recording(Option<(PathBuf, String)>);

impl Recording {
    /// Lets the sandbox write its exchanges; the world's client does so by itself.
    pub(super) fn of(world: &World) -> Self {
        let Some(folder) = std::env::var_os("BAILIWICK_RECORD").map(PathBuf::from) else { return Self(None) };
        let name = OsEntropy.uuid();
        world.github.record_to(&folder.join(format!("sandbox-{name}.jsonl"))).expect("BAILIWICK_RECORD names a folder");
        Self(Some((folder, name)))
    }

    /// Writes every webhook of the test, one `{"event", "body"}` per line.
    pub(super) fn webhooks(&self, github: &GitHub) {
        let Some((folder, name)) = &self.0 else { return };
        let mut lines = String::new();
        for delivery in github.deliveries() {
            let line = json!({"event": delivery.event, "body": delivery.payload()});
            writeln!(lines, "{line}").expect("a string takes every write");
        }
        let file = folder.join(format!("webhooks-{name}.jsonl"));
        std::fs::write(&file, lines).expect("BAILIWICK_RECORD names a folder that can be written to");
    }
}
