//! Inputs that a fuzzer has found, or that seed it, never fail again.

use std::path::Path;

use bailiwick::fuzzing;

fn each(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz").join(target);
    let mut seen = 0;
    for file in std::fs::read_dir(&folder).expect("a folder per target") {
        run(&std::fs::read(file.expect("a file").path()).expect("its bytes"));
        seen += 1;
    }
    assert!(seen > 0, "{} is empty", folder.display());
}

#[test]
fn webhook_bodies() {
    each("webhook", fuzzing::webhook);
}

#[test]
fn comments() {
    each("command", fuzzing::command);
}

#[test]
fn configurations() {
    each("config", fuzzing::config);
}

#[test]
fn manifests() {
    each("manifest", fuzzing::manifest);
}
